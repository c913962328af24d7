//! The questions asked of a machine made of a directory, by a real shell.

use super::*;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// A machine made of a directory: its own cloud-init, its record, its log.
#[derive(Debug, Clone, Copy, Default)]
struct Machine {
    /// What `cloud-init status --long` prints, and its exit code; none: no cloud-init.
    status: Option<(&'static str, i32)>,
    result: bool,
    record: Option<&'static str>,
    log: &'static str,
    file: bool,
}

const RUNNING: &str = "status: running\nextended_status: running";
const DONE: &str = "status: done\nextended_status: done";
const DEGRADED: &str = "status: done\nextended_status: degraded done";
const ERROR: &str = "status: error\nextended_status: error - done\nerrors:\n\t- ('scripts_user', RuntimeError('Runparts: 1 failures'))";
const DISABLED: &str = "status: disabled";

impl Machine {
    fn ask(self, question: &str) -> Heard {
        let root = tempfile::tempdir().expect("a directory");
        let at = |name: &str| root.path().join(name).display().to_string();
        let write = |name: &str, text: &str| std::fs::write(at(name), text).expect("written");
        let (bin, log) = (at("bin"), at("cloud-init-output.log"));
        std::fs::create_dir(&bin).expect("a directory");
        for tool in ["cat", "grep", "tail", "sh"] {
            let real = ["/bin", "/usr/bin"].map(|dir| format!("{dir}/{tool}"));
            let real = real.iter().find(|path| Path::new(path).exists());
            std::os::unix::fs::symlink(real.expect(tool), format!("{bin}/{tool}")).expect("a link");
        }
        if let Some((text, code)) = self.status {
            let text = text.replace('\'', "'\\''");
            let script = format!(
                "#!/bin/sh\nif [ \"$2\" = --long ]; then echo '{text}'; else echo '{text}' | grep '^status: '; fi\nexit {code}\n"
            );
            write("bin/cloud-init", &script);
            let executable = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(at("bin/cloud-init"), executable).expect("executable");
        }
        if self.result {
            write("result.json", "{}");
        }
        if let Some(code) = self.record {
            write("record", code);
        }
        if self.file {
            write("it's done", "");
        }
        std::fs::write(&log, self.log).expect("a log");
        let question = question
            .replace("/run/cloud-init/result.json", &at("result.json"))
            .replace("/var/log/cloud-init-output.log", &log)
            .replace("/RECORD", &at("record"))
            .replace("/FILES", &root.path().display().to_string());
        let ran = std::process::Command::new("/bin/sh")
            .args(["-c", &question])
            .env("PATH", &bin)
            .output()
            .expect("a shell");
        let output = String::from_utf8_lossy(&ran.stdout);
        read(ran.status.code().unwrap_or(-1), &output)
    }
}

fn machine(status: (&'static str, i32), result: bool, record: Option<&'static str>) -> Machine {
    Machine {
        status: Some(status),
        result,
        record,
        log: "installing\nE: no such package\n",
        file: false,
    }
}

#[test]
fn a_recorded_first_boot_is_over_when_its_record_says_so() {
    let question = first_boot(Some("/RECORD"));
    let table = [
        (machine((RUNNING, 0), false, None), Heard::NotYet),
        (
            machine(("status: not started", 0), false, None),
            Heard::NotYet,
        ),
        (machine((RUNNING, 0), false, Some("0\n")), Heard::Over),
        (machine((DONE, 0), true, Some("0\n")), Heard::Over),
        // An error of another part of cloud-init is none of the script's.
        (machine((ERROR, 1), true, Some("0\n")), Heard::Over),
        (machine((DISABLED, 0), false, Some("0\n")), Heard::Over),
        // It is still at work, and an earlier stage failed.
        (machine((ERROR, 1), false, None), Heard::NotYet),
        (machine((DONE, 0), true, None), Heard::Silent),
        (machine((DEGRADED, 2), true, None), Heard::Silent),
        (machine((DISABLED, 0), false, None), Heard::Silent),
        (Machine::default(), Heard::NoCloudInit),
        (
            Machine {
                record: Some("0\n"),
                ..Machine::default()
            },
            Heard::Over,
        ),
    ];
    for (machine, heard) in table {
        assert_eq!(machine.ask(&question), heard, "{machine:?}");
    }
    let failed = machine((ERROR, 1), true, Some("7\n")).ask(&question);
    let Heard::Failed(why) = failed else {
        panic!("{failed:?}")
    };
    assert!(why.starts_with("exit code 7: "), "{why}");
    assert!(why.contains("E: no such package"), "{why}");
    let broken = machine((ERROR, 1), true, None).ask(&question);
    let Heard::Failed(why) = broken else {
        panic!("{broken:?}")
    };
    assert!(
        why.contains("cloud-init says `error`") && why.contains("scripts_user"),
        "{why}"
    );
}

#[test]
fn a_first_boot_that_is_no_script_is_over_when_cloud_init_is() {
    let question = first_boot(None);
    let table = [
        (machine((RUNNING, 0), false, None), Heard::NotYet),
        (machine((DONE, 0), true, None), Heard::Over),
        (machine((DEGRADED, 2), true, None), Heard::Over),
        (machine((DISABLED, 0), false, None), Heard::Silent),
        (Machine::default(), Heard::NoCloudInit),
    ];
    for (machine, heard) in table {
        assert_eq!(machine.ask(&question), heard, "{machine:?}");
    }
    let broken = machine((ERROR, 1), true, None).ask(&question);
    assert!(matches!(broken, Heard::Failed(_)), "{broken:?}");
}

#[test]
fn cloud_inits_error_is_told_from_not_yet() {
    let question = installed(&InstallFinished::CloudInit, "/RECORD").expect("a question");
    let table = [
        (machine((RUNNING, 0), false, None), Heard::NotYet),
        (machine((ERROR, 1), false, None), Heard::NotYet),
        (machine((DONE, 0), true, None), Heard::Over),
        (machine((DONE, 0), true, Some("0\n")), Heard::Over),
        (machine((DEGRADED, 2), true, None), Heard::Over),
        (machine((DISABLED, 0), false, None), Heard::Over),
    ];
    for (machine, heard) in table {
        assert_eq!(machine.ask(&question), heard, "{machine:?}");
    }
    for record in [None, Some("0\n"), Some("7\n")] {
        let broken = machine((ERROR, 1), true, record).ask(&question);
        let Heard::Failed(why) = broken else {
            panic!("{broken:?}")
        };
        for word in ["E: no such package", "scripts_user", "status: error"] {
            assert!(why.contains(word), "{why}");
        }
        assert_eq!(
            why.contains("exit code of the script: | 7"),
            record == Some("7\n")
        );
    }
}

#[test]
fn a_file_that_never_comes_is_told_from_one_that_is_late() {
    let how = InstallFinished::File("/FILES/it's done".to_owned());
    let question = installed(&how, "/RECORD").expect("a question");
    let there = Machine {
        file: true,
        ..machine((ERROR, 1), true, Some("7\n"))
    };
    assert_eq!(there.ask(&question), Heard::Over);
    assert_eq!(
        machine((RUNNING, 0), false, None).ask(&question),
        Heard::NotYet
    );
    assert_eq!(
        machine((DONE, 0), true, Some("0\n")).ask(&question),
        Heard::NotYet
    );
    let failed = machine((ERROR, 1), true, Some("7\n")).ask(&question);
    assert!(
        matches!(&failed, Heard::Failed(why) if why.starts_with("exit code 7")),
        "{failed:?}"
    );
    let own = InstallFinished::Command("true".to_owned());
    assert_eq!(installed(&own, "/RECORD").as_deref(), Some("true"));
    assert_eq!(installed(&InstallFinished::None, "/RECORD"), None);
}

#[test]
fn other_exit_codes_are_not_yet() {
    for code in [1, 2, 126, 127, 255, -1] {
        assert_eq!(read(code, "x"), Heard::NotYet, "{code}");
    }
    assert_eq!(
        read(3, ""),
        Heard::Failed("exit code (not readable)".to_owned())
    );
}

//! Recorded scripts, run by real shells.

use super::*;

/// How a played script went.
struct Played {
    code: Option<i32>,
    record: Option<String>,
    /// What it printed to its caller.
    said: Vec<String>,
    /// What a followed one left beside its record.
    output: Option<String>,
}

type Form = fn(&str, &str) -> Result<String, Unrecorded>;

/// Runs a script, recorded or followed, in a directory of its own.
fn play(form: Form, script: &str, changed: impl Fn(String) -> String) -> Played {
    let root = tempfile::tempdir().expect("a directory");
    let at = |name: &str| root.path().join(name).display().to_string();
    let path = at("first-boot-dep_1-1");
    std::fs::write(&path, "0\n").expect("a record the image brought along");
    let text = form(script, &path).expect("recorded");
    let text = changed(text.replace(&format!("mkdir -p {ROOT}"), "true"));
    let file = at("part-001");
    std::fs::write(&file, text).expect("a script");
    let ran = std::process::Command::new("/bin/sh")
        .arg(&file)
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&ran.stdout)
        .lines()
        .map(str::to_owned)
        .collect();
    let record = std::fs::read_to_string(&path).ok();
    let output = std::fs::read(output(&path)).ok();
    let output = output.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let left = std::fs::read_dir(root.path()).expect("a directory").count();
    let known = 1 + usize::from(record.is_some()) + usize::from(output.is_some());
    assert_eq!(left, known, "nothing else is left");
    Played {
        code: ran.status.code(),
        record,
        said,
        output,
    }
}

fn as_it_is(text: String) -> String {
    text
}

#[test]
fn every_end_is_written_down() {
    let table = [
        ("#!/bin/bash\n", 0),
        ("#!/bin/bash", 0),
        ("#!/bin/bash\necho one\n", 0),
        ("#!/bin/bash\nexit 7\necho two\n", 7),
        ("#!/bin/bash\nset -euo pipefail\nfalse\necho two\n", 1),
        ("#!/bin/bash -eu\necho $missing\n", 1),
        ("#!/bin/bash\nexec sh -c 'exit 9'\n", 9),
        ("#!/bin/bash\ntrap 'exit 4' EXIT\nexit 0\n", 4),
        ("#!/bin/bash\nif then\n", 2),
        ("#!/bin/bash\nkill -9 $$\n", 137),
        ("#!/bin/sh\ncat <<'INGOT'\ntext\nINGOT\nexit 5\n", 5),
        ("#! /usr/bin/env python3\nimport sys\nsys.exit(6)\n", 6),
        ("#!/usr/bin/no-such-interpreter\n", 127),
    ];
    for (script, code) in table {
        for form in [recorded as Form, followed] {
            let at_once = |text: String| text.replace("sleep 1", "sleep 0");
            let played = play(form, script, at_once);
            assert_eq!(played.code, Some(code), "{script}");
            let record = played.record.as_deref();
            assert_eq!(record, Some(&*format!("{code}\n")), "{script}");
        }
    }
}

#[test]
fn the_script_is_run_as_it_is() {
    let script = "#!/bin/bash\nread -r line || echo 'no input'\nprintf '%s\\n' 'a $HOME `b` \\\\'\ncat <<X\n  $((1 + 1))\nX\n";
    for form in [recorded as Form, followed] {
        let played = play(form, script, as_it_is);
        assert_eq!(played.code, Some(0));
        assert_eq!(played.said, ["no input", "a $HOME `b` \\\\", "  2"]);
    }
}

#[test]
fn what_is_no_script_cannot_be_recorded() {
    let path = path(Script::FirstBoot, "dep_1", 2);
    assert_eq!(path, "/var/lib/ingot/first-boot-dep_1-2");
    let others = [
        "#cloud-config\npackages: [nginx]\n",
        "#cloud-boothook\n#!/bin/sh\n",
        "## template: jinja\n#!/bin/sh\n",
        "Content-Type: multipart/mixed; boundary=\"x\"\n",
        "<powershell>exit 0</powershell>",
        "#!\n",
        "#!python3\n",
        " #!/bin/sh\n",
        "",
    ];
    for other in others {
        assert_eq!(
            recorded(other, &path),
            Err(Unrecorded::NotAScript),
            "{other}"
        );
    }
    let long = format!("#!/bin/sh\n{}", "x".repeat(LONGEST_RAW - 10));
    assert_eq!(long.len(), LONGEST_RAW);
    assert_eq!(recorded(&long, &path), Err(Unrecorded::TooLong));
}

#[test]
fn a_followed_script_leaves_its_output_and_the_console_keeps_it() {
    let script = "#!/bin/bash\necho one\necho two >&2\nsh -c 'echo three'\nprintf four\nexit 3\n";
    let played = play(followed, script, as_it_is);
    assert_eq!(played.code, Some(3));
    assert_eq!(played.said, ["one", "two", "three", "four"]);
    assert_eq!(played.output.as_deref(), Some("one\ntwo\nthree\nfour"));
}

#[test]
fn what_a_followed_script_leaves_running_does_not_hold_its_end_up() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("install-dep_1-1").display().to_string();
    let script = "#!/bin/bash\n(sleep 4; echo late) &\necho early\n";
    let text = followed(script, &path).expect("followed");
    let text = text.replace(&format!("mkdir -p {ROOT}"), "true");
    let began = std::time::Instant::now();
    let mut child = std::process::Command::new("/bin/sh")
        .args(["-c", &text])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("a shell");
    let code = child.wait().expect("its end").code();
    assert_eq!(code, Some(0));
    assert!(began.elapsed().as_secs() < 4, "{:?}", began.elapsed());
    assert_eq!(std::fs::read_to_string(&path).expect("a record"), "0\n");
}

#[test]
fn output_beyond_the_bound_goes_to_the_console_only() {
    let script = "#!/bin/bash\nfor i in $(seq 1 400); do echo line-$i; done\nexit 6\n";
    let small = |text: String| text.replace("ulimit -f 32768", "ulimit -f 2");
    let played = play(followed, script, small);
    assert_eq!(played.code, Some(6), "the script itself meets no bound");
    assert_eq!(played.said.len(), 400);
    assert_eq!(played.output.map(|text| text.len()), Some(1024));
}

#[test]
fn without_a_pipe_a_followed_script_runs_all_the_same() {
    let script = "#!/bin/bash\necho one\nexit 5\n";
    for missing in ["command -v no-such-tee", "false"] {
        let without = |text: String| text.replace("command -v tee", missing);
        let played = play(followed, script, without);
        assert_eq!((played.code, played.output), (Some(5), None), "{missing}");
        assert_eq!(played.said, ["one"]);
        assert_eq!(played.record.as_deref(), Some("5\n"));
    }
}

#[test]
fn the_console_hears_every_line_with_its_number_and_the_end() {
    let root = tempfile::tempdir().expect("a directory");
    let console = root.path().join("console").display().to_string();
    let table = [
        (
            "#!/bin/sh\necho one\nprintf '%s\\n' '  two \\n'\nexit 3\n",
            3,
            "[ingot]1| one\n[ingot]2|   two \\n\n[ingot]end 3\n",
        ),
        (
            "#!/bin/sh\nprintf half\nexit 4\n",
            4,
            "[ingot]1| half\n[ingot]end 4\n",
        ),
    ];
    for (script, code, want) in table {
        let _ = std::fs::remove_file(&console);
        let played = play(consoled, script, |text| text.replace(CONSOLE, &console));
        assert_eq!(played.code, Some(code), "{script}");
        assert_eq!(std::fs::read_to_string(&console).expect("written"), want);
        assert_eq!(played.record.as_deref(), Some(format!("{code}\n").as_str()));
    }
    let nowhere = root.path().join("no/console").display().to_string();
    let played = play(consoled, "#!/bin/sh\necho one\n", |text| {
        text.replace(CONSOLE, &nowhere)
    });
    assert_eq!(
        (played.code, played.said),
        (Some(0), vec!["one".to_owned()])
    );
}

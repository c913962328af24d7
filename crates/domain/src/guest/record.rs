//! Scripts that write down how they ended. The script runs inside a small one of Ingot's, as a process of its own, so that
//! its end is written down whatever it does: `exit`, `exec`, a syntax error, a trap of its own, another interpreter.

use super::ROOT;
use crate::userdata::LONGEST_RAW;

/// Which script of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// The installation of a fresh launch.
    Install,
    /// The first boot of a cached launch.
    FirstBoot,
}

/// Why a script cannot write down how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrecorded {
    /// It does not start with `#!` and an interpreter: cloud-config, a multi-part archive, PowerShell.
    NotAScript,
    /// With the lines around it, it would be longer than EC2 takes.
    TooLong,
}

/// Where a script of a deployment's run writes its exit code. The name carries deployment and run, so that a record which
/// an image brings along is another one's.
pub fn path(script: Script, deployment_id: &str, run: i32) -> String {
    let what = match script {
        Script::Install => "install",
        Script::FirstBoot => "first-boot",
    };
    format!("{ROOT}/{what}-{deployment_id}-{run}")
}

/// The script that runs `script` and writes its exit code to `path` (as [`path`] gives it).
pub fn recorded(script: &str, path: &str) -> Result<String, Unrecorded> {
    let (interpreter, argument) = interpreter(script).ok_or(Unrecorded::NotAScript)?;
    let run = match argument {
        Some(argument) => format!("{} {}", quoted(interpreter), quoted(argument)),
        None => quoted(interpreter),
    };
    let end = delimiter(script);
    let body = script.trim_end_matches('\n');
    let text = format!(
        "#!/bin/sh\n\
         # Ingot runs the script below and writes down how it ended.\n\
         mkdir -p {ROOT}\n\
         rm -f {path}\n\
         (umask 077; cat > {path}.run) <<'{end}'\n\
         {body}\n\
         {end}\n\
         {run} {path}.run\n\
         ingot_code=$?\n\
         rm -f {path}.run\n\
         echo \"$ingot_code\" > {path}.new\n\
         mv -f {path}.new {path}\n\
         exit \"$ingot_code\"\n"
    );
    if text.len() > LONGEST_RAW {
        return Err(Unrecorded::TooLong);
    }
    Ok(text)
}

/// The interpreter of a script's first line and its one argument, as the kernel reads them.
fn interpreter(script: &str) -> Option<(&str, Option<&str>)> {
    let line = script.strip_prefix("#!")?.lines().next()?.trim();
    let (interpreter, rest) = line
        .split_once(|c: char| c.is_ascii_whitespace())
        .unwrap_or((line, ""));
    let rest = rest.trim();
    interpreter
        .starts_with('/')
        .then_some((interpreter, (!rest.is_empty()).then_some(rest)))
}

/// A line that the script does not hold.
fn delimiter(script: &str) -> String {
    let mut word = "INGOT".to_owned();
    while script.lines().any(|line| line.trim_end() == word) {
        word.push('_');
    }
    word
}

/// A word for the shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a recorded script in a directory of its own; answers its exit code and what it wrote down.
    fn play(script: &str) -> (Option<i32>, Option<String>, Vec<String>) {
        let root = tempfile::tempdir().expect("a directory");
        let at = |name: &str| root.path().join(name).display().to_string();
        let path = at("first-boot-dep_1-1");
        std::fs::write(&path, "0\n").expect("a record the image brought along");
        let text = recorded(script, &path).expect("recorded");
        let text = text.replace(&format!("mkdir -p {ROOT}"), "true");
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
        let left = std::fs::read_dir(root.path()).expect("a directory").count();
        assert_eq!(
            left,
            1 + usize::from(record.is_some()),
            "nothing else is left"
        );
        (ran.status.code(), record, said)
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
            let (exited, record, _) = play(script);
            assert_eq!(exited, Some(code), "{script}");
            assert_eq!(record.as_deref(), Some(&*format!("{code}\n")), "{script}");
        }
    }

    #[test]
    fn the_script_is_run_as_it_is() {
        let script = "#!/bin/bash\nread -r line || echo 'no input'\nprintf '%s\\n' 'a $HOME `b` \\\\'\ncat <<X\n  $((1 + 1))\nX\n";
        let (code, _, said) = play(script);
        assert_eq!(code, Some(0));
        assert_eq!(said, ["no input", "a $HOME `b` \\\\", "  2"]);
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
}

//! Steps that are ended when they take too long. A step runs as a process group of its own, so that what hangs in it ends
//! with it; what it leaves running in the background when it ends by itself is left alone.

use crate::template::Step;

/// Waits for the step that was started last, and ends it after so many seconds: asked first, killed ten seconds later. Its
/// exit code is then 124, as that of `timeout`. Written for bash 4.2.
const WITHIN: &str = r#"
ingot_within() {
  local step=$! watch code=0 late=0
  set -m
  (
    trap 'exit 0' TERM
    sleep "$1"
    trap 'exit 124' TERM
    printf '[ingot] ended after %s s, the timeout of the step\n' "$1"
    kill -TERM -- "-$step" || :
    sleep 10
    kill -KILL -- "-$step" || :
    exit 124
  ) 2>/dev/null &
  watch=$!
  set +m
  wait "$step" || code=$?
  kill -TERM -- "-$watch" 2>/dev/null || :
  wait "$watch" || late=$?
  [ "$late" != 124 ] || code=124
  [ "$code" = 0 ] || exit "$code"
}
"#;

/// The functions that the steps need.
pub(super) fn functions(steps: &[Step]) -> &'static str {
    let limited = steps.iter().any(|step| step.timeout.is_some());
    if limited { WITHIN } else { "" }
}

/// A step's shell text as the script runs it.
pub(super) fn limited(run: &str, timeout: Option<u32>) -> String {
    match timeout {
        None => format!("(\n{run}\n)\n"),
        // Job control gives the step its group and leaves it its input; inside, pipes are to stay in that group.
        Some(seconds) => {
            format!("set -m\n(\nset +m\n{run}\n) &\nset +m\ningot_within {seconds}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// What a script of one step between two marks prints, its exit code, and how long it took.
    fn play(run: &str, timeout: u32) -> (String, Option<i32>, Duration) {
        let step = Step {
            name: "one".to_owned(),
            run: run.to_owned(),
            timeout: Some(timeout),
            validate: None,
        };
        let text = limited(&step.run, step.timeout);
        let script = format!(
            "#!/bin/bash\nset -euo pipefail\nvalue=7\n{}\n{text}echo after\n",
            functions(&[step])
        );
        let root = tempfile::tempdir().expect("a directory");
        let file = root.path().join("part-001");
        std::fs::write(&file, script).expect("a script");
        let started = Instant::now();
        let ran = std::process::Command::new("/bin/bash")
            .arg(&file)
            .stdin(std::process::Stdio::null())
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        (said, ran.status.code(), started.elapsed())
    }

    #[test]
    fn a_step_in_time_ends_as_it_would_without() {
        let table = [
            ("echo $value", "7\nafter\n", 0),
            ("echo a | cat; true", "a\nafter\n", 0),
            ("echo a; false; echo b", "a\n", 1),
            ("exit 100", "", 100),
            ("f() { return 3; }; f; echo b", "", 3),
            ("(sleep 30 >/dev/null 2>&1 &) ; echo a", "a\nafter\n", 0),
        ];
        for (run, said, code) in table {
            let (printed, ended, took) = play(run, 20);
            assert_eq!((printed.as_str(), ended), (said, Some(code)), "{run}");
            assert!(took < Duration::from_secs(10), "{run}: {took:?}");
        }
    }

    #[test]
    fn a_step_that_hangs_is_ended_with_all_it_started() {
        for run in [
            "echo a; sleep 60 | cat; echo b",
            "echo a; (sleep 60; echo b)",
        ] {
            let (printed, ended, took) = play(run, 1);
            let said = "a\n[ingot] ended after 1 s, the timeout of the step\n";
            assert_eq!((printed.as_str(), ended), (said, Some(124)), "{run}");
            assert!(took < Duration::from_secs(8), "{run}: {took:?}");
        }
    }
}

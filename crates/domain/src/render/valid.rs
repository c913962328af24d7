//! What must be true after a step, as the script asks for it: the command runs where the step ran, within its time, and the
//! step fails with what was expected and what was seen.

use super::emit::single_quoted;
use super::{Values, fill};
use crate::template::{Step, Validate};

/// Runs `ingot_check`, and holds its exit code and what it printed against what is expected: a code, and `contains` or
/// `equals` with a text. The step ends with the command's own code where that is what is wrong, unless it is 0. Written for
/// bash 4.2.
const VALID: &str = r#"
ingot_valid() {
  local code=0 seen
  set +e
  seen=$(set -e; ingot_check 2>&1)
  code=$?
  set -e
  if [ "$code" != "$1" ]; then
    printf '[ingot] validation failed: expected exit code %s, saw %s: %s\n' "$1" "$code" "${seen:0:400}"
    [ "$code" != 0 ] || code=1
    exit "$code"
  fi
  case ${2-} in
    contains) case $seen in *"$3"*) return 0 ;; esac ;;
    equals) [ "$seen" != "$3" ] || return 0 ;;
    *) return 0 ;;
  esac
  printf '[ingot] validation failed: expected output that %s %s, saw: %s\n' "$2" "$3" "${seen:0:400}"
  exit 1
}
"#;

/// The function that the steps need.
pub(super) fn functions(steps: &[Step]) -> &'static str {
    let validates = steps.iter().any(|step| step.validate.is_some());
    if validates { VALID } else { "" }
}

/// A step's text, and after it the question whether it did what it should: an `exit 0` of the step does not skip it.
pub(super) fn checked(
    run: &str,
    command: &str,
    validate: &Validate,
    values: &Values<'_>,
) -> String {
    let code = validate.code();
    let output = validate.output().map(|(what, text)| {
        // The shell takes the ends of lines from what a command prints.
        let text = fill(text.trim_end_matches('\n'), values);
        format!(" {what} {}", single_quoted(&text))
    });
    let output = output.unwrap_or_default();
    format!("(\n{run}\n)\ningot_check() {{\n:\n{command}\n}}\ningot_valid {code}{output}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::render::install_script;
    use crate::template::Template;

    /// What the script of one step with this expectation prints, and its exit code.
    fn play(run: &str, validate: Value, timeout: Value) -> (String, Option<i32>) {
        let whole = json!({
            "name": "web",
            "base_image": { "ami": "ami-0123456789abcdef0" },
            "instance_types": ["t3.micro"],
            "steps": [
                { "name": "one", "run": run, "timeout": timeout, "validate": validate },
            ],
            "probe": { "tcp": 80 },
            "install_finished": "none",
        });
        let template: Template = serde_json::from_value(whole).expect("a template");
        assert_eq!(template.problems(), [], "{template:?}");
        let values = Values {
            template: "web",
            version: "v1.0.0",
            mode: "full",
            job_name: "it's",
            region: "eu-west-1",
            deployment_id: "dep_1",
            parameters: &[],
        };
        let script = install_script(&template, &values).expect("a script");
        let root = tempfile::tempdir().expect("a directory");
        let file = root.path().join("part-001");
        std::fs::write(&file, script).expect("a script");
        let ran = std::process::Command::new("/bin/bash")
            .arg(&file)
            .stdin(std::process::Stdio::null())
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        (said, ran.status.code())
    }

    #[test]
    fn a_step_fails_with_what_was_expected_and_seen() {
        let failed = |what: &str| format!("[ingot] validation failed: expected {what}\n");
        let table = [
            (json!({ "command": "true" }), 0, String::new()),
            (
                json!({ "command": "true", "success": true }),
                0,
                String::new(),
            ),
            (
                json!({ "command": "false" }),
                1,
                failed("exit code 0, saw 1: "),
            ),
            (
                json!({ "command": "echo no; exit 7\n" }),
                7,
                failed("exit code 0, saw 7: no"),
            ),
            // The command stops at what fails in it.
            (
                json!({ "command": "false\necho on" }),
                1,
                failed("exit code 0, saw 1: "),
            ),
            (
                json!({ "command": "exit 3", "exit_code": 3 }),
                0,
                String::new(),
            ),
            (
                json!({ "command": "true", "exit_code": 3 }),
                1,
                failed("exit code 3, saw 0: "),
            ),
            (
                json!({ "command": "echo R version 4.4 >&2", "contains": "version 4" }),
                0,
                String::new(),
            ),
            (
                json!({ "command": "echo R version 3", "contains": "version 4" }),
                1,
                failed("output that contains version 4, saw: R version 3"),
            ),
            // `contains` is no pattern.
            (
                json!({ "command": "echo abc", "contains": "a*c" }),
                1,
                failed("output that contains a*c, saw: abc"),
            ),
            (
                json!({ "command": "echo a; echo b", "equals": "a\nb\n" }),
                0,
                String::new(),
            ),
            (
                json!({ "command": "echo a", "equals": "$(id)" }),
                1,
                failed("output that equals $(id), saw: a"),
            ),
            (
                json!({ "command": "echo {{job_name}}", "equals": "{{job_name}}" }),
                0,
                String::new(),
            ),
            // What is not there says its own name.
            (
                json!({ "command": "nginx-not-there 2>/dev/null; exit 127", "contains": "nginx" }),
                127,
                failed("exit code 0, saw 127: "),
            ),
            (
                json!({ "command": "cat <<'EOF'\n}\nEOF\n", "equals": "}" }),
                0,
                String::new(),
            ),
        ];
        for (validate, code, said) in table {
            for timeout in [Value::Null, json!(20)] {
                let timeout = if timeout.is_null() {
                    json!(30)
                } else {
                    timeout
                };
                let (printed, ended) = play("echo ran; exit 0", validate.clone(), timeout);
                let end = if code == 0 {
                    "[ingot] all steps done\n"
                } else {
                    ""
                };
                let want = format!("[ingot] step 1/1: one\nran\n{said}{end}");
                assert_eq!((printed, ended), (want, Some(code)), "{validate}");
            }
        }
    }

    #[test]
    fn a_step_that_fails_is_not_asked_about() {
        let (printed, ended) = play("echo a; exit 9", json!({ "command": "echo b" }), json!(20));
        assert_eq!(ended, Some(9));
        assert_eq!(printed, "[ingot] step 1/1: one\na\n");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let table = [
            (json!({ "command": " " }), "command"),
            (json!({ "command": "id", "success": false }), "success"),
            (
                json!({ "command": "id", "success": true, "exit_code": 1 }),
                "exit_code",
            ),
            (
                json!({ "command": "id", "contains": "a", "equals": "b" }),
                "equals",
            ),
            (json!({ "command": "id", "contains": "" }), "contains"),
            (json!({ "command": "id\r\nid" }), "command"),
            (json!({ "command": "id \\\n" }), "command"),
        ];
        for (validate, key) in table {
            let whole = json!({
                "name": "web",
                "base_image": { "ami": "ami-0123456789abcdef0" },
                "instance_types": ["t3.micro"],
                "steps": [{ "name": "one", "run": "id", "validate": validate }],
                "probe": { "tcp": 80 },
                "install_finished": "none",
            });
            let template: Template = serde_json::from_value(whole).expect("a template");
            let fields: Vec<String> = template.problems().into_iter().map(|it| it.field).collect();
            assert_eq!(fields, [format!("steps[0].validate.{key}")], "{validate}");
        }
    }
}

//! Rendered scripts, run by real shells: whatever the value and wherever the placeholder stands, the shell reads the value.

mod later;
mod places;
mod ways;

use std::process::Command;

use ingot_domain::render::{self, Values};
use proptest::prelude::*;

use places::{HOSTILE, PARTS, PLACES};

fn values(name: &str) -> Values<'_> {
    Values {
        template: "web",
        version: "v1.0.0",
        mode: "full",
        job_name: name,
        region: "eu-west-1",
        deployment_id: "dep_1",
        parameters: &[],
    }
}

/// What each script prints, run in one shell one after the other, each in a subshell.
fn run_all(shell: &str, scripts: &[String]) -> Vec<String> {
    const DRIVER: &str = "for s; do (eval \"$s\") 2>&1; printf '\\036'; done";
    // Scripts write files there.
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(shell)
        .current_dir(folder.path())
        .args(["-c", DRIVER, "_"])
        .args(scripts)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("the shell runs");
    let said = String::from_utf8_lossy(&output.stdout);
    said.split_terminator('\u{1e}').map(str::to_owned).collect()
}

fn run(shell: &str, script: &str) -> String {
    run_all(shell, &[script.to_owned()]).concat()
}

/// Runs a place with values in every shell that reads it, and says where a shell read something else.
fn wrong(place: &str, shells: &str, given: &[&str]) -> Vec<String> {
    // A substitution takes the line breaks at its end away; that is the template's doing.
    let ends = shells.contains("ends");
    let names: Vec<&str> = given
        .iter()
        .filter(|value| {
            !(ends && value.ends_with('\n') || shells.contains("one") && value.contains('\n'))
        })
        .copied()
        .collect();
    let mut scripts = Vec::new();
    for name in &names {
        match render::script(&format!("#!/bin/sh\n{place}"), &values(name)) {
            Ok(script) => scripts.push(script),
            Err(unfit) => return vec![format!("{place}: {unfit}")],
        }
    }
    let mut wrong = Vec::new();
    for shell in ["bash", "dash"] {
        if shells.contains("bash") && !shells.contains(shell) {
            continue;
        }
        let said = run_all(shell, &scripts);
        assert_eq!(said.len(), names.len(), "{shell}: {place}: {said:?}");
        for ((name, said), script) in names.iter().zip(said).zip(&scripts) {
            let expected = if shells == "nothing" {
                String::new()
            } else {
                format!("[{name}]")
            };
            if said.strip_suffix('\n').unwrap_or(&said) != expected {
                wrong.push(format!("{shell} said {said:?} of {name:?} in\n{script}"));
            }
        }
    }
    wrong
}

#[test]
fn every_value_is_read_as_itself_in_every_place() {
    let found: Vec<String> = PLACES
        .iter()
        .flat_map(|(place, shells)| wrong(place, shells, HOSTILE))
        .collect();
    let first = &found[..found.len().min(12)];
    assert!(
        found.is_empty(),
        "{} wrong:\n{}",
        found.len(),
        first.join("\n---\n")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_value_is_read_as_itself(place in 0..PLACES.len(), value in "[ -~\n\t'\"\\\\$`é]{0,24}") {
        let (place, shells) = PLACES[place];
        // dash 0.5.12 itself loses a byte where a character of several follows the end of a here-document.
        let only = if place.contains("<<") && !value.is_ascii() { "bash" } else { "" };
        let shells = format!("{shells} {only}");
        prop_assert_eq!(wrong(place, shells.trim_end(), &[&value]), Vec::<String>::new());
    }

    /// However strange the script: a value is never read as shell.
    #[test]
    fn no_script_runs_a_value(parts in proptest::collection::vec(0..PARTS.len(), 1..12)) {
        let script: String = parts.iter().map(|part| PARTS[*part]).collect();
        let hostile = "x$(echo RAN >&2)`echo RAN >&2`;echo RAN >&2;'\";echo RAN >&2 #\necho RAN >&2\n";
        let Ok(rendered) = render::script(&format!("#!/bin/sh\n{script}"), &values(hostile)) else {
            return Ok(());
        };
        // Without quoted here-documents the value stands in its binding alone.
        let binding = rendered.matches("RAN").count();
        prop_assert!(binding == 0 || binding == 5, "{}", rendered);
        for shell in ["bash", "dash"] {
            let said = run(shell, &format!("exec >/dev/null\n{rendered}"));
            prop_assert!(!said.lines().any(|line| line == "RAN"), "{shell}: {said}\n{rendered}");
        }
    }
}

/// Places where nothing can be quoted: a value that needs it is refused with the line and the place, a plain one stands.
#[test]
fn what_cannot_be_quoted_is_refused() {
    let table = [
        (
            "#!/bin/bash\nbash -c 'echo {{job_name}}'",
            "a second time",
            2,
        ),
        (
            "#!/bin/bash\nsudo -u web sh -ec \"echo {{job_name}}\"",
            "a second time",
            2,
        ),
        (
            "#!/bin/bash\nsu - web -c 'echo {{job_name}}'",
            "a second time",
            2,
        ),
        ("#!/bin/bash\neval echo {{job_name}}", "a second time", 2),
        (
            "#!/bin/bash\nssh host 'echo {{job_name}}'",
            "a second time",
            2,
        ),
        (
            "#!/bin/bash\ntrap 'echo {{job_name}}' EXIT",
            "a second time",
            2,
        ),
        (
            "#!/bin/bash\nbash <<'EOF'\necho {{job_name}}\nEOF",
            "another shell",
            3,
        ),
        (
            "#!/bin/bash\ncat <<EOF | sudo bash\necho {{job_name}}\nEOF",
            "another shell",
            3,
        ),
        ("#!/bin/bash\necho $(( {{job_name}} + 1 ))", "arithmetic", 2),
        ("#!/bin/bash\n(( x = {{job_name}} ))", "arithmetic", 2),
        ("#!/bin/bash\nlet x={{job_name}}", "arithmetic", 2),
        ("#!/bin/bash\na[{{job_name}}]=1", "subscript", 2),
        ("#!/bin/bash\n[[ {{job_name}} -eq 1 ]]", "numbers", 2),
        ("#!/bin/bash\necho ${x:{{job_name}}}", "${", 2),
        ("#!/bin/bash\necho ${{{job_name}}}", "${", 2),
        ("#cloud-config\nhostname: {{job_name}}", "cloud-init", 2),
        ("<powershell>\n'{{job_name}}'\n</powershell>", "Windows", 2),
        (
            "#!/usr/bin/python3\nprint('{{job_name}}')",
            "not a shell",
            2,
        ),
        ("{\"a\": \"{{job_name}}\"}", "without `#!`", 1),
    ];
    for (script, place, line) in table {
        let unfit = render::script(script, &values("x[$(id)]")).expect_err(script);
        assert!(unfit.place.contains(place), "{script}: {unfit}");
        assert_eq!(unfit.line, line, "{script}");
        let plain = render::script(script, &values("web-1.2")).expect(script);
        assert_eq!(plain, script.replace("{{job_name}}", "web-1.2"), "{script}");
    }
}

#[test]
fn steps_and_the_finished_command_read_the_value_too() {
    use ingot_domain::guest::question;
    use ingot_domain::template::{InstallFinished, Step, Template};
    let name = "x $(id) 'y' \"z\" \\";
    let step = |name: &str, run: &str| Step {
        name: name.to_owned(),
        run: run.to_owned(),
        timeout: Some(60),
        validate: None,
    };
    let template = Template {
        user_data: None,
        steps: vec![
            step(
                "say it's {{job_name}}",
                "printf '%s\\n' \"{{job_name}}\" # '",
            ),
            step("quietly", "printf '%s\\n' '{{job_name}}'"),
        ],
        ..template()
    };
    let script = render::install_script(&template, &values(name)).expect("a script");
    assert_eq!(
        run("bash", &script),
        format!(
            "[ingot] step 1/2: say it's {name}\n{name}\n[ingot] step 2/2: quietly\n{name}\n[ingot] all steps done\n"
        )
    );
    for (finished, said) in [
        (
            InstallFinished::Command("printf %s {{job_name}}".to_owned()),
            name,
        ),
        (
            InstallFinished::File("/nowhere/{{job_name}}".to_owned()),
            "",
        ),
    ] {
        let filled = render::finished(&finished, &values(name)).expect("fits");
        let command = question::installed(&filled, "/nowhere/record");
        for shell in ["bash", "dash"] {
            assert_eq!(run(shell, command.as_deref().expect("a command")), said);
        }
    }
}

/// A template with nothing in it that matters here.
fn template() -> ingot_domain::template::Template {
    serde_json::from_value(serde_json::json!({
        "name": "web",
        "base_image": { "ami": "ami-12345678" },
        "instance_types": ["m6i.large"],
        "probe": {},
    }))
    .expect("a template")
}

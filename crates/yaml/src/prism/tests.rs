//! Prism's runtime form, read.

use super::*;
use crate::parse::parse;

const RUNTIME: &str = "name: \"Python Machine Learning (Simplified)\"
description: \"Conda + Jupyter\"
base: \"ubuntu-22.04\"
package_manager: \"conda\"
packages:
  system: [build-essential, git]
  conda: [python=3.11, jupyter]
  pip: []
  spack: [hdf5]
services:
  - name: jupyter
    port: 8888
    config: [\"c.NotebookApp.ip = '0.0.0.0'\"]
    enable: true
users:
  - name: researcher
    password: auto-generated
    groups: [sudo, docker]
  - name: \"$(id)\"
post_install: |
  #!/bin/bash
  echo done
instance_defaults:
  type: t3.large
  ports: [22, 8888]
version: \"2.1.0\"
";

#[test]
fn a_runtime_is_written_anew_and_what_is_not_carried_over_is_named() {
    let made = from_prism(RUNTIME).expect("yaml").expect("its form");
    let template = parse(&made.yaml).unwrap_or_else(|error| panic!("{error}\n{}", made.yaml));
    assert_eq!(template.name, "python-machine-learning-simplified");
    assert_eq!(template.base_image.describe(), "track:ubuntu-22.04");
    assert_eq!(template.instance_types, ["t3.large"]);
    assert_eq!(template.packages.system, ["build-essential", "git"]);
    assert_eq!(template.packages.conda, ["python=3.11", "jupyter"]);
    let steps: Vec<&str> = template
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(
        steps,
        [
            "make user researcher",
            "after the installation",
            "start jupyter"
        ]
    );
    let last = template.steps[0].run.lines().last().unwrap_or_default();
    assert_eq!(
        last,
        "if getent group docker >/dev/null; then usermod --append --groups docker researcher; else echo 'there is no group docker: researcher is not in it'; fi"
    );
    assert_eq!(
        template.probe.command.as_deref(),
        Some("systemctl is-active --quiet jupyter")
    );
    let kept: Vec<&str> = made.kept.iter().map(|(key, _)| key.as_str()).collect();
    let want = [
        "instance_defaults.ports",
        "packages.spack",
        "users[0].password",
        "users[1]",
        "services[0].port",
        "services[0].config",
        "version",
    ];
    assert_eq!(kept, want);
    assert!(
        made.yaml.contains("\n# \"version\": \"2.1.0\"\n"),
        "{}",
        made.yaml
    );
    assert!(!made.yaml.contains("auto-generated"), "{}", made.yaml);
}

#[test]
fn lists_are_of_the_manager_and_parents_are_named() {
    let yaml =
        "name: R\ninherits: [\"Base One\", other]\npackage_manager: apt\npackages: [r-base]\n";
    let made = from_prism(yaml).expect("yaml").expect("its form");
    let parent = crate::inherit::parent(&made.yaml).expect("yaml");
    assert_eq!(
        parent.map(|pin| pin.to_string()).as_deref(),
        Some("base-one")
    );
    assert!(made.yaml.contains("\"system\":"), "{}", made.yaml);
    assert_eq!(made.kept[0].0, "inherits");
    let odd = from_prism("name: x\nbase: beos-5\n")
        .expect("yaml")
        .expect("its form");
    assert_eq!(odd.kept[0].0, "base");
    assert!(odd.yaml.contains("ubuntu-24.04"), "{}", odd.yaml);
}

#[test]
fn other_texts_are_left_alone() {
    let own = crate::parse::to_yaml(&crate::kamiwaza()).expect("yaml");
    assert_eq!(from_prism(&own), Ok(None));
    assert!(from_prism("users: [").is_err());
    assert!(from_prism("name: a\nusers: []\nusers: []\n").is_err());
}

#[test]
fn a_text_with_a_key_of_ingots_is_ingots() {
    for key in OWN {
        let yaml = format!("name: a\nservices: [nginx]\n{key}: x\n");
        assert_eq!(from_prism(&yaml), Ok(None), "{key}");
        let error = parse(&yaml).expect_err("refused");
        assert!(error.problems().any(|it| it.field == "services"), "{error}");
        assert!(!error.to_string().contains(&format!("unknown key `{key}`")));
    }
    let heir = "name: a\ninherits: base\nservices: [nginx]\n";
    assert_eq!(from_prism(heir), Ok(None));
}

#[test]
fn a_text_without_a_name_is_refused() {
    for yaml in ["services: [nginx]\n", "name:\nservices: [nginx]\n"] {
        let error = from_prism(yaml).expect_err("refused");
        assert_eq!(error.field(), "name");
        assert!(error.message().contains("add `name:`"), "{error}");
    }
    let error = from_prism("name: 日本\nusers: [ada]\n").expect_err("refused");
    assert!(error.message().contains("add a `slug:`"), "{error}");
    let made = from_prism("name: 日本\nslug: japan\nusers: [ada]\n");
    let made = made.expect("yaml").expect("its form");
    assert!(made_from_prism(&made.yaml) && made.yaml.contains("\"japan\""));
}

#[test]
fn secrets_are_kept_nowhere() {
    let table = [
        (
            "users: { ada: { Password: WORD, uid: 7 } }",
            "users.ada.Password",
        ),
        ("users: { ada: WORD }", "users.ada"),
        (
            "users: [{ name: Ada L, password_hash: WORD }]",
            "users[0].password_hash",
        ),
        ("users: [{ name: ada, PASSWD: WORD }]", "users[0].PASSWD"),
        (
            "environment: { DB_PASSWORD: WORD, HOME: /a }",
            "environment.DB_PASSWORD",
        ),
        ("environment: [A=b, API_KEY=WORD]", "environment[1]"),
        (
            "environment: [{ name: SECRET_KEY, value: WORD }]",
            "environment[0].value",
        ),
        (
            "environment: { DB: \"pg://me:WORD@host/a\" }",
            "environment.DB",
        ),
        (
            "services: [{ name: a, config: [\"c.token = 'WORD'\"] }]",
            "services[0].config[0]",
        ),
        (
            "services: [{ name: a, private-key: WORD }]",
            "services[0].private-key",
        ),
        (
            "instance_defaults: { a: [{ db_pass: WORD }] }",
            "instance_defaults.a[0].db_pass",
        ),
        ("secrets: [WORD]", "secrets"),
        ("note: |\n  -----BEGIN PRIVATE KEY-----\n  WORD", "note"),
    ];
    for (yaml, path) in table {
        let made = from_prism(&format!("name: a\nbase: ubuntu-24.04\n{yaml}\n"));
        let made = made.expect("yaml").expect("its form");
        assert!(!made.yaml.contains("WORD"), "{yaml}: {}", made.yaml);
        let left = made.kept.iter().filter(|(_, why)| why == secrets::WHY);
        let left: Vec<&str> = left.map(|(key, _)| key.as_str()).collect();
        assert_eq!(left, [path], "{yaml}");
    }
}

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
    assert!(template.steps[0].run.contains("--groups docker researcher"));
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

//! Which bases bring an agent, what is refused, and what the step does on each distribution.

use std::process::Command;

use serde_json::{Value, json};

use super::*;
use crate::render::{Values, install_script};

fn template(changes: Value) -> Template {
    let mut whole = json!({
        "name": "web",
        "base_image": { "track": "debian-12" },
        "instance_types": ["t3.micro"],
        "steps": [{ "name": "one", "run": "id" }],
        "probe": { "scheme": "http", "port": 8000 },
        "ingress": [{ "port": 8000, "cidr": "10.0.0.0/8" }],
        "instance_profile": "p",
    });
    for (key, value) in changes.as_object().expect("changes") {
        whole[key] = value.clone();
    }
    serde_json::from_value(whole).expect("a template")
}

#[test]
fn what_cannot_be_installed_is_refused_with_a_way_out() {
    let install = json!("install");
    let table = [
        (json!({ "ssm_agent": install }), vec![]),
        (
            json!({ "ssm_agent": install, "steps": [], "user_data": "#!/bin/sh\nid\n" }),
            vec!["give the installation as `steps`"],
        ),
        (
            json!({ "ssm_agent": install, "instance_profile": null, "install_finished": "none" }),
            vec!["name a profile"],
        ),
        (
            json!({ "ssm_agent": install, "base_image": { "ssm": "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base" },
                "steps": [], "install_finished": "none", "user_data": "<powershell>\nid\n</powershell>" }),
            vec!["leave `ssm_agent` out"],
        ),
    ];
    for (changes, want) in table {
        let told = template(changes.clone()).problems();
        assert_eq!(told.len(), want.len(), "{changes}: {told:?}");
        for (told, want) in told.iter().zip(want) {
            assert!(
                told.field == "ssm_agent" && told.message.contains(want),
                "{told:?}"
            );
        }
    }
}

#[test]
fn a_base_without_an_agent_is_warned_of_when_it_counts() {
    let base = |key: &str, name: &str| json!({ "base_image": { key: name } });
    let with = |mut changes: Value, key: &str, value: Value| {
        changes[key] = value;
        changes
    };
    let debian = base("track", "debian-12");
    let table = [
        (debian.clone(), true),
        (
            base("ssm", "/aws/service/debian/release/12/latest/arm64"),
            true,
        ),
        (base("track", "rocky-9"), true),
        (
            base(
                "ssm",
                "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-x86_64",
            ),
            true,
        ),
        (
            base(
                "ssm",
                "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
            ),
            false,
        ),
        (base("track", "ubuntu-24.04"), false),
        (base("ami", "ami-0123456789abcdef0"), false),
        (with(debian.clone(), "ssm_agent", json!("install")), false),
        (
            with(
                debian.clone(),
                "steps",
                json!([{ "name": "own", "run": "dpkg -i amazon-ssm-agent.deb" }]),
            ),
            false,
        ),
        (
            with(
                with(debian.clone(), "progress", json!("none")),
                "install_finished",
                json!("none"),
            ),
            false,
        ),
    ];
    for (changes, want) in table {
        let told = template(changes.clone()).warnings();
        assert_eq!(
            told.iter().any(|told| told.field == "base_image"),
            want,
            "{changes}: {told:?}"
        );
    }
}

#[test]
fn the_agent_is_a_step_of_its_own_and_another_image() {
    let plain = template(json!({}));
    let installs = template(json!({ "ssm_agent": "install" }));
    let names: Vec<String> = installs
        .steps_run()
        .into_iter()
        .map(|step| step.name)
        .collect();
    assert_eq!(names, ["install the SSM agent", "one"]);
    assert_eq!(
        (installs.step_field(0), installs.step_field(1)),
        ("ssm_agent".to_owned(), "steps[0].run".to_owned())
    );
    assert_eq!(plain.steps_run(), plain.steps);
    assert_eq!(plain.step_field(0), "steps[0].run");
    assert_ne!(
        crate::fingerprint::of_recipe(&plain),
        crate::fingerprint::of_recipe(&installs)
    );
}

/// What the script of a machine with these programs fetches and runs, one call a line.
fn played(region: &str, machine: &str, programs: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let values = Values {
        template: "web",
        version: "v1.0.0",
        mode: "full",
        job_name: "shop",
        region,
        deployment_id: "dep_1",
        parameters: &[],
    };
    let mut only = template(json!({ "ssm_agent": "install" }));
    only.steps = Vec::new();
    let script = install_script(&only, &values).expect("a script");
    let path = home.path().join("script");
    std::fs::write(&path, script).expect("written");
    let shim = |name: &str, body: &str| {
        let to = home.path().join(name);
        std::fs::write(&to, format!("#!/bin/sh\n{body}\n")).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&to, mode).expect("mode");
    };
    shim("uname", &format!("echo {machine}"));
    shim(
        "mktemp",
        &format!("mkdir -p {0}/t; echo {0}/t", home.path().display()),
    );
    shim(
        "systemctl",
        "[ \"$2\" != is-active ] || exit 3; echo systemctl \"$@\"",
    );
    for program in programs {
        shim(program, &format!("echo {program} \"$@\""));
    }
    for (name, real) in [
        ("rm", "/bin/rm"),
        ("mkdir", "/bin/mkdir"),
        ("sleep", "/bin/sleep"),
    ] {
        shim(name, &format!("exec {real} \"$@\""));
    }
    let ran = Command::new("/bin/bash")
        .arg(&path)
        .env("PATH", home.path())
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        ran.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    said.replace(&home.path().display().to_string(), "")
}

#[test]
fn each_distribution_gets_the_documented_package_of_its_region() {
    let deb = "apt-get -o DPkg::Lock::Timeout=300 install -y /t/amazon-ssm-agent.deb";
    let table = [
        (
            ("eu-central-1", "x86_64", &["dpkg", "curl", "apt-get"][..]),
            "https://s3.eu-central-1.amazonaws.com/amazon-ssm-eu-central-1/latest/debian_amd64/amazon-ssm-agent.deb",
            deb,
        ),
        (
            ("us-east-1", "aarch64", &["dpkg", "wget", "apt-get"]),
            "https://s3.us-east-1.amazonaws.com/amazon-ssm-us-east-1/latest/debian_arm64/amazon-ssm-agent.deb",
            deb,
        ),
        (
            ("us-gov-west-1", "x86_64", &["dnf", "yum", "curl"]),
            "https://s3.us-gov-west-1.amazonaws.com/amazon-ssm-us-gov-west-1/latest/linux_amd64/amazon-ssm-agent.rpm",
            "dnf install -y /t/amazon-ssm-agent.rpm",
        ),
        (
            ("cn-north-1", "aarch64", &["yum", "python3"]),
            "https://s3.cn-north-1.amazonaws.com.cn/amazon-ssm-cn-north-1/latest/linux_arm64/amazon-ssm-agent.rpm",
            "yum install -y /t/amazon-ssm-agent.rpm",
        ),
    ];
    for ((region, machine, programs), url, installs) in table {
        let said = played(region, machine, programs);
        assert!(said.contains(url) && said.contains(installs), "{said}");
        let started = "systemctl enable amazon-ssm-agent\nsystemctl restart amazon-ssm-agent\n";
        assert!(said.contains(started), "{said}");
    }
}

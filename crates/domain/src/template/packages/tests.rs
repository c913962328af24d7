//! Packages by name: which are understood, and the steps they become.

use serde_json::{Value, json};

use super::*;
use crate::fingerprint::of_recipe;
use crate::render::{Values, install_script};

fn template(base: &str, packages: Value) -> Template {
    let whole = json!({
        "name": "web",
        "base_image": { "newest": { "owner": "amazon", "name": base } },
        "instance_types": ["t3.micro"],
        "packages": packages,
        "probe": { "scheme": "http", "port": 80 },
        "install_finished": "none",
    });
    serde_json::from_value(whole).expect("a template")
}

fn script(template: &Template) -> String {
    let values = Values {
        template: "web",
        version: "v1.0.0",
        mode: "full",
        job_name: "shop",
        region: "eu-west-1",
        deployment_id: "dep_1",
        parameters: &[],
    };
    install_script(template, &values).expect("a script")
}

#[test]
fn a_base_says_who_installs() {
    let ssm = |name: &str| BaseImage::Ssm(name.to_owned());
    let track = |name: &str| BaseImage::Track(name.to_owned());
    let table = [
        (
            ssm(
                "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
            ),
            Some(Manager::Apt),
        ),
        (
            ssm("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"),
            Some(Manager::Dnf),
        ),
        (
            ssm("/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2"),
            Some(Manager::Yum),
        ),
        (track("debian-12-arm64"), Some(Manager::Apt)),
        (track("amazon-2-arm64"), Some(Manager::Yum)),
        (track("amazon-2023"), Some(Manager::Dnf)),
        (track("rocky-9"), Some(Manager::Dnf)),
        (track("windows-2022"), None),
        (BaseImage::Ami("ami-0123456789abcdef0".to_owned()), None),
    ];
    for (base, want) in table {
        assert_eq!(base.manager(), want, "{base:?}");
    }
}

#[test]
fn packages_are_steps_before_the_templates_own() {
    let all = json!({ "system": ["nginx", "curl=8.5.0-2ubuntu10"], "pip": ["pandas>=2,<3"], "conda": ["bioconda::samtools"] });
    let mut whole = template("ubuntu-24*", all.clone());
    whole.steps.push(Step {
        name: "own".to_owned(),
        run: "id".to_owned(),
        timeout: Some(60),
        validate: None,
    });
    assert_eq!(whole.problems(), []);
    let names: Vec<String> = whole
        .steps_run()
        .into_iter()
        .map(|step| step.name)
        .collect();
    let want = [
        "install 2 system packages",
        "install 1 pip package",
        "install 1 conda package",
        "own",
    ];
    assert_eq!(names, want);
    let fields: Vec<String> = (0..4).map(|at| whole.step_field(at)).collect();
    let want = [
        "packages.system",
        "packages.pip",
        "packages.conda",
        "steps[0].run",
    ];
    assert_eq!(fields, want);
    let text = script(&whole);
    for part in [
        "install -y nginx curl=8.5.0-2ubuntu10\n",
        "install -y python3-venv\npython3 -m venv /opt/venv\n",
        "--no-cache-dir 'pandas>=2,<3'\n",
        "-c conda-forge -c bioconda bioconda::samtools\n",
        "[ingot] step 4/4: own",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let dnf = script(&template("al2023-ami-2023*", all));
    assert!(
        dnf.contains("dnf install -y --allowerasing nginx "),
        "{dnf}"
    );
    assert!(!dnf.contains("apt-get"), "{dnf}");
}

#[test]
fn packages_are_part_of_the_recipe() {
    let one = template("ubuntu-24*", json!({ "system": ["nginx"] }));
    let other = template("ubuntu-24*", json!({ "system": ["nginx", "curl"] }));
    assert_ne!(of_recipe(&one), of_recipe(&other));
    assert_eq!(of_recipe(&one), of_recipe(&one.clone()));
}

#[test]
fn what_is_no_package_is_refused() {
    let table = [
        (json!({ "system": ["nginx; id"] }), "packages.system[0]"),
        (json!({ "system": ["-o=x"] }), "packages.system[0]"),
        (json!({ "system": ["./a.deb"] }), "packages.system[0]"),
        (json!({ "system": [""] }), "packages.system[0]"),
        (json!({ "system": ["a$(id)"] }), "packages.system[0]"),
        (json!({ "system": ["a'b"] }), "packages.system[0]"),
        (json!({ "system": ["{{version}}"] }), "packages.system[0]"),
        (
            json!({ "pip": ["numpy", "git+https://x/y"] }),
            "packages.pip[1]",
        ),
        (json!({ "pip": ["a\nb"] }), "packages.pip[0]"),
        (json!({ "conda": ["a b"] }), "packages.conda[0]"),
        (
            json!({ "system": ["curl", "curl=8"] }),
            "packages.system[1]",
        ),
        (
            json!({ "pip": ["Scikit_Learn", "scikit-learn==1"] }),
            "packages.pip[1]",
        ),
        (
            json!({ "conda": ["samtools", "bioconda::samtools"] }),
            "packages.conda[1]",
        ),
    ];
    for (packages, field) in table {
        let wrong = template("ubuntu-24*", packages.clone()).problems();
        let fields: Vec<&str> = wrong.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, [field], "{packages}");
    }
    let long = json!({ "system": ["a".repeat(129)] });
    assert_eq!(template("ubuntu-24*", long).problems().len(), 1);
}

#[test]
fn an_unknown_family_is_told_with_the_way_out() {
    let nginx = json!({ "system": ["nginx"] });
    let wrong = template("my-image-*", nginx).problems();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].field == "packages" && wrong[0].message.contains("`manager: apt`"));
    let said = json!({ "manager": "dnf", "system": ["nginx"] });
    assert_eq!(template("my-image-*", said).problems(), []);
    let mut own = template("ubuntu-24*", json!({ "pip": ["numpy"] }));
    own.user_data = Some("#!/bin/sh\nid\n".to_owned());
    let wrong = own.problems();
    assert!(
        wrong.len() == 1 && wrong[0].message.contains("`steps`"),
        "{wrong:?}"
    );
}

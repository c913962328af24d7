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
    let newest = |name: &str| BaseImage::Newest {
        owner: "amazon".to_owned(),
        name: name.to_owned(),
    };
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
        (track("amazon-linux-2"), Some(Manager::Yum)),
        (track("amazon-linux-2023-arm64"), Some(Manager::Dnf)),
        (track("amazon-2023"), Some(Manager::Dnf)),
        (track("rocky-9"), Some(Manager::Dnf)),
        (
            ssm("/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id"),
            Some(Manager::Yum),
        ),
        (
            ssm("/aws/service/eks/optimized-ami/1.29/amazon-linux-2-gpu/recommended/image_id"),
            Some(Manager::Yum),
        ),
        (
            ssm("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"),
            Some(Manager::Dnf),
        ),
        (newest("amazon-eks-node-1.29-v*"), Some(Manager::Yum)),
        (
            newest("amazon-eks-node-al2023-x86_64-*"),
            Some(Manager::Dnf),
        ),
        (newest("RHEL-7*"), Some(Manager::Yum)),
        (newest("RHEL-9*"), Some(Manager::Dnf)),
        (newest("CentOS Linux 7 x86_64*"), Some(Manager::Yum)),
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
    let dnf = script(&template(
        "al2023-ami-2023*",
        json!({ "system": ["nginx", "curl"] }),
    ));
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
        (
            json!({ "system": ["openssh-server-"] }),
            "packages.system[0]",
        ),
        (json!({ "system": ["nginx+"] }), "packages.system[0]"),
        (json!({ "system": ["nginx=1.0-"] }), "packages.system[0]"),
        (json!({ "system": ["nginx-=1.0"] }), "packages.system[0]"),
        (json!({ "system": ["lib.+"] }), "packages.system[0]"),
        (json!({ "system": ["lib..x"] }), "packages.system[0]"),
        (json!({ "system": ["lib."] }), "packages.system[0]"),
        (json!({ "system": ["lib*"] }), "packages.system[0]"),
        (json!({ "system": ["lamp-server^"] }), "packages.system[0]"),
        (json!({ "conda": ["a>pwned*::b"] }), "packages.conda[0]"),
        (json!({ "conda": ["http://a.b/c::d"] }), "packages.conda[0]"),
        (json!({ "conda": ["a::b::c"] }), "packages.conda[0]"),
        (json!({ "conda": ["::c"] }), "packages.conda[0]"),
        (json!({ "conda": ["-c::c"] }), "packages.conda[0]"),
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
fn names_with_marks_are_packages() {
    let system = json!([
        "g++",
        "g++-13",
        "libstdc++6",
        "libc6:i386",
        "python3.12",
        "dvd+rw-tools",
        "curl=1:8.5~rc1+b1"
    ]);
    let conda = json!([
        "https://conda.example.org:8443/t/x::d",
        "conda-forge/linux-64::e>=2"
    ]);
    let whole = template("ubuntu-24*", json!({ "system": system, "conda": conda }));
    assert_eq!(whole.problems(), []);
    assert!(script(&whole).contains(
        " -c conda-forge -c https://conda.example.org:8443/t/x -c conda-forge/linux-64 "
    ));
    assert_eq!(word("a>b*"), "'a>b*'");
}

#[test]
fn a_version_is_spelt_as_its_manager_does() {
    let told = template("al2023-ami-2023*", json!({ "system": ["curl=8.5"] })).problems();
    assert!(
        matches!(told.as_slice(), [one] if one.message.contains("write `curl-8.5`")),
        "{told:?}"
    );
}

#[test]
fn a_track_has_its_own_manager() {
    let table = [
        ("ubuntu-24.04", "apt", None),
        ("ubuntu-24.04", "dnf", Some("apt")),
        ("rocky-9", "apt", Some("dnf")),
        ("rocky-9", "yum", None),
        ("amazon-linux-2", "dnf", Some("yum")),
        ("our-own-ubuntu", "dnf", None),
    ];
    for (track, said, has) in table {
        let mut whole = template("x", json!({ "manager": said, "system": ["nginx"] }));
        whole.base_image = BaseImage::Track(track.to_owned());
        let told = whole.problems();
        match has {
            None => assert_eq!(told, [], "{track} {said}"),
            Some(has) => assert!(
                matches!(told.as_slice(), [one] if one.field == "packages.manager"
                    && one.message.contains(&format!("by {has}, not by {said}"))),
                "{track}: {told:?}"
            ),
        }
    }
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

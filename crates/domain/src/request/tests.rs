//! Tables of good and bad requests.

use super::*;
use crate::probe::ProbeSpec;
use crate::template::{BaseImage, ImagePolicy, InstallFinished, Kind, Volume};

pub(super) fn template() -> Template {
    Template {
        name: "web".into(),
        inherits: None,
        description: String::new(),
        kind: Kind::GoldenImage,
        base_image: BaseImage::Ami("ami-12345678".into()),
        architecture: Arch::X86_64,
        modes: vec!["full".into(), "lite".into()],
        instance_types: vec!["m6i.xlarge".into()],
        regions: vec![],
        volume: Volume::default(),
        network: Network::default(),
        zones: vec![],
        metadata_hop_limit: 1,
        ordered: true,
        user_data: Some("#!/bin/sh\n".into()),
        user_data_encoding: Default::default(),
        progress: Default::default(),
        parameters: vec![],
        packages: crate::template::Packages::default(),
        steps: vec![],
        ssm_agent: crate::template::Agent::default(),
        first_boot: None,
        probe: ProbeSpec::default(),
        install_finished: InstallFinished::CloudInit,
        tags: BTreeMap::from([("Team".into(), "a".into())]),
        ingress: vec![],
        instance_profile: None,
        images: ImagePolicy::default(),
        ttl: None,
        rebuild: None,
        grant: None,
    }
}

pub(super) fn limits() -> Limits {
    Limits {
        regions: vec!["us-east-1".into(), "eu-west-1".into()],
    }
}

pub(super) fn draft() -> Draft {
    Draft {
        template: "web".into(),
        version: "1.2.3".into(),
        region: "us-east-1".into(),
        ..Draft::default()
    }
}

#[test]
fn the_shortest_request_takes_the_templates_defaults() {
    let order = parse(draft(), &template(), &limits()).expect("order");
    assert_eq!(order.version.to_string(), "v1.2.3");
    assert_eq!(
        (
            order.mode.as_str(),
            order.instance_type.as_str(),
            order.volume_size_gb
        ),
        ("full", "m6i.xlarge", 30)
    );
    assert_eq!(
        (order.image_choice, order.create_ami),
        (ImageChoice::Auto, true)
    );
    assert_eq!(order.tags.get("Team").map(String::as_str), Some("a"));
}

#[test]
fn each_bad_field_is_named_with_its_value() {
    let table: Vec<(&str, &str, Draft)> = vec![
        (
            "version",
            "newest",
            Draft {
                version: "newest".into(),
                ..draft()
            },
        ),
        (
            "mode",
            "huge",
            Draft {
                mode: Some("huge".into()),
                ..draft()
            },
        ),
        (
            "region",
            "mars-1",
            Draft {
                region: "mars-1".into(),
                ..draft()
            },
        ),
        (
            "instance_type",
            "p5.48xlarge",
            Draft {
                instance_type: Some("p5.48xlarge".into()),
                ..draft()
            },
        ),
        (
            "volume_size_gb",
            "7",
            Draft {
                volume_size_gb: Some(7),
                ..draft()
            },
        ),
        (
            "volume_size_gb",
            "1001",
            Draft {
                volume_size_gb: Some(1001),
                ..draft()
            },
        ),
        (
            "job_name",
            "<script>",
            Draft {
                job_name: Some("<script>".into()),
                ..draft()
            },
        ),
        (
            "job_name",
            "PATH[$(id)]",
            Draft {
                job_name: Some("PATH[$(id)]".into()),
                ..draft()
            },
        ),
        (
            "job_name",
            "a\\nb",
            Draft {
                job_name: Some("a\nb".into()),
                ..draft()
            },
        ),
        (
            "subnet_id",
            "net-1",
            Draft {
                subnet_id: Some("net-1".into()),
                ..draft()
            },
        ),
        (
            "security_group_ids[0]",
            "x",
            Draft {
                security_group_ids: vec!["x".into()],
                ..draft()
            },
        ),
        (
            "image",
            "newest",
            Draft {
                image: Some("newest".into()),
                ..draft()
            },
        ),
        (
            "user_data",
            "16385 bytes",
            Draft {
                user_data: Some("x".repeat(16_385)),
                ..draft()
            },
        ),
        (
            "tags.ManagedBy",
            "ManagedBy",
            Draft {
                tags: BTreeMap::from([("ManagedBy".into(), "me".into())]),
                ..draft()
            },
        ),
        (
            "ingress[0].cidr",
            "0.0.0.0/0",
            Draft {
                ingress: Some(vec![IngressRule {
                    port: 22,
                    to_port: None,
                    cidr: "0.0.0.0/0".parse().expect("cidr"),
                }]),
                ..draft()
            },
        ),
    ];
    for (field, value, draft) in table {
        let wrong = parse(draft, &template(), &limits()).expect_err(field);
        assert_eq!(wrong.len(), 1, "{field}: {wrong:?}");
        assert_eq!(
            (wrong[0].field.as_str(), wrong[0].value.as_str()),
            (field, value)
        );
        assert!(wrong[0].message.len() > 10, "{field} says the way out");
    }
}

#[test]
fn everything_wrong_is_named_at_once() {
    let bad = Draft {
        version: "x".into(),
        region: "y".into(),
        volume_size_gb: Some(1),
        ..draft()
    };
    let fields: Vec<_> = parse(bad, &template(), &limits())
        .expect_err("bad")
        .into_iter()
        .map(|e| e.field)
        .collect();
    assert_eq!(fields, ["version", "region", "volume_size_gb"]);
}

#[test]
fn a_value_that_is_refused_is_not_written_into_the_script() {
    let script = format!(
        "#!/bin/sh\n# {}\n",
        "{{mode}} {{region}} {{job_name}}".repeat(400)
    );
    let long = "m".repeat(1_000_000);
    let wrong = Draft {
        mode: Some(long.clone()),
        region: long.clone(),
        instance_type: Some(long.clone()),
        job_name: Some(long),
        user_data: Some(script),
        ..draft()
    };
    let wrong = parse(wrong, &template(), &limits()).expect_err("refused");
    let fields: Vec<&str> = wrong.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["mode", "region", "instance_type", "job_name"]);
    assert!(wrong.iter().all(|one| one.value.len() < 100));
}

#[test]
fn a_script_that_fits_no_job_name_is_refused_with_its_length() {
    let lines = "{{job_name}}\n".repeat(1_000);
    let wrong = Draft {
        job_name: Some("é".repeat(LONGEST_JOB_NAME)),
        user_data: Some(format!("#!/bin/sh\ncat <<'EOF'\n{lines}EOF\n")),
        ..draft()
    };
    let wrong = parse(wrong, &template(), &limits()).expect_err("refused");
    let [only] = wrong.as_slice() else {
        panic!("{wrong:?}")
    };
    assert_eq!(only.field, "user_data");
    assert!(only.message.contains("builds none beyond 65536"), "{only}");
}

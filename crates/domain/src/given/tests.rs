//! In what an AMI is not what was ordered, and what its deployment is recorded as.

use super::*;
use crate::arch::Arch;
use crate::deployment::ImageChoice;
use crate::template::Network;

fn order(job_name: &str) -> Order {
    Order {
        job_name: job_name.to_owned(),
        template: "kamiwaza".to_owned(),
        parameters: BTreeMap::new(),
        version: "v0.9.3".parse().expect("version"),
        mode: "full".to_owned(),
        region: "us-east-1".to_owned(),
        instance_type: "m6i.xlarge".to_owned(),
        arch: Arch::X86_64,
        volume_size_gb: 30,
        subnet_id: None,
        subnet_ids: vec![],
        zones: vec![],
        instance_types: vec![],
        network: Network::default(),
        security_group_ids: vec![],
        ingress: vec![],
        tags: BTreeMap::new(),
        image_choice: ImageChoice::Given,
        given_image: Some("ami-1".to_owned()),
        image_reason: None,
        force: false,
        told: None,
        create_ami: true,
        no_reboot: false,
        user_data: None,
        stale: Default::default(),
        build_only: None,
        ttl_seconds: None,
    }
}

fn recipe() -> Template {
    let whole = serde_json::json!({
        "name": "kamiwaza",
        "base_image": { "ami": "ami-0123456789abcdef0" },
        "instance_types": ["t3.micro"],
        "parameters": [
            { "name": "colour", "default": "red" },
            { "name": "password", "default": "" },
            { "name": "host", "default": "a" },
        ],
        "user_data": "echo {{colour}} {{password}}",
        "first_boot": "echo {{host}}",
        "probe": { "tcp": 80 },
    });
    serde_json::from_value(whole).expect("a template")
}

#[test]
fn an_ami_of_other_values_contradicts() {
    let values = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(own).collect()
    };
    let said = |ordered: &[(&str, &str)], told: &Told| {
        let order = Order {
            parameters: values(ordered),
            ..order("x")
        };
        let found = contradictions(&order, &recipe(), told);
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        said.join("; ")
    };
    let red = Told::default().made_by(&recipe());
    let green = Told::default().made_by(&recipe().with_parameters(&values(&[("colour", "green")])));
    assert_eq!(said(&[], &red), "");
    assert_eq!(said(&[("host", "b"), ("colour", "red")], &red), "");
    assert_eq!(said(&[("colour", "green")], &green), "");
    let colour = "its parameters.colour is red, the order's green";
    assert_eq!(said(&[("colour", "green")], &red), colour);
    assert_eq!(
        said(&[], &green),
        "its parameters.colour is green, the order's red"
    );
    let password = "its parameters.password is •••, the order's •••";
    assert_eq!(said(&[("password", "x")], &red), password);
    // A recipe of another revision that has no such parameter, and one of which the tags alone tell.
    let mut older = red.clone();
    older.values = Some(BTreeMap::new());
    assert_eq!(said(&[], &older), "");
    assert_eq!(
        said(&[("colour", "green")], &older),
        "its parameters.colour is none, the order's green"
    );
    let tags = Told {
        values: None,
        ..red
    };
    assert_eq!(said(&[("colour", "red")], &tags), "");
    assert!(said(&[("colour", "green")], &tags).contains("by its fingerprint"));
}

type Tags = &'static [(&'static str, &'static str)];

fn told(pairs: &[(&str, &str)]) -> Told {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Told::by_tags(&pairs.iter().map(pair).collect())
}

#[test]
fn an_image_that_is_gone_for_good_is_told_with_the_way_out() {
    use ImageStatus::*;
    let ended = Some(region_end::WHY);
    let table = [
        (Available, None, false, ""),
        (Pending, None, false, ""),
        (Missing, None, false, ""),
        (Deleted, None, true, ""),
        (Deleted, ended, true, "the simulated region ended"),
        (Failed, ended, true, "the simulated region ended"),
        (Deleted, Some("its turn"), false, "deregistered (its turn)"),
        (Failed, Some("quota"), false, "could not be made (quota)"),
    ];
    for (status, error, dropped, words) in table {
        let why = is_gone(status, error, dropped).unwrap_or_default();
        assert!(
            why.contains(words) && why.is_empty() == words.is_empty(),
            "{status}: {why}"
        );
    }
}

#[test]
fn tags_of_another_template_version_or_mode_contradict() {
    let order = order("x");
    let table: [(Tags, &[&str]); 7] = [
        (&[], &[]),
        (&[("KamiwazaVersion", "v0.9.3"), ("Mode", "full")], &[]),
        (&[("Version", "release/0.9.3")], &[]),
        (
            &[("KamiwazaVersion", "v0.9.2"), ("Mode", "lite")],
            &["version", "mode"],
        ),
        (&[("Version", "latest")], &["version"]),
        (&[("Mode", ""), ("Version", "")], &[]),
        (&[("Template", "web"), ("Version", "v0.9.3")], &["template"]),
    ];
    for (pairs, fields) in table {
        let found = contradictions(&order, &recipe(), &told(pairs));
        let named: Vec<_> = found.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(named, fields, "{pairs:?}");
    }
}

#[test]
fn a_problem_names_the_field_both_values_and_the_way_out() {
    let found = contradictions(&order("x"), &recipe(), &told(&[("Version", "v0.9.2")]));
    let problem = found[0].problem("ami-1").to_string();
    for word in ["version", "`v0.9.3`", "v0.9.2", "ami-1", "`--force`"] {
        assert!(problem.contains(word), "{problem}");
    }
    assert_eq!(
        found[0].to_string(),
        "its version is v0.9.2, the order's v0.9.3"
    );
}

#[test]
fn a_deployment_is_recorded_as_what_its_ami_is() {
    let table: [(&str, Tags, (&str, &str, &str)); 6] = [
        ("mine", &[], ("mine", "v0.9.3", "full")),
        (
            "mine",
            &[("Version", "0.9.2"), ("Mode", "lite")],
            ("mine", "v0.9.2", "lite"),
        ),
        (
            "kamiwaza release/0.9.3",
            &[("Version", "v0.9.2")],
            ("kamiwaza v0.9.2", "v0.9.2", "full"),
        ),
        (
            "kamiwaza-v0.9.3",
            &[("Version", "v0.9.2")],
            ("kamiwaza-v0.9.2", "v0.9.2", "full"),
        ),
        (
            "kamiwaza v0.9.3",
            &[("Mode", "lite")],
            ("kamiwaza v0.9.3", "v0.9.3", "lite"),
        ),
        ("mine", &[("Version", "latest")], ("mine", "latest", "full")),
    ];
    for (job_name, pairs, (name, version, mode)) in table {
        let recorded = recorded(&order(job_name), &told(pairs));
        let expected = Recorded {
            job_name: name.to_owned(),
            version: version.to_owned(),
            mode: mode.to_owned(),
        };
        assert_eq!(recorded, expected, "{pairs:?}");
    }
}

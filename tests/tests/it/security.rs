//! A base image moves, a worker judges what that means from the feeds in the ledger, and people see which templates are
//! behind; on both shapes.

use std::path::Path;
use std::time::Duration;

use ingot_client::base_update::{BaseUpdateDetail, BaseUpdateFilter};
use ingot_tests::{Options, Stack, until};

const LONG: Duration = Duration::from_secs(120);

pub(super) const TEMPLATE: &str = "name: behind
base_image: { track: ubuntu-22.04 }
instance_types: [t3.large]
volume: { size_gb: 20 }
user_data: |
  #!/bin/sh
  # ingot-serves: {\"port\": 8080, \"path\": \"/ok\"}
  true
probe: { scheme: http, port: 8080, path: /ok, first_check_seconds: 60, max_attempts: 40 }
install_finished: none
";

/// The small folder of advisories that the repository carries.
pub(super) fn samples() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/advisories");
    root.to_string_lossy().into_owned()
}

pub(super) fn options() -> Options {
    Options {
        at: Some("2024-06-30T12:00:00Z".to_owned()),
        ..Options::default()
    }
}

#[tokio::test]
async fn an_update_is_judged_and_the_templates_behind_it_are_shown_embedded() {
    judged(&Stack::embedded_with(options()).await.unwrap()).await;
}

#[tokio::test]
async fn an_update_is_judged_and_the_templates_behind_it_are_shown_scaled() {
    judged(&Stack::scaled_with(options()).await.unwrap()).await;
}

async fn judged(stack: &Stack) {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("behind.yaml");
    std::fs::write(&file, TEMPLATE).unwrap();
    stack
        .ingot_json(&["advisories", "load", &samples()])
        .await
        .unwrap();
    stack
        .ingot_json(&["templates", "apply", &file.to_string_lossy()])
        .await
        .unwrap();
    let mut order = Stack::order("1.0.0");
    order.template = "behind".to_owned();
    let asked = stack.client.create_deployment(&order, "behind").await;
    let done = stack.wait_finished(&asked.unwrap().id, LONG).await.unwrap();
    let ami = done.created_ami_id.clone().unwrap();

    // The baseline concerns no template.
    stack
        .ingot_json(&[
            "base-images",
            "scan",
            "ubuntu-22.04",
            "--region",
            "us-east-1",
        ])
        .await
        .unwrap();
    let before = stack.client.security_status().await.unwrap();
    assert!(before.available.is_empty(), "{before:#?}");

    let endpoint = stack.region.endpoint();
    let release = [
        "sim",
        "release",
        "ubuntu-22.04",
        "20240701",
        "--created",
        "2024-07-01T16:36:59Z",
        "--endpoint",
        endpoint,
    ];
    stack.ingot_json(&release).await.unwrap();
    stack
        .ingot_json(&[
            "base-images",
            "scan",
            "ubuntu-22.04",
            "--region",
            "us-east-1",
        ])
        .await
        .unwrap();
    let filter = BaseUpdateFilter {
        base: Some("ubuntu-22.04".to_owned()),
        level: Some("critical".to_owned()),
        ..BaseUpdateFilter::default()
    };
    let found = until("the update to be judged critical", LONG, || async {
        let page = stack.client.base_updates(&filter).await?;
        Ok(page.items.into_iter().next())
    });
    let found = found.await;
    let update = found.unwrap_or_else(|error| panic!("{error:#}\n{}", stack.said()));
    assert_eq!(
        (update.from.as_str(), update.to.as_str()),
        ("20240629", "20240701")
    );
    assert_eq!(update.update_type.as_deref(), Some("security"));
    let headline = update.headline.clone().unwrap();
    assert_eq!(
        headline.advisory.as_deref(),
        Some("USN-6859-1"),
        "{headline:#?}"
    );
    assert_eq!(headline.cve.as_deref(), Some("CVE-2024-6387"));
    assert!(
        headline.rules.iter().any(|rule| rule == "R3"),
        "{headline:#?}"
    );

    let status = stack.client.security_status().await.unwrap();
    let [entry] = status.available.as_slice() else {
        panic!("{status:#?}");
    };
    assert_eq!(entry.security_level, "critical");
    // The template's name is a word of its own in what is planned for it.
    assert!(entry.plan.contains(" in us-east-1: "), "{}", entry.plan);
    let [behind] = entry.templates.as_slice() else {
        panic!("{entry:#?}");
    };
    assert_eq!(
        (behind.template.as_str(), behind.builds_behind),
        ("behind", 1)
    );
    assert_eq!(behind.ami_id.as_ref(), Some(&ami));
    let screen = stack
        .ingot(&["templates", "auto-ami", "security-status"])
        .await
        .unwrap();
    let screen = String::from_utf8_lossy(&screen.stdout).into_owned();
    for said in [
        "Critical Updates Available:",
        "ubuntu-22.04: CVE-2024-6387",
        "Affected templates: behind",
    ] {
        assert!(screen.contains(said), "{said}: {screen}");
    }

    let detail = stack.client.base_update(&update.id).await.unwrap();
    assert_eq!(detail.assessments.len(), 1, "judged once: {detail:#?}");
    assert!(!detail.evidence.is_empty());
    let own = stack.client.image_security(&ami).await.unwrap();
    assert_eq!(
        (own.builds_behind, own.lacks.as_deref()),
        (1, Some("critical")),
        "{own:#?}"
    );
    assert!(own.open.contains(&"CVE-2024-6387".to_owned()), "{own:#?}");
    affects(stack, &ami, &done.id).await;
    by_person(stack, &update.id).await;
}

/// What stands on the build from before the fix has the vulnerability, image and instance alike.
async fn affects(stack: &Stack, ami: &str, deployment: &str) {
    let told = stack.client.affected("cve-2024-6387").await.unwrap();
    let [base] = told.bases.as_slice() else {
        panic!("{told:#?}");
    };
    assert_eq!(base.build, "20240629");
    assert_eq!(base.fixed_in.as_deref(), Some("20240701"));
    let images: Vec<_> = told
        .images
        .iter()
        .map(|one| one.ami_id.as_deref())
        .collect();
    assert_eq!(images, [Some(ami)]);
    let running: Vec<_> = told.deployments.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(running, [deployment]);
    let by_advisory = stack.client.affected("usn-6859-1").await.unwrap();
    assert_eq!(by_advisory.images, told.images, "{by_advisory:#?}");
    let none = stack.client.affected("CVE-2020-0001").await.unwrap();
    assert!(none.bases.is_empty() && none.images.is_empty(), "{none:#?}");
    let refused = stack
        .ingot(&["advisories", "affects", "USN-1-1"])
        .await
        .unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("name a CVE"), "{said}");
}

/// A person's word stands, is kept beside the rules' own, and needs a reason.
async fn by_person(stack: &Stack, id: &str) {
    let line = [
        "base-images",
        "set-level",
        id,
        "--level",
        "low",
        "--reason",
        "port 22 is closed",
    ];
    let detail: BaseUpdateDetail =
        serde_json::from_value(stack.ingot_json(&line).await.unwrap()).unwrap();
    assert_eq!(detail.update.security_level.as_deref(), Some("low"));
    assert_eq!(
        detail.update.set_reason.as_deref(),
        Some("port 22 is closed")
    );
    let headline = detail.update.headline.unwrap();
    assert_eq!(
        headline.advisory.as_deref(),
        Some("USN-6859-1"),
        "the evidence stays"
    );
    let levels: Vec<&str> = detail
        .assessments
        .iter()
        .map(|one| &*one.security_level)
        .collect();
    assert_eq!(levels, ["low", "critical"]);
    let bare = [
        "base-images",
        "set-level",
        id,
        "--level",
        "low",
        "--reason",
        " ",
    ];
    let refused = stack.ingot(&bare).await.unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("reason"), "{said}");
    let stranger = [
        "base-images",
        "update",
        "upd_00000000000000000000000000000000",
    ];
    let missing = stack.ingot(&stranger).await.unwrap();
    assert_eq!(missing.status.code(), Some(4));
}

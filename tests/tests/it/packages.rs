//! An install lists what its base carries and what it carries itself; the lists are read back in pieces, and an update of the
//! base is judged by them exactly. On both shapes.

mod wrong;

use std::path::Path;
use std::time::Duration;

use ingot_client::Deployment;
use ingot_client::base_update::{BaseUpdateDetail, BaseUpdateFilter};
use ingot_tests::{Options, Stack, until};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(120);

const TEMPLATE: &str = "name: listed
base_image: { track: ubuntu-22.04 }
instance_types: [t3.large]
instance_profile: ingot-ssm
volume: { size_gb: 20 }
user_data: |
  #!/bin/sh
  # ingot-serves: {\"port\": 8080, \"path\": \"/ok\"}
  apt-get update -qq
  apt-get install -y nginx
probe: { scheme: http, port: 8080, path: /ok, first_check_seconds: 60, max_attempts: 40 }
install_finished: none
";

fn options() -> Options {
    Options {
        at: Some("2024-06-30T12:00:00Z".to_owned()),
        ..Options::default()
    }
}

async fn apply(stack: &Stack) {
    stack
        .client
        .apply_template(TEMPLATE, "listed")
        .await
        .unwrap();
}

async fn start(stack: &Stack, version: &str) -> Deployment {
    let mut order = Stack::order(version);
    order.template = "listed".to_owned();
    let asked = stack.client.create_deployment(&order, version).await;
    asked.unwrap()
}

async fn deploy(stack: &Stack, version: &str) -> Deployment {
    let asked = start(stack, version).await;
    let done = stack.wait_finished(&asked.id, LONG).await.unwrap();
    assert_eq!(
        done.ami_creation_status.as_deref(),
        Some("completed"),
        "{done:#?}"
    );
    done
}

/// What the story tells of the lists: kind without `image.`, and message.
async fn told(stack: &Stack, id: &str) -> Vec<(String, String)> {
    let story = stack.story(id).await.unwrap();
    let lists = story.into_iter().filter_map(|event| {
        let kind = event.kind.strip_prefix("image.packages")?.to_owned();
        Some((kind, event.message))
    });
    lists.collect()
}

async fn scan(stack: &Stack) {
    let line = [
        "base-images",
        "scan",
        "ubuntu-22.04",
        "--region",
        "us-east-1",
    ];
    stack.ingot_json(&line).await.unwrap();
}

/// The update to 20240701, once it is judged as wanted.
async fn judged(
    stack: &Stack,
    what: &str,
    wanted: impl Fn(&BaseUpdateDetail) -> bool,
) -> BaseUpdateDetail {
    let filter = BaseUpdateFilter {
        base: Some("ubuntu-22.04".to_owned()),
        ..BaseUpdateFilter::default()
    };
    let found = until(what, LONG, || async {
        let page = stack.client.base_updates(&filter).await?;
        let Some(update) = page.items.into_iter().find(|one| one.to == "20240701") else {
            return Ok(None);
        };
        let detail = stack.client.base_update(&update.id).await?;
        Ok(wanted(&detail).then_some(detail))
    });
    found
        .await
        .unwrap_or_else(|error| panic!("{error:#}\n{}", stack.said()))
}

#[tokio::test]
async fn an_update_is_judged_by_the_lists_of_both_builds_embedded() {
    exactly(&Stack::embedded_with(options()).await.unwrap()).await;
}

#[tokio::test]
async fn an_update_is_judged_by_the_lists_of_both_builds_scaled() {
    exactly(&Stack::scaled_with(options()).await.unwrap()).await;
}

async fn exactly(stack: &Stack) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/advisories");
    stack
        .ingot_json(&["advisories", "load", &samples.to_string_lossy()])
        .await
        .unwrap();
    apply(stack).await;
    let first = deploy(stack, "1.0.0").await;
    let said = told(stack, &first.id).await;
    let [(kind, line)] = said.as_slice() else {
        panic!("{said:#?}");
    };
    assert_eq!(kind, "");
    // nginx came with the installation.
    let counts: Vec<usize> = line
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    assert!(
        matches!(counts.as_slice(), [end, begin] if *end == begin + 1),
        "{line}"
    );
    // What this test deploys by hand is not to be built by the scheduler before it.
    let off = [
        "templates",
        "auto-ami",
        "disable",
        "listed",
        "--reason",
        "by hand",
    ];
    stack.ingot_json(&off).await.unwrap();
    scan(stack).await;
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
    scan(stack).await;

    // The old side is exact: openssh is there, and older than the fix.
    let by_old = judged(stack, "the update to be judged", |seen| {
        !seen.assessments.is_empty()
    })
    .await;
    assert_eq!(by_old.update.security_level.as_deref(), Some("critical"));
    let row = evidence(&by_old);
    assert_eq!(row["old"], "1:8.9p1-3ubuntu0.7", "{row}");
    assert_eq!(row["new"], Value::Null, "{row}");
    assert_eq!(row["grade"], "C", "{row}");

    // The first install on the new build lists that one, too.
    deploy(stack, "1.1.0").await;
    let by_both = judged(stack, "the update to be judged again", |seen| {
        seen.assessments.len() > 1
    })
    .await;
    let row = evidence(&by_both);
    assert_eq!(row["new"], "1:8.9p1-3ubuntu0.10", "{row}");
    assert_eq!(
        (&row["grade"], &row["basis"]),
        (&"A".into(), &"manifest_diff".into()),
        "{row}"
    );
    assert_eq!(row["status"], "fixed", "{row}");
    assert_eq!(by_both.update.security_level.as_deref(), Some("critical"));
    assert_eq!(
        by_both.update.confidence.as_deref(),
        Some("high"),
        "{by_both:#?}"
    );
    let own = stack
        .ingot_json(&["base-images", "update", &by_both.update.id])
        .await
        .unwrap();
    assert!(own.to_string().contains("list:new"), "{own:#}");
}

/// The row about openssh.
fn evidence(detail: &BaseUpdateDetail) -> Value {
    let rows = serde_json::to_value(&detail.evidence).unwrap();
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["cve"] == "CVE-2024-6387");
    row.cloned().unwrap_or_else(|| panic!("{detail:#?}"))
}

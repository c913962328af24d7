//! A base image moves, and what stands on it is built again by itself: judged critical, planned, paid from the urgent purse,
//! imaged, its builder gone; on both shapes.

use std::path::Path;
use std::time::Duration;

use ingot_client::{Image, ImageFilter};
use ingot_tests::{Options, Stack, until};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(240);

const TEMPLATE: &str = "name: stands
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
fn samples() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/advisories");
    root.to_string_lossy().into_owned()
}

fn options() -> Options {
    Options {
        at: Some("2024-06-30T12:00:00Z".to_owned()),
        ..Options::default()
    }
}

#[tokio::test]
async fn a_critical_update_rebuilds_what_stands_on_it_embedded() {
    rebuilt(&Stack::embedded_with(options()).await.unwrap()).await;
}

#[tokio::test]
async fn a_critical_update_rebuilds_what_stands_on_it_scaled() {
    rebuilt(&Stack::scaled_with(options()).await.unwrap()).await;
}

async fn run(stack: &Stack, line: &[&str]) -> Value {
    let answer = stack.ingot_json(line).await;
    answer.unwrap_or_else(|error| panic!("{line:?}: {error:#}\n{}", stack.said()))
}

async fn images(stack: &Stack) -> anyhow::Result<Vec<Image>> {
    let filter = ImageFilter {
        template: Some("stands".to_owned()),
        status: Some("available".to_owned()),
        ..ImageFilter::default()
    };
    Ok(stack.client.images(&filter).await?.items)
}

async fn rebuilt(stack: &Stack) {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("stands.yaml");
    std::fs::write(&file, TEMPLATE).unwrap();
    run(stack, &["advisories", "load", &samples()]).await;
    run(stack, &["templates", "apply", &file.to_string_lossy()]).await;
    let mut order = Stack::order("1.0.0");
    order.template = "stands".to_owned();
    let asked = stack.client.create_deployment(&order, "stands").await;
    let done = stack.wait_finished(&asked.unwrap().id, LONG).await.unwrap();
    let ami = done.created_ami_id.clone().unwrap();
    let scan = [
        "base-images",
        "scan",
        "ubuntu-22.04",
        "--region",
        "us-east-1",
    ];
    run(stack, &scan).await;
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
    run(stack, &release).await;
    run(stack, &scan).await;

    let found = until("the template to be built again", LONG, || async {
        let all = images(stack).await?;
        Ok((all.len() == 2).then_some(all))
    });
    let found = found.await;
    let found = found.unwrap_or_else(|error| panic!("{error:#}\n{}", stack.said()));
    let newest = found.first().unwrap();
    assert_ne!(newest.ami_id.as_deref(), Some(ami.as_str()));
    let base = newest.base_name.clone().unwrap_or_default();
    assert!(base.ends_with("20240701"), "{newest:#?}");
    let settled = until("the status to be clean", LONG, || async {
        let status = stack.client.security_status().await?;
        Ok(status.available.is_empty().then_some(()))
    });
    settled
        .await
        .unwrap_or_else(|error| panic!("{error:#}\n{}", stack.said()));
}

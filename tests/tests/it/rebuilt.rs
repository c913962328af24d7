//! A base image moves, and what stands on it is built again by itself: judged critical, planned, paid from the urgent purse,
//! imaged, its builder gone; on both shapes.

use std::time::Duration;

use ingot_client::notification::NotificationFilter;
use ingot_client::{Image, ImageFilter};
use ingot_tests::{Stack, until};

use super::security::{TEMPLATE, options, samples};

const LONG: Duration = Duration::from_secs(240);

#[tokio::test]
async fn a_critical_update_rebuilds_what_stands_on_it_embedded() {
    rebuilt(&Stack::embedded_with(options()).await.unwrap()).await;
}

#[tokio::test]
async fn a_critical_update_rebuilds_what_stands_on_it_scaled() {
    rebuilt(&Stack::scaled_with(options()).await.unwrap()).await;
}

async fn images(stack: &Stack) -> anyhow::Result<Vec<Image>> {
    let filter = ImageFilter {
        template: Some("behind".to_owned()),
        status: Some("available".to_owned()),
        ..ImageFilter::default()
    };
    Ok(stack.client.images(&filter).await?.items)
}

async fn rebuilt(stack: &Stack) {
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
    let scan = [
        "base-images",
        "scan",
        "ubuntu-22.04",
        "--region",
        "us-east-1",
    ];
    stack.ingot_json(&scan).await.unwrap();
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
    stack.ingot_json(&scan).await.unwrap();

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

    // People are told of the update and of the build; of its builder, which is a deployment too, they are told nothing.
    let any = NotificationFilter::default();
    let built = until("people to be told of the build", LONG, || async {
        let told = stack.client.notifications(&any).await?.items;
        let over = told.iter().any(|one| one.topic == "compilation_complete");
        Ok(over.then_some(told))
    });
    let told = built
        .await
        .unwrap_or_else(|error| panic!("{error:#}\n{}", stack.said()));
    let count = |topic: &str| told.iter().filter(|one| one.topic == topic).count();
    for (topic, expected) in [
        ("security_update_available", 1),
        ("compilation_complete", 1),
        ("deployment_ready", 1),
        ("ami_completed", 1),
    ] {
        assert_eq!(count(topic), expected, "{topic}: {told:#?}");
    }
}

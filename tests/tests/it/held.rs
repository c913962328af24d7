//! A fix comes into the archive while the base does not move: the image that lacks it by its own list is built again by itself,
//! once, and what each of the two has and lacks is told. On both shapes.

use std::path::Path;
use std::time::Duration;

use ingot_client::build::BuildFilter;
use ingot_client::{Image, ImageFilter};
use ingot_tests::{Options, Stack, until};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(240);

const TEMPLATE: &str = "name: patched
base_image: { track: ubuntu-22.04 }
instance_types: [t3.large]
instance_profile: ingot-ssm
volume: { size_gb: 20 }
user_data: |
  #!/bin/sh
  # ingot-serves: {\"port\": 8080, \"path\": \"/ok\"}
  apt-get update -qq
  apt-get upgrade -y
probe: { scheme: http, port: 8080, path: /ok, first_check_seconds: 60, max_attempts: 40 }
install_finished: none
";

/// An hour before the day on which the region's archive has the fix.
fn options() -> Options {
    Options {
        at: Some("2024-06-30T23:00:00Z".to_owned()),
        ..Options::default()
    }
}

/// The sample advisories, with USN-6859-1 published early on that day: a minute and a half of this region's from its beginning.
fn advisories(into: &Path) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/advisories");
    for folder in ["epss", "kev", "ubuntu"] {
        std::fs::create_dir(into.join(folder)).unwrap();
        for file in std::fs::read_dir(samples.join(folder)).unwrap() {
            let file = file.unwrap();
            let text = std::fs::read_to_string(file.path()).unwrap();
            let text = text.replace("2024-07-01T09:06:31Z", "2024-07-01T00:30:00Z");
            std::fs::write(into.join(folder).join(file.file_name()), text).unwrap();
        }
    }
}

#[tokio::test]
async fn a_fix_of_the_archive_rebuilds_what_lacks_it_embedded() {
    fixed(&Stack::embedded_with(options()).await.unwrap()).await;
}

#[tokio::test]
async fn a_fix_of_the_archive_rebuilds_what_lacks_it_scaled() {
    fixed(&Stack::scaled_with(options()).await.unwrap()).await;
}

async fn images(stack: &Stack) -> anyhow::Result<Vec<Image>> {
    let filter = ImageFilter {
        template: Some("patched".to_owned()),
        status: Some("available".to_owned()),
        ..ImageFilter::default()
    };
    Ok(stack.client.images(&filter).await?.items)
}

async fn fixed(stack: &Stack) {
    let folder = tempfile::TempDir::new().unwrap();
    advisories(folder.path());
    let path = folder.path().to_string_lossy();
    stack
        .ingot_json(&["advisories", "load", &path])
        .await
        .unwrap();
    let applied = stack.client.apply_template(TEMPLATE, "template").await;
    applied.unwrap();
    let mut order = Stack::order("1.0.0");
    order.template = "patched".to_owned();
    let asked = stack.client.create_deployment(&order, "patched").await;
    let asked = asked.unwrap();
    let done = stack.wait_finished(&asked.id, LONG).await.unwrap();
    let first = done.created_ami_id.clone().unwrap();

    let found = until("the template to be built again", LONG, || async {
        let all = images(stack).await?;
        Ok((all.len() == 2).then_some(all))
    });
    let found = found.await;
    let found = found.unwrap_or_else(|error| panic!("{error:#}\n{}", stack.said()));
    let newest = found.first().unwrap();
    assert_ne!(newest.ami_id.as_deref(), Some(first.as_str()));
    // The base is the same: the archive brought it.
    assert_eq!(newest.base_name, found[1].base_name);

    let shown = stack
        .ingot_json(&["images", "show", &newest.id])
        .await
        .unwrap();
    let by_list = &shown["security"]["by_list"];
    assert_eq!(by_list["system"], "ubuntu-22.04", "{shown:#}");
    let names = |rows: &Value| rows.to_string().contains("CVE-2024-6387");
    assert!(names(&by_list["fixed"]), "{by_list:#}");
    assert!(!names(&by_list["open"]), "{by_list:#}");
    let before = stack.ingot_json(&["images", "show", &first]).await.unwrap();
    let by_list = &before["security"]["by_list"];
    assert!(names(&by_list["open"]), "{by_list:#}");

    let affects = stack
        .ingot_json(&["advisories", "affects", "USN-6859-1"])
        .await
        .unwrap();
    let has: Vec<&str> = affects["images"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["ami_id"].as_str())
        .collect();
    assert_eq!(has, [first.as_str()], "{affects:#}");
    let deployments = affects["deployments"].to_string();
    assert!(deployments.contains(&asked.id), "{affects:#}");

    // One build, which says why, and no other after two further looks.
    tokio::time::sleep(Duration::from_secs(22)).await;
    let builds = stack.client.builds(&BuildFilter::default()).await.unwrap();
    let builds = builds.items;
    assert_eq!(builds.len(), 1, "{builds:#?}");
    let shown = stack
        .ingot_json(&["builds", "show", &builds[0].id])
        .await
        .unwrap();
    let said = shown.to_string();
    assert!(said.contains("USN-6859-1"), "{said}");
}

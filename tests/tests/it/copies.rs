//! A build's image goes to the other regions: an answer is lost, a region refuses, one copy is given up; the next deployment there
//! starts from the copy; what was refused is tried again by hand; on both shapes.

use std::time::Duration;

use ingot_client::build::{Build, BuildDecision, NewBuild};
use ingot_client::copy::ImageCopy;
use ingot_client::event::EventFilter;
use ingot_client::policy::PolicyImport;
use ingot_client::{FindingFilter, Image, ImageFilter};
use ingot_domain::money::Money;
use ingot_tests::{Options, Stack, until};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(240);
const POLICY: &str = "auto_ami_policy:
  build_window: '00:00-24:00'
  daily_budget: 400
  monthly_budget: 4000
  emergency_budget: 4000
  popularity_threshold: 1000
  max_parallel_builds: 20
";
const TEMPLATE: &str = "name: abroad
base_image: { track: ubuntu-22.04 }
regions: [us-east-1, us-west-2, eu-west-1]
instance_types: [t3.large]
volume: { size_gb: 20 }
user_data: |
  #!/bin/sh
  # ingot-serves: {\"scheme\": \"http\", \"port\": 8080, \"path\": \"/ok\"}
  true
probe: { scheme: http, port: 8080, path: /ok, first_check_seconds: 60, max_attempts: 120 }
ingress: [{ port: 8080, cidr: 0.0.0.0/0 }]
install_finished: none
";

fn options() -> Options {
    let regions = "us-east-1,us-west-2,eu-west-1".to_owned();
    Options {
        pace: 60,
        environment: vec![("INGOT_REGIONS".to_owned(), regions)],
        ..Options::default()
    }
}

#[tokio::test]
async fn a_builds_image_goes_to_the_other_regions_embedded() {
    abroad(&Stack::embedded_with(options()).await.unwrap()).await;
}

#[tokio::test]
async fn a_builds_image_goes_to_the_other_regions_scaled() {
    abroad(&Stack::scaled_with(options()).await.unwrap()).await;
}

async fn fault(stack: &Stack, region: &str, what: &Value) {
    let mut order = json!({ "action": "CopyImage", "region": region });
    order
        .as_object_mut()
        .unwrap()
        .extend(what.as_object().unwrap().clone());
    stack.region.post("faults", &order).await.unwrap();
}

async fn ask(stack: &Stack, version: &str) -> Build {
    let wanted = NewBuild {
        template: "abroad".to_owned(),
        version: Some(version.to_owned()),
        region: Some("us-east-1".to_owned()),
        urgent: true,
        reason: Some("the test asks".to_owned()),
        ..NewBuild::default()
    };
    stack.client.ask_build(&wanted, version).await.unwrap()
}

async fn seen(stack: &Stack, build: &str, what: impl Fn(&Build) -> bool) -> Build {
    let found = until("the build to come so far", LONG, async || {
        let seen = stack.client.build(build).await?;
        Ok(what(&seen).then_some(seen))
    });
    match found.await {
        Ok(found) => found,
        Err(error) => {
            let story = stack
                .client
                .build_events(build, &EventFilter::default())
                .await;
            panic!("{error:#}\n{story:#?}\n{}", stack.said());
        }
    }
}

/// What of a version the region shows, deregistered images left out.
async fn shown(stack: &Stack, region: &str, version: &str) -> Vec<Value> {
    let images = stack.region.objects(region, "images").await.unwrap();
    let of_version =
        |one: &Value| one["tags"]["Version"] == version && one["state"] != "deregistered";
    images.into_iter().filter(of_version).collect()
}

async fn copies(stack: &Stack, image: &str) -> Vec<ImageCopy> {
    stack.client.image_copies(image).await.unwrap().copies
}

async fn abroad(stack: &Stack) {
    let how = PolicyImport::default();
    stack.client.import_policy(POLICY, &how).await.unwrap();
    stack
        .client
        .apply_template(TEMPLATE, "abroad")
        .await
        .unwrap();
    // More answers than the SDK asks again, so that the visit itself meets the doubt.
    fault(
        stack,
        "us-west-2",
        &json!({ "kind": "lost_answer", "times": 4 }),
    )
    .await;
    let no = json!({ "kind": "error", "code": "UnauthorizedOperation", "times": 0 });
    fault(stack, "eu-west-1", &no).await;
    let build = ask(stack, "v1.0.0").await;
    let build = seen(stack, &build.id, Build::is_over).await;
    assert_eq!(build.status, "completed", "{build:#?}");
    let [west, eu] = build.copies.as_slice() else {
        panic!("{build:#?}")
    };
    assert_eq!(
        (west.region.as_str(), west.status.as_str()),
        ("us-west-2", "available")
    );
    assert_eq!(
        (eu.region.as_str(), eu.status.as_str()),
        ("eu-west-1", "failed")
    );
    let why = eu.error.clone().unwrap_or_default();
    assert!(why.contains("eu-west-1 does not allow it"), "{why}");
    let there = shown(stack, "us-west-2", "v1.0.0").await;
    assert_eq!(there.len(), 1, "one copy, whatever was lost: {there:#?}");
    assert_eq!(there[0]["id"].as_str(), west.ami_id.as_deref());
    assert_eq!(shown(stack, "eu-west-1", "v1.0.0").await, [] as [Value; 0]);
    // 20 GB were copied once, for two regions money was kept.
    let money = |text: &Option<String>| Money::parse(text.as_deref().unwrap()).unwrap();
    let (estimated, actual) = (money(&build.estimated_cost), money(&build.actual_cost));
    let gb = |copies: u64| Money::from_micros(20 * 20_000 * copies);
    assert!(actual > gb(1) && actual < gb(2), "{actual}");
    assert!(estimated > gb(2), "{estimated}");

    refused_is_tried_again(stack, &build).await;
    launched_from_the_copy(stack, west.ami_id.as_deref().unwrap()).await;
    given_up(stack).await;
    nothing_is_odd(stack).await;
}

async fn refused_is_tried_again(stack: &Stack, build: &Build) {
    stack.region.delete("faults").await.unwrap();
    let image = build.image_id.as_deref().unwrap();
    let to = "us-west-2,eu-west-1";
    let words = [
        "images",
        "copy",
        image,
        "--to",
        to,
        "--encrypt",
        "--wait",
        "--timeout",
        "4m",
    ];
    let done = stack.ingot_json(&words).await.unwrap();
    let outcomes: Vec<_> = done["copies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["outcome"].as_str().unwrap(),
                one["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(outcomes, [("there", "available"), ("begun", "available")]);
    let all = copies(stack, image).await;
    assert_eq!(all.len(), 3, "{all:#?}");
    let there = shown(stack, "eu-west-1", "v1.0.0").await;
    assert_eq!(there.len(), 1, "{there:#?}");
    assert_eq!(there[0]["tags"]["ingot:source-region"], "us-east-1");
    let copy = stack
        .client
        .image(there[0]["id"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!(copy.copy_of.as_deref(), Some(image));
    let run = stack.ingot(&["images", "show", image]).await.unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        said.contains("us-west-2") && said.contains("eu-west-1"),
        "{said}"
    );
    let here = stack
        .ingot(&["images", "copy", image, "--to", "us-east-1"])
        .await
        .unwrap();
    assert_eq!(here.status.code(), Some(3), "{here:?}");
    let again = stack
        .ingot(&["images", "copy", image, "--to", "mars-1"])
        .await
        .unwrap();
    assert_eq!(again.status.code(), Some(3), "{again:?}");
}

async fn launched_from_the_copy(stack: &Stack, ami: &str) {
    let mut order = Stack::order("v1.0.0");
    order.template = "abroad".to_owned();
    order.region = "us-west-2".to_owned();
    let asked = stack
        .client
        .create_deployment(&order, "west")
        .await
        .unwrap();
    let done = stack.wait_finished(&asked.id, LONG).await.unwrap();
    assert_eq!(done.launch_path.as_deref(), Some("cached"), "{done:#?}");
    assert_eq!(done.source_ami_id.as_deref(), Some(ami), "{done:#?}");
    stack.client.act(&asked.id, "destroy").await.unwrap();
    let gone = |seen: &ingot_client::Deployment| seen.status == "destroyed";
    stack.wait_deployment(&asked.id, gone, LONG).await.unwrap();
}

/// A build that is cancelled while its copies are made: what EC2 made of them is removed, the image stays.
async fn given_up(stack: &Stack) {
    let build = ask(stack, "v2.0.0").await;
    let filter = ImageFilter {
        version: Some("v2.0.0".to_owned()),
        ..ImageFilter::default()
    };
    let making = until("the AMI to be in the making", LONG, async || {
        let images = stack.client.images(&filter).await?.items;
        let pending = |image: &Image| image.status == "pending";
        Ok(images.iter().any(pending).then_some(()))
    });
    making.await.unwrap();
    let hold = json!({ "hold": true, "times": 2 });
    stack.region.post("next_image", &hold).await.unwrap();
    let pending = |seen: &Build| {
        seen.status == "publishing" && seen.copies.iter().all(|copy| copy.status == "pending")
    };
    let running = seen(stack, &build.id, pending).await;
    let decision = BuildDecision {
        reason: "not needed".to_owned(),
    };
    stack
        .client
        .decide_build(&build.id, "cancel", &decision)
        .await
        .unwrap();
    let over = seen(stack, &build.id, Build::is_over).await;
    assert_eq!(over.status, "cancelled", "{over:#?}");
    assert!(
        over.copies.iter().all(|copy| copy.status == "failed"),
        "{over:#?}"
    );
    for region in ["us-west-2", "eu-west-1"] {
        assert_eq!(
            shown(stack, region, "v2.0.0").await,
            [] as [Value; 0],
            "{region}"
        );
        let snapshots = stack.region.objects(region, "snapshots").await.unwrap();
        let left = snapshots
            .iter()
            .filter(|one| one["tags"]["Version"] == "v2.0.0");
        assert_eq!(left.count(), 0, "{snapshots:#?}");
    }
    assert_eq!(
        shown(stack, "us-east-1", "v2.0.0").await.len(),
        1,
        "{running:#?}"
    );
}

/// A scan may meet a copy's snapshot between the end of its image and its own; the next one clears that.
async fn nothing_is_odd(stack: &Stack) {
    let of_images = ["I1", "I2", "I3", "I5"];
    let clear = until("the scan to see nothing", LONG, async || {
        let findings = stack.client.findings(&FindingFilter::default()).await?;
        let odd = findings
            .items
            .iter()
            .any(|one| one.cleared_at.is_none() && of_images.contains(&one.invariant.as_str()));
        Ok((!odd).then_some(()))
    });
    clear.await.unwrap();
}

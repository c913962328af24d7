//! Base images are watched: a vendor publishes a build, and a look records it once, whatever regions lag, strangers publish
//! and workers die; on both shapes.

use std::time::Duration;

use ingot_client::{BaseImage, TaskFilter};
use ingot_tests::{Options, Stack, until};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(90);
const OLD: &str = "20261112";
const NEW: &str = "20261127";

/// The two regions that both shapes work in.
const BOTH: &str = "us-east-1,eu-west-1";

async fn scan(stack: &Stack, name: &str) -> BaseImage {
    let line = ["base-images", "scan", name, "--region", BOTH];
    let seen = stack.ingot_json(&line).await;
    let seen = seen.unwrap_or_else(|error| panic!("{error:#}\n{}", stack.said()));
    serde_json::from_value(seen).unwrap()
}

async fn release(stack: &Stack, build: &str, more: &[&str]) -> Value {
    let endpoint = stack.region.endpoint();
    let line = [
        "sim",
        "release",
        "ubuntu-22.04",
        build,
        "--endpoint",
        endpoint,
    ];
    let line = [&line[..], more].concat();
    stack.ingot_json(&line).await.unwrap()
}

fn here<'a>(seen: &'a BaseImage, region: &str) -> &'a ingot_client::BaseImageRegion {
    let row = seen.regions.iter().find(|one| one.region == region);
    row.unwrap_or_else(|| panic!("{region}: {seen:#?}"))
}

#[tokio::test]
async fn a_base_image_moves_and_is_told_once_embedded() {
    moves(&Stack::embedded().await.unwrap()).await;
}

#[tokio::test]
async fn a_base_image_moves_and_is_told_once_scaled() {
    moves(&Stack::scaled(2).await.unwrap()).await;
}

async fn moves(stack: &Stack) {
    let first = scan(stack, "ubuntu-22.04").await;
    assert_eq!(first.current_build.as_deref(), Some(OLD), "{first:#?}");
    assert_eq!(first.owner, "099720109477");
    assert!(
        first.update_history.is_empty(),
        "the first sighting is a baseline: {first:#?}"
    );
    assert!(first.next_check.is_some() && first.last_checked.is_some());
    let one = here(&first, "us-east-1").image_id.clone().unwrap();
    assert_ne!(here(&first, "eu-west-1").image_id.as_ref(), Some(&one));

    let answer = release(stack, NEW, &["--region", "us-east-1"]).await;
    let id = answer["images"]["us-east-1"].as_str().unwrap();
    let moved = scan(stack, "ubuntu-22.04").await;
    assert_eq!(moved.current_build.as_deref(), Some(NEW), "{moved:#?}");
    assert_eq!(moved.pending_region, ["eu-west-1"]);
    assert_eq!(here(&moved, "eu-west-1").build.as_deref(), Some(OLD));
    let update = moved.update_history[0].clone();
    assert_eq!(
        (
            update.kind.as_str(),
            update.previous_build.as_deref(),
            update.build.as_deref()
        ),
        ("update", Some(OLD), Some(NEW))
    );
    assert_eq!(moved.last_update, Some(update.updated_at));
    let page = format!("https://cloud-images.ubuntu.com/releases/jammy/release-{NEW}/");
    assert_eq!(update.changelog_url, Some(page));
    assert_eq!(update.previous_image_id, Some(one));
    assert_eq!(update.image_id.as_deref(), Some(id));

    // The region catches up, and a stranger publishes what would be newer.
    release(stack, NEW, &[]).await;
    let order = json!({ "like": id, "owner": "999999999999",
        "name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261128" });
    stack.region.post("public_images", &order).await.unwrap();
    let both = scan(stack, "ubuntu-22.04").await;
    assert_eq!(both.current_build.as_deref(), Some(NEW));
    assert!(both.pending_region.is_empty(), "{both:#?}");
    // What it is judged to be may be known by now.
    let told: Vec<&str> = both
        .update_history
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(told, [update.id.as_str()], "told once");
    let of_bases = TaskFilter {
        queue: Some("bases".to_owned()),
        ..TaskFilter::default()
    };
    let judged = stack.client.tasks(&of_bases).await.unwrap();
    let judged = judged.items.into_iter();
    assert_eq!(judged.filter(|task| task.kind == "judge").count(), 1);

    // What the vendor takes back is an alarm and no update.
    release(stack, NEW, &["--withdraw", "--region", "us-east-1"]).await;
    let gone = scan(stack, "ubuntu-22.04").await;
    assert_eq!(here(&gone, "us-east-1").state, "withdrawn", "{gone:#?}");
    assert_eq!(here(&gone, "eu-west-1").state, "current");
    assert_eq!(gone.current_build.as_deref(), Some(NEW));
    let kinds: Vec<_> = gone
        .update_history
        .iter()
        .map(|one| one.kind.as_str())
        .collect();
    assert_eq!(kinds, ["withdrawn", "update"]);
    let found = stack.ingot_json(&["findings", "list"]).await.unwrap();
    let base = found["items"].as_array().unwrap().iter();
    let base: Vec<_> = base.filter(|one| one["invariant"] == "base").collect();
    assert_eq!(base.len(), 1, "{found:#}");
    // It is there again, which is no update; and what a person decides of a build is part of the track's story, too.
    release(stack, NEW, &["--region", "us-east-1"]).await;
    let back = scan(stack, "ubuntu-22.04").await;
    assert_eq!(here(&back, "us-east-1").state, "current", "{back:#?}");
    assert_eq!(back.update_history.len(), 2, "{back:#?}");
    let level = [
        "base-images",
        "set-level",
        &update.id,
        "--level",
        "low",
        "--reason",
        "port 22 is closed",
    ];
    stack.ingot_json(&level).await.unwrap();
    let story = stack
        .ingot(&["base-images", "logs", "ubuntu-22.04"])
        .await
        .unwrap();
    let story = String::from_utf8_lossy(&story.stdout).into_owned();
    for line in [
        "First sighting",
        "Build 20261127 follows 20261112",
        "is gone from us-east-1",
        "Build 20261127 is back in us-east-1",
        "set the level of build 20261127 to low: port 22 is closed",
    ] {
        assert!(story.contains(line), "{line}: {story}");
    }
}

#[tokio::test]
async fn a_template_names_a_track_which_is_watched_from_then_on() {
    let stack = Stack::embedded().await.unwrap();
    let yaml = "name: web\nbase_image: { track: ubuntu-22.04 }\ninstance_types: [t3.micro]\n\
        user_data: |\n  #!/bin/sh\n  true\nimages: { create: false }\ninstall_finished: none\n\
        probe: { scheme: http, port: 80, path: /, body_contains: [web] }\n";
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("web.yaml");
    std::fs::write(&file, yaml).unwrap();
    let applied = stack
        .ingot(&["templates", "apply", &file.to_string_lossy()])
        .await
        .unwrap();
    assert!(
        applied.status.success(),
        "{}",
        String::from_utf8_lossy(&applied.stderr)
    );
    let mut order = Stack::order("v1.0.0");
    order.template = "web".to_owned();
    let deployed = stack.client.create_deployment(&order, "one").await.unwrap();
    let ready = stack.wait_finished(&deployed.id, LONG).await.unwrap();
    assert_eq!(ready.status, "success", "{ready:#?}\n{}", stack.said());
    let seen = until("a look at the track", LONG, async || {
        let seen = stack.client.base_image("ubuntu-22.04").await?;
        Ok(seen.current_build.is_some().then_some(seen))
    });
    let seen = seen.await.unwrap();
    assert!(
        seen.dependent_templates.contains(&"web".to_owned()),
        "{seen:#?}"
    );
    let regions: Vec<_> = seen.regions.iter().map(|one| one.region.as_str()).collect();
    assert_eq!(regions, ["us-east-1"], "only where it is in use");
    let stood_on =
        |one: &ingot_client::Deployment| one.base.as_ref().map(|base| base.ami_id.clone());
    let first = stood_on(&stack.client.deployment(&ready.id).await.unwrap());
    assert_eq!(first, here(&seen, "us-east-1").image_id);
    // No person asks: the look that follows by itself sees the next build.
    release(&stack, NEW, &[]).await;
    let moved = until("the next look", LONG, async || {
        let seen = stack.client.base_image("ubuntu-22.04").await?;
        Ok((!seen.update_history.is_empty()).then_some(seen))
    });
    assert_eq!(moved.await.unwrap().update_history.len(), 1);
    let again = stack.client.create_deployment(&order, "two").await.unwrap();
    let again = stack.wait_finished(&again.id, LONG).await.unwrap();
    let second = stood_on(&stack.client.deployment(&again.id).await.unwrap());
    assert!(
        second.is_some() && second != first,
        "launches follow the head"
    );
}

#[tokio::test]
async fn one_owner_that_fails_stops_no_other() {
    let stack = Stack::embedded().await.unwrap();
    scan(&stack, "ubuntu-22.04").await;
    // All owners together, and Debian's alone.
    for owner in ["Owner.2", "Owner.1"] {
        let fault = json!({ "action": "DescribeImages", "times": 0, "kind": "error",
            "code": "InvalidParameterValue", "match": { owner: "136693071363" } });
        stack.region.post("faults", &fault).await.unwrap();
    }
    let debian = scan(&stack, "debian-12").await;
    let broken = here(&debian, "us-east-1");
    assert!(broken.error.is_some(), "{debian:#?}");
    let ubuntu = scan(&stack, "ubuntu-22.04").await;
    let fine = here(&ubuntu, "us-east-1");
    assert_eq!((fine.state.as_str(), &fine.error), ("current", &None));
    stack.region.delete("faults").await.unwrap();
    let healed = scan(&stack, "debian-12").await;
    assert_eq!(here(&healed, "us-east-1").error, None, "{healed:#?}");
    assert!(healed.current_build.is_some());
}

#[tokio::test]
async fn a_worker_killed_between_look_and_commit_judges_an_update_once() {
    let options = Options {
        workers: 0,
        ..Options::default()
    };
    let mut stack = Stack::scaled_with(options).await.unwrap();
    let calm = stack.add_worker().await.unwrap();
    scan(&stack, "ubuntu-22.04").await;
    stack.kill_worker(calm).await.unwrap();
    release(&stack, NEW, &[]).await;
    let plan = [("INGOT_FAILPOINTS", "track.looked=abort*1")];
    stack.add_worker_with(&plan).await.unwrap();
    let asked = ingot_client::ScanRequest::default();
    let scanned = stack.client.scan_base_images(Some("ubuntu-22.04"), &asked);
    scanned.await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    stack.add_worker().await.unwrap();
    let seen = until("the update", LONG, async || {
        let seen = stack.client.base_image("ubuntu-22.04").await?;
        Ok((seen.current_build.as_deref() == Some(NEW)).then_some(seen))
    });
    let seen = seen.await.unwrap();
    assert_eq!(seen.update_history.len(), 1, "{seen:#?}");
    let again = scan(&stack, "ubuntu-22.04").await;
    assert_eq!(again.update_history.len(), 1, "{again:#?}");
}

#[tokio::test]
async fn thirty_tracks_in_a_region_take_few_calls() {
    let stack = Stack::embedded().await.unwrap();
    let known = stack.client.base_images().await.unwrap().items;
    let only = ingot_client::ScanRequest {
        regions: vec!["us-west-2".to_owned()],
    };
    for one in known.iter().take(30) {
        let asked = stack.client.scan_base_images(Some(&one.name), &only);
        asked.await.unwrap();
    }
    let in_region = async || {
        let calls = stack.region.calls("DescribeImages").await?;
        let there = calls
            .into_iter()
            .filter(|call| call["region"] == "us-west-2");
        anyhow::Ok(there.count())
    };
    let looked = async |name: &str| {
        let seen = stack.client.base_image(name).await?;
        anyhow::Ok(here(&seen, "us-west-2").last_checked)
    };
    let last = &known[29].name;
    let all = until("a look at the last", LONG, async || looked(last).await);
    all.await.unwrap();
    let before = in_region().await.unwrap();
    let asked = stack
        .client
        .scan_base_images(Some(last), &only)
        .await
        .unwrap();
    let whole = until("one look at all", LONG, async || {
        Ok(looked(last).await?.filter(|at| *at >= asked.asked_at))
    });
    whole.await.unwrap();
    let took = in_region().await.unwrap() - before;
    assert!(took <= 8, "{took} calls for two looks at most");
}

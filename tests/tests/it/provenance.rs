//! Strangers beside us on one account (REAL-AWS C1, C2): backups, copies and "launch more like this" with every tag of ours
//! are not adopted, not launched from, not commanded, not changed and not removed; what a person names or adopts is used.

mod back;
mod decided;

use std::time::Duration;

use ingot_client::{Deployment, FindingFilter};
use ingot_tests::{STRANGER, Stack, until};
use serde_json::{Value, json};

use super::orphans::made;

const LONG: Duration = Duration::from_secs(120);
/// How many looks of the reaper a stranger is watched for: each is a simulated minute at least, and 5 s of ours.
const LOOKS: u32 = 5;

async fn embedded() -> Stack {
    Stack::embedded().await.unwrap()
}

async fn scaled() -> Stack {
    Stack::scaled(2).await.unwrap()
}

async fn deploy(stack: &Stack, version: &str, image: Option<&str>, create: bool) -> Deployment {
    let mut order = Stack::order(version);
    order.create_ami = Some(create);
    order.image = image.map(str::to_owned);
    let key = uuid::Uuid::new_v4().to_string();
    let asked = stack.client.create_deployment(&order, &key).await.unwrap();
    stack.wait_finished(&asked.id, LONG).await.unwrap()
}

async fn object(stack: &Stack, kind: &str, id: &str) -> Value {
    let all = stack.region.objects("us-east-1", kind).await.unwrap();
    all.into_iter()
        .find(|one| one["id"] == id)
        .unwrap_or(Value::Null)
}

/// The tags of an object, as AWS Backup, DLM and people copy them.
async fn tags(stack: &Stack, kind: &str, id: &str) -> Vec<(String, String)> {
    let found = object(stack, kind, id).await;
    let tags = found["tags"].as_object().cloned().unwrap_or_default();
    tags.iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

fn borrowed(tags: &[(String, String)]) -> Vec<(&str, &str)> {
    tags.iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// An image of an instance, made by a person or a script, with these tags on image and snapshot.
async fn capture(stack: &Stack, instance: &str, name: &str, tags: &[(String, String)]) -> String {
    let call = [
        ("Action", "CreateImage"),
        ("InstanceId", instance),
        ("Name", name),
        ("NoReboot", "true"),
    ];
    let image = made(stack, "image", "imageId", &call, &borrowed(tags)).await;
    available(stack, &image).await;
    image
}

async fn available(stack: &Stack, image: &str) {
    let order = json!({ "state": "available" });
    let path = format!("images/{image}");
    stack.region.post(&path, &order).await.unwrap();
}

async fn story(stack: &Stack, id: &str) -> String {
    let lines = stack.story(id).await.unwrap();
    let lines: Vec<String> = lines.into_iter().map(|line| line.message).collect();
    lines.join("\n")
}

/// Calls that changed, commanded or launched from one of these objects, since the journal's place.
async fn touched(stack: &Stack, since: usize, strangers: &[String]) -> Vec<Value> {
    let calls = stack.region.calls("*").await.unwrap();
    let acts = |call: &&Value| {
        let action = call["action"].as_str().unwrap_or_default();
        let looks = action.starts_with("Describe") || action.starts_with("Get");
        !looks && call["access_key"] != STRANGER
    };
    let names = |call: &&Value| {
        let params = call["params"].to_string();
        strangers.iter().any(|id| params.contains(id.as_str()))
    };
    calls
        .iter()
        .skip(since)
        .filter(acts)
        .filter(names)
        .cloned()
        .collect()
}

async fn journal(stack: &Stack) -> usize {
    stack.region.calls("*").await.unwrap().len()
}

#[tokio::test]
async fn a_backup_with_copied_tags_is_not_adopted_and_not_launched_from_embedded() {
    backups_count_for_nothing(&embedded().await).await;
}

#[tokio::test]
async fn a_backup_with_copied_tags_is_not_adopted_and_not_launched_from_scaled() {
    backups_count_for_nothing(&scaled().await).await;
}

async fn backups_count_for_nothing(stack: &Stack) {
    let first = deploy(stack, "v7.0.0", None, false).await;
    let instance = first.instance_id.clone().unwrap();
    let mut copied = tags(stack, "instances", &instance).await;
    let plain = capture(stack, &instance, "backup of a script", &copied).await;
    copied.push(("AutoCreated".to_owned(), "true".to_owned()));
    copied.push(("CreatedFrom".to_owned(), instance.clone()));
    let dressed = capture(stack, &instance, "backup with more tags", &copied).await;
    let mut strangers = vec![plain, dressed];
    for by in ["aws_backup", "dlm", "script"] {
        let order = json!({ "instance": instance, "by": by, "copy_tags": true });
        let made = until("a backup", LONG, async || {
            Ok(Some(stack.region.post("backups", &order).await?))
        });
        let made = made.await.unwrap();
        let backup = made["image_id"].as_str().unwrap().to_owned();
        available(stack, &backup).await;
        strangers.push(backup);
    }
    let since = journal(stack).await;
    let second = deploy(stack, "v7.0.0", None, true).await;
    assert_eq!(second.launch_path.as_deref(), Some("fresh"), "{second:#?}");
    assert_eq!(second.ami_creation_status.as_deref(), Some("completed"));
    let ami = second.created_ami_id.clone().unwrap();
    let third = deploy(stack, "v7.0.0", None, true).await;
    assert_eq!(third.source_ami_id.as_ref(), Some(&ami), "{third:#?}");
    let known = stack
        .client
        .images(&Default::default())
        .await
        .unwrap()
        .items;
    assert_eq!(known.len(), 1, "{known:#?}");
    assert_eq!(known[0].ami_id.as_ref(), Some(&ami));
    let touched = touched(stack, since, &strangers).await;
    assert!(touched.is_empty(), "{touched:#?}");
}

#[tokio::test]
async fn copies_of_everything_outlive_the_reaper_embedded() {
    strangers_stay(&embedded().await).await;
}

#[tokio::test]
async fn copies_of_everything_outlive_the_reaper_scaled() {
    strangers_stay(&scaled().await).await;
}

/// Their originals are gone: whatever is left carries the tags of what this ledger knows and needs no more.
async fn strangers_stay(stack: &Stack) {
    let done = deploy(stack, "v7.1.0", None, true).await;
    let (instance, ami) = (
        done.instance_id.clone().unwrap(),
        done.created_ami_id.clone().unwrap(),
    );
    let of_instance = tags(stack, "instances", &instance).await;
    let of_image = tags(stack, "images", &ami).await;
    let base = object(stack, "instances", &instance).await["image_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let launch = [
        ("Action", "RunInstances"),
        ("ImageId", base.as_str()),
        ("InstanceType", "m6i.large"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    let alike = made(
        stack,
        "instance",
        "instanceId",
        &launch,
        &borrowed(&of_instance),
    )
    .await;
    let backup = capture(stack, &instance, "a backup", &of_instance).await;
    let dressed = capture(stack, &instance, "dressed as ours", &of_image).await;
    let copy = [
        ("Action", "CopyImage"),
        ("SourceImageId", ami.as_str()),
        ("SourceRegion", "us-east-1"),
        ("Name", "a copy"),
        ("CopyImageTags", "true"),
    ];
    let copy = made(stack, "snapshot", "imageId", &copy, &borrowed(&of_image)).await;
    available(stack, &copy).await;
    let (other, elsewhere) = token_of_another_region(stack, &base).await;
    let mut strangers = vec![alike.clone(), elsewhere.clone(), backup, dressed, copy];
    for image in strangers.clone().iter().filter(|id| id.starts_with("ami-")) {
        let snapshots = object(stack, "images", image).await["snapshots"].clone();
        let ids = snapshots.as_array().cloned().unwrap_or_default();
        strangers.extend(ids.iter().filter_map(|id| id.as_str().map(str::to_owned)));
    }
    let since = journal(stack).await;
    for id in [&done.id, &other] {
        stack.client.act(id, "destroy").await.unwrap();
        stack
            .wait_deployment(id, |seen| seen.status == "destroyed", LONG)
            .await
            .unwrap();
    }
    let told = until(
        "the strangers to be seen again and again",
        LONG,
        async || {
            let filter = FindingFilter {
                state: Some("open".to_owned()),
                limit: Some(200),
                ..FindingFilter::default()
            };
            let open = stack.client.findings(&filter).await?.items;
            let about = |one: &&ingot_client::Finding| {
                one.invariant == "provenance" && one.subject == "us-east-1/image"
            };
            Ok(open
                .iter()
                .find(about)
                .filter(|one| one.sightings >= LOOKS)
                .cloned()
                .map(|one| (one, open.clone())))
        },
    );
    let (told, open) = told.await.unwrap();
    assert!(!told.violated, "{told:#?}");
    assert!(
        open.iter().all(|one| !one.violated),
        "a stranger is no violation of ours: {open:#?}"
    );
    let touched = touched(stack, since, &strangers).await;
    assert!(touched.is_empty(), "{touched:#?}");
    for stranger in [&alike, &elsewhere] {
        let seen = object(stack, "instances", stranger).await;
        assert_eq!(seen["state"], "running", "{seen}");
    }
    let doctor = stack.ingot(&["doctor"]).await.unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(0), "{said}");
    assert!(said.contains("did not make"), "{said}");
}

/// A deployment in another region, and an instance that a stranger launched here with the tags and the client token of its
/// instance: EC2 knows tokens by region.
async fn token_of_another_region(stack: &Stack, base: &str) -> (String, String) {
    let mut order = Stack::order("v7.1.1");
    order.region = "eu-west-1".to_owned();
    order.create_ami = Some(false);
    let key = uuid::Uuid::new_v4().to_string();
    let asked = stack.client.create_deployment(&order, &key).await.unwrap();
    let done = stack.wait_finished(&asked.id, LONG).await.unwrap();
    let own = done.instance_id.clone().expect("an instance");
    let there = stack.region.objects("eu-west-1", "instances").await;
    let there = there.unwrap().into_iter().find(|one| one["id"] == *own);
    let there = there.expect("the region shows it");
    let copied: Vec<(&str, &str)> = there["tags"]
        .as_object()
        .expect("tags")
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().expect("a text")))
        .collect();
    let launch = [
        ("Action", "RunInstances"),
        ("ImageId", base),
        ("InstanceType", "m6i.large"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
        (
            "ClientToken",
            there["client_token"].as_str().expect("a token"),
        ),
    ];
    let stranger = made(stack, "instance", "instanceId", &launch, &copied).await;
    (done.id, stranger)
}

/// A script that serves what the built-in template's probe asks for, as EC2 takes it:
/// `# ingot-serves: {"scheme":"https","port":443,"body":"kamiwaza login"}`.
const SERVING: &str = "IyEvYmluL3NoCiMgaW5nb3Qtc2VydmVzOiB7InNjaGVtZSI6Imh0dHBzIiwicG9ydCI6NDQzLCJib2R5Ijoia2FtaXdhemEgbG9naW4ifQo=";

/// A row that names another's instance, by whatever accident: no command, no image, no end.
#[tokio::test]
async fn a_strangers_instance_is_neither_commanded_nor_imaged_nor_ended() {
    let stack = scaled().await;
    let hold = json!({ "hold_install": true, "times": 1 });
    stack.region.post("next_instance", &hold).await.unwrap();
    let asked = stack.deploy("v7.4.0").await.unwrap();
    let seen = stack
        .wait_deployment(&asked.id, |seen| seen.status == "running", LONG)
        .await
        .unwrap();
    let own = seen.instance_id.clone().unwrap();
    let copied = tags(&stack, "instances", &own).await;
    let base = object(&stack, "instances", &own).await["image_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let launch = [
        ("Action", "RunInstances"),
        ("ImageId", base.as_str()),
        ("InstanceType", "m6i.large"),
        ("UserData", SERVING),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    let theirs = made(
        &stack,
        "instance",
        "instanceId",
        &launch,
        &borrowed(&copied),
    )
    .await;
    let sql = format!(
        "UPDATE deployment SET instance_id = '{theirs}', row_version = row_version + 1 WHERE id = '{}'",
        asked.id
    );
    let database = stack.database.as_ref().unwrap();
    ingot_tests::check::execute(&database.connect().await.unwrap(), &sql)
        .await
        .unwrap();
    let since = journal(&stack).await;
    let done = stack.wait_finished(&asked.id, LONG).await.unwrap();
    assert_eq!(
        done.ami_creation_status.as_deref(),
        Some("failed"),
        "{done:#?}"
    );
    stack.client.act(&asked.id, "destroy").await.unwrap();
    stack
        .wait_deployment(&asked.id, |seen| seen.status == "destroyed", LONG)
        .await
        .unwrap();
    let touched = touched(&stack, since, std::slice::from_ref(&theirs)).await;
    assert!(touched.is_empty(), "{touched:#?}");
    let said = story(&stack, &asked.id).await;
    assert!(said.contains(&format!("{theirs} is not ours")), "{said}");
    // The deployment's own instance is ended all the same.
    assert_eq!(
        object(&stack, "instances", &own).await["state"],
        "terminated"
    );
}

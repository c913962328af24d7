//! The whole life of deployments through HTTP and the real AWS SDK, the same story on both shapes: the first makes an
//! AMI, the second is skipped and points at it, the next launches from it, and destroying keeps it.

use std::time::Duration;

use ingot_client::{Deployment, ImageFilter, RevisionFilter};
use ingot_tests::Stack;
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(120);

#[tokio::test]
async fn the_whole_life_embedded() {
    let stack = Stack::embedded().await.unwrap();
    whole_life(&stack).await;
}

#[tokio::test]
async fn the_whole_life_on_postgres_redis_and_three_workers() {
    let stack = Stack::scaled(3).await.unwrap();
    whole_life(&stack).await;
}

async fn whole_life(stack: &Stack) {
    let first = stack.deploy("v0.9.2").await.unwrap();
    assert_eq!(first.status, "queued");
    let first = stack.wait_finished(&first.id, LONG).await.unwrap();
    assert_eq!(
        (first.status.as_str(), first.ami_creation_status.as_deref()),
        ("success", Some("completed"))
    );
    assert_eq!(first.launch_path.as_deref(), Some("fresh"));
    let ami = first.created_ami_id.clone().unwrap();
    eight_lines(stack, &first, &ami).await;
    facts_of_the_image(stack, &first, &ami).await;

    let second = order(stack, "v0.9.2", "fresh").await;
    let second = stack.wait_finished(&second.id, LONG).await.unwrap();
    assert_eq!(
        (
            second.ami_creation_status.as_deref(),
            second.ami_skip_reason.as_deref()
        ),
        (Some("skipped"), Some("exists"))
    );
    assert_eq!(second.created_ami_id.as_ref(), Some(&ami));
    let said = messages(stack, &second).await;
    assert!(
        said.contains(&format!("Found existing AMI: {ami}")),
        "{said:#?}"
    );
    assert!(
        said.contains(&"Status: skipped (AMI already exists)".to_owned()),
        "{said:#?}"
    );

    let other = order(stack, "v0.9.3", "auto").await;
    let third = order(stack, "v0.9.2", "auto").await;
    let third = stack.wait_finished(&third.id, LONG).await.unwrap();
    assert_eq!(
        (third.launch_path.as_deref(), third.source_ami_id.as_ref()),
        (Some("cached"), Some(&ami))
    );
    assert_eq!(third.ami_creation_status.as_deref(), Some("skipped"));
    assert!(
        third.time_to_ready_seconds < first.time_to_ready_seconds,
        "{third:#?}"
    );
    let other = stack.wait_finished(&other.id, LONG).await.unwrap();
    assert_eq!(other.ami_creation_status.as_deref(), Some("completed"));
    assert_ne!(other.created_ami_id, first.created_ami_id);

    destroyed(stack, &first, &ami).await;
    one_effect_each(stack, 4, 2).await;
    let template = stack
        .client
        .template("kamiwaza", RevisionFilter::default())
        .await
        .unwrap();
    assert!(
        template.launch_times.cached_seconds < template.launch_times.fresh_seconds,
        "{template:#?}"
    );
}

async fn order(stack: &Stack, version: &str, image: &str) -> Deployment {
    let mut order = Stack::order(version);
    order.image = Some(image.to_owned());
    stack
        .client
        .create_deployment(&order, &uuid::Uuid::new_v4().to_string())
        .await
        .unwrap()
}

async fn messages(stack: &Stack, deployment: &Deployment) -> Vec<String> {
    let story = stack.story(&deployment.id).await.unwrap();
    let numbers: Vec<i64> = story.iter().map(|event| event.seq).collect();
    let expected: Vec<i64> = (1..=i64::try_from(story.len()).unwrap()).collect();
    assert_eq!(numbers, expected, "events are numbered without gaps");
    story.into_iter().map(|event| event.message).collect()
}

/// The document's lines, in its order (F42).
async fn eight_lines(stack: &Stack, deployment: &Deployment, ami: &str) {
    let story = stack.story(&deployment.id).await.unwrap();
    let said: Vec<&str> = story
        .iter()
        .filter(|event| event.source == "ami-creation" && event.kind != "ami.downtime")
        .map(|event| event.message.as_str())
        .collect();
    let initiated = format!("✓ AMI creation initiated: {ami}");
    let created = format!("✓ AMI Created Successfully: {ami}");
    let expected = [
        "Starting automatic AMI creation...",
        "Checking for existing AMI for Kamiwaza v0.9.2...",
        "No existing AMI found, creating new AMI...",
        "Creating AMI: kamiwaza-golden-v0.9.2-",
        &initiated,
        "Waiting for AMI to become available...",
        "✓ AMI is now available! Size: 10 GB",
        &created,
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(
            said.starts_with(expected),
            "`{said}` instead of `{expected}`"
        );
    }
}

async fn facts_of_the_image(stack: &Stack, deployment: &Deployment, ami: &str) {
    let filter = ImageFilter {
        status: Some("available".to_owned()),
        version: Some("v0.9.2".to_owned()),
        ..ImageFilter::default()
    };
    let page = stack.client.images(&filter).await.unwrap();
    let [image] = page.items.as_slice() else {
        panic!("one image: {page:#?}")
    };
    assert_eq!(
        (image.ami_id.as_deref(), image.size_gb),
        (Some(ami), Some(10))
    );
    assert_eq!(image.source_deployment_id.as_ref(), Some(&deployment.id));
    assert_eq!(image.snapshot_ids.len(), 1);
    let images = stack.region.objects("us-east-1", "images").await.unwrap();
    let real = images.iter().find(|image| image["id"] == ami).unwrap();
    let snapshots = stack
        .region
        .objects("us-east-1", "snapshots")
        .await
        .unwrap();
    let snapshot = snapshots
        .iter()
        .find(|snapshot| snapshot["id"] == image.snapshot_ids[0].as_str())
        .unwrap();
    for tagged in [real, snapshot] {
        for (name, value) in [
            ("KamiwazaVersion", "v0.9.2"),
            ("ManagedBy", "KamiwazaDeploymentManager"),
            ("AutoCreated", "true"),
            ("CreatedFromJob", deployment.id.as_str()),
            ("CreatedFrom", deployment.instance_id.as_deref().unwrap()),
            ("Mode", "full"),
        ] {
            assert_eq!(tagged["tags"][name], value, "{name} of {}", tagged["id"]);
        }
    }
}

async fn destroyed(stack: &Stack, deployment: &Deployment, ami: &str) {
    let instance = deployment.instance_id.clone().unwrap();
    stack.client.act(&deployment.id, "destroy").await.unwrap();
    let gone = stack
        .wait_deployment(&deployment.id, |seen| seen.status == "destroyed", LONG)
        .await
        .unwrap();
    assert_eq!((gone.instance_id, gone.public_ip), (None, None));
    assert_eq!(gone.created_ami_id.as_deref(), Some(ami));
    let instances = stack
        .region
        .objects("us-east-1", "instances")
        .await
        .unwrap();
    let state = instances
        .iter()
        .find(|one| one["id"] == instance.as_str())
        .map(|one| one["state"].clone());
    assert!(matches!(state, None | Some(Value::String(_))), "{state:?}");
    assert_ne!(state, Some(json!("running")));
    let image = stack.client.image(ami).await.unwrap();
    assert_eq!(image.status, "available");
}

/// Exactly so many instances and images were ever made (FAULTS I2).
pub(super) async fn one_effect_each(stack: &Stack, instances: usize, images: usize) {
    let count = async |action: &str| {
        let calls = stack.region.calls(action).await.unwrap();
        calls.iter().filter(|call| call["outcome"] == "ok").count()
    };
    let all = stack
        .region
        .objects("us-east-1", "instances")
        .await
        .unwrap();
    assert_eq!(all.len(), instances, "{all:#?}");
    assert_eq!(count("CreateImage").await, images);
}

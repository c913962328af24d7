//! The vendor moves a base image: what a launch starts from, what it says, and what becomes the AMI, by `stale`, on both
//! shapes (DESIGN-2 B2).

use std::time::Duration;

use ingot_client::http::ClientError;
use ingot_client::{Deployment, Image};
use ingot_tests::Stack;
use serde_json::json;

const LONG: Duration = Duration::from_secs(120);
/// The built-in template's base.
const NOBLE: &str =
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id";
/// Longer than a worker believes a resolved base at the pace of these tests.
const FORGOTTEN: Duration = Duration::from_millis(800);

#[tokio::test]
async fn a_base_moves_embedded() {
    let stack = Stack::embedded().await.unwrap();
    a_base_moves(&stack).await;
}

#[tokio::test]
async fn a_base_moves_on_postgres_redis_and_two_workers() {
    let stack = Stack::scaled(2).await.unwrap();
    a_base_moves(&stack).await;
}

async fn ask(stack: &Stack, stale: Option<&str>) -> Result<Deployment, ClientError> {
    let mut order = Stack::order("v0.9.2");
    order.stale = stale.map(str::to_owned);
    let key = uuid::Uuid::new_v4().to_string();
    stack.client.create_deployment(&order, &key).await
}

async fn finished(stack: &Stack, stale: Option<&str>) -> Deployment {
    let asked = ask(stack, stale).await.unwrap();
    stack.wait_finished(&asked.id, LONG).await.unwrap()
}

async fn image(stack: &Stack, deployment: &Deployment) -> Image {
    let ami = deployment.created_ami_id.as_deref().unwrap();
    stack.client.image(ami).await.unwrap()
}

async fn told(stack: &Stack, deployment: &Deployment, kind: &str) -> String {
    let story = stack.story(&deployment.id).await.unwrap();
    let said = story.iter().find(|event| event.kind == kind);
    let said = said.unwrap_or_else(|| panic!("no {kind} in {story:#?}"));
    said.message.clone()
}

/// The vendor releases a build; answers its id.
async fn moved(stack: &Stack) -> String {
    let order = json!({ "parameter": NOBLE });
    let answer = stack.region.post("base_images", &order).await.unwrap();
    answer["image_id"].as_str().unwrap().to_owned()
}

fn path(deployment: &Deployment) -> (&str, Option<&str>, Option<&str>) {
    (
        deployment.launch_path.as_deref().unwrap_or_default(),
        deployment.source_ami_id.as_deref(),
        deployment.ami_skip_reason.as_deref(),
    )
}

async fn a_base_moves(stack: &Stack) {
    // At night a popular template whose base has moved would be built by itself, beside what is launched here.
    let off = [
        "templates",
        "auto-ami",
        "disable",
        "kamiwaza",
        "--reason",
        "launches alone",
    ];
    stack.ingot_json(&off).await.unwrap();
    let first = finished(stack, Some("refuse")).await;
    assert_eq!(
        path(&first),
        ("fresh", None, None),
        "without any image there is nothing to refuse"
    );
    let old = image(stack, &first).await;
    let name = old.base_name.clone().unwrap();
    assert!(name.contains("noble"), "{old:#?}");
    assert_eq!(old.base_owner.as_deref(), Some("099720109477"));
    assert!(old.base_created_at.is_some(), "{old:#?}");
    assert_eq!(old.base_line, Some(format!("ssm:{NOBLE}")));
    let ami = old.ami_id.clone().unwrap();
    let objects = stack.region.objects("us-east-1", "images").await.unwrap();
    let tagged = objects.iter().find(|one| one["id"] == ami.as_str());
    let tags = &tagged.unwrap()["tags"];
    for (tag, value) in [
        ("BaseImage", old.base_image.as_str()),
        ("ingot:base-owner", "099720109477"),
        ("ingot:base-name", &name),
    ] {
        assert_eq!(tags[tag], value, "{tag}");
    }

    let today = moved(stack).await;
    tokio::time::sleep(FORGOTTEN).await;
    used(stack, &old, &today).await;
    refused_at_the_request(stack, &old, &today).await;
    let new = rebuilt(stack, &old, &today).await;
    for rule in [None, Some("use"), Some("refuse"), Some("rebuild")] {
        let next = finished(stack, rule).await;
        let wanted = ("cached", new.ami_id.as_deref(), Some("from_image"));
        assert_eq!(
            path(&next),
            wanted,
            "{rule:?} with an image of today's base"
        );
    }
    let tomorrow = moved(stack).await;
    refused_by_the_launch(stack, &new, &tomorrow).await;
    shown(stack, &[&old, &new]).await;
    let made = stack.region.calls("CreateImage").await.unwrap();
    assert_eq!(made.len(), 2, "{made:#?}");
}

async fn used(stack: &Stack, old: &Image, today: &str) {
    let used = finished(stack, None).await;
    let wanted = ("cached", old.ami_id.as_deref(), Some("stale_base"));
    assert_eq!(path(&used), wanted);
    assert_eq!(
        used.created_ami_id, None,
        "another build's image is not its AMI"
    );
    let said = told(stack, &used, "deployment.image_chosen").await;
    for part in [
        old.ami_id.as_deref().unwrap(),
        &old.base_image,
        old.base_name.as_deref().unwrap(),
        today,
        "old and made on base",
    ] {
        assert!(said.contains(part), "{part} in: {said}");
    }
}

async fn refused_at_the_request(stack: &Stack, old: &Image, today: &str) {
    let Err(ClientError::Problem(problem)) = ask(stack, Some("refuse")).await else {
        panic!("a launch has seen the new base")
    };
    assert_eq!(
        (problem.status, problem.kind.as_str()),
        (409, "urn:ingot:problem:base-moved")
    );
    for part in [old.base_image.as_str(), today] {
        assert!(problem.detail.contains(part), "{problem:#?}");
    }
}

async fn rebuilt(stack: &Stack, old: &Image, today: &str) -> Image {
    let rebuilt = finished(stack, Some("rebuild")).await;
    assert_eq!(path(&rebuilt), ("fresh", None, None));
    let said = told(stack, &rebuilt, "deployment.image_chosen").await;
    assert!(
        said.contains(&old.base_image) && said.contains(today),
        "{said}"
    );
    let new = image(stack, &rebuilt).await;
    assert_eq!(
        (new.base_image.as_str(), new.generation),
        (today, 1),
        "another build is another content"
    );
    assert_ne!(new.ami_id, old.ami_id);
    new
}

/// No launch has seen the base of tomorrow: the request is accepted, and the launch asks the cloud.
async fn refused_by_the_launch(stack: &Stack, new: &Image, tomorrow: &str) {
    let asked = ask(stack, Some("refuse")).await.unwrap();
    let failed = stack.wait_finished(&asked.id, LONG).await.unwrap();
    assert_eq!(failed.status, "failed", "{failed:#?}");
    assert_eq!(failed.instance_id, None);
    let why = failed.error_message.unwrap();
    assert!(
        why.contains(&new.base_image) && why.contains(tomorrow),
        "{why}"
    );
}

/// `ingot images` tells the bases apart.
async fn shown(stack: &Stack, images: &[&Image]) {
    let list = stack.ingot(&["images", "list"]).await.unwrap();
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    for image in images {
        let name = image.base_name.as_deref().unwrap();
        assert!(list.contains(name), "{list}");
        let show = stack.ingot(&["images", "show", &image.id]).await.unwrap();
        let show = String::from_utf8_lossy(&show.stdout).into_owned();
        for part in [name, "099720109477", &image.base_image, "age"] {
            assert!(show.contains(part), "{part} in {show}");
        }
    }
}

#[tokio::test]
async fn a_word_that_stale_does_not_know_is_told_the_choice() {
    let stack = Stack::embedded().await.unwrap();
    let Err(ClientError::Problem(problem)) = ask(&stack, Some("ignore")).await else {
        panic!("it is no word")
    };
    assert_eq!(problem.status, 422);
    assert_eq!(problem.errors[0].field, "stale");
    assert!(problem.detail.contains("rebuild"), "{problem:#?}");
}

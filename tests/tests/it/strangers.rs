//! A stranger's public image under a vendor's name is not launched as a template's base; one that the template names by id, or
//! by its owner's id, is (issue 9, provenance of the base).

use ingot_client::Deployment;
use ingot_tests::Stack;
use serde_json::{Value, json};

use super::launch_parameters::{apply, finished, order, template};

const VENDOR: &str = "137112412989";
const SELLER: &str = "999999999999";
const PATTERN: &str = "al2023-ami-2023*-x86_64";

#[tokio::test]
async fn a_strangers_public_image_is_no_base_embedded() {
    no_base(&Stack::embedded().await.unwrap()).await;
}

#[tokio::test]
async fn a_strangers_public_image_is_no_base_scaled() {
    no_base(&Stack::scaled(2).await.unwrap()).await;
}

/// The end of a deployment of a template with this base.
async fn deployed(stack: &Stack, name: &str, base: &Value) -> Deployment {
    let more = json!({ "base_image": base, "images": { "create": false } });
    apply(stack, &template(name, &more)).await;
    finished(stack, &order(name)).await
}

/// The image that the deployment's instance was launched from.
async fn launched(stack: &Stack, done: &Deployment) -> String {
    let all = stack
        .region
        .objects("us-east-1", "instances")
        .await
        .unwrap();
    let id = done.instance_id.as_deref().unwrap();
    let found = all.into_iter().find(|one| one["id"] == id).unwrap();
    found["image_id"].as_str().unwrap().to_owned()
}

async fn published(stack: &Stack, like: &str, alias: Option<&str>) -> String {
    let order = json!({ "like": like, "owner": SELLER, "alias": alias });
    let made = stack.region.post("public_images", &order).await.unwrap();
    made["image_id"].as_str().unwrap().to_owned()
}

async fn no_base(stack: &Stack) {
    let newest = |owner: &str| json!({ "newest": { "owner": owner, "name": PATTERN } });
    let first = deployed(stack, "first", &newest(VENDOR)).await;
    let right = launched(stack, &first).await;

    // Newer, public, and of the very name: it has not the owner's id.
    let plain = published(stack, &right, None).await;
    let again = deployed(stack, "again", &newest(VENDOR)).await;
    assert_eq!(launched(stack, &again).await, right);
    let alias = deployed(stack, "alias", &newest("amazon")).await;
    assert_eq!(launched(stack, &alias).await, right);

    // With the alias of a verified partner it is the newest of `amazon`: an alias is no id.
    let partner = published(stack, &right, Some("amazon")).await;
    let refused = deployed(stack, "partner", &newest("amazon")).await;
    assert_eq!(refused.status, "failed", "{refused:#?}");
    assert_eq!(refused.instance_id, None);
    let why = refused.error_message.unwrap();
    for word in [partner.as_str(), SELLER, "base_image.ami"] {
        assert!(why.contains(word), "{word}: {why}");
    }

    // What a person names is launched.
    for (name, base, image) in [
        ("by-id", json!({ "ami": plain }), &plain),
        ("by-owner", newest(SELLER), &partner),
    ] {
        let done = deployed(stack, name, &base).await;
        assert_eq!(&launched(stack, &done).await, image, "{name}");
    }
}

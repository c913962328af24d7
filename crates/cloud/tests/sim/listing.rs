//! Listing what vendors publish, for the tracks.

use ingot_cloud::BaseQuery;
use ingot_cloud::Place;
use ingot_cloud::nouns::*;

use crate::world::{HERE, World};

/// An order under `/_sim/`, answered.
async fn release(world: &World, name: &str, more: serde_json::Value) -> serde_json::Value {
    let mut body = serde_json::json!({
        "owner": "099720109477",
        "filter": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
        "architecture": "x86_64",
        "parameter": JAMMY_PARAMETER,
        "name": format!("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-{name}"),
    });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    let answer = world.control("POST", "releases", &body.to_string()).await;
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).expect("JSON")
}

const JAMMY_PARAMETER: &str =
    "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id";

#[tokio::test]
async fn vendors_builds_are_listed_by_owner_and_name_and_found_by_id() {
    let world = World::new().await;
    let named = BaseQuery::Named {
        owners: vec!["099720109477".to_owned(), "136693071363".to_owned()],
        names: vec![
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*".to_owned(),
            "debian-12-amd64-*".to_owned(),
        ],
    };
    let before = world
        .cloud
        .list_base_images(HERE, &named)
        .await
        .expect("listing");
    assert!(before.iter().all(|image| image.usable));
    let owners: std::collections::BTreeSet<_> =
        before.iter().map(|image| image.owner.as_str()).collect();
    assert_eq!(owners.len(), 2, "one call for both: {before:?}");
    let answer = release(
        &world,
        "20261127.1",
        serde_json::json!({"created": "2026-11-27T09:00:00Z", "regions": [HERE.region()]}),
    )
    .await;
    let id = answer["images"][HERE.region()]
        .as_str()
        .expect("an id")
        .to_owned();
    let pointed = world.cloud.base_parameter(HERE, JAMMY_PARAMETER).await;
    assert_eq!(pointed.expect("read"), Some(id.clone()));
    let listed = world
        .cloud
        .list_base_images(HERE, &named)
        .await
        .expect("listing");
    assert_eq!(listed.len(), before.len() + 1);
    let ids = BaseQuery::Ids(vec![id.clone(), "ami-00000000000000000".to_owned()]);
    let by_id = world
        .cloud
        .list_base_images(HERE, &ids)
        .await
        .expect("by id");
    assert_eq!(by_id.len(), 1);
    assert!(by_id[0].name.ends_with("-20261127.1"), "{by_id:?}");
    assert!(by_id[0].created_at.is_some());
    // Another region lags, and a build that is taken back is gone with its parameter.
    let there = world
        .cloud
        .list_base_images(Place::own("eu-west-1"), &named)
        .await
        .expect("listing");
    assert!(
        !there
            .iter()
            .any(|image| image.name.ends_with("-20261127.1"))
    );
    release(&world, "20261127.1", serde_json::json!({"withdraw": true})).await;
    assert!(
        world
            .cloud
            .list_base_images(HERE, &ids)
            .await
            .expect("by id")
            .is_empty()
    );
    let back = world
        .cloud
        .base_parameter(HERE, JAMMY_PARAMETER)
        .await
        .expect("read");
    assert!(back.is_some_and(|back| back != id));
    let missing = world
        .cloud
        .base_parameter(HERE, "/no/such")
        .await
        .expect("read");
    assert_eq!(missing, None);
}

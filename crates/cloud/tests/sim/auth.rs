//! Signing in: keys, roles with external ids, sessions that end, and what is missing.

use std::time::Duration;

use ingot_cloud::aws::{Auth, AwsCloud, AwsConfig};
use ingot_cloud::nouns::*;
use ingot_cloud::{ErrorKind, Place, codes};

use crate::world::{HERE, World, config, keys};

fn role(external_id: Option<&str>) -> Auth {
    Auth::AssumeRole {
        role_arn: "arn:aws:iam::444455556666:role/golden-builder".to_owned(),
        external_id: external_id.map(str::to_owned),
        session_name: Some("drill".to_owned()),
        base: Box::new(keys("AKIATEST")),
        session_seconds: 900,
    }
}

#[tokio::test]
async fn keys_say_who_we_are() {
    let world = World::new().await;
    let identity = world.cloud.identity().await.expect("identity");
    assert_eq!(identity.account.len(), 12);
    assert_eq!(world.cloud.home_region(), HERE.region());
    assert_eq!(world.seen.codes("GetCallerIdentity"), ["ok"]);
}

#[tokio::test]
async fn roles_are_assumed_with_their_external_id_only() {
    let world = World::new().await;
    world
        .control("POST", "sts", r#"{"external_id":"x-1"}"#)
        .await;
    let cloud = AwsCloud::connect(config(&world.sim, role(Some("x-1"))))
        .await
        .expect("connect");
    let identity = cloud.identity().await.expect("identity");
    assert_eq!(identity.account, "444455556666");
    assert!(
        identity.arn.ends_with("golden-builder/drill"),
        "{identity:?}"
    );
    assert!(cloud.describe_instances(HERE, &[]).await.is_ok());
    for wrong in [Some("x-2"), None] {
        let cloud = AwsCloud::connect(config(&world.sim, role(wrong)))
            .await
            .expect("connect");
        let error = cloud.identity().await.expect_err("wrong id");
        assert_eq!(error.kind, ErrorKind::Credentials, "{error}");
        assert!(!format!("{error:?}").contains("hushhush"));
    }
}

#[tokio::test]
async fn a_session_is_renewed_before_it_ends() {
    let world = World::new().await;
    world
        .control("POST", "sts", r#"{"session_seconds":2}"#)
        .await;
    let cloud = AwsCloud::connect(config(&world.sim, role(None)))
        .await
        .expect("connect");
    for _ in 0..6 {
        cloud
            .find_instances_by_token(HERE, "t")
            .await
            .expect("renewed");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(world.arrivals("AssumeRole").await >= 2);
}

#[tokio::test]
async fn a_long_session_is_kept() {
    let world = World::new().await;
    let cloud = AwsCloud::connect(config(&world.sim, role(None)))
        .await
        .expect("connect");
    for region in [HERE, Place::own("eu-west-1"), HERE] {
        cloud
            .find_instances_by_token(region, "t")
            .await
            .expect("found");
    }
    assert_eq!(
        world.arrivals("AssumeRole").await,
        1,
        "one session serves every region"
    );
}

#[tokio::test]
async fn sts_in_bad_weather_is_not_a_refusal() {
    let world = World::new().await;
    world
        .fault(r#"{"action":"AssumeRole","kind":"error","code":"Throttling","times":0}"#)
        .await;
    let cloud = AwsCloud::connect(config(&world.sim, role(None)))
        .await
        .expect("connect");
    let error = cloud.identity().await.expect_err("throttled");
    assert_eq!(error.kind, ErrorKind::NotSent, "{error}");
}

#[tokio::test]
async fn missing_and_wrong_credentials_are_no_refusal_of_the_work() {
    let world = World::new().await;
    let none = Auth::Profile("no-such-profile-anywhere".to_owned());
    for (auth, kind) in [
        (none, ErrorKind::Credentials),
        (keys("AKIAINVALID"), ErrorKind::Credentials),
        (keys("AKIADENIED"), ErrorKind::Denied),
    ] {
        let cloud = AwsCloud::connect(config(&world.sim, auth.clone()))
            .await
            .expect("connect");
        let error = cloud
            .find_instances_by_token(HERE, "t")
            .await
            .expect_err("denied");
        assert_eq!(error.kind, kind, "{auth:?}: {error}");
    }
}

#[tokio::test]
async fn a_region_must_look_like_one() {
    let world = World::new().await;
    let bad = AwsConfig {
        region: Some("evil.example/".to_owned()),
        ..config(&world.sim, keys("AKIATEST"))
    };
    assert_eq!(
        AwsCloud::connect(bad).await.expect_err("region").kind,
        ErrorKind::Invalid
    );
    for region in ["", "us_east"] {
        let error = world
            .cloud
            .describe_instances(Place::own(region), &["i-1".to_owned()])
            .await
            .expect_err("region");
        assert_eq!(
            (error.kind, error.code.as_str()),
            (ErrorKind::Invalid, "no_region")
        );
    }
}

#[tokio::test]
async fn a_place_of_another_account_is_not_asked() {
    let world = World::new().await;
    let other = Place::of(Some("999999999999"), HERE.region());
    let ids = ["i-0123456789abcdef0".to_owned()];
    let error = world.cloud.describe_instances(other, &ids).await;
    let error = error.expect_err("another account");
    assert_eq!(error.kind, ErrorKind::Credentials, "{error:?}");
    assert_eq!(error.code, codes::WRONG_ACCOUNT);
    assert!(error.told().contains("999999999999"), "{}", error.told());
    let account = world.cloud.identity().await.expect("identity").account;
    let own = Place::of(Some(&account), HERE.region());
    let found = world.cloud.describe_instances(own, &ids).await;
    assert_eq!(found.expect("our own account"), vec![]);
}

//! The check of an account against policies: what each missing permission looks like, and what cannot be asked.

use std::collections::BTreeMap;

use ingot_cloud::aws::AwsCloud;
use ingot_cloud::aws::policy::PolicyFor;
use ingot_cloud::nouns::*;
use ingot_cloud::{CheckPlan, ErrorKind, ImageState, SecurityGroupSpec};
use ingot_domain::check::{AccountCheck, Bearing, Verdict};
use ingot_domain::image::{INSTALL_TAG, MANAGED_BY};
use serde_json::{Value, json};

use crate::world::{HERE, World, config, image_spec, keys};

const INSTALL: &str = "0192f000000070008000000000000001";
const PROFILE: &str = "ingot-ssm";
/// A caller under a policy; what the world makes, it makes as another one.
const CALLER: &str = "AKIACALLER";

fn ours() -> BTreeMap<String, String> {
    [(INSTALL_TAG, INSTALL), ("ManagedBy", MANAGED_BY)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn plan() -> CheckPlan {
    CheckPlan {
        install: INSTALL.to_owned(),
        profiles: vec![PROFILE.to_owned()],
    }
}

/// A region in which the installation has one of everything.
async fn furnished() -> World {
    let world = World::without_rates().await;
    let group = SecurityGroupSpec {
        name: "ingot-test".to_owned(),
        description: "of a test".to_owned(),
        subnet_id: None,
        ingress: vec![],
        tags: ours(),
    };
    let made = world.cloud.ensure_security_group(HERE, &group).await;
    made.expect("a group");
    let mut spec = world.spec("furnished").await;
    spec.tags = ours();
    let id = world.cloud.launch(HERE, &spec).await.expect("an instance");
    world
        .instance_in(&id, ingot_cloud::InstanceState::Running)
        .await;
    let mut image = image_spec("furnished", &id);
    image.tags = ours();
    let image = world.cloud.create_image(HERE, &image).await;
    let image = image.expect("an image");
    world.image_in(&image, ImageState::Available).await;
    world
}

async fn order(world: &World, policy: &Value) {
    let body =
        json!({ "access_key": CALLER, "policy": policy, "profiles": { PROFILE: "factory" } });
    world.control("POST", "iam", &body.to_string()).await;
}

async fn checked(world: &World) -> AccountCheck {
    let cloud = AwsCloud::connect(config(&world.sim, keys(CALLER)))
        .await
        .expect("connect")
        .with_observer(world.seen.clone());
    cloud.check_account(HERE, &plan()).await.expect("a check")
}

async fn policy(world: &World) -> Value {
    let account = world.cloud.identity().await.expect("identity").account;
    let role = format!("arn:aws:iam::{account}:role/factory");
    let policy =
        PolicyFor::read(INSTALL, Some(&role), None, Some(HERE.region()), false).expect("policy");
    serde_json::to_value(policy.policy()).expect("json")
}

/// The policy without one action.
fn without(policy: &Value, action: &str) -> Value {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().expect("statements");
    for statement in statements.iter_mut() {
        let actions = statement["Action"].as_array_mut().expect("actions");
        actions.retain(|one| one != action);
    }
    statements.retain(|statement| statement["Action"] != json!([]));
    policy
}

fn denied(check: &AccountCheck) -> Vec<&str> {
    let denied = |one: &&ingot_domain::check::Permission| one.verdict == Verdict::Denied;
    let denied = check.permissions.iter().filter(denied);
    denied.map(|one| one.action.as_str()).collect()
}

fn actions(policy: &Value) -> Vec<String> {
    let statements = policy["Statement"].as_array().expect("statements");
    let each = statements
        .iter()
        .flat_map(|one| one["Action"].as_array().expect("actions"));
    let mut all: Vec<String> = each
        .map(|one| one.as_str().expect("a text").to_owned())
        .collect();
    all.sort();
    all.dedup();
    all
}

#[tokio::test]
async fn under_the_printed_policy_nothing_is_denied_and_only_ssm_cannot_be_asked() {
    let world = furnished().await;
    order(&world, &policy(&world).await).await;
    let check = checked(&world).await;
    assert_eq!(denied(&check), Vec::<&str>::new(), "{check:#?}");
    let cannot: Vec<_> = check
        .permissions
        .iter()
        .filter(|one| one.verdict == Verdict::Cannot)
        .map(|one| one.action.as_str())
        .collect();
    assert_eq!(cannot, ["ssm:SendCommand"], "{check:#?}");
    let listed: Vec<_> = check
        .permissions
        .iter()
        .map(|one| one.action.clone())
        .collect();
    for action in actions(&policy(&world).await) {
        assert!(listed.contains(&action), "{action} has no verdict");
    }
}

#[tokio::test]
async fn each_missing_permission_is_denied_alone() {
    let world = furnished().await;
    let whole = policy(&world).await;
    for action in actions(&whole) {
        order(&world, &without(&whole, &action)).await;
        let check = checked(&world).await;
        let wanted: Vec<&str> = match action.as_str() {
            // SSM has no dry run, and every caller may ask who it is.
            "ssm:SendCommand" | "sts:GetCallerIdentity" => vec![],
            action => vec![action],
        };
        assert_eq!(denied(&check), wanted, "without {action}: {check:#?}");
        for one in check
            .permissions
            .iter()
            .filter(|one| one.verdict == Verdict::Denied)
        {
            assert!(one.reason.contains(&action), "{one:?}");
        }
    }
}

#[tokio::test]
async fn a_check_makes_changes_and_removes_nothing() {
    let world = furnished().await;
    let before = world.control("GET", "state", "").await;
    let before = before.split("\r\n\r\n").nth(1).map(str::to_owned);
    let effects = [
        "RunInstances",
        "CreateImage",
        "CreateSecurityGroup",
        "TerminateInstances",
    ];
    checked(&world).await;
    for _ in 0..2 {
        checked(&world).await;
    }
    let found = world
        .cloud
        .find_instances_by_tag(HERE, INSTALL_TAG, INSTALL)
        .await;
    assert_eq!(found.expect("instances").len(), 1);
    let groups = world
        .cloud
        .find_security_groups_by_tag(HERE, INSTALL_TAG, INSTALL)
        .await;
    assert_eq!(groups.expect("groups").len(), 1);
    assert!(before.is_some_and(|state| !state.is_empty()));
    for effect in effects {
        // Asked, and each time only dry.
        assert!(
            world
                .seen
                .codes(effect)
                .iter()
                .filter(|code| *code == "DryRunOperation")
                .count()
                >= 3,
            "{effect}"
        );
    }
}

#[tokio::test]
async fn where_the_installation_has_nothing_the_check_says_so_and_fails_nothing() {
    let world = World::new().await;
    order(&world, &policy(&world).await).await;
    let check = checked(&world).await;
    assert_eq!(check.denied(), 0, "{check:#?}");
    for action in [
        "ec2:TerminateInstances",
        "ec2:DeregisterImage",
        "ec2:DeleteSnapshot",
    ] {
        let found = check
            .permissions
            .iter()
            .find(|one| one.action == action)
            .expect(action);
        assert_eq!(found.verdict, Verdict::Cannot);
        assert!(found.reason.contains("of this installation"), "{found:?}");
    }
}

#[tokio::test]
async fn the_accounts_facts_are_told() {
    let world = World::new().await;
    let check = checked(&world).await;
    let fact = |name: &str| {
        let found = check.facts.iter().find(|fact| fact.name == name);
        found.unwrap_or_else(|| panic!("{name}: {check:#?}"))
    };
    assert_eq!(fact("default_vpc").bearing, Bearing::Good);
    assert!(fact("default_vpc").text.contains("vpc-"));
    assert!(
        fact("encryption").text.contains("AWS's own key"),
        "{:?}",
        fact("encryption")
    );
    for quota in ["quota_vcpus", "quota_images", "quota_snapshots"] {
        assert_eq!(fact(quota).bearing, Bearing::Good, "{:?}", fact(quota));
    }
    assert_ne!(fact("clock").bearing, Bearing::Unknown);
    assert_eq!(fact("instance_profile").bearing, Bearing::Good);
}

#[tokio::test]
async fn credentials_that_aws_does_not_take_are_no_verdict() {
    let world = World::new().await;
    let cloud = AwsCloud::connect(config(&world.sim, keys("AKIAINVALID"))).await;
    let error = cloud.expect("connect").check_account(HERE, &plan()).await;
    let error = error.expect_err("no credentials");
    assert_ne!(error.kind, ErrorKind::Invalid, "{error}");
}

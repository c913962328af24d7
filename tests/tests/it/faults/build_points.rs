//! Crash points and lost answers of builds (FAULTS F01 to F03, X3): whatever dies between the request for a build and its end,
//! each comes to exactly one image, no builder is left alive, and no cent stays reserved.

use std::collections::{BTreeMap, BTreeSet};

use ingot_client::budget::BudgetFilter;
use ingot_client::build::{Build, BuildDecision, BuildFilter, NewBuild};
use ingot_client::policy::PolicyImport;
use ingot_client::{DeploymentFilter, FindingFilter, ImageFilter};
use ingot_domain::money::Money;
use ingot_tests::{Options, Stack, until};
use serde_json::json;

use super::crash_points::LONG;
use super::drill::{Drill, every_point};
use super::proof;

/// Starts at any time, many at once.
pub(super) const POLICY: &str = "auto_ami_policy:
  build_window: '00:00-24:00'
  daily_budget: 400
  monthly_budget: 4000
  emergency_budget: 4000
  popularity_threshold: 1
  max_parallel_builds: 20
";

pub(super) const TEMPLATE: &str = "name: stands
base_image: { track: ubuntu-22.04 }
regions: [us-east-1, eu-west-1]
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

/// The hours that a builder has are minutes at this pace: a death costs its lease, which is real.
const PACE: u32 = 60;

/// The acts that a builder and the copy of its image meet.
const ACTS: [&str; 6] = [
    "launch.",
    "create_group.",
    "create_image.",
    "copy_image.",
    "terminate.",
    "delete_group.",
];

#[tokio::test]
async fn a_worker_aborts_once_at_every_point_of_a_build_and_each_makes_one_image() {
    let points = every_point().await;
    let of_builds = |point: &&String| {
        point.starts_with("build") || ACTS.iter().any(|act| point.starts_with(act))
    };
    let points: BTreeSet<&String> = points.iter().filter(of_builds).collect();
    let acts = ACTS.map(|act| format!("{act}*=abort*1")).join(";");
    let mut drill = Drill::start_at(4, &format!("build*=abort*1;{acts}"), PACE).await;
    furnish(&drill.stack).await;
    // What Ingot asks for itself: the template is popular by one launch.
    let mut order = Stack::order("v1.0.0");
    order.template = "used".to_owned();
    order.create_ami = Some(false);
    let used = drill.stack.client.create_deployment(&order, "one").await;
    let used = used.unwrap();
    // One commit may start all that wait; each of the three points of a start needs a commit that comes so far.
    for number in 1..=3 {
        let asked = ask(&drill.stack, &format!("v2.0.{number}")).await;
        started(&drill.stack, &asked).await;
    }
    for number in 4..=7 {
        ask(&drill.stack, &format!("v2.0.{number}")).await;
    }
    let cancelled = ask(&drill.stack, "v3.0.0").await;
    started(&drill.stack, &cancelled).await;
    let decision = BuildDecision {
        reason: "the drill ends it".to_owned(),
    };
    let client = &drill.stack.client;
    let done = client.decide_build(&cancelled.id, "cancel", &decision);
    done.await.unwrap();
    let builds = over(&drill.stack, 9).await;
    drill.check();
    let stack = &drill.stack;
    stack.wait_finished(&used.id, LONG).await.unwrap();
    stack.client.act(&used.id, "destroy").await.unwrap();
    let gone = |seen: &ingot_client::Deployment| seen.status == "destroyed";
    stack.wait_deployment(&used.id, gone, LONG).await.unwrap();
    for build in &builds {
        let wanted: &[&str] = match build.id == cancelled.id {
            // Its AMI may have been in the making.
            true => &["cancelled", "completed"],
            false => &["completed"],
        };
        assert!(wanted.contains(&build.status.as_str()), "{build:#?}");
    }
    let asks = builds
        .iter()
        .filter(|one| one.trigger.as_deref() == Some("popularity"));
    assert_eq!(asks.count(), 1, "popularity asks once: {builds:#?}");
    proven(stack, &builds).await;
    let hit: BTreeSet<String> = drill.acted();
    let never: Vec<_> = points
        .iter()
        .filter(|point| !hit.contains(&format!("{point}.1")))
        .collect();
    assert!(never.is_empty(), "registered and never reached: {never:?}");
    drill.end().await;
}

#[tokio::test]
async fn every_answer_that_a_build_waits_for_is_lost_embedded() {
    let options = Options {
        pace: PACE,
        ..Options::default()
    };
    lost(&Stack::embedded_with(options).await.unwrap()).await;
}

#[tokio::test]
async fn every_answer_that_a_build_waits_for_is_lost_scaled() {
    let options = Options {
        pace: PACE,
        ..Options::default()
    };
    lost(&Stack::scaled_with(options).await.unwrap()).await;
}

/// More answers than the SDK asks again, so that the visit itself meets the doubt.
async fn lost(stack: &Stack) {
    furnish(stack).await;
    let actions = [
        "CreateSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "RunInstances",
        "CreateImage",
        "CopyImage",
        "TerminateInstances",
        "DeleteSecurityGroup",
    ];
    for action in actions {
        let fault = json!({ "action": action, "kind": "lost_answer", "times": 4 });
        stack.region.post("faults", &fault).await.unwrap();
    }
    ask(stack, "v2.0.0").await;
    let builds = over(stack, 1).await;
    assert_eq!(builds[0].status, "completed", "{builds:#?}");
    proven(stack, &builds).await;
    let faults = stack.region.get("faults").await.unwrap();
    for fault in faults["faults"].as_array().unwrap() {
        assert!(fault["hit"].as_u64() >= Some(1), "never lost: {fault}");
    }
}

async fn furnish(stack: &Stack) {
    let how = PolicyImport::default();
    stack.client.import_policy(POLICY, &how).await.unwrap();
    for name in ["stands", "used"] {
        let yaml = TEMPLATE.replace("stands", name);
        stack.client.apply_template(&yaml, name).await.unwrap();
    }
}

/// An urgent build of a version that has no image.
async fn ask(stack: &Stack, version: &str) -> Build {
    let asked = stack.client.ask_build(&urgent(version), version).await;
    asked.unwrap()
}

/// Waits until a build runs.
async fn started(stack: &Stack, build: &Build) {
    let runs = until("a build to run", LONG, || async {
        let seen = stack.client.build(&build.id).await?;
        Ok((!seen.waits()).then_some(()))
    });
    runs.await.unwrap();
}

/// What asks for it.
pub(super) fn urgent(version: &str) -> NewBuild {
    NewBuild {
        template: "stands".to_owned(),
        version: Some(version.to_owned()),
        region: Some("us-east-1".to_owned()),
        urgent: true,
        reason: Some("the drill asks".to_owned()),
        ..NewBuild::default()
    }
}

/// So many builds, all of them over.
async fn over(stack: &Stack, count: usize) -> Vec<Build> {
    let filter = BuildFilter {
        limit: Some(200),
        ..BuildFilter::default()
    };
    let all = until("every build to be over", LONG * 2, || async {
        let builds = stack.client.builds(&filter).await?.items;
        let over = builds.iter().all(Build::is_over) && builds.len() == count;
        Ok(over.then_some(builds))
    });
    match all.await {
        Ok(builds) => builds,
        Err(error) => {
            let builds = stack.client.builds(&filter).await.unwrap().items;
            panic!("{error:#}\n{builds:#?}\n{}", stack.said())
        }
    }
}

/// One image of each target, no builder with an instance, one instance for each run, and purses that hold what builds cost.
async fn proven(stack: &Stack, builds: &[Build]) {
    let filter = DeploymentFilter {
        purpose: Some("build".to_owned()),
        limit: Some(200),
        ..DeploymentFilter::default()
    };
    let builders = stack.client.deployments(&filter).await.unwrap().items;
    let ids: Vec<String> = builders.iter().map(|one| one.id.clone()).collect();
    proof::quiet(stack, &ids).await;
    proof::no_orphan(stack).await;
    let made = proof::instances(stack).await;
    for builder in &builders {
        assert_eq!(builder.instance_id, None, "{builder:#?}");
        let count = made.get(&builder.id).copied().unwrap_or_default();
        assert!(count <= 1, "{count} instances of {builder:#?}");
    }
    let runs: usize = builds.iter().map(|one| one.run as usize).sum();
    assert_eq!(builders.len(), runs, "a builder for each run: {builds:#?}");
    let filter = ImageFilter {
        status: Some("available".to_owned()),
        limit: Some(200),
        ..ImageFilter::default()
    };
    let mut images: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for image in stack.client.images(&filter).await.unwrap().items {
        let of = (image.template, image.version, image.region);
        *images.entry(of).or_default() += 1;
    }
    let mut wanted = BTreeMap::new();
    for one in builds.iter().filter(|one| one.status == "completed") {
        // One that was cancelled while its AMI was made has an image and no copy.
        let copied = one.copies.iter().filter(|copy| copy.status == "available");
        let regions = copied.map(|copy| &copy.region).chain([&one.region]);
        for region in regions {
            let of = (one.template.clone(), one.version.clone(), region.clone());
            wanted.insert(of, 1);
        }
        let whole = one.cancelling || one.copies.iter().all(|copy| copy.status == "available");
        assert!(whole, "{one:#?}");
    }
    assert_eq!(images, wanted, "one image of each target and region");
    let history = BudgetFilter {
        limit: Some(200),
        ..BudgetFilter::default()
    };
    let mut spent: BTreeMap<String, Money> = BTreeMap::new();
    for one in stack.client.budget_history(&history).await.unwrap().items {
        let budget = one.budget;
        assert_eq!(budget.reserved, "0.00", "{budget:#?} {:#?}", one.entries);
        let money = spent.entry(budget.budget).or_insert(Money::ZERO);
        *money = money.plus(Money::parse(&budget.spent).unwrap());
    }
    for purse in ["daily", "urgent"] {
        let cost = builds
            .iter()
            .filter(|one| one.budget_source.as_deref() == Some(purse))
            .filter_map(|one| Money::parse(one.actual_cost.as_deref()?).ok())
            .fold(Money::ZERO, Money::plus);
        // An earlier run's cost stays in the purse; its build tells the last one's.
        let spent = spent.get(purse).copied().unwrap_or(Money::ZERO);
        let again = builds.iter().any(|one| one.run > 1);
        assert!(
            spent == cost || (again && spent >= cost),
            "{purse}: {spent} spent, builds cost {cost}"
        );
    }
    let clear = until("the scan to see nothing", LONG, || async {
        let open = stack
            .client
            .findings(&FindingFilter::default())
            .await?
            .items;
        let of_builds = ["I1", "I2", "I3", "I5"];
        let odd = open
            .iter()
            .any(|one| one.cleared_at.is_none() && of_builds.contains(&one.invariant.as_str()));
        Ok((!odd).then_some(()))
    });
    clear.await.unwrap();
}

//! Orphans and look-alikes (FAULTS I1, F29, F41): what we left behind is removed after two sightings and the grace period,
//! what we did not make is never touched, and what is only not written down yet is its builder's.

mod late;

use std::time::Duration;

use ingot_client::{Deployment, Finding, FindingFilter};
use ingot_tests::{Options, Stack, until};
use serde_json::{Value, json};

use self::late::{late_image, launched_twice};
use super::life::one_effect_each;

const LONG: Duration = Duration::from_secs(120);
const NOBODY: &str = "dep_00000000000000000000000000000000";
const NOTHING: &str = "eff_00000000000000000000000000000000";

async fn embedded(reap: &str) -> Stack {
    Stack::embedded_with(Options {
        environment: vec![("INGOT_REAP".to_owned(), reap.to_owned())],
        ..Options::default()
    })
    .await
    .unwrap()
}

async fn object(stack: &Stack, kind: &str, id: &str) -> Option<Value> {
    let all = stack.region.objects("us-east-1", kind).await.unwrap();
    all.into_iter().find(|one| one["id"] == id)
}

async fn is_alive(stack: &Stack, id: &str) -> bool {
    let found = object(stack, "instances", id).await;
    found.is_some_and(|one| one["state"] == "running" || one["state"] == "pending")
}

/// What tags say about an instance of ours: installation, deployment, effect.
struct Ours {
    install: String,
    deployment: String,
    effect: String,
    instance: String,
    image: String,
}

async fn ours(stack: &Stack, done: &Deployment) -> Ours {
    let instance = done.instance_id.clone().unwrap();
    let found = object(stack, "instances", &instance).await.unwrap();
    let tag = |name: &str| found["tags"][name].as_str().unwrap().to_owned();
    Ours {
        install: tag("ingot:install"),
        deployment: tag("ingot:deployment"),
        effect: tag("ingot:effect"),
        instance,
        image: found["image_id"].as_str().unwrap().to_owned(),
    }
}

/// What is made beside us, with these tags; answers its id.
pub(super) async fn made(
    stack: &Stack,
    kind: &str,
    id: &str,
    call: &[(&str, &str)],
    tags: &[(&str, &str)],
) -> String {
    let mut parameters: Vec<(String, String)> = call
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let kinds: &[&str] = if kind == "image" {
        &["image", "snapshot"]
    } else {
        &[kind]
    };
    for (place, kind) in kinds.iter().enumerate() {
        let head = format!("TagSpecification.{}", place + 1);
        parameters.push((format!("{head}.ResourceType"), (*kind).to_owned()));
        for (number, (name, value)) in tags.iter().enumerate() {
            parameters.push((format!("{head}.Tag.{}.Key", number + 1), (*name).to_owned()));
            parameters.push((
                format!("{head}.Tag.{}.Value", number + 1),
                (*value).to_owned(),
            ));
        }
    }
    let parameters: Vec<(&str, &str)> = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    // EC2's rates hold for everyone; what is refused made nothing.
    let answer = until("something made beside us", LONG, async || {
        Ok(Some(stack.region.ec2(&parameters).await?))
    });
    let answer = answer.await.unwrap();
    let begin = answer
        .find(&format!("<{id}>"))
        .unwrap_or_else(|| panic!("{answer}"))
        + id.len()
        + 2;
    answer[begin..].split('<').next().unwrap().to_owned()
}

async fn instance(stack: &Stack, ours: &Ours, tags: &[(&str, &str)]) -> String {
    launched(stack, ours, &uuid::Uuid::new_v4().to_string(), tags).await
}

/// An instance with a client token: with that of an effect it is what a late call of ours would have made.
async fn launched(stack: &Stack, ours: &Ours, token: &str, tags: &[(&str, &str)]) -> String {
    let call = [
        ("ClientToken", token),
        ("Action", "RunInstances"),
        ("ImageId", &ours.image),
        ("InstanceType", "m6i.large"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    made(stack, "instance", "instanceId", &call, tags).await
}

async fn group(stack: &Stack, name: &str, tags: &[(&str, &str)]) -> String {
    let call = [
        ("Action", "CreateSecurityGroup"),
        ("GroupName", name),
        ("GroupDescription", "made beside Ingot"),
    ];
    made(stack, "security-group", "groupId", &call, tags).await
}

async fn findings(stack: &Stack, state: &str) -> Vec<Finding> {
    let filter = FindingFilter {
        state: Some(state.to_owned()),
        limit: Some(200),
        ..FindingFilter::default()
    };
    stack.client.findings(&filter).await.unwrap().items
}

async fn finding(stack: &Stack, state: &str, subject: &str) -> Option<Finding> {
    let all = findings(stack, state).await;
    all.into_iter()
        .find(|one| one.subject == subject && one.invariant == "I1")
}

#[tokio::test]
async fn what_we_left_behind_is_removed_and_look_alikes_are_never_touched() {
    let stack = embedded("on").await;
    let (done, token) = launched_twice(&stack, "v6.0.0").await;
    let mine = ours(&stack, &done).await;
    let (install, deployment, effect) = (
        ("ingot:install", mine.install.as_str()),
        ("ingot:deployment", mine.deployment.as_str()),
        ("ingot:effect", mine.effect.as_str()),
    );
    let managed = ("ManagedBy", "KamiwazaDeploymentManager");
    let theirs = ("ingot:install", "another-install");
    let late = ("ingot:effect", token.as_str());
    let left = launched(&stack, &mine, &token, &[install, deployment, late]).await;
    let more_like_this = instance(&stack, &mine, &[install, deployment, effect, managed]).await;
    let of_others = instance(&stack, &mine, &[theirs, deployment, effect, managed]).await;
    let our_names = instance(&stack, &mine, &[deployment, effect, managed]).await;
    let nameless = instance(&stack, &mine, &[install, managed]).await;
    let unheard = [
        install,
        ("ingot:deployment", NOBODY),
        ("ingot:effect", NOTHING),
    ];
    let unheard = launched(&stack, &mine, NOTHING, &unheard).await;
    let other_group = group(&stack, "ingot-other", &[install, deployment]).await;
    let stray = late_image(&stack, "v6.0.1").await;
    let counted = stack
        .region
        .objects("us-east-1", "snapshots")
        .await
        .unwrap();
    assert_eq!(counted.len(), 2, "{counted:#?}");

    let gone = until("the orphans to be removed", LONG, async || {
        let image = object(&stack, "images", &stray).await;
        let images_gone = image.is_none_or(|one| one["state"] == "deregistered");
        let stray_snapshots = stack.region.objects("us-east-1", "snapshots").await?;
        let snapshots_gone = stray_snapshots.len() == 1;
        let gone = images_gone && snapshots_gone && !is_alive(&stack, &left).await;
        Ok(gone.then_some(()))
    });
    if let Err(error) = gone.await {
        panic!(
            "{error:#}\n{:#?}\n{}",
            findings(&stack, "open").await,
            stack.said()
        );
    }
    let cleared = until("the finding to be cleared", LONG, async || {
        Ok(finding(&stack, "cleared", &left).await)
    });
    let cleared = cleared.await.unwrap();
    assert_eq!(cleared.outcome.as_deref(), Some("removed"));
    assert!(cleared.sightings >= 2, "{cleared:#?}");
    assert_eq!(cleared.deployment_id.as_ref(), Some(&done.id));
    let story = stack.story(&done.id).await.unwrap();
    let told: Vec<&str> = story
        .iter()
        .filter(|line| line.kind == "deployment.orphan_removed" && line.message.contains(&left))
        .map(|line| line.message.as_str())
        .collect();
    assert_eq!(told.len(), 1, "{story:#?}");

    for untouched in [
        &mine.instance,
        &of_others,
        &our_names,
        &nameless,
        &unheard,
        &more_like_this,
    ] {
        assert!(is_alive(&stack, untouched).await, "{untouched}");
    }
    assert!(
        object(&stack, "security_groups", &other_group)
            .await
            .is_some()
    );
    let ami = done.created_ami_id.unwrap();
    assert_eq!(
        object(&stack, "images", &ami).await.unwrap()["state"],
        "available"
    );
    for (subject, told) in [
        (&nameless, false),
        (&more_like_this, false),
        (&unheard, true),
        (&of_others, false),
        (&our_names, false),
        (&mine.instance, false),
    ] {
        let found = finding(&stack, "open", subject).await;
        assert_eq!(found.is_some(), told, "{subject}: {found:#?}");
    }
    let doctor = stack.ingot(&["doctor"]).await.unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&unheard) && said.contains("What to do"),
        "{said}"
    );
}

/// And a person settles it (FIELD W17): kept, it is told no more; removed, it goes.
#[tokio::test]
async fn with_reaping_off_an_orphan_is_only_told_until_a_person_settles_it() {
    let stack = embedded("off").await;
    let (done, token) = launched_twice(&stack, "v6.1.0").await;
    let mine = ours(&stack, &done).await;
    let tags = [
        ("ingot:install", mine.install.as_str()),
        ("ingot:deployment", mine.deployment.as_str()),
        ("ingot:effect", token.as_str()),
    ];
    let left = launched(&stack, &mine, &token, &tags).await;
    let told = until("four sightings", LONG, async || {
        let found = finding(&stack, "open", &left).await;
        Ok(found.filter(|one| one.sightings >= 4))
    });
    let told = told.await.unwrap();
    assert!(told.violated && told.outcome.is_none(), "{told:#?}");
    assert!(is_alive(&stack, &left).await);
    let metrics = stack.client.invariants().await.unwrap().items;
    let first = metrics.iter().find(|one| one.id == "I1").unwrap();
    assert_eq!(first.violations, 1, "{metrics:#?}");
    let fifth = metrics.iter().find(|one| one.id == "I5").unwrap();
    assert_eq!((fifth.watch.as_str(), fifth.violations), ("scanned", 0));
    assert!(
        told.advice
            .contains(&format!("ingot findings settle {}", told.id)),
        "{told:#?}"
    );
    let settle = [
        "findings",
        "settle",
        &told.id,
        "--keep",
        "--reason",
        "looked at",
    ];
    let kept = stack.ingot_json(&settle).await.unwrap();
    assert_eq!(kept["settled"], "keep", "{kept:#}");
    let doctor = stack.ingot(&["doctor"]).await.unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(0), "{said}");
    assert!(!said.contains(&left), "{said}");
    let settled = findings(&stack, "settled").await;
    assert_eq!(settled.len(), 1, "{settled:#?}");
    assert!(is_alive(&stack, &left).await);
    let settle = ["findings", "settle", &told.id, "--remove"];
    stack.ingot_json(&settle).await.unwrap();
    until("the orphan to go", LONG, async || {
        Ok((!is_alive(&stack, &left).await).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_instance_whose_row_is_not_written_yet_is_its_builders() {
    let stack = embedded("all").await;
    let lost = json!({ "action": "RunInstances", "kind": "lost_answer", "times": 0 });
    stack.region.post("faults", &lost).await.unwrap();
    // The builder looks once, launches, and never sees what it launched; the reaper, asking by tag, does.
    let blind = json!({ "action": "DescribeInstances", "kind": "error", "code": "RequestLimitExceeded", "times": 0,
        "after_calls": 1, "match": { "Filter.1.Name": "client-token" } });
    stack.region.post("faults", &blind).await.unwrap();
    let deployment = stack.deploy("v6.2.0").await.unwrap();
    let looks = async || {
        let calls = stack.region.calls("DescribeInstances").await?;
        let by_tag = |call: &&Value| call["params"]["Filter.1.Name"] == "tag:ingot:install";
        anyhow_ok(calls.iter().filter(by_tag).count())
    };
    let born = until("the instance", LONG, async || {
        let all = stack.region.objects("us-east-1", "instances").await?;
        Ok(all
            .first()
            .map(|one| one["id"].as_str().unwrap().to_owned()))
    });
    let born = born.await.unwrap();
    let before = looks().await.unwrap();
    let looked = until("four looks of the reaper", LONG, async || {
        Ok((looks().await? >= before + 4).then_some(()))
    });
    looked.await.unwrap();
    assert!(is_alive(&stack, &born).await);
    let found = findings(&stack, "open").await;
    assert!(found.iter().all(|one| one.invariant != "I1"), "{found:#?}");
    assert!(
        stack
            .region
            .calls("TerminateInstances")
            .await
            .unwrap()
            .is_empty()
    );
    let cloud = until("the weather to be told", LONG, async || {
        let parts = stack.client.status().await?.parts;
        let cloud = parts.into_iter().find(|part| part.name == "cloud");
        Ok(cloud.filter(|part| part.state == "troubled"))
    });
    let cloud = cloud.await.unwrap();
    assert!(
        cloud.since.is_some() && cloud.detail.contains("RequestLimitExceeded"),
        "{cloud:#?}"
    );
    let story = stack.story(&deployment.id).await.unwrap();
    let told = story
        .iter()
        .filter(|line| line.kind == "deployment.cloud_waits");
    assert_eq!(told.count(), 1, "{story:#?}");

    stack.region.delete("faults").await.unwrap();
    let seen = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(seen.status, "success", "{seen:#?}");
    assert_eq!(seen.instance_id.as_ref(), Some(&born));
    one_effect_each(&stack, 1, 1).await;
}

fn anyhow_ok<T>(value: T) -> anyhow::Result<T> {
    Ok(value)
}

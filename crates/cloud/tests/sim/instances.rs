//! Launching, finding and ending instances; commands on them.

use std::time::Duration;

use ingot_cloud::Place;
use ingot_cloud::nouns::*;
use ingot_cloud::{CommandState, ErrorKind, InstanceState};
use ingot_domain::arch::Arch;

use crate::world::{HERE, World};

#[tokio::test]
async fn the_same_token_is_the_same_instance() {
    let world = World::new().await;
    let spec = world.spec("t-1").await;
    let first = world.cloud.launch(HERE, &spec).await.expect("launch");
    let again = world.cloud.launch(HERE, &spec).await.expect("launch");
    assert_eq!(first, again);
    let found = world
        .cloud
        .find_instances_by_token(HERE, "t-1")
        .await
        .expect("find");
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].id.as_str(), found[0].client_token.as_deref()),
        (first.as_str(), Some("t-1"))
    );
    assert_eq!(
        (found[0].architecture, found[0].root_device_type.as_str()),
        (Arch::X86_64, "ebs")
    );
    assert_eq!(found[0].tags["ingot:effect"], "t-1");
    assert!(
        world
            .cloud
            .find_instances_by_token(HERE, "t-2")
            .await
            .expect("find")
            .is_empty()
    );
    let tagged = world
        .cloud
        .find_instances_by_tag(HERE, "ingot:effect", "t-1")
        .await
        .expect("find");
    assert_eq!(tagged.len(), 1);
    assert!(
        world
            .cloud
            .find_instances_by_tag(HERE, "ingot:effect", "t")
            .await
            .expect("find")
            .is_empty()
    );
    assert_eq!(world.seen.codes("RunInstances"), ["ok", "ok"]);

    let other = ingot_cloud::LaunchSpec {
        instance_type: "m6i.xlarge".to_owned(),
        ..spec
    };
    let error = world
        .cloud
        .launch(HERE, &other)
        .await
        .expect_err("mismatch");
    assert_eq!(error.kind, ErrorKind::TokenMismatch, "{error}");
    assert!(error.request_id.is_some());
}

#[tokio::test]
async fn a_spent_token_stays_spent() {
    let world = World::new().await;
    let id = world.running("t-1").await;
    world.cloud.terminate(HERE, &id).await.expect("terminate");
    world.cloud.terminate(HERE, &id).await.expect("twice");
    let facts = world.instance_in(&id, InstanceState::Terminated).await;
    assert!(facts.state.is_ending());
    let error = world
        .cloud
        .launch(HERE, &world.spec("t-1").await)
        .await
        .expect_err("spent");
    assert_eq!(error.kind, ErrorKind::TokenSpent, "{error}");
    let error = world
        .cloud
        .terminate(HERE, "i-0123456789abcdef0")
        .await
        .expect_err("unknown");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn unknown_ids_are_absent_and_spoil_nothing() {
    let world = World::new().await;
    let id = world.running("t-1").await;
    let mut ids: Vec<String> = (0..250).map(|n| format!("i-{n:017x}")).collect();
    ids.push(id.clone());
    let found = world
        .cloud
        .describe_instances(HERE, &ids)
        .await
        .expect("describe");
    assert_eq!(
        found
            .iter()
            .map(|facts| facts.id.as_str())
            .collect::<Vec<_>>(),
        [id.as_str()]
    );
    assert!(found[0].private_ip.is_some() && found[0].launched_at.is_some());
    assert!(
        world
            .cloud
            .describe_instances(HERE, &[])
            .await
            .expect("none")
            .is_empty()
    );
    assert!(
        world
            .cloud
            .describe_instances(Place::own("eu-west-1"), &[id])
            .await
            .expect("elsewhere")
            .is_empty()
    );
}

#[tokio::test]
async fn commands_run_through_ssm() {
    let world = World::new().await;
    let id = world
        .cloud
        .launch(HERE, &world.spec("t-1").await)
        .await
        .expect("launch");
    let early = world
        .cloud
        .run_command(HERE, &id, "true")
        .await
        .expect_err("too early");
    assert_eq!(early.kind, ErrorKind::NotFound, "{early}");
    world.instance_in(&id, InstanceState::Running).await;
    let mut command = None;
    for _ in 0..200 {
        match world.cloud.run_command(HERE, &id, "echo hello").await {
            Ok(id) => {
                command = Some(id);
                break;
            }
            Err(error) => assert_eq!(error.kind, ErrorKind::NotFound, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let command = command.expect("the agent comes up");
    for _ in 0..200 {
        match world
            .cloud
            .command_state(HERE, &id, &command)
            .await
            .expect("state")
        {
            CommandState::Running => tokio::time::sleep(Duration::from_millis(25)).await,
            CommandState::Finished { .. } => return,
            CommandState::Undelivered(why) => panic!("{why}"),
        }
    }
    panic!("the command never ended");
}

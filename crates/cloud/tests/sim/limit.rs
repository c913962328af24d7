//! The rate limit before the wire: what is asked of it, and what its refusal means.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ingot_cloud::aws::{AwsCloud, AwsConfig};
use ingot_cloud::limit::{NoRoom, Request};
use ingot_cloud::nouns::*;
use ingot_cloud::{ErrorKind, RateLimit};

use crate::world::{HERE, World, config, keys};

/// Lets so many requests pass, and writes down what it was asked.
#[derive(Debug)]
pub(crate) struct Scarce {
    room: Mutex<usize>,
    asked: Mutex<Vec<(String, String, bool)>>,
    refused: Mutex<Vec<String>>,
}

impl Scarce {
    pub(crate) fn with_room(room: usize) -> Arc<Self> {
        Arc::new(Self {
            room: Mutex::new(room),
            asked: Mutex::default(),
            refused: Mutex::default(),
        })
    }

    fn asked(&self) -> Vec<(String, String, bool)> {
        std::mem::take(&mut self.asked.lock().expect("lock"))
    }
}

#[async_trait]
impl RateLimit for Scarce {
    async fn pass(&self, request: Request<'_>) -> Result<(), NoRoom> {
        self.asked.lock().expect("lock").push((
            request.action.to_owned(),
            request.region.to_owned(),
            request.account.is_some(),
        ));
        let mut room = self.room.lock().expect("lock");
        if *room == 0 {
            let room_in = Duration::from_millis(2500);
            return Err(NoRoom { room_in });
        }
        *room -= 1;
        Ok(())
    }

    async fn refused(&self, request: Request<'_>) {
        self.refused
            .lock()
            .expect("lock")
            .push(request.action.to_owned());
    }
}

async fn limited(room: usize) -> (World, AwsCloud, Arc<Scarce>) {
    let world = World::new().await;
    let limit = Scarce::with_room(room);
    let config = AwsConfig {
        limit: Some(limit.clone()),
        ..config(&world.sim, keys("AKIATEST"))
    };
    let cloud = AwsCloud::connect(config).await.expect("connect");
    (world, cloud, limit)
}

fn one(action: &str, known: bool) -> (String, String, bool) {
    (action.to_owned(), HERE.region().to_owned(), known)
}

#[tokio::test]
async fn each_request_to_ec2_is_asked_for_and_no_other() {
    let (world, cloud, limit) = limited(100).await;
    cloud
        .describe_images(HERE, &["ami-1".to_owned()])
        .await
        .expect("images");
    assert_eq!(limit.asked(), [one("DescribeImages", false)]);
    cloud.identity().await.expect("identity");
    assert_eq!(limit.asked(), [], "STS has no bucket of EC2's");
    let spec = world.spec("t-1").await;
    cloud.launch(HERE, &spec).await.expect("launch");
    assert_eq!(limit.asked(), [one("RunInstances", true)]);
}

#[tokio::test]
async fn what_the_sdk_repeats_is_asked_for_again_and_ec2s_refusals_are_told() {
    let (world, cloud, limit) = limited(100).await;
    world
        .fault(r#"{"action":"DescribeImages","kind":"error","code":"RequestLimitExceeded","status":503,"times":2}"#)
        .await;
    cloud.describe_images(HERE, &[]).await.expect("empty");
    cloud
        .describe_images(HERE, &["ami-1".to_owned()])
        .await
        .expect("the third attempt");
    assert_eq!(limit.asked().len(), 3);
    let refused = limit.refused.lock().expect("lock").clone();
    assert_eq!(refused, ["DescribeImages", "DescribeImages"]);
    // Other errors are no refusals, and still read as what they are.
    world
        .fault(r#"{"action":"TerminateInstances","kind":"error","code":"UnauthorizedOperation","status":403}"#)
        .await;
    let error = cloud.terminate(HERE, "i-1").await.expect_err("denied");
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    assert_eq!(limit.refused.lock().expect("lock").len(), 2);
}

#[tokio::test]
async fn without_room_nothing_is_sent_and_the_visit_may_come_back() {
    let (world, cloud, limit) = limited(0).await;
    let error = cloud.terminate(HERE, "i-1").await.expect_err("no room");
    assert_eq!(
        (error.kind, error.code.as_str()),
        (ErrorKind::Throttled, "held_back"),
        "{error}"
    );
    assert!(error.message.contains("room again in 2.5 s"), "{error}");
    assert_eq!(world.arrivals("TerminateInstances").await, 0);
    assert_eq!(limit.asked().len(), 1, "not asked again at once");
}

#[tokio::test]
async fn no_room_for_a_second_attempt_leaves_the_first_in_doubt() {
    let (world, cloud, limit) = limited(1).await;
    let spec = world.spec("t-1").await;
    world
        .fault(r#"{"action":"RunInstances","kind":"lost_answer"}"#)
        .await;
    let error = cloud.launch(HERE, &spec).await.expect_err("in doubt");
    assert_eq!(
        (error.kind, error.code.as_str()),
        (ErrorKind::Unknown, "held_back"),
        "{error}"
    );
    assert_eq!(limit.asked().len(), 2);
    *limit.room.lock().expect("lock") = 1;
    let found = cloud.find_instances_by_token(HERE, "t-1").await;
    assert_eq!(found.expect("look").len(), 1, "it was launched");
}

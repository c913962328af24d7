//! The batcher against a cloud that only counts: shared calls, errors for everyone, freshness kept. Real time in small
//! pieces; how few calls thousands of pollers need is computed in `batch/shelf/load.rs`.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use ingot_cloud::batch::{BatchSettings, Batcher};
use ingot_cloud::nouns::{
    Account, BaseImages, Commands, Copies, Groups, Images, Instances, Snapshots,
};
use ingot_cloud::{
    BaseImageFacts, BaseQuery, CheckPlan, CloudError, CommandState, CopySpec, ErrorKind, Identity,
    ImageFacts, ImageQuery, ImageSpec, ImageState, InstanceFacts, InstanceState, LaunchSpec,
    SecurityGroupSpec, StatusChecks, TaggedFacts,
};
use ingot_domain::arch::Arch;
use ingot_domain::check::AccountCheck;
use ingot_domain::place::Place;
use ingot_domain::template::BaseImage;
use ingot_domain::track::Shown;

#[derive(Debug, Default)]
struct Counting {
    calls: AtomicU64,
    ids: AtomicU64,
    longest: AtomicUsize,
    broken: AtomicBool,
    /// Unknown ids.
    absent: Mutex<HashSet<String>>,
}

impl Counting {
    async fn called(&self, place: Place<'_>, ids: &[String]) -> Result<Vec<String>, CloudError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        self.ids.fetch_add(ids.len() as u64, Ordering::Relaxed);
        self.longest.fetch_max(ids.len(), Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(200)).await;
        if self.broken.load(Ordering::Relaxed) {
            return Err(CloudError {
                kind: ErrorKind::Throttled,
                operation: "Describe",
                region: place.region().to_owned(),
                code: "RequestLimitExceeded".to_owned(),
                message: format!("call {call}"),
                request_id: None,
            });
        }
        let absent = self.absent.lock().expect("lock");
        Ok(ids
            .iter()
            .filter(|id| !absent.contains(*id))
            .cloned()
            .collect())
    }
}

fn instance(id: String) -> InstanceFacts {
    InstanceFacts {
        id,
        state: InstanceState::Running,
        state_reason: None,
        image_id: String::new(),
        instance_type: String::new(),
        architecture: Arch::X86_64,
        public_ip: None,
        private_ip: None,
        ipv6: None,
        root_device_type: "ebs".to_owned(),
        spot: false,
        vpc_id: None,
        subnet_id: None,
        launched_at: None,
        client_token: None,
        tags: Default::default(),
    }
}

fn image(id: String) -> ImageFacts {
    ImageFacts {
        name: id.clone(),
        id,
        description: None,
        state: ImageState::Pending,
        state_reason: None,
        owner_id: String::new(),
        owner_alias: None,
        architecture: None,
        created_at: None,
        source_instance_id: None,
        source_image_id: None,
        deprecated_at: None,
        snapshots: vec![],
        tags: Default::default(),
    }
}

#[async_trait]
#[rustfmt::skip]
impl Account for Counting {
    async fn identity(&self) -> Result<Identity, CloudError> { unreachable!() }
    async fn check_account(&self, _: Place<'_>, _: &CheckPlan) -> Result<AccountCheck, CloudError> { unreachable!() }
}

#[async_trait]
#[rustfmt::skip]
impl Instances for Counting {
    async fn launch(&self, _: Place<'_>, _: &LaunchSpec) -> Result<String, CloudError> { unreachable!() }
    async fn find_instances_by_token(&self, _: Place<'_>, _: &str) -> Result<Vec<InstanceFacts>, CloudError> { unreachable!() }
    async fn describe_instances(&self, place: Place<'_>, ids: &[String]) -> Result<Vec<InstanceFacts>, CloudError> {
        Ok(self.called(place, ids).await?.into_iter().map(instance).collect())
    }
    async fn instance_checks(&self, _: Place<'_>, _: &str) -> Result<StatusChecks, CloudError> { unreachable!() }
    async fn console(&self, _: Place<'_>, _: &str, _: bool) -> Result<String, CloudError> { unreachable!() }
    async fn find_instances_by_tag(&self, _: Place<'_>, _: &str, _: &str) -> Result<Vec<InstanceFacts>, CloudError> { unreachable!() }
    async fn terminate(&self, _: Place<'_>, _: &str) -> Result<(), CloudError> { unreachable!() }
}

#[async_trait]
#[rustfmt::skip]
impl Images for Counting {
    async fn create_image(&self, _: Place<'_>, _: &ImageSpec) -> Result<String, CloudError> { unreachable!() }
    async fn describe_images(&self, place: Place<'_>, ids: &[String]) -> Result<Vec<ImageFacts>, CloudError> {
        Ok(self.called(place, ids).await?.into_iter().map(image).collect())
    }
    async fn find_images(&self, _: Place<'_>, _: &ImageQuery) -> Result<Vec<ImageFacts>, CloudError> { unreachable!() }
    async fn deregister_image(&self, _: Place<'_>, _: &str) -> Result<(), CloudError> { unreachable!() }
}

#[async_trait]
#[rustfmt::skip]
impl Copies for Counting {
    async fn copy_image(&self, _: Place<'_>, _: &CopySpec) -> Result<String, CloudError> { unreachable!() }
}

#[async_trait]
#[rustfmt::skip]
impl Snapshots for Counting {
    async fn describe_snapshot(&self, _: Place<'_>, _: &str) -> Result<Option<TaggedFacts>, CloudError> { unreachable!() }
    async fn find_snapshots_by_tag(&self, _: Place<'_>, _: &str, _: &str) -> Result<Vec<TaggedFacts>, CloudError> { unreachable!() }
    async fn delete_snapshot(&self, _: Place<'_>, _: &str) -> Result<(), CloudError> { unreachable!() }
}

#[async_trait]
#[rustfmt::skip]
impl Groups for Counting {
    async fn ensure_security_group(&self, _: Place<'_>, _: &SecurityGroupSpec) -> Result<String, CloudError> { unreachable!() }
    async fn describe_security_group(&self, _: Place<'_>, _: &str) -> Result<Option<TaggedFacts>, CloudError> { unreachable!() }
    async fn find_security_groups_by_tag(&self, _: Place<'_>, _: &str, _: &str) -> Result<Vec<TaggedFacts>, CloudError> { unreachable!() }
    async fn groups_open_to_ssh(&self, _: Place<'_>, _: &[String]) -> Result<Vec<String>, CloudError> { unreachable!() }
    async fn delete_security_group(&self, _: Place<'_>, _: &str) -> Result<(), CloudError> { unreachable!() }
    async fn vpc_of(&self, _: Place<'_>, _: Option<&str>) -> Result<Option<String>, CloudError> { unreachable!() }
}

#[async_trait]
#[rustfmt::skip]
impl BaseImages for Counting {
    async fn resolve_base_image(&self, _: Place<'_>, _: &BaseImage, _: Arch) -> Result<BaseImageFacts, CloudError> { unreachable!() }
    async fn list_base_images(&self, _: Place<'_>, _: &BaseQuery) -> Result<Vec<Shown>, CloudError> { unreachable!() }
    async fn base_parameter(&self, _: Place<'_>, _: &str) -> Result<Option<String>, CloudError> { unreachable!() }
}

#[async_trait]
#[rustfmt::skip]
impl Commands for Counting {
    async fn run_command(&self, _: Place<'_>, _: &str, _: &str) -> Result<String, CloudError> { unreachable!() }
    async fn command_state(&self, _: Place<'_>, _: &str, _: &str) -> Result<CommandState, CloudError> { unreachable!() }
}

fn batcher() -> (Arc<Counting>, Batcher) {
    let cloud = Arc::new(Counting::default());
    let settings = BatchSettings {
        window: Duration::from_millis(100),
        fresh: Duration::from_millis(1000),
        watch: Duration::from_millis(2000),
        chunk: 200,
    };
    (cloud.clone(), Batcher::new(cloud, settings))
}

const HERE: Place<'static> = Place::own("us-east-1");

#[tokio::test]
async fn a_crowd_at_one_instant_is_chunked() {
    let (cloud, batcher) = batcher();
    let asks = (0..450).map(|n| {
        let batcher = batcher.clone();
        async move { batcher.instance(HERE, &format!("i-{n}")).await }
    });
    let asks: tokio::task::JoinSet<_> = asks.collect();
    assert!(
        asks.join_all()
            .await
            .into_iter()
            .all(|answer| matches!(answer, Ok(Some(_))))
    );
    assert_eq!(cloud.calls.load(Ordering::Relaxed), 3);
    assert_eq!(cloud.ids.load(Ordering::Relaxed), 450);
    assert_eq!(cloud.longest.load(Ordering::Relaxed), 200);
}

#[tokio::test]
async fn an_error_is_for_everyone_and_is_not_kept() {
    let (cloud, batcher) = batcher();
    cloud.broken.store(true, Ordering::Relaxed);
    let (a, b) = tokio::join!(batcher.image(HERE, "ami-1"), batcher.image(HERE, "ami-2"));
    let (a, b) = (a.expect_err("broken"), b.expect_err("broken"));
    assert_eq!((a.kind, &a.message), (ErrorKind::Throttled, &b.message));
    cloud.broken.store(false, Ordering::Relaxed);
    assert!(batcher.image(HERE, "ami-1").await.expect("facts").is_some());
    assert_eq!(cloud.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn absent_is_an_answer_and_now_is_never_old() {
    let (cloud, batcher) = batcher();
    cloud.absent.lock().expect("lock").insert("i-1".to_owned());
    assert_eq!(batcher.instance(HERE, "i-1").await.expect("facts"), None);
    cloud.absent.lock().expect("lock").clear();
    assert_eq!(
        batcher.instance(HERE, "i-1").await.expect("facts"),
        None,
        "a second young"
    );
    assert!(
        batcher
            .instance_now(HERE, "i-1")
            .await
            .expect("facts")
            .is_some()
    );
    assert!(
        batcher
            .instance(HERE, "i-1")
            .await
            .expect("facts")
            .is_some()
    );
    assert_eq!(batcher.stats().calls, 2);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(
        batcher
            .instance(HERE, "i-1")
            .await
            .expect("facts")
            .is_some()
    );
    assert_eq!(batcher.stats().calls, 3);
}

#[tokio::test]
async fn now_does_not_share_a_call_that_began_before() {
    let (cloud, batcher) = batcher();
    let early = batcher.clone();
    let early = tokio::spawn(async move { early.instance(HERE, "i-1").await });
    while cloud.calls.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The first call is under way and takes a while yet.
    assert!(
        batcher
            .instance_now(HERE, "i-1")
            .await
            .expect("facts")
            .is_some()
    );
    assert_eq!(cloud.calls.load(Ordering::Relaxed), 2);
    assert!(early.await.expect("task").is_ok());
}

#[tokio::test]
async fn a_caller_who_leaves_takes_no_other_along() {
    let (_cloud, batcher) = batcher();
    let leaver = batcher.clone();
    let leaver = tokio::spawn(async move { leaver.instance(HERE, "i-1").await });
    tokio::time::sleep(Duration::from_millis(10)).await;
    let stayer = batcher.instance(HERE, "i-1");
    leaver.abort();
    assert!(stayer.await.expect("facts").is_some());
}

#[tokio::test]
async fn regions_do_not_mix_and_memory_ends() {
    let (cloud, batcher) = batcher();
    let (a, b) = tokio::join!(
        batcher.instance(HERE, "i-1"),
        batcher.instance(Place::own("eu-west-1"), "i-1")
    );
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(cloud.calls.load(Ordering::Relaxed), 2);
    assert_eq!(batcher.watched(), 2);
    batcher.forget_instance(Place::own("eu-west-1"), "i-1");
    assert_eq!(batcher.watched(), 1);
    tokio::time::sleep(Duration::from_millis(2200)).await;
    batcher
        .instance(Place::own("ap-south-1"), "i-2")
        .await
        .expect("facts");
    assert_eq!(batcher.watched(), 1, "the quiet regions were cleared");
}

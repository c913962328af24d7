//! The only room that speaks AWS. `Cloud` says in Ingot's words what the rest of the system may ask of EC2, SSM and
//! STS; `aws` answers it over the real SDK; `batch` turns many questions about single instances and images into few
//! Describe calls; `error` carries the one classification that decides between retry, look-up and failure;
//! `limit` is where a rate limit outside of this room may hold calls back.

pub mod aws;
pub mod batch;
pub mod codes;
pub mod error;
pub mod facts;
pub mod limit;
pub mod spec;

use async_trait::async_trait;
use ingot_domain::check::AccountCheck;
use ingot_domain::track::Shown;

pub use error::{CloudError, ErrorKind};
pub use facts::{
    BaseImageFacts, CommandState, Identity, ImageFacts, ImageState, InstanceFacts, InstanceState,
    SnapshotFacts, StatusChecks, TaggedFacts,
};
pub use limit::RateLimit;
pub use spec::{BaseQuery, CheckPlan, ImageQuery, ImageSpec, LaunchSpec, SecurityGroupSpec};

/// What Ingot asks of a cloud. Every method is one question or one effect in one region; none waits for anything but
/// its answer. Creating methods carry the effect id in token, tag or name, so that `find_*` can adopt after doubt.
///
/// A seam: the SDK adapter is the implementation, tests wrap it to count and to fail.
#[async_trait]
pub trait Cloud: Send + Sync + std::fmt::Debug {
    /// Who we are: account and ARN (STS GetCallerIdentity).
    async fn identity(&self) -> Result<Identity, CloudError>;

    /// Starts one instance; the same token and parameters answer with the same instance (EC2.md 4, 7).
    async fn launch(&self, region: &str, spec: &LaunchSpec) -> Result<String, CloudError>;

    /// The instances a client token made, newest first; terminated ones included (EC2.md 8, 9).
    async fn find_instances_by_token(
        &self,
        region: &str,
        token: &str,
    ) -> Result<Vec<InstanceFacts>, CloudError>;

    /// Facts of the given instances; an id that EC2 does not know (yet, or any more) is simply absent.
    /// At most 200 ids.
    async fn describe_instances(
        &self,
        region: &str,
        ids: &[String],
    ) -> Result<Vec<InstanceFacts>, CloudError>;

    /// EC2's two status checks of a running instance; one it does not list yet has not passed.
    async fn instance_checks(
        &self,
        region: &str,
        instance_id: &str,
    ) -> Result<StatusChecks, CloudError>;

    /// What an instance has written to its console, at most the last 64 KB. `latest`: so far; on Nitro instances only, others
    /// answer [`codes::NO_LATEST`]. Else as of some time after its last start, stop or end.
    async fn console(
        &self,
        region: &str,
        instance_id: &str,
        latest: bool,
    ) -> Result<String, CloudError>;

    /// Every live or recently terminated instance carrying the tag, all pages.
    async fn find_instances_by_tag(
        &self,
        region: &str,
        key: &str,
        value: &str,
    ) -> Result<Vec<InstanceFacts>, CloudError>;

    /// Terminates an instance. Idempotent; an unknown id is `ErrorKind::NotFound` (EC2.md 18, 27).
    async fn terminate(&self, region: &str, instance_id: &str) -> Result<(), CloudError>;

    /// Creates an image under a name that is unique in account and region; never retried by the SDK (EC2.md 1, 2).
    async fn create_image(&self, region: &str, spec: &ImageSpec) -> Result<String, CloudError>;

    /// Facts of the given images; unknown ids are absent. At most 200 ids. Disabled images are included.
    async fn describe_images(
        &self,
        region: &str,
        ids: &[String],
    ) -> Result<Vec<ImageFacts>, CloudError>;

    /// Our own images that match, all pages; order not defined (EC2.md 10).
    async fn find_images(
        &self,
        region: &str,
        query: &ImageQuery,
    ) -> Result<Vec<ImageFacts>, CloudError>;

    /// Deregisters an image; one that is gone already is success (EC2.md 27).
    async fn deregister_image(&self, region: &str, image_id: &str) -> Result<(), CloudError>;

    /// Deletes a snapshot; one that is gone already is success, one in use is `ErrorKind::Conflict` (EC2.md 26).
    async fn delete_snapshot(&self, region: &str, snapshot_id: &str) -> Result<(), CloudError>;

    /// Every snapshot of our account carrying the tag, all pages.
    async fn find_snapshots_by_tag(
        &self,
        region: &str,
        key: &str,
        value: &str,
    ) -> Result<Vec<TaggedFacts>, CloudError>;

    /// A snapshot of our account, as EC2 shows it now; `None` when there is none (any more).
    async fn describe_snapshot(
        &self,
        region: &str,
        id: &str,
    ) -> Result<Option<TaggedFacts>, CloudError>;

    /// A security group, as EC2 shows it now; `None` when there is none (any more).
    async fn describe_security_group(
        &self,
        region: &str,
        id: &str,
    ) -> Result<Option<TaggedFacts>, CloudError>;

    /// The VPC of a subnet, or the default one; `None` when the region has no default VPC.
    async fn vpc_of(
        &self,
        region: &str,
        subnet: Option<&str>,
    ) -> Result<Option<String>, CloudError>;

    /// Every security group carrying the tag, all pages. EC2 does not tell when a group was made.
    async fn find_security_groups_by_tag(
        &self,
        region: &str,
        key: &str,
        value: &str,
    ) -> Result<Vec<TaggedFacts>, CloudError>;

    /// Resolves a template's base image to an id with its facts; the newest is looked for among those of the architecture.
    async fn resolve_base_image(
        &self,
        region: &str,
        base: &ingot_domain::template::BaseImage,
        arch: ingot_domain::arch::Arch,
    ) -> Result<BaseImageFacts, CloudError>;

    /// Images that others publish, all pages; order not defined. Held against the query once more, but for the owner: what
    /// another account owns is for the rules of tracks to tell.
    async fn list_base_images(
        &self,
        region: &str,
        query: &BaseQuery,
    ) -> Result<Vec<Shown>, CloudError>;

    /// The image id that a parameter of a vendor holds; `None` when the region has no such parameter.
    async fn base_parameter(
        &self,
        region: &str,
        parameter: &str,
    ) -> Result<Option<String>, CloudError>;

    /// Makes sure a security group of this name exists with these rules, and answers its id.
    async fn ensure_security_group(
        &self,
        region: &str,
        spec: &SecurityGroupSpec,
    ) -> Result<String, CloudError>;

    /// Deletes a security group; gone already is success, still in use is `ErrorKind::Conflict`.
    async fn delete_security_group(&self, region: &str, group_id: &str) -> Result<(), CloudError>;

    /// Of the given groups, those with a rule that opens port 22 to 0.0.0.0/0 or ::/0 (F6).
    async fn groups_open_to_ssh(
        &self,
        region: &str,
        group_ids: &[String],
    ) -> Result<Vec<String>, CloudError>;

    /// Starts a shell command on an instance through SSM (AWS-RunShellScript) and answers the command id.
    /// An instance that SSM does not (yet) know is `ErrorKind::NotFound`.
    async fn run_command(
        &self,
        region: &str,
        instance_id: &str,
        command: &str,
    ) -> Result<String, CloudError>;

    /// How a command started with `run_command` is doing.
    async fn command_state(
        &self,
        region: &str,
        instance_id: &str,
        command_id: &str,
    ) -> Result<CommandState, CloudError>;

    /// Which of our calls AWS would allow in a region, and what of the account deployments meet. Asks and runs dry: nothing
    /// is made, changed or removed.
    async fn check_account(
        &self,
        region: &str,
        plan: &CheckPlan,
    ) -> Result<AccountCheck, CloudError>;
}

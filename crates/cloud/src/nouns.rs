//! What may be asked of a cloud, by noun. Every method is one question or one effect in one place; none waits for anything
//! but its answer. Creating methods carry the effect id in token, tag or name, so that `find_*` can adopt after doubt.

use async_trait::async_trait;
use ingot_domain::arch::Arch;
use ingot_domain::check::AccountCheck;
use ingot_domain::place::Place;
use ingot_domain::template::BaseImage;
use ingot_domain::track::Shown;

use crate::error::CloudError;
use crate::facts::{
    BaseImageFacts, CommandState, Identity, ImageFacts, InstanceFacts, StatusChecks, TaggedFacts,
};
use crate::spec::{
    BaseQuery, CheckPlan, CopySpec, ImageQuery, ImageSpec, LaunchSpec, SecurityGroupSpec,
};

/// Who we are, and what we may.
#[async_trait]
pub trait Account: Send + Sync {
    /// Who we are: account and ARN (STS GetCallerIdentity).
    async fn identity(&self) -> Result<Identity, CloudError>;

    /// Which of our calls AWS would allow in a region, and what of the account deployments meet. Asks and runs dry: nothing
    /// is made, changed or removed.
    async fn check_account(
        &self,
        place: Place<'_>,
        plan: &CheckPlan,
    ) -> Result<AccountCheck, CloudError>;
}

/// Instances of a place.
#[async_trait]
pub trait Instances: Send + Sync {
    /// Starts one instance; the same token and parameters answer with the same instance (EC2.md 4, 7).
    async fn launch(&self, place: Place<'_>, spec: &LaunchSpec) -> Result<String, CloudError>;

    /// The instances a client token made, newest first; terminated ones included (EC2.md 8, 9).
    async fn find_instances_by_token(
        &self,
        place: Place<'_>,
        token: &str,
    ) -> Result<Vec<InstanceFacts>, CloudError>;

    /// Facts of the given instances; an id that EC2 does not know (yet, or any more) is simply absent.
    /// At most 200 ids.
    async fn describe_instances(
        &self,
        place: Place<'_>,
        ids: &[String],
    ) -> Result<Vec<InstanceFacts>, CloudError>;

    /// EC2's two status checks of a running instance; one it does not list yet has not passed.
    async fn instance_checks(
        &self,
        place: Place<'_>,
        instance_id: &str,
    ) -> Result<StatusChecks, CloudError>;

    /// What an instance has written to its console, at most the last 64 KB. `latest`: so far; on Nitro instances only, others
    /// answer [`crate::codes::NO_LATEST`]. Else as of some time after its last start, stop or end.
    async fn console(
        &self,
        place: Place<'_>,
        instance_id: &str,
        latest: bool,
    ) -> Result<String, CloudError>;

    /// Every live or recently terminated instance carrying the tag, all pages.
    async fn find_instances_by_tag(
        &self,
        place: Place<'_>,
        key: &str,
        value: &str,
    ) -> Result<Vec<InstanceFacts>, CloudError>;

    /// Terminates an instance. Idempotent; an unknown id is `ErrorKind::NotFound` (EC2.md 18, 27).
    async fn terminate(&self, place: Place<'_>, instance_id: &str) -> Result<(), CloudError>;
}

/// Our own images of a place.
#[async_trait]
pub trait Images: Send + Sync {
    /// Creates an image under a name that is unique in account and region; never retried by the SDK (EC2.md 1, 2).
    async fn create_image(&self, place: Place<'_>, spec: &ImageSpec) -> Result<String, CloudError>;

    /// Facts of the given images; unknown ids are absent. At most 200 ids. Disabled images are included.
    async fn describe_images(
        &self,
        place: Place<'_>,
        ids: &[String],
    ) -> Result<Vec<ImageFacts>, CloudError>;

    /// Our own images that match, all pages; order not defined (EC2.md 10).
    async fn find_images(
        &self,
        place: Place<'_>,
        query: &ImageQuery,
    ) -> Result<Vec<ImageFacts>, CloudError>;

    /// Deregisters an image; one that is gone already is success (EC2.md 27).
    async fn deregister_image(&self, place: Place<'_>, image_id: &str) -> Result<(), CloudError>;
}

/// Copies of our own images.
#[async_trait]
pub trait Copies: Send + Sync {
    /// Begins a copy in this place of an image that is in another region; the same token and parameters answer with the same
    /// copy (EC2.md 4).
    async fn copy_image(&self, place: Place<'_>, spec: &CopySpec) -> Result<String, CloudError>;
}

/// Snapshots of our account.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// A snapshot of our account, as EC2 shows it now; `None` when there is none (any more).
    async fn describe_snapshot(
        &self,
        place: Place<'_>,
        id: &str,
    ) -> Result<Option<TaggedFacts>, CloudError>;

    /// Every snapshot of our account carrying the tag, all pages.
    async fn find_snapshots_by_tag(
        &self,
        place: Place<'_>,
        key: &str,
        value: &str,
    ) -> Result<Vec<TaggedFacts>, CloudError>;

    /// Deletes a snapshot; one that is gone already is success, one in use is `ErrorKind::Conflict` (EC2.md 26).
    async fn delete_snapshot(&self, place: Place<'_>, snapshot_id: &str) -> Result<(), CloudError>;
}

/// Security groups of a place, and the networks they are in.
#[async_trait]
pub trait Groups: Send + Sync {
    /// Makes sure a security group of this name exists with these rules, and answers its id.
    async fn ensure_security_group(
        &self,
        place: Place<'_>,
        spec: &SecurityGroupSpec,
    ) -> Result<String, CloudError>;

    /// A security group, as EC2 shows it now; `None` when there is none (any more).
    async fn describe_security_group(
        &self,
        place: Place<'_>,
        id: &str,
    ) -> Result<Option<TaggedFacts>, CloudError>;

    /// Every security group carrying the tag, all pages. EC2 does not tell when a group was made.
    async fn find_security_groups_by_tag(
        &self,
        place: Place<'_>,
        key: &str,
        value: &str,
    ) -> Result<Vec<TaggedFacts>, CloudError>;

    /// Of the given groups, those with a rule that opens port 22 to 0.0.0.0/0 or ::/0 (F6).
    async fn groups_open_to_ssh(
        &self,
        place: Place<'_>,
        group_ids: &[String],
    ) -> Result<Vec<String>, CloudError>;

    /// Deletes a security group; gone already is success, still in use is `ErrorKind::Conflict`.
    async fn delete_security_group(
        &self,
        place: Place<'_>,
        group_id: &str,
    ) -> Result<(), CloudError>;

    /// The VPC of a subnet, or the default one; `None` when the region has no default VPC.
    async fn vpc_of(
        &self,
        place: Place<'_>,
        subnet: Option<&str>,
    ) -> Result<Option<String>, CloudError>;
}

/// What vendors publish in a place.
#[async_trait]
pub trait BaseImages: Send + Sync {
    /// Resolves a template's base image to an id with its facts; the newest is looked for among those of the architecture.
    async fn resolve_base_image(
        &self,
        place: Place<'_>,
        base: &BaseImage,
        arch: Arch,
    ) -> Result<BaseImageFacts, CloudError>;

    /// Images that others publish, all pages; order not defined. Held against the query once more, but for the owner: what
    /// another account owns is for the rules of tracks to tell.
    async fn list_base_images(
        &self,
        place: Place<'_>,
        query: &BaseQuery,
    ) -> Result<Vec<Shown>, CloudError>;

    /// The image id that a parameter of a vendor holds; `None` when the region has no such parameter.
    async fn base_parameter(
        &self,
        place: Place<'_>,
        parameter: &str,
    ) -> Result<Option<String>, CloudError>;
}

/// Shell commands on instances, through SSM.
#[async_trait]
pub trait Commands: Send + Sync {
    /// Starts a shell command on an instance through SSM (AWS-RunShellScript) and answers the command id.
    /// An instance that SSM does not (yet) know is `ErrorKind::NotFound`.
    async fn run_command(
        &self,
        place: Place<'_>,
        instance_id: &str,
        command: &str,
    ) -> Result<String, CloudError>;

    /// How a command started with `run_command` is doing.
    async fn command_state(
        &self,
        place: Place<'_>,
        instance_id: &str,
        command_id: &str,
    ) -> Result<CommandState, CloudError>;
}

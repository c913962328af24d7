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
pub mod nouns;
pub mod spec;

pub use error::{CloudError, ErrorKind};
pub use facts::{
    BaseImageFacts, CommandState, Identity, ImageFacts, ImageState, InstanceFacts, InstanceState,
    SnapshotFacts, StatusChecks, TaggedFacts,
};
pub use ingot_domain::place::Place;
pub use limit::RateLimit;
pub use nouns::{Account, BaseImages, Commands, Copies, Groups, Images, Instances, Snapshots};
pub use spec::{
    BaseQuery, CheckPlan, CopySpec, ImageQuery, ImageSpec, LaunchSpec, SecurityGroupSpec,
};

/// What Ingot asks of a cloud: every noun of it.
///
/// A seam: the SDK adapter is the implementation, tests wrap it to count and to fail.
pub trait Cloud:
    Account + Instances + Images + Copies + Snapshots + Groups + BaseImages + Commands + std::fmt::Debug
{
}

impl<T> Cloud for T where
    T: Account
        + Instances
        + Images
        + Copies
        + Snapshots
        + Groups
        + BaseImages
        + Commands
        + std::fmt::Debug
{
}

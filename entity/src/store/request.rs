//! The one door for requested deployments: what their rows are (`create`), which requests share a transaction (`intake`),
//! how a batch is written (`accept`), which recipe a deployment refers to (`recipes`) and what an idempotency key has led to
//! (`remembered`).

mod accept;
pub(super) mod create;
pub(super) mod intake;
pub(super) mod recipes;
mod remembered;

pub use create::{Created, IdempotencyClaim, NewDeployment, Requested, Revision};

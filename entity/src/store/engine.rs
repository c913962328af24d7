//! The engine's half of the ledger: tasks are inserted, claimed, kept, finished and rung for here, visits are committed, and
//! replicas are known by their heartbeats.

pub(super) mod claims;
pub(super) mod commit;
pub(super) mod finish;
pub(super) mod group;
pub(super) mod held;
mod paid;
mod relay;
pub(super) mod tasks;
mod ticks;
pub(super) mod workers;

pub use claims::{Claim, Claimed};
pub use commit::{Beside, Change, Committed, Outcome, Then};
pub use held::Held;
pub use relay::DueTask;
pub use tasks::NewTask;

//! The tools. What the engine's visits do: launch, probe, make images, reconcile with EC2 and tidy up, each visit one look
//! and one step. Nothing here writes to the ledger but what a visit answers.

mod case;
mod tools;
mod observe;
mod steps;
mod story;
mod visits;

pub use tools::{Tools, Settings};
pub use observe::AwsObserver;
pub use visits::periodic;

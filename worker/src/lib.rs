//! What the engine's visits do: launch, probe, make images, reconcile with EC2 and tidy up, each visit one look and
//! one act. Nothing here writes to the ledger but what a visit answers.

mod acts;
mod case;
mod guest;
mod judge;
mod lifetime;
mod observe;
mod provenance;
mod story;
mod teller;
mod tools;
mod visits;
mod watched;

pub use observe::AwsObserver;
pub use teller::Teller;
pub use tools::{FeedSettings, Settings, Tools};
pub use visits::periodic;

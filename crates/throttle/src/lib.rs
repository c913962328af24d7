//! EC2's request rates, kept on our side: one token bucket per account, region and action (EC2.md 33), shared by all
//! replicas through Redis, or in this process. A bucket gives out places in time: a call that comes when it is empty is
//! told how long to wait, first come first served over all replicas, and one that would wait too long gets no place at
//! all.

mod actions;
mod bucket;
mod rates;
mod shared;
mod throttle;

pub use actions::{ACTIONS, word};
pub use bucket::Leave;
pub use rates::{Rates, RatesError, Size};
pub use throttle::{Place, Throttle};

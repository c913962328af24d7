//! The hands. A worker answers the doors of all queues, claims tasks, pays one visit at a time to each and records what
//! came of it. It also runs the relay, the ticks of periodic jobs and the heartbeat; any number of replicas do so together.

mod case;
mod dispatch;
mod hands;
mod health;
mod observe;
mod relay;
mod run;
mod steps;
mod ticker;
mod visits;

pub use hands::gauge_queues;
pub use hands::{Hands, Settings};
pub use observe::AwsObserver;
pub use run::{Parts, WorkerError, ringer, run};

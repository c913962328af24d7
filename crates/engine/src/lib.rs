//! The engine of durable work. It claims due tasks in batches, pays one visit at a time to each and records what came of it;
//! it also runs the relay, the ticks of periodic jobs and the heartbeat. What a visit does is given from outside
//! ([`Visits`]): the worker brings the cloud, a benchmark brings next to nothing. Any number of replicas share the work
//! through the ledger alone; bells only make it quick.

mod engine;
mod gauges;
mod health;
mod orders;
mod pay;
mod relay;
mod rings;
mod run;
mod taker;
mod ticker;
mod visits;
mod watchdog;

pub use engine::{Engine, Settings};
pub use gauges::gauge_queues;
pub use health::paused_queues;
pub use rings::ringer;
pub use run::{EngineError, Parts, run};
pub use ticker::Periodic;
pub use visits::{Visit, VisitError, Visits, chain};

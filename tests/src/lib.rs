//! The test building: real servers and real processes, started on free ports and stopped again, for the tests of
//! `tests/it`. Everything is seen from the street: HTTP, SQL, Redis commands, signals and exit codes.
//!
//! | module | subject |
//! |---|---|
//! | [`Postgres`], [`Database`] | the run's Postgres, and one database of it for one test |
//! | [`Redis`] | the run's Redis, or one of its own for a test that kills or flushes it |
//! | [`Ledgers`] | a migrated ledger on either database, and its replicas |
//! | [`Process`] | one running `ingot` |
//! | [`Stack`] | a whole installation: embedded, or scaled out |
//! | [`Edge`], [`Edges`] | TCP proxies between a stack's processes and servers, and what goes wrong on them |
//! | [`mod@check`] | the invariants of FAULTS, proven from the ledger and the region |
//! | [`mod@chaos`] | random schedules of faults, and drills: `make chaos` |
//! | [`Region`] | the control endpoints of a simulated region |
//! | [`mod@poison`] | a worker whose visits are poison |
//! | [`mod@bench`] | the figures of `make bench` |
//! | [`until`] | waiting for a level, with a deadline |

pub mod bench;
pub mod chaos;
pub mod check;
mod disk;
mod edge;
mod engine;
mod environment;
mod ledgers;
pub mod poison;
mod postgres;
mod process;
mod redis;
mod region;
mod schema;
mod sinks;
mod stack;
mod wait;
mod watched;

pub use edge::{COMMIT, Edge, Moment, Trouble, Way};
pub use environment::{repository, target, variable};
pub use ledgers::Ledgers;
pub use postgres::{Database, Postgres};
pub use process::{Process, ingot};
pub use redis::Redis;
pub use region::{Region, STRANGER};
pub use schema::dump;
pub use sinks::Sink;
pub use stack::{Edges, Options, Stack};
pub use wait::until;

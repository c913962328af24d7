//! The benchmark behind `make bench`: the figures Ingot promises, measured on real processes from the outside and printed
//! as one table with the machine they were measured on.
//!
//! | module | figure |
//! |---|---|
//! | [`advisories`] | reading a vendor's advisories, and judging an update by 10,000 |
//! | [`help`] | how fast `ingot --help` starts |
//! | [`check`] | how long `ingot templates check` takes over forty mistakes |
//! | [`idle`] | what a worker with nothing to do costs |
//! | [`enqueue`] | from a durable task to its handler, on an idle system |
//! | [`delayed`] | how late delayed tasks are |
//! | [`intake`] | `POST /v1/deployments` under 32 connections |
//! | [`crowd`] | 2,000 deployments and 500 images waiting on one worker |
//! | [`installing`] | how soon a failing step is told, and what a thousand installations cost one worker |
//! | [`first_ami`] | from a clone to the AMI of one's own template: the build, and the rest |
//! | [`million`] | the API, the console and the engine over a million finished tasks |
//! | [`notify`] | 10,000 notifications to three receivers |
//! | [`pause`] | how soon a pause of a queue holds, and how fast many dead tasks are made due |
//! | [`plan`] | the plan over 1,000 templates that wait for twenty updates each |
//! | [`purses`] | starts that reserve on one purse at the same time |
//! | [`scan`] | the calls of one look at every base image in ten regions |
//! | [`fleet`] | what 200 builds in ten regions cost one worker |
//! | [`security`] | the security status over 1,000 templates and 200 updates |
//! | [`peer`] | Ingot's side of the comparison with other engines (`make bench-peers`) |
//! | [`build`] | building Ingot; only on request, for it takes half an hour |

pub mod advisories;
pub mod build;
pub mod check;
pub mod crowd;
pub mod delayed;
pub mod enqueue;
pub mod figure;
mod files;
pub mod first_ami;
pub mod fleet;
pub mod help;
mod http;
pub mod idle;
pub mod installing;
pub mod intake;
mod machine;
mod metrics;
pub mod million;
pub mod notify;
pub mod pause;
pub mod peer;
pub mod plan;
mod proc;
pub mod purses;
mod sample;
pub mod scan;
pub mod security;
mod told;

/// So many of a figure's things, or a part of them where `BENCH_PART` says which: with 10 a tenth, at least one. A try of a
/// figure in a debug build needs no more.
pub fn part(all: usize) -> usize {
    let told = crate::environment::variable("BENCH_PART");
    let told = told.and_then(|told| told.parse::<usize>().ok());
    (all / told.unwrap_or(1).max(1)).max(1)
}

pub use figure::{Figure, Verdict};
pub use machine::heading;

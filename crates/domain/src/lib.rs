//! The vocabulary and the rules of Ingot: what a deployment, an image and a task are, which states they may
//! take, and what to do next given a row, the facts and the time. No I/O, no async, no clock, no randomness:
//! every rule here is a function of its arguments, so its tests are tables and properties.

pub mod actor;
pub mod advisory;
pub mod arch;
pub mod auth;
pub mod base;
pub mod build;
pub mod calendar;
#[cfg(test)]
mod cases;
pub mod check;
pub mod cron;
pub mod cron5;
pub mod decide;
pub mod deployment;
pub mod ec2;
pub mod event;
pub mod field;
pub mod fingerprint;
pub mod fitting;
pub mod given;
pub mod guest;
pub mod ids;
pub mod image;
pub mod invariant;
pub mod launched;
pub mod lifetime;
pub mod limits;
pub mod money;
pub mod nearest;
pub mod network;
pub mod notice;
pub mod pace;
pub mod permit;
pub mod place;
pub mod plan;
pub mod play;
pub mod policy;
pub mod price;
pub mod probe;
pub mod provenance;
pub mod purse;
pub mod render;
pub mod request;
pub mod retention;
pub mod retry;
pub mod span;
pub mod stale;
pub mod task;
pub mod template;
pub mod track;
pub mod userdata;
pub mod verb;
pub mod version;
pub mod wait;
pub mod want;
pub mod window;
pub mod zone;

/// Instants are UTC everywhere; the ledger's clock provides them, rules receive them.
pub type Instant = chrono::DateTime<chrono::Utc>;

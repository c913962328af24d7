//! The ledger: one file per table, and the queries over them as named transactions that never span the network.
//! Outside of tests only this crate and `migration` name the database. What only one of Postgres and SQLite can do
//! stays behind a function in `store`.

pub mod account_check;
pub mod advisory;
pub mod advisory_cve;
pub mod assessment;
pub mod attempt;
pub mod base;
pub mod base_ami;
pub mod base_manifest;
pub mod base_update;
pub mod build;
pub mod build_request;
pub mod delivery;
pub mod deployment;
pub mod effect;
pub mod event;
pub mod feed;
pub mod finding;
pub mod idempotency;
pub mod image;
pub mod install_list;
pub mod manifest;
pub mod notification;
pub mod operation;
pub mod policy;
pub mod price;
pub mod purse;
pub mod purse_entry;
pub mod queue;
pub mod rate;
pub mod reading;
pub mod receiver;
pub mod setting;
pub mod signal;
pub mod task;
pub mod template;
pub mod template_off;
pub mod tick;
pub mod token;
pub mod token_use;
pub mod track;
pub mod track_region;
pub mod worker;

pub mod store;

pub use store::{Ledger, LedgerError};

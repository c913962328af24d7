//! The commands that are Ingot itself, one file each; everything else is a client of the HTTP API.

pub(crate) mod api;
pub(crate) mod failpoints;
pub(crate) mod identity;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod openapi;
mod rates;
pub(crate) mod setup;
pub(crate) mod sim;
pub(crate) mod token;
pub(crate) mod up;
pub(crate) mod worker;

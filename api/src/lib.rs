//! The counter: HTTP routes under `/v1`, their OpenAPI document, authentication, live logs, and the first console pages.
//! It writes to the ledger and rings the bell; it never speaks to the cloud.

pub mod console;

mod address;
mod auth;
mod body;
mod doubts;
mod error;
mod gate;
mod live;
mod middleware;
mod openapi;
mod pages;
mod parts;
mod permit;
mod present;
mod remembered;
mod routes;
mod serve;
mod state;
mod status;
mod throttle;
mod used;

pub use openapi::document;
pub use serve::{router, serve};
pub use state::{Api, Login};

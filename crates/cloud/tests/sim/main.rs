//! The adapter over the real SDK, against the simulated region: every promise of `Cloud`, and the faults of the way.

mod auth;
mod check;
mod faults;
mod images;
mod instances;
mod limit;
mod listing;
mod microburst;
mod network;
mod world;

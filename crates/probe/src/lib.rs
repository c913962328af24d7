//! Asks an instance whether it really answers. The address is pinned: it comes from EC2's description of our own
//! instance, and no resolver, proxy or redirect rule of an HTTP library may lead anywhere else (OPERATIONS
//! section 2, FAULTS F26). What an answer means is [`ingot_domain::probe`].

mod fetch;
mod prober;
mod redirect;
mod simulated;
mod target;
mod tls;
mod trouble;
mod words;

pub use prober::{ProbeSetupError, Prober};
pub use simulated::{NoClock, RegionClock};

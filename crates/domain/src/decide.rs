//! What to do next, from a row, the facts and the time. One file per kind of task. Every decision is `Do` (one thing, now),
//! `Wait` (until an instant) or an end; the worker's hands do what is said here and nothing else.

pub mod ami;
pub mod build;
pub mod copy;
pub mod doubt;
pub mod first_boot;
pub mod install;
pub mod launch;
pub mod orphan;
pub mod progress;
pub mod readiness;
pub mod region_end;
pub mod scan;
pub mod scrub;
pub mod spot;
pub mod standing;
pub mod story;

//! Builds: what is wanted is asked for (`wanted`), the plan starts what it says is due (`plan`, `start`), and a build that runs
//! is watched until its instance is gone and its money settled (`watch`). Nothing else decides when a build starts: what
//! `ingot plan` prints is what the next look does (AUTO-AMI 6).

mod deadline;
mod ends;
mod paid;
mod plan;
mod publish;
mod start;
mod wanted;
mod watch;

pub(super) use ends::given_up;
pub(super) use plan::look;
pub(super) use watch::visit;

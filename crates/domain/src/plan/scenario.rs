//! A scenario: everything that a plan is made of, without server or ledger (AUTO-AMI 6, "Scenario files"). `crates/yaml` reads one.

use crate::Instant;
use crate::policy::Policy;

use super::{Plan, Running, Spent, Waiting, plan};

/// A scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The time at which is planned.
    pub now: Instant,
    /// The policy in force.
    pub policy: Policy,
    /// What waits; each template is there once.
    pub queue: Vec<Waiting>,
    /// What is spent in the day and the month of `now`.
    pub spent: Spent,
    /// What runs.
    pub running: Vec<Running>,
}

impl Scenario {
    /// Its plan.
    pub fn plan(&self) -> Plan {
        plan(
            self.now,
            &self.policy,
            &self.spent,
            &self.running,
            &self.queue,
        )
    }
}

//! The invariants of FAULTS section 2 as the running system watches them: what each says, who looks at it, what it means
//! when it is broken and what to do then. The gauge, `/v1/invariants` and `ingot doctor` all speak from this table.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deployment::words;

words! {
    /// One invariant; the label of `ingot_invariant_violations`.
    Invariant {
        /// No orphan.
        I1 = "I1",
        /// One effect.
        I2 = "I2",
        /// No lost deployment.
        I3 = "I3",
        /// Legal states, gapless events, growing epochs.
        I4 = "I4",
        /// Budget.
        I5 = "I5",
        /// Bounded attempts.
        I6 = "I6",
        /// Webhooks are delivered.
        I7 = "I7",
        /// Every administrative change is audited.
        I8 = "I8",
        /// Secrets stay secret.
        I9 = "I9",
        /// Liveness.
        I10 = "I10",
        /// Isolation.
        I11 = "I11",
        /// Convergence.
        I12 = "I12",
    }
}

/// The word of a finding that breaks no invariant: AWS refuses or throttles calls. It is weather, and waited out.
pub const WEATHER: &str = "cloud";

/// The word of a finding that breaks no invariant: something beside us that a person may want to know of or decide about,
/// because it looks like ours and is not.
pub const PROVENANCE: &str = "provenance";
/// What base images show that must not be: a parameter that leads to a stranger, a build that is gone or older than before.
pub const BASE: &str = "base";

/// How an invariant is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// The scan of each minute reads it from the ledger.
    Scanned,
    /// The monitor of each region compares it with EC2.
    Monitored,
    /// What it speaks of does not exist yet.
    NotYet(&'static str),
    /// Tables cannot show it; the fault suite does.
    Tested(&'static str),
}

impl Invariant {
    /// What must hold (FAULTS section 2).
    pub fn says(self) -> &'static str {
        match self {
            Invariant::I1 => {
                "everything in AWS that carries our tags belongs to a row, and nothing outlives its deployment"
            }
            Invariant::I2 => {
                "one launch makes one instance, one image key one AMI, one target one build at a time"
            }
            Invariant::I3 => {
                "an accepted deployment is finished or a worker is going to work on it"
            }
            Invariant::I4 => "states are legal, events have no gap, epochs only grow",
            Invariant::I5 => {
                "reserved and spent money stays within the budget, and what is reserved is for a build that runs"
            }
            Invariant::I6 => "attempts and crashes are bounded, and what is given up says why",
            Invariant::I7 => "each webhook event is delivered at least once",
            Invariant::I8 => "each administrative change has exactly one audit record",
            Invariant::I9 => "secrets never appear in logs, answers, metrics or events",
            Invariant::I10 => "a worker that is silent holds nothing",
            Invariant::I11 => "trouble in one queue does not delay the others",
            Invariant::I12 => "due work is taken up within seconds",
        }
    }

    /// Who looks at it.
    pub fn watch(self) -> Watch {
        match self {
            Invariant::I1 => Watch::Monitored,
            Invariant::I2
            | Invariant::I3
            | Invariant::I4
            | Invariant::I5
            | Invariant::I6
            | Invariant::I10
            | Invariant::I12 => Watch::Scanned,
            Invariant::I7 => Watch::Tested(
                "each delivery is a row with a task, which I3 and I12 watch; tests kill workers around it",
            ),
            Invariant::I8 => Watch::NotYet("there is no audit log yet"),
            Invariant::I9 => Watch::Tested("the tables cannot show a secret that leaked elsewhere"),
            Invariant::I11 => {
                Watch::Tested("I12 shows each late queue; which one disturbs it is for tests")
            }
        }
    }

    /// What it means for people when it is broken.
    pub fn meaning(self) -> &'static str {
        match self {
            Invariant::I1 => "It costs money and serves no deployment.",
            Invariant::I2 => "Something was made twice; one of the two is paid for in vain.",
            Invariant::I3 => {
                "The deployment would wait for ever: no worker is going to work on it."
            }
            Invariant::I4 => {
                "The ledger contradicts itself: a defect, or a person edited it by hand."
            }
            Invariant::I5 => {
                "A budget was overspent, or what it says is not what was reserved and spent: a defect, or a person edited it by hand."
            }
            Invariant::I6 => {
                "A task is tried more often than it may be, or was given up without a reason."
            }
            Invariant::I10 => "Its worker died and no other has taken its tasks over.",
            Invariant::I12 => {
                "Work waits longer than 30 s: workers are missing, overloaded, or out of reach of Redis or the ledger."
            }
            Invariant::I7 | Invariant::I8 | Invariant::I9 | Invariant::I11 => "",
        }
    }

    /// What to do about it.
    pub fn todo(self) -> &'static str {
        match self {
            Invariant::I1 => {
                "`ingot deployments destroy` ends what a deployment left; `ingot findings settle` says what becomes of the rest."
            }
            Invariant::I2 => {
                "`ingot deployments show` names the one that counts; `ingot deployments destroy` ends the deployment's, the other is ended by hand."
            }
            Invariant::I3 => {
                "`ingot deployments cancel` ends it, `retry` starts it again; please report it with `ingot logs` of the deployment."
            }
            Invariant::I4 => {
                "Do not edit the ledger by hand. Please report it with the finding's text."
            }
            Invariant::I5 => {
                "`ingot budget show` and `history` name the figures and entries. Please report it with the finding's text."
            }
            Invariant::I6 => "`ingot tasks show` lists the attempts with their errors.",
            Invariant::I10 => {
                "Start a worker; if others run, see their log: they cannot reach the ledger or Redis."
            }
            Invariant::I12 => {
                "See `ingot queues list` and `ingot doctor` for what is down; start more workers if all is up."
            }
            Invariant::I7 | Invariant::I8 | Invariant::I9 | Invariant::I11 => "",
        }
    }
}

/// Two sightings closer than this (as the cloud's time goes) are one: a visit that was repeated after a crash. Half of the
/// scan's period.
pub const APART: Duration = Duration::from_secs(30);

/// Whether a finding counts: seen twice. Once is a glance at something that may be moving.
pub fn is_violation(sightings: u32) -> bool {
    sightings >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_watched_says_what_it_means_and_what_to_do() {
        for &invariant in Invariant::ALL {
            let watched = matches!(invariant.watch(), Watch::Scanned | Watch::Monitored);
            assert_eq!(watched, !invariant.meaning().is_empty(), "{invariant}");
            assert_eq!(watched, !invariant.todo().is_empty(), "{invariant}");
            assert!(!invariant.says().is_empty(), "{invariant}");
        }
    }

    #[test]
    fn a_glance_is_no_violation() {
        assert!(!is_violation(1) && is_violation(2));
    }
}

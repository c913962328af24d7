//! The trial launch of a check: what no dry run can answer – SSM, the instance profile and its role, the key of the volume –
//! is found out with the smallest instance, which is ended within [`BOUND`]. Its rule is a pure function of what was seen;
//! the worker does what it says.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Permission, Verdict};
use crate::Instant;

/// The type that is launched, and that dry runs ask about: the smallest that every region has and that runs the SSM agent.
pub const SMALLEST: &str = "t3.micro";

/// The public parameter, which every region has, of the base that is launched: Amazon Linux brings the SSM agent.
pub const BASE: &str = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

/// The instance is over this long after its launch, whatever happens.
pub const BOUND: Duration = Duration::from_secs(5 * 60);

/// The worker ends it at the latest this long after its launch: EC2 and a slow worker have the rest of the bound.
pub const END_BY: Duration = Duration::from_secs(3 * 60);

/// It ends itself this many minutes after its boot, which takes less than the rest of the bound: workers may be dead.
const OWN_END: u32 = 3;

/// A question that is older when a worker first launches for it is not launched for: the person who agreed has gone.
pub const AGREED: Duration = Duration::from_secs(60 * 60);

/// How long the end of the instance is tried for before the person is told that it is refused; the instance ends itself.
const LONGEST_ENDING: Duration = Duration::from_secs(10 * 60);

/// What it costs at most, as people read it before they agree, with the source of the figure.
pub const COST: &str = "less than 0.01 USD: t3.micro costs 0.0104 USD an hour on demand in us-east-1 and at most about twice that \
                        elsewhere (aws.amazon.com/ec2/pricing/on-demand), its public address 0.005 USD an hour; its 8 GB volume goes \
                        with it";

/// The user data of the trial: it ends itself, for its shutdown is its termination.
pub fn user_data() -> String {
    format!("#!/bin/sh\nshutdown -h +{OWN_END}\n")
}

/// What a person asked to be tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialOrder {
    /// The instance profile; without one SSM cannot be tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_profile: Option<String>,
    /// The key of its volume; the account's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// The subnet; EC2's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
}

/// What came of it so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// What was asked for.
    pub order: TrialOrder,
    /// The instance, once RunInstances answered.
    #[serde(default)]
    pub instance_id: Option<String>,
    /// When that was.
    #[serde(default)]
    pub launched_at: Option<Instant>,
    /// When its end was asked for, or was seen.
    #[serde(default)]
    pub ended_at: Option<Instant>,
    /// The command that SSM was given.
    #[serde(default)]
    pub command_id: Option<String>,
    /// A verdict for each call, in the order in which they were made.
    #[serde(default)]
    pub calls: Vec<Permission>,
    /// Why the trial did not go through, when it did not.
    #[serde(default)]
    pub error: Option<String>,
}

impl Trial {
    /// Notes the verdict of a call; the first stands, unless a later one is graver.
    pub fn note(&mut self, action: &str, verdict: Verdict, reason: impl Into<String>) {
        let reason = reason.into();
        let known = self.calls.iter_mut().find(|known| known.action == action);
        match known {
            Some(known) if known.verdict == Verdict::Denied || verdict == known.verdict => {}
            Some(known) => (known.verdict, known.reason) = (verdict, reason),
            None => self.calls.push(Permission {
                action: action.to_owned(),
                verdict,
                reason,
            }),
        }
    }

    /// What is known of a call.
    pub fn verdict(&self, action: &str) -> Option<Verdict> {
        let known = self.calls.iter().find(|known| known.action == action);
        known.map(|known| known.verdict)
    }

    /// Every call was allowed, and the instance ran.
    pub fn passed(&self) -> bool {
        let denied = |one: &Permission| one.verdict == Verdict::Denied;
        self.error.is_none() && !self.calls.iter().any(denied)
    }
}

/// How far the instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// EC2 does not show it yet.
    Unseen,
    /// It boots.
    Pending,
    /// It runs.
    Running,
    /// It is being ended or is over.
    Ending,
}

/// How far SSM is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ssm {
    /// There is no profile, or its verdict is there.
    Settled,
    /// No command was taken yet.
    Ask,
    /// A command was taken, its answer is not there.
    Asked,
}

/// What to do next with the instance of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Look again after this.
    Look(Duration),
    /// Send the command.
    Command,
    /// Ask for the command's answer.
    Listen,
    /// End it.
    End,
    /// Its end is refused for longer than it is tried: tell so.
    GiveUp,
    /// It is over.
    Over,
}

/// The rule: `since` is the felt time since the launch.
pub fn next(machine: Machine, ssm: Ssm, since: Duration) -> Next {
    if machine == Machine::Ending {
        return Next::Over;
    }
    if since >= BOUND + LONGEST_ENDING {
        return Next::GiveUp;
    }
    if since >= END_BY {
        return Next::End;
    }
    match (machine, ssm) {
        (Machine::Unseen | Machine::Pending, _) => Next::Look(Duration::from_secs(5)),
        (Machine::Running, Ssm::Ask) => Next::Command,
        (Machine::Running, Ssm::Asked) => Next::Listen,
        (Machine::Running | Machine::Ending, Ssm::Settled) | (Machine::Ending, _) => Next::End,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_ended_as_soon_as_everything_is_settled_and_at_the_latest_in_time() {
        let look = Next::Look(Duration::from_secs(5));
        let table = [
            (Machine::Unseen, Ssm::Ask, 0, look),
            (Machine::Pending, Ssm::Settled, 10, look),
            (Machine::Running, Ssm::Ask, 20, Next::Command),
            (Machine::Running, Ssm::Asked, 60, Next::Listen),
            (Machine::Running, Ssm::Settled, 60, Next::End),
            (Machine::Running, Ssm::Ask, 180, Next::End),
            (Machine::Unseen, Ssm::Ask, 180, Next::End),
            (Machine::Pending, Ssm::Asked, 200, Next::End),
            (Machine::Running, Ssm::Ask, 899, Next::End),
            (Machine::Running, Ssm::Ask, 900, Next::GiveUp),
            (Machine::Ending, Ssm::Ask, 900, Next::Over),
            (Machine::Ending, Ssm::Asked, 10, Next::Over),
        ];
        for (machine, ssm, since, wanted) in table {
            let said = next(machine, ssm, Duration::from_secs(since));
            assert_eq!(said, wanted, "{machine:?} {ssm:?} {since}");
        }
        let own = Duration::from_secs(60 * u64::from(OWN_END));
        assert!(END_BY < BOUND && own + Duration::from_secs(90) < BOUND);
        assert!(user_data().contains("shutdown -h +3"));
    }

    #[test]
    fn denied_stands_and_one_denied_call_fails_the_trial() {
        let mut trial = Trial::default();
        trial.note("a", Verdict::Cannot, "not yet");
        trial.note("a", Verdict::Allowed, "");
        assert!(trial.passed());
        trial.note("b", Verdict::Denied, "no");
        trial.note("b", Verdict::Allowed, "");
        assert_eq!(trial.verdict("a"), Some(Verdict::Allowed));
        assert_eq!(trial.verdict("b"), Some(Verdict::Denied));
        assert!(!trial.passed());
        trial.calls.clear();
        trial.error = Some("no room".to_owned());
        assert!(!trial.passed());
    }
}

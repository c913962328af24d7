//! What a readiness command on the instance says: exit code 0 is ready, all else is not yet.

use crate::guest::tail;
use crate::probe::{ProbeClass, ProbeOutcome};

/// Characters of its output that are told.
const TOLD: usize = 200;

/// How asking ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It ended with this code and printed this.
    Exited(i32, String),
    /// It did not end in the minute it has.
    Silent,
    /// SSM does not know the instance, or could not deliver the command.
    Absent,
}

/// As a check's answer.
pub fn heard(said: Said) -> ProbeOutcome {
    let not_ready = |detail: String| ProbeOutcome::not_ready(ProbeClass::Command, detail);
    match said {
        Said::Exited(0, _) => ProbeOutcome::ready("the command ended with 0"),
        Said::Exited(code, output) => {
            let printed = tail(&output, TOLD);
            let colon = if printed.is_empty() { "" } else { ": " };
            not_ready(format!("the command ended with {code}{colon}{printed}"))
        }
        Said::Silent => not_ready("the command did not end within a minute".to_owned()),
        Said::Absent => not_ready(
            "SSM does not reach the instance yet (its agent, which the template's `ssm_agent: install` installs, or its `instance_profile`)"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_0_is_ready_and_the_rest_is_told() {
        let table = [
            (
                Said::Exited(0, "accepting".to_owned()),
                ProbeClass::Ready,
                "ended with 0",
            ),
            (
                Said::Exited(2, "no response\n".to_owned()),
                ProbeClass::Command,
                "ended with 2: no response",
            ),
            (
                Said::Exited(127, String::new()),
                ProbeClass::Command,
                "ended with 127",
            ),
            (Said::Silent, ProbeClass::Command, "within a minute"),
            (Said::Absent, ProbeClass::Command, "instance_profile"),
        ];
        for (said, class, words) in table {
            let outcome = heard(said.clone());
            assert_eq!(outcome.class, class, "{said:?}");
            assert!(outcome.detail.contains(words), "{}", outcome.detail);
        }
    }
}

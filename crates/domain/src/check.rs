//! What a check of an AWS account found: a verdict for every permission, and the account's facts that deployments meet.
//! The rule that makes verdicts of AWS's answers is here, pure; who asks is the adapter.

pub mod trial;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::deployment::words;
use trial::Trial;

words! {
    /// Whether a permission is there.
    Verdict {
        /// AWS would have done it, or did, for what only reads.
        Allowed = "allowed",
        /// AWS refuses it.
        Denied = "denied",
        /// It cannot be found out without doing it, or not here; the reason says why.
        Cannot = "cannot_be_asked",
    }
}

words! {
    /// How a fact of the account bears on deployments.
    Bearing {
        /// As deployments expect it.
        Good = "good",
        /// Deployments must take care of it.
        Note = "note",
        /// It could not be found out.
        Unknown = "unknown",
    }
}

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// The IAM action, such as `ec2:RunInstances`.
    pub action: String,
    /// Whether it is there.
    pub verdict: Verdict,
    /// AWS's words when it is denied, ours when it cannot be asked.
    #[serde(default)]
    pub reason: String,
}

/// One fact of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// `default_vpc`, `encryption`, `quota_vcpus`, …
    pub name: String,
    /// How it bears on deployments.
    pub bearing: Bearing,
    /// The fact and what follows from it, in one sentence.
    pub text: String,
}

/// What a check of one account and region found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountCheck {
    /// The account.
    pub account: String,
    /// Who asked.
    pub arn: String,
    /// The permissions, denied ones first.
    pub permissions: Vec<Permission>,
    /// The account's facts.
    pub facts: Vec<Fact>,
    /// The trial launch, when one was asked for; a later check without one keeps the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
}

impl AccountCheck {
    /// Takes the verdicts of its trial among the permissions.
    pub fn take_trial(&mut self) {
        let mut tally = Tally(std::mem::take(&mut self.permissions));
        for call in self.trial.iter().flat_map(|trial| &trial.calls) {
            tally.put(&call.action, call.verdict, call.reason.clone());
        }
        self.permissions = tally.verdicts();
    }

    /// How many permissions are denied; only they make a check fail.
    pub fn denied(&self) -> usize {
        let denied = |one: &&Permission| one.verdict == Verdict::Denied;
        self.permissions.iter().filter(denied).count()
    }
}

/// What AWS answered to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It would have been done, or was read.
    Yes,
    /// Refused; AWS may name another action than the one that was asked, which it met first.
    No {
        /// The action that is not allowed, if AWS names one.
        named: Option<String>,
        /// AWS's words.
        reason: String,
    },
    /// Neither: what was asked about is not there, or AWS could not answer.
    Unclear(String),
}

/// Gathers answers into one verdict per permission: denied stands over allowed, allowed over what could not be asked.
#[derive(Debug, Clone, Default)]
pub struct Tally(Vec<Permission>);

impl Tally {
    /// AWS answered about `action`; a yes also settles the actions that the same question included.
    pub fn answered(&mut self, action: &str, included: &[&str], answer: Answer) {
        match answer {
            Answer::Yes => {
                for action in std::iter::once(&action).chain(included) {
                    self.put(action, Verdict::Allowed, String::new());
                }
            }
            Answer::No {
                named: Some(named),
                reason,
            } if named != action => {
                let why = format!("AWS refused {named} first, which this call includes");
                self.put(action, Verdict::Cannot, why);
                self.put(&named, Verdict::Denied, reason);
            }
            Answer::No { reason, .. } => self.put(action, Verdict::Denied, reason),
            Answer::Unclear(why) => self.put(action, Verdict::Cannot, why),
        }
    }

    fn put(&mut self, action: &str, verdict: Verdict, reason: String) {
        let weight = |verdict| match verdict {
            Verdict::Denied => 0,
            Verdict::Allowed => 1,
            Verdict::Cannot => 2,
        };
        match self.0.iter_mut().find(|known| known.action == action) {
            Some(known) if weight(verdict) < weight(known.verdict) => {
                known.verdict = verdict;
                known.reason = reason;
            }
            Some(_) => {}
            None => self.0.push(Permission {
                action: action.to_owned(),
                verdict,
                reason,
            }),
        }
    }

    /// The verdicts: denied, then what cannot be asked, then allowed, each by name.
    pub fn verdicts(self) -> Vec<Permission> {
        let order = |verdict| match verdict {
            Verdict::Denied => 0,
            Verdict::Cannot => 1,
            Verdict::Allowed => 2,
        };
        let mut all = self.0;
        all.sort_by(|a, b| (order(a.verdict), &a.action).cmp(&(order(b.verdict), &b.action)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no(named: Option<&str>) -> Answer {
        Answer::No {
            named: named.map(str::to_owned),
            reason: "refused".to_owned(),
        }
    }

    fn verdict(tally: &Tally, action: &str) -> Verdict {
        let found = tally.0.iter().find(|one| one.action == action);
        found.expect("a verdict").verdict
    }

    #[test]
    fn a_refusal_counts_against_the_action_that_aws_names() {
        let mut tally = Tally::default();
        tally.answered(
            "ec2:RunInstances",
            &["ec2:CreateTags"],
            no(Some("ec2:CreateTags")),
        );
        assert_eq!(verdict(&tally, "ec2:CreateTags"), Verdict::Denied);
        assert_eq!(verdict(&tally, "ec2:RunInstances"), Verdict::Cannot);
        for named in [None, Some("ec2:CreateImage")] {
            tally.answered("ec2:CreateImage", &[], no(named));
            assert_eq!(verdict(&tally, "ec2:CreateImage"), Verdict::Denied);
        }
    }

    #[test]
    fn the_graver_verdict_stands_in_whatever_order_answers_come() {
        let answers = [
            Answer::Yes,
            no(None),
            Answer::Unclear("no object".to_owned()),
        ];
        for first in 0..3 {
            for second in 0..3 {
                let mut tally = Tally::default();
                tally.answered("x", &[], answers[first].clone());
                tally.answered("x", &[], answers[second].clone());
                let grave = [1, 0, 2]
                    .into_iter()
                    .find(|one| [first, second].contains(one));
                let wanted = [Verdict::Allowed, Verdict::Denied, Verdict::Cannot];
                assert_eq!(verdict(&tally, "x"), wanted[grave.expect("one of both")]);
            }
        }
    }

    #[test]
    fn a_yes_settles_what_the_question_included_and_denied_stand_first() {
        let mut tally = Tally::default();
        tally.answered("b", &["c"], Answer::Yes);
        tally.answered("a", &[], Answer::Unclear(String::new()));
        tally.answered("z", &[], no(None));
        let order: Vec<_> = tally.verdicts().into_iter().map(|one| one.action).collect();
        assert_eq!(order, ["z", "a", "b", "c"]);
    }
}

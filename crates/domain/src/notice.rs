//! Notifications: which lines of stories people are told of beside the story itself (AUTO-AMI 8). The append that meets such
//! a line writes the notification in the same transaction; whom it is delivered to is `wish`, when it is tried again `due`.

mod due;
mod reach;
mod topic;
mod wish;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::deployment::words;
use std::fmt;

/// How instants are written for programs: to the second.
pub const SECONDS: chrono::SecondsFormat = chrono::SecondsFormat::Secs;

pub use due::{Answer, GIVEN_UP, Next, Tried, due};
pub use reach::{Security, Smtp, mailbox, posted_to, receiver_name};
pub use topic::Topic;
pub use wish::{When, Wishes};

words! {
    /// How much a notification matters.
    Severity {
        /// Good to know.
        Info = "info",
        /// A person should look.
        Warning = "warning",
        /// A person must look now; it passes quiet hours and digests.
        Critical = "critical",
    }
}

words! {
    /// How a receiver is reached.
    Channel {
        /// A mailbox, by SMTP.
        Email = "email",
        /// A program, by Standard Webhooks.
        Webhook = "webhook",
        /// Slack, or what understands its incoming webhooks.
        Slack = "slack",
    }
}

/// What makes a line of a story a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub topic: Topic,
    /// How much it matters.
    pub severity: Severity,
    /// Of one topic, subject and this word there is one notification; none makes one of every line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<String>,
    /// After this it is of no use: a delivery that quiet hours would bring later passes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// What a program wants to know without reading the sentence.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

impl Notice {
    /// A notice of a topic, as grave as the topic usually is.
    pub fn of(topic: Topic) -> Self {
        Self {
            topic,
            severity: topic.severity(),
            once: None,
            until: None,
            facts: BTreeMap::new(),
        }
    }

    /// The notice that lines of a kind are, unless their writer says otherwise. One line here makes a kind of line a
    /// notification.
    pub fn of_kind(kind: &str) -> Option<Self> {
        let topic = match kind {
            "deployment.ready" => Topic::DeploymentReady,
            "deployment.failed" => Topic::DeploymentFailed,
            "deployment.readiness_timeout" => Topic::ReadinessTimeout,
            "deployment.runs_on" => Topic::StillRunning,
            "deployment.destroy_failed" => Topic::StillRunning,
            "ami.completed" => Topic::AmiCompleted,
            "ami.failed" => Topic::AmiFailed,
            "base.alarm" => Topic::BaseImageAlarm,
            "budget.alert" => Topic::BudgetAlert,
            "receiver.disabled" => Topic::ReceiverDisabled,
            _ => return Self::of_build(kind),
        };
        Some(Self::of(topic))
    }

    /// The notice that a line of a build is. Several workers may see the same end, and a worker may see it again after a
    /// crash: each is told of once.
    fn of_build(kind: &str) -> Option<Self> {
        let topic = match kind {
            "build.completed" => Topic::CompilationComplete,
            "build.failed" => Topic::CompilationFailed,
            "build.switched_off" => Topic::AutoAmiDisabled,
            "build.awaiting_approval" => Topic::ApprovalNeeded,
            "build.deadline_at_risk" => Topic::DeadlineAtRisk,
            "build.deadline_missed" => Topic::DeadlineMissed,
            _ => return None,
        };
        Some(Self::of(topic).once("build"))
    }

    /// The same, as grave as this.
    pub fn as_grave_as(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same, told once per this word.
    pub fn once(mut self, word: impl Into<String>) -> Self {
        self.once = Some(word.into());
        self
    }

    /// The same with a fact.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// What two tellings of the same share: topic, subject, and the word or else the number of the line.
    pub fn key(&self, subject: &str, seq: i64) -> String {
        match &self.once {
            Some(word) => format!("{}:{subject}:{word}", self.topic),
            None => format!("{}:{subject}:{seq}", self.topic),
        }
    }
}

/// What a receiver's secret is sealed for.
pub fn sealed_for(receiver: &str) -> String {
    format!("receiver/{receiver}")
}

/// What the mark in a link means that unsubscribes a receiver from a type.
pub fn unsubscription(receiver: &str, topic: &str) -> String {
    format!("unsubscribe/{receiver}/{topic}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_kind_is_one_notification_per_line_and_one_with_a_word_per_word() {
        let failed = Notice::of_kind("deployment.failed").expect("a notice");
        assert_eq!(failed.key("dep_1", 7), "deployment_failed:dep_1:7");
        let update = Notice::of(Topic::SecurityUpdateAvailable).once("high");
        assert_eq!(
            update.key("upd_1", 7),
            "security_update_available:upd_1:high"
        );
        assert_eq!(Notice::of_kind("deployment.running"), None);
        for (kind, key) in [
            ("build.completed", "compilation_complete:bld_1:build"),
            ("build.deadline_missed", "deadline_missed:bld_1:build"),
        ] {
            let notice = Notice::of_kind(kind).expect("a notice");
            assert_eq!(notice.key("bld_1", 9), key);
        }
        assert_eq!(Notice::of_kind("build.again"), None);
    }
}

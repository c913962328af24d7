//! The types of notifications: AUTO-AMI 8's words, and what each usually means.

use serde::{Deserialize, Serialize};

use super::Severity;
use crate::deployment::words;
use std::fmt;

words! {
    /// What a notification is about.
    Topic {
        /// A base image's update is judged security.
        SecurityUpdateAvailable = "security_update_available",
        /// A rebuild will start.
        RebuildAnnounced = "rebuild_announced",
        /// A build made its image.
        CompilationComplete = "compilation_complete",
        /// A build failed.
        CompilationFailed = "compilation_failed",
        /// A template's builds were switched off.
        AutoAmiDisabled = "auto_ami_disabled",
        /// A build waits for a person.
        ApprovalNeeded = "approval_needed",
        /// A build will be late.
        DeadlineAtRisk = "deadline_at_risk",
        /// A build was late.
        DeadlineMissed = "deadline_missed",
        /// A budget is nearly used up.
        BudgetAlert = "budget_alert",
        /// A deployment answers.
        DeploymentReady = "deployment_ready",
        /// A deployment failed.
        DeploymentFailed = "deployment_failed",
        /// A deployment never answered.
        ReadinessTimeout = "readiness_timeout",
        /// An instance runs on, and costs, after its deployment failed.
        StillRunning = "still_running",
        /// An image was made.
        AmiCompleted = "ami_completed",
        /// An image could not be made.
        AmiFailed = "ami_failed",
        /// An image was retired.
        ImageRetired = "image_retired",
        /// An image was not retired, for something uses it.
        ImageInUseKept = "image_in_use_kept",
        /// A base image shows what must not be.
        BaseImageAlarm = "base_image_alarm",
        /// A look found something that must not be.
        FindingOpened = "finding_opened",
        /// A receiver is not tried any more.
        ReceiverDisabled = "receiver_disabled",
        /// A person tests a receiver.
        Test = "test",
    }
}

impl Topic {
    /// The words people filter by, such as the Prism document's `ami-updates`.
    pub const GROUPS: [&'static str; 6] = [
        "ami-updates",
        "budget",
        "deployments",
        "images",
        "findings",
        "receivers",
    ];

    /// Its group.
    pub fn group(self) -> &'static str {
        match self {
            Topic::SecurityUpdateAvailable
            | Topic::RebuildAnnounced
            | Topic::CompilationComplete
            | Topic::CompilationFailed
            | Topic::AutoAmiDisabled
            | Topic::ApprovalNeeded
            | Topic::DeadlineAtRisk
            | Topic::DeadlineMissed => "ami-updates",
            Topic::BudgetAlert => "budget",
            Topic::DeploymentReady
            | Topic::DeploymentFailed
            | Topic::ReadinessTimeout
            | Topic::StillRunning => "deployments",
            Topic::AmiCompleted
            | Topic::AmiFailed
            | Topic::ImageRetired
            | Topic::ImageInUseKept => "images",
            Topic::BaseImageAlarm | Topic::FindingOpened => "findings",
            Topic::ReceiverDisabled | Topic::Test => "receivers",
        }
    }

    /// The topics of a group, or the one of this word; hyphens are as good as underscores.
    pub fn named(word: &str) -> Vec<Topic> {
        let plain = word.trim().to_ascii_lowercase().replace('-', "_");
        let of = |topic: &&Topic| {
            topic.group().replace('-', "_") == plain || topic.as_str() == plain.as_str()
        };
        Topic::ALL.iter().filter(of).copied().collect()
    }

    /// How much it usually matters.
    pub fn severity(self) -> Severity {
        match self {
            Topic::RebuildAnnounced
            | Topic::CompilationComplete
            | Topic::DeploymentReady
            | Topic::AmiCompleted
            | Topic::ImageRetired
            | Topic::ImageInUseKept
            | Topic::Test => Severity::Info,
            Topic::SecurityUpdateAvailable
            | Topic::CompilationFailed
            | Topic::AutoAmiDisabled
            | Topic::ApprovalNeeded
            | Topic::DeadlineAtRisk
            | Topic::BudgetAlert
            | Topic::DeploymentFailed
            | Topic::ReadinessTimeout
            | Topic::StillRunning
            | Topic::AmiFailed
            | Topic::FindingOpened
            | Topic::ReceiverDisabled => Severity::Warning,
            Topic::DeadlineMissed | Topic::BaseImageAlarm => Severity::Critical,
        }
    }

    /// Its title for people.
    pub fn title(self) -> &'static str {
        match self {
            Topic::SecurityUpdateAvailable => "Security update available",
            Topic::RebuildAnnounced => "Rebuild announced",
            Topic::CompilationComplete => "Auto-compilation complete",
            Topic::CompilationFailed => "Auto-compilation failed",
            Topic::AutoAmiDisabled => "Auto-AMI switched off",
            Topic::ApprovalNeeded => "Approval needed",
            Topic::DeadlineAtRisk => "Deadline at risk",
            Topic::DeadlineMissed => "Deadline missed",
            Topic::BudgetAlert => "Budget alert",
            Topic::DeploymentReady => "Deployment ready",
            Topic::DeploymentFailed => "Deployment failed",
            Topic::ReadinessTimeout => "Deployment did not become ready",
            Topic::StillRunning => "Instance still running",
            Topic::AmiCompleted => "AMI completed",
            Topic::AmiFailed => "AMI failed",
            Topic::ImageRetired => "Image retired",
            Topic::ImageInUseKept => "Image kept: in use",
            Topic::BaseImageAlarm => "Base image alarm",
            Topic::FindingOpened => "Finding opened",
            Topic::ReceiverDisabled => "Receiver disabled",
            Topic::Test => "Test notification",
        }
    }

    /// Who is meant by it (AUTO-AMI 8).
    pub fn audience(self) -> &'static str {
        match self {
            Topic::DeploymentReady | Topic::DeploymentFailed | Topic::ReadinessTimeout => "owner",
            Topic::SecurityUpdateAvailable | Topic::RebuildAnnounced => "instructors",
            _ => "operators",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_a_topic_or_a_group() {
        assert_eq!(Topic::named("budget-alert"), [Topic::BudgetAlert]);
        assert!(Topic::named("ami-updates").contains(&Topic::CompilationComplete));
        assert!(Topic::named("AMI_updates").contains(&Topic::DeadlineMissed));
        assert!(Topic::named("weather").is_empty());
        for topic in Topic::ALL {
            assert!(Topic::GROUPS.contains(&topic.group()), "{topic}");
            assert_eq!(Topic::named(topic.as_str()), [*topic]);
        }
    }
}

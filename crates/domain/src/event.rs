//! The one story: what each event is called and says. The job's log lines, SSE, the console and the CLI's `--watch`
//! all read these. The eight lines of the Kamiwaza document are here word for word (F42).

use serde::{Deserialize, Serialize};

use crate::deployment::words;
use crate::notice::Notice;
use crate::template::KAMIWAZA;
use crate::version::Version;
use std::fmt;
use std::time::Duration;

words! {
    /// Where a line comes from; shown in brackets before it.
    Source {
        /// A client asked for something.
        Request = "request",
        /// Launching and terminating.
        Deploy = "deploy",
        /// The installation on an instance.
        Install = "install",
        /// Readiness checks.
        Readiness = "readiness",
        /// Making the image; the document's name.
        AmiCreation = "ami-creation",
        /// The reconciler.
        Monitor = "monitor",
    }
}

words! {
    /// How much it matters.
    Level {
        /// Progress.
        Info = "info",
        /// Something unexpected that the system lives with.
        Warn = "warn",
        /// Something failed.
        Error = "error",
    }
}

/// One line of a deployment's story, before it has a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Stable word for machines, such as `deployment.queued`.
    pub kind: String,
    /// Where it comes from.
    pub source: Source,
    /// How much it matters.
    pub level: Level,
    /// The sentence for people.
    pub message: String,
    /// What makes it a notification, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Box<Notice>>,
}

impl Line {
    /// A line of progress.
    pub fn info(kind: &str, source: Source, message: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            source,
            level: Level::Info,
            message: message.into(),
            notice: Notice::of_kind(kind).map(Box::new),
        }
    }

    /// The same line as this notification, or as none.
    pub fn telling(mut self, notice: impl Into<Option<Notice>>) -> Self {
        self.notice = notice.into().map(Box::new);
        self
    }

    /// The same line, as a warning.
    pub fn warn(mut self) -> Self {
        self.level = Level::Warn;
        self
    }

    /// The same line, as an error.
    pub fn error(mut self) -> Self {
        self.level = Level::Error;
        self
    }
}

/// A template's name as the log lines write it: the document says `Kamiwaza v0.9.2`.
pub fn product(template: &str) -> String {
    if template == KAMIWAZA {
        "Kamiwaza".to_owned()
    } else {
        template.to_owned()
    }
}

/// The deployment answers, so long after its launch; the document's words for its own template, which has a login.
pub fn ready(template: &str, after: Duration, path: &str) -> Line {
    let how = match template == KAMIWAZA {
        true => " (login accessible)",
        false => "",
    };
    let (name, seconds) = (product(template), after.as_secs());
    let said = format!("✓ {name} ready{how} after {seconds} s, {path}");
    Line::info("deployment.ready", Source::Readiness, said)
}

/// The lines of the document's section *Via Web UI* (F42) and of its second example (F29).
pub mod ami {
    use super::*;

    fn line(kind: &str, message: String) -> Line {
        Line::info(kind, Source::AmiCreation, message)
    }

    /// Line 1.
    pub fn starting() -> Line {
        line(
            "ami.starting",
            "Starting automatic AMI creation...".to_owned(),
        )
    }

    /// Line 2.
    pub fn checking(template: &str, version: &Version) -> Line {
        line(
            "ami.checking",
            format!(
                "Checking for existing AMI for {} {version}...",
                product(template)
            ),
        )
    }

    /// Line 3.
    pub fn none_found() -> Line {
        line(
            "ami.none_found",
            "No existing AMI found, creating new AMI...".to_owned(),
        )
    }

    /// Line 4.
    pub fn creating(name: &str) -> Line {
        line("ami.creating", format!("Creating AMI: {name}"))
    }

    /// Line 5.
    pub fn initiated(ami_id: &str) -> Line {
        line(
            "ami.initiated",
            format!("✓ AMI creation initiated: {ami_id}"),
        )
    }

    /// Line 6.
    pub fn waiting() -> Line {
        line(
            "ami.waiting",
            "Waiting for AMI to become available...".to_owned(),
        )
    }

    /// Line 7.
    pub fn available(size_gb: u32) -> Line {
        line(
            "ami.available",
            format!("✓ AMI is now available! Size: {size_gb} GB"),
        )
    }

    /// Line 8.
    pub fn created(ami_id: &str) -> Line {
        line(
            "ami.completed",
            format!("✓ AMI Created Successfully: {ami_id}"),
        )
    }

    /// First line of a skip because an image exists (the document's example 2).
    pub fn found_existing(ami_id: &str) -> Line {
        line(
            "ami.found_existing",
            format!("Found existing AMI: {ami_id}"),
        )
    }

    /// Second line of that skip.
    pub fn skipped_exists() -> Line {
        line(
            "ami.skipped",
            "Status: skipped (AMI already exists)".to_owned(),
        )
    }

    /// Any other skip.
    pub fn skipped(why: &str) -> Line {
        line("ami.skipped", format!("Status: skipped ({why})"))
    }

    /// The reboot people notice (F31).
    pub fn downtime() -> Line {
        line(
            "ami.downtime",
            "The instance reboots for a consistent image: brief downtime ~2 min".to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_eight_lines_are_word_for_word() {
        let version: Version = "v0.9.2".parse().expect("version");
        let said: Vec<String> = [
            ami::starting(),
            ami::checking(KAMIWAZA, &version),
            ami::none_found(),
            ami::creating("kamiwaza-golden-v0.9.2-20260121-180000"),
            ami::initiated("ami-0123456789abcdef"),
            ami::waiting(),
            ami::available(10),
            ami::created("ami-0123456789abcdef"),
        ]
        .iter()
        .map(|line| format!("[{}] {}", line.source, line.message))
        .collect();
        assert_eq!(
            said,
            [
                "[ami-creation] Starting automatic AMI creation...",
                "[ami-creation] Checking for existing AMI for Kamiwaza v0.9.2...",
                "[ami-creation] No existing AMI found, creating new AMI...",
                "[ami-creation] Creating AMI: kamiwaza-golden-v0.9.2-20260121-180000",
                "[ami-creation] ✓ AMI creation initiated: ami-0123456789abcdef",
                "[ami-creation] Waiting for AMI to become available...",
                "[ami-creation] ✓ AMI is now available! Size: 10 GB",
                "[ami-creation] ✓ AMI Created Successfully: ami-0123456789abcdef",
            ]
        );
    }
}

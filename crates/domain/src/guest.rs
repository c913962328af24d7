//! The inside of an instance, as far as Ingot knows it: scripts that write down how they ended (`record`), the questions
//! it is asked through SSM and what its answers mean (`question`), how far its installation is (`progress`), the scrub before an image (`scrub`), and what a
//! deployment remembers of all that (`Inquiry`).

pub mod bundle;
pub mod packages;
pub mod progress;
pub mod question;
pub mod record;
pub mod redact;
pub mod scrub;

use serde::{Deserialize, Serialize};

use crate::Instant;

/// Where Ingot keeps its own files on an instance.
pub const ROOT: &str = "/var/lib/ingot";

/// What was asked of an instance and what came of it; stored with its deployment, for every visit is a new one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inquiry {
    /// Questions sent that were answered with "not yet".
    pub asks: u32,
    /// Looks for the answer to the question that is under way.
    pub looks: u32,
    /// When the page of a cached launch first answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_at: Option<Instant>,
    /// Since when SSM has not known the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent_since: Option<Instant>,
    /// SSM's id of the readiness command that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe_id: Option<String>,
    /// Looks for its answer.
    #[serde(skip_serializing_if = "is_none")]
    pub probe_looks: u32,
    /// How the first boot of a cached launch went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_boot: Option<FirstBoot>,
    /// The first of the two good answers that stand for a first boot which was not observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Instant>,
    /// How far the installation of a fresh launch is, as far as it was heard of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<progress::Progress>,
    /// The last check was in vain: the deployment gives up as soon as the instance was asked why, or could not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gives_up: Option<GivesUp>,
    /// The lists of packages of a fresh install, while they are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lists: Option<packages::Reading>,
    /// When the next readiness check is due, where visits between two checks look at the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Instant>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// A deployment that is about to give up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivesUp {
    /// Why, for people.
    pub why: String,
    /// Since when the instance is asked.
    pub since: Instant,
    /// A console that EC2 shows late was read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub console: bool,
}

/// How the first boot of a cached launch went, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "seen")]
pub enum FirstBoot {
    /// The instance said that it is over.
    Over,
    /// Nothing could be asked; the instance's status checks and two good answers stand for it.
    NotObserved {
        /// Why not, for people.
        why: String,
    },
}

/// What an instance printed, fit for one line of a story: its last lines, without control characters.
pub fn tail(output: &str, longest: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let lines: Vec<String> = output
        .lines()
        .map(|line| line.chars().map(clean).collect::<String>())
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    let text = lines.join(" | ");
    let count = text.chars().count();
    if count <= longest {
        return text;
    }
    let kept: String = text.chars().skip(count - longest).collect();
    format!("…{kept}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_one_line_without_control_characters() {
        assert_eq!(tail("a\n\n  b\tc\r\n", 80), "a | b c");
        assert_eq!(tail("\u{1b}[31mred\u{7}", 80), "[31mred");
        assert_eq!(tail("0123456789", 4), "…6789");
        assert_eq!(tail("", 4), "");
    }
}

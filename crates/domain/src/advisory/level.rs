//! How bad: the vendors' words as one scale (ADVISORIES 2.1).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::vector;

/// How severe one item is. What is not known has no level and is never taken for low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// May wait.
    Low,
    /// In the usual course.
    Medium,
    /// Within days.
    High,
    /// At once.
    Critical,
}

impl Level {
    /// One step up; critical stays.
    pub fn raised(self) -> Self {
        match self {
            Level::Low => Level::Medium,
            Level::Medium => Level::High,
            Level::High | Level::Critical => Level::Critical,
        }
    }

    /// The word in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
            Level::Critical => "critical",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How severe an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityLevel {
    /// At least one critical item.
    Critical,
    /// At least one high item.
    High,
    /// At least one medium item.
    Medium,
    /// Only low items.
    Low,
    /// The feeds are complete and nothing that counts is among them.
    None,
    /// Cannot be said; the assessment's reasons say why.
    Unknown,
}

impl SecurityLevel {
    /// All of them, the gravest first.
    pub const ALL: [SecurityLevel; 6] = [
        SecurityLevel::Critical,
        SecurityLevel::High,
        SecurityLevel::Medium,
        SecurityLevel::Low,
        SecurityLevel::None,
        SecurityLevel::Unknown,
    ];

    /// Reads a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }

    /// The word in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            SecurityLevel::Critical => "critical",
            SecurityLevel::High => "high",
            SecurityLevel::Medium => "medium",
            SecurityLevel::Low => "low",
            SecurityLevel::None => "none",
            SecurityLevel::Unknown => "unknown",
        }
    }
}

impl From<Level> for SecurityLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => SecurityLevel::Low,
            Level::Medium => SecurityLevel::Medium,
            Level::High => SecurityLevel::High,
            Level::Critical => SecurityLevel::Critical,
        }
    }
}

impl fmt::Display for SecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whose words a severity is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vocabulary {
    /// Canonical's priority of a CVE.
    Ubuntu,
    /// Red Hat, Rocky and AlmaLinux.
    RedHat,
    /// Amazon Linux.
    Amazon,
    /// Debian's urgencies, nearly always silent.
    Debian,
    /// Debian's urgencies of a CVE that was fixed without an advisory.
    Tracker,
    /// Microsoft.
    Msrc,
}

/// The level of a vendor's word, with the vectors known of the CVE. The vendor beats CVSS; CVSS stands in only where the
/// vendor says nothing. A word that is not in the table has no level.
pub fn vendor_level(
    vocabulary: Vocabulary,
    word: Option<&str>,
    vectors: &[String],
) -> Option<Level> {
    let word = word.map(|word| word.trim().to_ascii_lowercase());
    let word = word.as_deref().filter(|word| !word.is_empty());
    let score = vector::highest(vectors);
    let seven = score.is_some_and(|score| score >= 7.0);
    let fallback = || score.and_then(vector::level);
    match vocabulary {
        Vocabulary::Ubuntu => match word {
            Some("critical") => Some(Level::Critical),
            Some("high") => Some(Level::High),
            Some("medium") => Some(Level::Medium),
            Some("low" | "negligible") => Some(Level::Low),
            Some("untriaged") | None => fallback(),
            Some(_) => None,
        },
        Vocabulary::RedHat => match word {
            Some("critical") => Some(Level::Critical),
            Some("important") => Some(Level::High),
            Some("moderate") => Some(Level::Medium),
            Some("low") => Some(Level::Low),
            Some("none") | None => fallback(),
            Some(_) => None,
        },
        Vocabulary::Amazon => match word {
            Some("critical") => Some(Level::Critical),
            Some("important") => Some(Level::High),
            Some("medium") => Some(Level::Medium),
            Some("low") => Some(Level::Low),
            None => fallback(),
            Some(_) => None,
        },
        // Only ever asked of a DSA or DLA, which is worth an advisory: medium at least.
        Vocabulary::Debian => match word.map(|word| word.trim_end_matches('*')) {
            Some("unimportant") => Some(Level::Low),
            _ if seven => Some(Level::High),
            _ => Some(Level::Medium),
        },
        Vocabulary::Tracker => match word.map(|word| word.trim_end_matches('*')) {
            Some("high") => Some(Level::High),
            Some("medium") => Some(Level::Medium),
            Some("low" | "no-dsa" | "unimportant") => Some(Level::Low),
            Some("not yet assigned") | None => fallback(),
            Some(_) => None,
        },
        Vocabulary::Msrc => {
            let nothing = vectors.iter().any(|vector| vector::needs_nothing(vector));
            match word {
                Some("critical") if nothing => Some(Level::Critical),
                Some("critical") => Some(Level::High),
                Some("important") if seven => Some(Level::High),
                Some("important" | "moderate") => Some(Level::Medium),
                Some("low") => Some(Level::Low),
                None => fallback(),
                Some(_) => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Vocabulary::{Amazon, Debian, Msrc, RedHat, Tracker, Ubuntu};
    use super::*;

    const NINE: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N";
    const SEVEN: &str = "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H";
    const TWO: &str = "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:C/C:N/I:L/A:N";

    #[test]
    fn vendors_words_stand_for_levels() {
        let (low, medium, high, critical) = (
            Some(Level::Low),
            Some(Level::Medium),
            Some(Level::High),
            Some(Level::Critical),
        );
        let table = [
            (Ubuntu, Some("critical"), "", critical),
            (Ubuntu, Some("high"), TWO, high),
            (Ubuntu, Some("negligible"), NINE, low),
            (Ubuntu, Some("untriaged"), "", None),
            (Ubuntu, None, "", None),
            (Ubuntu, None, NINE, critical),
            (Ubuntu, Some("severe"), NINE, None),
            (RedHat, Some("Critical"), "", critical),
            (RedHat, Some("Important"), "", high),
            // RHSA-2023:7435: the vendor beats CVSS.
            (RedHat, Some("Moderate"), NINE, medium),
            (RedHat, Some("Low"), NINE, low),
            (RedHat, Some("None"), "", None),
            (RedHat, Some("Catastrophic"), "", None),
            (Amazon, Some("important"), "", high),
            (Amazon, Some("Important"), "", high),
            (Amazon, Some("medium"), "", medium),
            (Amazon, None, "", None),
            (Debian, None, "", medium),
            (Debian, Some("not yet assigned"), SEVEN, high),
            (Debian, Some("unimportant"), "", low),
            (Tracker, Some("medium**"), "", medium),
            (Tracker, Some("no-dsa"), NINE, low),
            (Tracker, Some("not yet assigned"), "", None),
            (Tracker, Some("not yet assigned"), SEVEN, high),
            (Msrc, Some("Critical"), NINE, critical),
            (Msrc, Some("Critical"), SEVEN, high),
            (Msrc, Some("Important"), SEVEN, high),
            (Msrc, Some("Important"), TWO, medium),
            (Msrc, Some("Moderate"), NINE, medium),
            (Msrc, Some("Low"), "", low),
            (Msrc, None, "", None),
        ];
        for (vocabulary, word, vector, wanted) in table {
            let vectors: Vec<String> = Some(vector.to_owned())
                .into_iter()
                .filter(|vector| !vector.is_empty())
                .collect();
            let level = vendor_level(vocabulary, word, &vectors);
            assert_eq!(level, wanted, "{vocabulary:?} {word:?} {vector}");
        }
    }

    #[test]
    fn a_level_rises_by_one_and_ends_at_critical() {
        assert!(Level::Low < Level::Medium && Level::High < Level::Critical);
        assert_eq!(Level::Medium.raised(), Level::High);
        assert_eq!(Level::Critical.raised(), Level::Critical);
    }
}

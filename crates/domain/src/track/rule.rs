//! The rule for names: an anchored pattern that finds the build in a name, and the order of what it finds.

use std::cmp::Ordering;

use regex_lite::{Regex, RegexBuilder};

use crate::advisory::base::Build;

/// The longest pattern of a track, in bytes.
pub(super) const LONGEST_PATTERN: usize = 300;

/// A pattern that cannot be a track's rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    /// Longer than any name needs.
    #[error("is longer than {LONGEST_PATTERN} characters")]
    TooLong,
    /// Not a pattern.
    #[error("is no pattern: {0}")]
    Syntax(String),
    /// Nothing in it says what the build is.
    #[error(
        r"has no group that finds the build: add one such as `(?<build>\d{{8}}(?:\.\d+)?)`, or the groups `release`, `day` and `respin`"
    )]
    NoBuild,
}

/// A track's rule, ready to match.
#[derive(Debug, Clone)]
pub struct Rule(Regex);

/// What a name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The build.
    pub build: Build,
    /// What tells lines of one track apart, such as `kernel-6.1`; empty where there is but one.
    pub product: String,
}

impl Rule {
    /// Reads a pattern. It is anchored at both ends whatever it says.
    pub fn new(pattern: &str) -> Result<Self, BadRule> {
        if pattern.len() > LONGEST_PATTERN {
            return Err(BadRule::TooLong);
        }
        let anchored = format!("^(?:{pattern})$");
        let regex = RegexBuilder::new(&anchored)
            .size_limit(1 << 20)
            .build()
            .map_err(|error| BadRule::Syntax(error.to_string()))?;
        let named: Vec<&str> = regex.capture_names().flatten().collect();
        if !named.contains(&"build") && !named.contains(&"day") {
            return Err(BadRule::NoBuild);
        }
        Ok(Self(regex))
    }

    /// The version that a name tells, if it is one of the track.
    pub fn read(&self, name: &str) -> Option<Version> {
        let found = self.0.captures(name)?;
        // `$` would also match before a line's end.
        if found.get(0)?.len() != name.len() {
            return None;
        }
        let part = |of: &str| found.name(of).map(|part| part.as_str());
        let build = match part("build") {
            Some(build) => build.to_owned(),
            None => {
                let parts = ["release", "day", "respin"].into_iter().filter_map(part);
                parts.collect::<Vec<_>>().join(".")
            }
        };
        Some(Version {
            build: Build::parse(&build).ok()?,
            product: part("product").unwrap_or_default().to_owned(),
        })
    }
}

impl Version {
    /// Numeric order of builds, never that of their text (ADVISORIES 1.1).
    pub fn order(&self, other: &Self) -> Ordering {
        self.build.key().cmp(&other.build.key())
    }

    /// What changes from `before` to this, beside the build: another minor release, another line.
    pub fn tags(&self, before: &Self) -> Vec<String> {
        let mut tags = Vec::new();
        let (old, new) = (before.build.release_text(), self.build.release_text());
        if old != new {
            tags.push(format!("feature:{old}->{new}"));
        }
        if before.product != self.product {
            let word = |product: &str| {
                if product.is_empty() {
                    "none".to_owned()
                } else {
                    product.to_owned()
                }
            };
            let (old, new) = (word(&before.product), word(&self.product));
            tags.push(format!("feature:{old}->{new}"));
        }
        tags
    }
}

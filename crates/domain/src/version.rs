//! Versions as the Kamiwaza document writes them (F70), `[v]x.y.z[-suffix]`, also as a branch `release/x.y.z`; and as other
//! teams do: two to four numbers (`2024.06`, `1.2.3.4`), with or without `+build`; and, for a template that says
//! `ordered: false`, a label such as a commit.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::field::FieldError;

/// The longest text of a version, in characters.
pub const LONGEST: usize = 1 + 4 * 11 + 2 * (1 + LONGEST_PART);
/// The longest suffix and the longest build.
const LONGEST_PART: usize = 32;

/// The longest label.
const LONGEST_LABEL: usize = 64;
/// The shortest text of hexadecimal digits that is taken for a commit although it has no decimal digit.
const SHORTEST_COMMIT: usize = 7;

/// A parsed version. Its text is always `vNUMBERS[-suffix][+build]`, so that one version has one spelling in tags and names;
/// or a label, where the template says `ordered: false`.
///
/// Order: numbers first, where `1.2` is `1.2.0`. A `-patchN` (or `-pN`, `-hotfixN`) suffix comes *after* the plain version,
/// in the order of N, because the document uses it for patches; any other suffix (`-rc1`, `-beta`) comes *before* it, as
/// semver has it. A build comes after the version without one. Labels come before all of them, by their text, which says
/// nothing about their age.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(Form);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Form {
    /// A text without an order, such as a commit.
    Label(String),
    Numbered(Numbered),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Numbered {
    /// Two to four numbers as they were written: `2024.06` keeps its zero.
    numbers: String,
    suffix: Option<String>,
    build: Option<String>,
}

impl Version {
    /// A version as any template may have it: with numbers, or else a label such as a commit.
    pub fn read(text: &str) -> Result<Self, FieldError> {
        let label = || is_label(text).then(|| Self(Form::Label(text.to_owned())));
        parse(text)
            .or_else(label)
            .ok_or_else(|| unreadable(text, true))
    }

    /// Whether it has an order: a commit has none.
    pub fn is_ordered(&self) -> bool {
        matches!(self.0, Form::Numbered(_))
    }
}

/// Letters, digits, `.`, `_` and `-`. A word without a digit, such as `latest`, names another version each day, so only one
/// with a digit is a label, or one that looks like a commit.
fn is_label(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let digit = text.bytes().any(|b| b.is_ascii_digit());
    let commit = text.len() >= SHORTEST_COMMIT && text.bytes().all(|b| b.is_ascii_hexdigit());
    (1..=LONGEST_LABEL).contains(&text.len())
        && text.chars().all(legal)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && (digit || commit)
}

fn unreadable(text: &str, labels: bool) -> FieldError {
    let ways = "write it as `v1.2.3`, `1.2.3`, `v1.2.3-patch1` or `release/1.2.3`; `2024.06`, `1.2.3.4` and `1.2.3+build` are \
                versions, too";
    let message = match (labels, is_label(text)) {
        (false, true) => format!(
            "{ways}; a commit, or another text without an order, needs `ordered: false` in the template"
        ),
        (false, false) => ways.to_owned(),
        (true, _) => format!(
            "{ways}; with `ordered: false` a template takes a commit or another label, too: 1 to {LONGEST_LABEL} letters, digits, `.`, `_` and `-`, \
             with a digit among them, for a word such as `latest` names another version each day"
        ),
    };
    FieldError::new("version", text, message)
}

impl Numbered {
    /// The numbers without zeros at the end.
    fn values(&self) -> Vec<u32> {
        let mut values: Vec<u32> = self
            .numbers
            .split('.')
            .map(|part| part.parse().unwrap_or(0))
            .collect();
        while values.last() == Some(&0) {
            values.pop();
        }
        values
    }

    fn rank(&self) -> (u8, u128, &str) {
        match self.suffix.as_deref() {
            None => (1, 0, ""),
            Some(suffix) => match patch_number(suffix) {
                Some(number) => (2, number, ""),
                None => (0, 0, suffix),
            },
        }
    }
}

fn patch_number(suffix: &str) -> Option<u128> {
    ["patch", "hotfix", "p"]
        .iter()
        .find_map(|word| suffix.strip_prefix(word))
        .and_then(|digits| digits.trim_start_matches(['.', '-']).parse().ok())
}

/// Splits a suffix into numeric and other identifiers, as semver orders them (`rc2` < `rc10` is not semver, but
/// `rc.2` < `rc.10` is; digits at the end of a word are compared as numbers too because people write `rc10`). The longest
/// suffix of digits fits.
fn suffix_parts(suffix: &str) -> Vec<(String, u128)> {
    suffix
        .split(['.', '-'])
        .map(|part| {
            let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
            let number = part[word.len()..].parse().unwrap_or(0);
            (word.to_owned(), number)
        })
        .collect()
}

impl Ord for Numbered {
    fn cmp(&self, other: &Self) -> Ordering {
        let build = |v: &Self| v.build.as_deref().map(suffix_parts);
        self.values().cmp(&other.values()).then_with(|| {
            let (mine, theirs) = (self.rank(), other.rank());
            (mine.0, mine.1)
                .cmp(&(theirs.0, theirs.1))
                .then_with(|| suffix_parts(mine.2).cmp(&suffix_parts(theirs.2)))
                .then_with(|| build(self).cmp(&build(other)))
                .then_with(|| self.to_string().cmp(&other.to_string()))
        })
    }
}

impl PartialOrd for Numbered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Form::Numbered(mine), Form::Numbered(theirs)) => mine.cmp(theirs),
            (Form::Label(mine), Form::Label(theirs)) => mine.cmp(theirs),
            (Form::Label(_), Form::Numbered(_)) => Ordering::Less,
            (Form::Numbered(_), Form::Label(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.numbers)?;
        if let Some(suffix) = &self.suffix {
            write!(f, "-{suffix}")?;
        }
        if let Some(build) = &self.build {
            write!(f, "+{build}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Label(text) => f.write_str(text),
            Form::Numbered(numbered) => numbered.fmt(f),
        }
    }
}

impl FromStr for Version {
    type Err = FieldError;

    /// A version with numbers; [`Version::read`] takes labels, too.
    fn from_str(text: &str) -> Result<Self, FieldError> {
        parse(text).ok_or_else(|| unreadable(text, false))
    }
}

fn parse(text: &str) -> Option<Version> {
    let bare = text.strip_prefix("release/").unwrap_or(text);
    let bare = bare.strip_prefix(['v', 'V']).unwrap_or(bare);
    let (bare, build) = match bare.split_once('+') {
        Some((bare, build)) => (bare, Some(build)),
        None => (bare, None),
    };
    let (numbers, suffix) = match bare.split_once('-') {
        Some((numbers, suffix)) => (numbers, Some(suffix)),
        None => (bare, None),
    };
    let parts: Vec<&str> = numbers.split('.').collect();
    let numbers_good = (2..=4).contains(&parts.len())
        && parts.iter().enumerate().all(|(i, part)| is_number(part, i));
    let word = |text: &&str| {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        (1..=LONGEST_PART).contains(&text.len()) && text.chars().all(legal)
    };
    let words_good = [suffix, build].iter().flatten().all(word);
    (numbers_good && words_good).then(|| {
        Version(Form::Numbered(Numbered {
            numbers: numbers.to_owned(),
            suffix: suffix.map(str::to_owned),
            build: build.map(str::to_owned),
        }))
    })
}

/// Digits only. A zero leads only a number of two digits that is not the first, as in `2024.06`: `v01.2.3` and `v1.2.3`
/// would otherwise be two spellings of one version.
fn is_number(text: &str, place: usize) -> bool {
    let digits = (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let zero = text.len() > 1 && text.starts_with('0');
    digits && (!zero || (place > 0 && text.len() == 2)) && text.parse::<u32>().is_ok()
}

impl TryFrom<String> for Version {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::read(&text)
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.to_string()
    }
}

#[cfg(test)]
mod tests;

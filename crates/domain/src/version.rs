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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn v(text: &str) -> Version {
        text.parse().expect(text)
    }

    #[test]
    fn one_version_has_one_spelling() {
        for text in [
            "v0.9.2",
            "0.9.2",
            "V0.9.2",
            "release/0.9.2",
            "release/v0.9.2",
        ] {
            assert_eq!(v(text).to_string(), "v0.9.2", "{text}");
        }
        for (text, spelled) in [
            ("v0.9.2-patch1", "v0.9.2-patch1"),
            ("1.2.3+build", "v1.2.3+build"),
            ("1.2.3-rc.1+20240601.7", "v1.2.3-rc.1+20240601.7"),
            ("2024.06", "v2024.06"),
            ("release/24.04.1", "v24.04.1"),
            ("1.2.3.4", "v1.2.3.4"),
            ("20240601.2", "v20240601.2"),
        ] {
            assert_eq!(v(text).to_string(), spelled);
            assert_eq!(v(spelled).to_string(), spelled);
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for bad in [
            "",
            "v",
            "latest",
            "v1",
            "v1.2.3.4.5",
            "v1.2.x",
            "v1.2.003",
            "v1.2.3+",
            "v1.2.3+a+b",
            "v1.2.3+a b",
            "release/latest",
            "v1.2.3-",
            "v1.2.3-a b",
            "v01.2.3",
            "1.2.-3",
            "v1.2.3-ä",
            "v99999999999.0.0",
            "+1.2.3",
        ] {
            let error = bad.parse::<Version>().expect_err(bad);
            assert_eq!(error.field, "version");
        }
    }

    #[test]
    fn a_commit_is_a_label_and_keeps_its_text() {
        for text in [
            "4f2c9e1",
            "deadbeef",
            "9fceb02d0ae598e95dc970b74767f19372d61af8",
            "main-4f2c9e1",
            "nightly_2024-06-01",
            "16",
        ] {
            let version = Version::read(text).expect(text);
            assert!(!version.is_ordered(), "{text}");
            assert_eq!(version.to_string(), text);
            let stored = serde_json::to_string(&version).expect("stored");
            assert_eq!(serde_json::from_str::<Version>(&stored).ok(), Some(version));
            let refused = text.parse::<Version>().expect_err(text);
            assert!(refused.message.contains("`ordered: false`"), "{refused}");
        }
        assert!(Version::read("1.2.3").expect("numbers").is_ordered());
        for bad in [
            "latest",
            "main",
            "",
            "-1",
            ".1",
            "a 1",
            "ä1",
            "1/2",
            &"1".repeat(65),
        ] {
            let refused = Version::read(bad).expect_err(bad);
            assert!(refused.message.contains("`latest`"), "{refused}");
            assert!(
                !bad.parse::<Version>()
                    .expect_err(bad)
                    .message
                    .contains("ordered")
            );
        }
    }

    #[test]
    fn order_is_the_order_of_release() {
        let rising = [
            "v0.9.2-beta",
            "v0.9.2-rc2",
            "v0.9.2-rc10",
            "v0.9.2",
            "v0.9.2-patch1",
            "v0.9.2-patch10",
            "v0.9.3",
            "v0.10.0",
            "v1.0",
            "v1.0.0",
            "v1.0.0+1",
            "v1.0.0+2",
            "v1.0.0+10",
            "v1.0.0.1",
            "v1.0.1",
            "v24.04",
            "v24.10",
            "v2024.06",
            "v2024.06-patch1",
            "v2024.12",
        ];
        for pair in rising.windows(2) {
            assert!(v(pair[0]) < v(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    /// What semver says of two versions of its own form (semver.org, 11), with the suffixes that semver has no other word
    /// for: ours of patches and of digits after a word are left to the table above.
    fn semver(a: &(u32, u32, u32, String), b: &(u32, u32, u32, String)) -> Ordering {
        let numbers = (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2));
        let part = |text: &str| match text.parse::<u64>() {
            Ok(number) => (0, number, String::new()),
            Err(_) => (1, 0, text.to_owned()),
        };
        let parts = |text: &str| text.split('.').map(part).collect::<Vec<_>>();
        numbers.then_with(|| match (a.3.as_str(), b.3.as_str()) {
            ("", "") => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (mine, theirs) => parts(mine).cmp(&parts(theirs)),
        })
    }

    fn of_semver() -> impl Strategy<Value = (u32, u32, u32, String)> {
        let suffix = "((alpha|beta|rc)(\\.(0|[1-9][0-9]?)){0,2})?";
        (0u32..4, 0u32..4, 0u32..4, suffix)
    }

    fn spelled(parts: &(u32, u32, u32, String)) -> String {
        let dash = if parts.3.is_empty() { "" } else { "-" };
        format!("{}.{}.{}{dash}{}", parts.0, parts.1, parts.2, parts.3)
    }

    const ANY: &str = "v[0-2](\\.0?[0-2]){1,3}(-(rc|patch|p\\.)?[0-9]{1,20})?(\\+[0-9]{1,2})?|[a-c]{0,2}[0-9]{1,2}";

    proptest! {
        #[test]
        fn text_and_back(a in 0u32..1000, b in 0u32..1000, c in 0u32..1000, s in proptest::option::of("[a-z0-9]{1,8}")) {
            let text = match s { Some(s) => format!("v{a}.{b}.{c}-{s}"), None => format!("v{a}.{b}.{c}") };
            prop_assert_eq!(v(&text).to_string(), text);
        }

        #[test]
        fn order_is_total(a in ANY, b in ANY, c in ANY) {
            let [x, y, z] = [&a, &b, &c].map(|text| Version::read(text).expect("a version"));
            prop_assert_eq!(x.cmp(&y), y.cmp(&x).reverse());
            prop_assert_eq!(x == y, x.cmp(&y) == Ordering::Equal);
            let mut three = [x, y, z];
            three.sort();
            prop_assert!(three[0] <= three[1] && three[1] <= three[2] && three[0] <= three[2]);
        }

        #[test]
        fn order_agrees_with_semver(a in of_semver(), b in of_semver()) {
            prop_assert_eq!(v(&spelled(&a)).cmp(&v(&spelled(&b))), semver(&a, &b));
        }
    }
}

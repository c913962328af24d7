//! Versions as the Kamiwaza document writes them (F70), `[v]x.y.z[-suffix]`, also as a branch `release/x.y.z`; and as other
//! teams do: two to four numbers (`2024.06`, `1.2.3.4`), with or without `+build`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::field::FieldError;

/// The longest text of a version, in characters.
pub const LONGEST: usize = 1 + 4 * 11 + 2 * (1 + LONGEST_PART);
/// The longest suffix and the longest build.
const LONGEST_PART: usize = 32;

/// A parsed version. Its text is always `vNUMBERS[-suffix][+build]`, so that one version has one spelling in tags and names.
///
/// Order: numbers first, where `1.2` is `1.2.0`. A `-patchN` (or `-pN`, `-hotfixN`) suffix comes *after* the plain version,
/// in the order of N, because the document uses it for patches; any other suffix (`-rc1`, `-beta`) comes *before* it, as
/// semver has it. A build comes after the version without one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// Two to four numbers as they were written: `2024.06` keeps its zero.
    numbers: String,
    suffix: Option<String>,
    build: Option<String>,
}

impl Version {
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

    fn rank(&self) -> (u8, u64, &str) {
        match self.suffix.as_deref() {
            None => (1, 0, ""),
            Some(suffix) => match patch_number(suffix) {
                Some(number) => (2, number, ""),
                None => (0, 0, suffix),
            },
        }
    }
}

fn patch_number(suffix: &str) -> Option<u64> {
    ["patch", "hotfix", "p"]
        .iter()
        .find_map(|word| suffix.strip_prefix(word))
        .and_then(|digits| digits.trim_start_matches(['.', '-']).parse().ok())
}

/// Splits a suffix into numeric and other identifiers, as semver orders them (`rc2` < `rc10` is not semver, but
/// `rc.2` < `rc.10` is; digits at the end of a word are compared as numbers too because people write `rc10`).
fn suffix_parts(suffix: &str) -> Vec<(String, u64)> {
    suffix
        .split(['.', '-'])
        .map(|part| {
            let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
            let number = part[word.len()..].parse().unwrap_or(0);
            (word.to_owned(), number)
        })
        .collect()
}

impl Ord for Version {
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

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
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

impl FromStr for Version {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        parse(text).ok_or_else(|| {
            FieldError::new(
                "version",
                text,
                "write it as `v1.2.3`, `1.2.3`, `v1.2.3-patch1` or `release/1.2.3`; `2024.06`, `1.2.3.4` and `1.2.3+build` are \
                 versions, too",
            )
        })
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
    (numbers_good && words_good).then(|| Version {
        numbers: numbers.to_owned(),
        suffix: suffix.map(str::to_owned),
        build: build.map(str::to_owned),
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
        text.parse()
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

    proptest! {
        #[test]
        fn text_and_back(a in 0u32..1000, b in 0u32..1000, c in 0u32..1000, s in proptest::option::of("[a-z0-9]{1,8}")) {
            let text = match s { Some(s) => format!("v{a}.{b}.{c}-{s}"), None => format!("v{a}.{b}.{c}") };
            prop_assert_eq!(v(&text).to_string(), text);
        }

        #[test]
        fn order_is_total(a in "v[0-2](\\.0?[0-2]){1,3}(-(rc|patch)[0-9])?(\\+[0-9]{1,2})?", b in "v[0-2](\\.0?[0-2]){1,3}(-(rc|patch)[0-9])?(\\+[0-9]{1,2})?") {
            let (x, y) = (v(&a), v(&b));
            prop_assert_eq!(x.cmp(&y), y.cmp(&x).reverse());
            prop_assert_eq!(x == y, x.cmp(&y) == Ordering::Equal);
        }
    }
}

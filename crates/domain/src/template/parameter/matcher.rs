//! Patterns of values: compiled in little room, and held against a value in little time.

use regex_lite::{Regex, RegexBuilder};

/// Bytes of a compiled pattern.
const LARGEST: usize = 64 * 1024;

/// Bytes of a compiled pattern times the characters that it is held against: some milliseconds.
const MOST_WORK: usize = 8 * 1024 * 1024;

/// Why a value is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unmatched {
    /// The pattern says something else.
    Differs,
    /// It is too long for a pattern of this size; the number is of characters that are not.
    TooLong(usize),
}

/// What is wrong with a pattern.
pub(super) fn pattern(pattern: &str) -> Result<(), String> {
    // By itself first: `a)|(?:.*` is one in parentheses only.
    alone(pattern)
        .and_then(|_| whole(pattern, LARGEST))
        .map(drop)
        .map_err(|error| match error.to_string() {
            large if large.contains("size limit") => {
                "it is too large when it is compiled: repeat less within repetitions, with smaller numbers in `{…}`"
                    .to_owned()
            }
            other => format!("no regular expression: {other}"),
        })
}

/// Holds a value against a pattern. One that [`pattern`] refuses takes no value.
pub(super) fn check(pattern: &str, value: &str) -> Result<(), Unmatched> {
    let matches = |matcher: Regex| {
        let matches = matcher.is_match(value);
        matches.then_some(()).ok_or(Unmatched::Differs)
    };
    if alone(pattern).is_err() {
        return Err(Unmatched::Differs);
    }
    let length = value.chars().count().max(1);
    if let Ok(matcher) = whole(pattern, LARGEST.min(MOST_WORK / length)) {
        return matches(matcher);
    }
    // It is larger than this value allows: the longest that it allows is looked for.
    let mut most = length;
    while most > MOST_WORK / LARGEST {
        most /= 2;
        if whole(pattern, LARGEST.min(MOST_WORK / most)).is_ok() {
            return Err(Unmatched::TooLong(most));
        }
    }
    Err(Unmatched::Differs)
}

fn alone(pattern: &str) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(pattern).size_limit(LARGEST).build()
}

fn whole(pattern: &str, bytes: usize) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(bytes)
        .build()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_is_a_pattern() {
        for good in [
            "a|b",
            "[a-z.]+",
            r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,3}",
            "(?i)x",
        ] {
            assert_eq!(pattern(good), Ok(()), "{good}");
        }
        for (bad, part) in [
            ("a)|(?:.*", "no regular expression"),
            ("(", "no regular expression"),
            (r"(((\w{0,40}){0,40}){0,25})", "repeat less"),
            (r"(\w{0,1000}){0,1000}", "repeat less"),
        ] {
            let told = pattern(bad).expect_err(bad);
            assert!(told.contains(part), "{bad}: {told}");
            assert_eq!(check(bad, "x"), Err(Unmatched::Differs), "{bad}");
        }
    }

    #[test]
    fn a_match_takes_little_time() {
        let long = "a".repeat(1000);
        assert_eq!(check("a+", &long), Ok(()));
        assert_eq!(check("(a|aa)+b", &long), Err(Unmatched::Differs));
        let large = r"(\w{0,20}){0,20}";
        assert!(matches!(check(large, &long), Err(Unmatched::TooLong(most)) if most >= 60));
        assert_eq!(check(large, &long[..60]), Ok(()));
        let begun = Instant::now();
        let _ = check(r"(\w{0,20}){0,20}b", &long[..100]);
        // Much more than it takes, for a slow machine and a build without optimisation.
        assert!(begun.elapsed() < Duration::from_millis(500));
    }
}

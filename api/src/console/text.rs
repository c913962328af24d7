//! Text as pages show it: times, durations, addresses, and words that came from outside (a machine's log, a person's
//! job name) without the characters that lie about what they say.

use chrono::{DateTime, Utc};
use ingot_domain::field::is_hidden;

/// Words from outside, without terminal escapes, control characters and what cannot be seen, such as the marks that reorder
/// text: they would show something else than what was written. Line breaks and tabs stay. `live.js` has the same rule.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            if letters.next_if_eq(&'[').is_some() {
                // A CSI sequence ends with a character from `@` to `~`; what stands between belongs to it.
                while letters.next_if(|c| matches!(c, ' '..='?')).is_some() {}
                letters.next_if(|c| matches!(c, '@'..='~'));
            }
        } else if matches!(letter, '\n' | '\t') || !(letter.is_control() || is_hidden(letter)) {
            shown.push(letter);
        }
    }
    shown
}

/// Letters of a text that a list shows; a page of its own or the API's JSON has the rest.
const SHOWN: usize = 600;

/// The beginning of a text that is too long for a list, and how long it is.
pub(super) fn brief(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text,
        Some((end, _)) => {
            let all = text.chars().count();
            format!("{}… ({all} characters)", &text[..end])
        }
    }
}

/// An instant for machines (`datetime` attributes).
pub(super) fn iso(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An instant for people; always UTC, as in the ledger and in image names.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The time of day of a log line.
pub(super) fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// Seconds as `18 min 4 s`; `None` for what is no duration.
pub(super) fn duration(seconds: f64) -> Option<String> {
    if !seconds.is_finite() || seconds < 0.0 {
        return None;
    }
    // Saturating: a wrong number of seconds is shown, it does not end the page.
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    Some(match (hours, minutes) {
        (0, 0) if seconds < 10.0 => format!("{seconds:.1} s"),
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes} min {rest} s"),
        _ => format!("{hours} h {minutes} min"),
    })
}

/// How long ago, or in how long, in the largest unit that says enough.
pub(super) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds();
    let distance = match seconds.unsigned_abs() {
        0..=1 => return "now".to_owned(),
        few @ 2..=119 => format!("{few} s"),
        minutes @ 120..=7_199 => format!("{} min", minutes / 60),
        hours @ 7_200..=172_799 => format!("{} h", hours / 3_600),
        days => format!("{} days", days / 86_400),
    };
    if seconds > 0 {
        format!("{distance} ago")
    } else {
        format!("in {distance}")
    }
}

/// The address if a browser may be sent there: a stored `javascript:` must not become a link.
pub(super) fn web_address(url: &str) -> Option<&str> {
    let scheme = url.split_once("://")?.0;
    ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(url)
}

/// A path with the given query parameters; absent and empty ones are left out.
pub(crate) fn address(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let given: Vec<String> = parameters
        .iter()
        .filter_map(|(name, value)| {
            let value = value.filter(|value| !value.is_empty())?;
            Some(format!("{name}={}", segment(value)))
        })
        .collect();
    if given.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", given.join("&"))
    }
}

/// Text as one path segment or query value, percent-encoded where it must be.
pub(super) fn segment(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_outside_say_what_they_show() {
        assert_eq!(plain("\u{1b}[1;31mred\u{1b}[0m ✓\tx\n"), "red ✓\tx\n");
        assert_eq!(plain("a\u{0}b\r\u{8}c\u{202e}d\u{1b}"), "abcd");
        assert_eq!(
            plain("\u{1b}[<script>"),
            "cript>",
            "a sequence is eaten, never opened"
        );
        assert_eq!(plain("\u{1b}["), "");
        assert_eq!(plain("a\u{200b}b\u{ad}c\u{e0041}d\u{2060}"), "abcd");
    }

    #[test]
    fn a_list_shows_the_beginning_of_what_is_long() {
        assert_eq!(brief("ü".repeat(SHOWN)), "ü".repeat(SHOWN));
        let cut = brief("ü".repeat(10_240));
        assert!(cut.ends_with("ü… (10240 characters)"));
        assert_eq!(cut.chars().filter(|&letter| letter == 'ü').count(), SHOWN);
    }

    #[test]
    fn durations_read_well() {
        let shown = [0.0, 3.25, 59.4, 61.0, 1084.0, 7260.0].map(duration);
        let expected = [
            "0.0 s",
            "3.2 s",
            "59 s",
            "1 min 1 s",
            "18 min 4 s",
            "2 h 1 min",
        ];
        assert_eq!(shown, expected.map(|text| Some(text.to_owned())));
        assert_eq!(duration(f64::NAN), None);
        assert_eq!(duration(-1.0), None);
        assert!(duration(f64::MAX).is_some());
    }

    #[test]
    fn distances_in_time_read_well() {
        let now = DateTime::from_timestamp(1_000_000, 0).expect("time");
        let shown = [0, 5, 119, 120, 7_199, 7_200, 172_799, 172_800, -90]
            .map(|seconds| ago(now - chrono::TimeDelta::seconds(seconds), now));
        let expected = [
            "now",
            "5 s ago",
            "119 s ago",
            "2 min ago",
            "119 min ago",
            "2 h ago",
            "47 h ago",
            "2 days ago",
            "in 90 s",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn only_the_web_is_linked() {
        assert!(web_address("https://127.3.0.1/login").is_some());
        assert!(web_address("HTTP://x").is_some());
        for bad in [
            "javascript:alert(1)",
            "javascript://x/%0aalert(1)",
            "data:text/html,x",
            "//x",
            "",
        ] {
            assert!(web_address(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn addresses_keep_only_what_is_given() {
        let all = [
            ("status", Some("")),
            ("version", Some("v1 &x")),
            ("cursor", None),
        ];
        assert_eq!(address("/", &all), "/?version=v1%20%26x");
        assert_eq!(address("/images", &[]), "/images");
    }
}

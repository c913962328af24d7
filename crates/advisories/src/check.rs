//! What may be kept of a feed's words: ids, times, vectors.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use ingot_domain::Instant;

/// An advisory's id; it becomes part of addresses and names, so nothing else may be in it.
pub fn id(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '_');
    let text = text.trim();
    let fine = (3..=64).contains(&text.len()) && text.chars().all(plain) && !text.contains("..");
    fine.then(|| text.to_owned())
}

/// `CVE-2024-6387`, also inside `UBUNTU-CVE-2024-6387`.
pub fn cve(text: &str) -> Option<String> {
    let text = text.trim();
    let rest = &text[text.find("CVE-")?..];
    let (year, number) = rest.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let fine =
        year.len() == 4 && (4..=12).contains(&number.len()) && digits(year) && digits(number);
    fine.then(|| rest.to_owned())
}

/// All CVEs that a text names.
pub fn cves(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words
        .filter(|word| word.starts_with("CVE-"))
        .filter_map(cve)
        .collect()
}

/// A time in any of the feeds' spellings, UTC where none is said: with or without seconds, zone or time of day.
pub fn time(text: &str) -> Option<Instant> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
    }
    let bare = text
        .trim_end_matches("+0000")
        .trim_end_matches('Z')
        .trim_end_matches(" UTC");
    let bare = bare.replacen('T', " ", 1);
    for shape in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(&bare, shape) {
            return Some(at.and_utc());
        }
    }
    let day = NaiveDate::parse_from_str(&bare, "%Y-%m-%d").ok()?;
    Some(day.and_time(NaiveTime::MIN).and_utc())
}

/// The beginning of a text that cannot be kept, as a message may show it.
pub fn shown(text: &str) -> String {
    text.chars()
        .take(60)
        .flat_map(char::escape_default)
        .collect()
}

/// A package name or version that is worth comparing.
pub fn word(text: &str) -> Option<&str> {
    let text = text.trim();
    let fine = !text.is_empty() && text.len() <= 200 && text.chars().all(|c| !c.is_control());
    fine.then_some(text)
}

/// The words that a title names before what it says: `Important: grub2, mokutil, and shim security update`.
pub fn titled(title: &str) -> Vec<String> {
    let title: String = title.chars().take(400).collect();
    let rest = match title.split_once(": ") {
        Some((head, rest)) if head.split(' ').count() == 1 => rest,
        _ => &title,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '+');
    let words = rest
        .split([' ', ',', ':', ';'])
        .filter(|word| !word.is_empty() && word.chars().all(plain));
    let mut names = Vec::new();
    for word in words {
        if matches!(
            word,
            "security" | "bug" | "enhancement" | "update" | "vulnerability" | "vulnerabilities"
        ) {
            break;
        }
        if word != "and" && names.len() < 40 {
            names.push(word.to_owned());
        }
    }
    names
}

/// The severity that begins a title: `Important: …`.
pub fn title_severity(title: &str) -> Option<String> {
    let (head, _) = title.split_once(':')?;
    let fine =
        head.len() <= 20 && !head.is_empty() && head.chars().all(|c| c.is_ascii_alphabetic());
    fine.then(|| head.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_hold_nothing_but_letters_digits_and_signs() {
        for good in [
            "USN-6859-1",
            "ALSA-2026:A009",
            "ALAS2023-2024-649",
            "2024-Aug",
        ] {
            assert_eq!(id(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "../../etc/passwd",
            "USN-1/..",
            "a\nb",
            "USN 1",
            "USN-1..2",
        ] {
            assert_eq!(id(bad), None, "{bad:?}");
        }
        assert_eq!(
            cve("UBUNTU-CVE-2024-6387").as_deref(),
            Some("CVE-2024-6387")
        );
        for bad in ["CVE-24-1", "CVE-2024-../x", "CVE-2024-1", "GHSA-1"] {
            assert_eq!(cve(bad), None, "{bad}");
        }
        assert_eq!(cves("{CVE-2022-1234 CVE-2022-5678}").len(), 2);
    }

    #[test]
    fn times_are_read_in_every_feeds_spelling() {
        let table = [
            (
                "2024-07-01T09:06:31.434165Z",
                "2024-07-01T09:06:31.434165+00:00",
            ),
            ("2024-06-26 21:55:00", "2024-06-26T21:55:00+00:00"),
            ("2024-06-26 21:55", "2024-06-26T21:55:00+00:00"),
            ("2024-07-02T00:00:00+0000", "2024-07-02T00:00:00+00:00"),
            ("2024-08-13T07:00:00", "2024-08-13T07:00:00+00:00"),
            (
                "2024-07-04T00:00:00.000000+00:00",
                "2024-07-04T00:00:00+00:00",
            ),
            ("2021-11-03", "2021-11-03T00:00:00+00:00"),
        ];
        for (text, wanted) in table {
            assert_eq!(
                time(text).map(|at| at.to_rfc3339()).as_deref(),
                Some(wanted),
                "{text}"
            );
        }
        assert_eq!(time("yesterday"), None);
    }

    #[test]
    fn titles_name_packages() {
        let title = "Important: grub2, mokutil, shim, and shim-unsigned-x64 security update";
        assert_eq!(
            titled(title),
            ["grub2", "mokutil", "shim", "shim-unsigned-x64"]
        );
        assert_eq!(
            titled("Important: kernel security, bug fix, and enhancement update"),
            ["kernel"]
        );
        assert_eq!(title_severity(title).as_deref(), Some("Important"));
    }
}

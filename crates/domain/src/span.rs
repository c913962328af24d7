//! A length of time as people write it: `90s`, `15m`, `2h`, `3d`, `1h30m`; a bare number is seconds. One reader for command
//! lines and templates.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Units from the largest to the smallest, in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// How to write one, for messages.
pub const HOW: &str = "write a length of time such as 90s, 15m, 2h or 3d; a bare number is seconds";

/// Reads a length of time as seconds.
pub fn seconds(text: &str) -> Result<u64, &'static str> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| HOW);
    }
    let (mut total, mut number, mut largest) = (0_u64, String::new(), u64::MAX);
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = UNITS.iter().find(|(name, _)| *name == c);
        let (_, unit) = unit.filter(|(_, unit)| *unit < largest).ok_or(HOW)?;
        let count: u64 = number.parse().map_err(|_| HOW)?;
        let part = count.checked_mul(*unit).ok_or(HOW)?;
        total = total.checked_add(part).ok_or(HOW)?;
        (largest, number) = (*unit, String::new());
    }
    match number.is_empty() {
        true => Ok(total),
        false => Err(HOW),
    }
}

/// Seconds as [`seconds`] reads them: `1h30m`.
pub fn told(seconds: u64) -> String {
    let mut rest = seconds;
    let mut text = String::new();
    for (name, unit) in UNITS {
        if rest >= unit {
            text.push_str(&format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    match text.is_empty() {
        true => "0s".to_owned(),
        false => text,
    }
}

/// A length of time in a template: written as text, read from text or a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub u32);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&told(u64::from(self.0)))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a length of time such as 90s, 15m, 2h or 3d")
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Span, E> {
        u32::try_from(seconds).map(Span).map_err(|_| E::custom(HOW))
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Span, E> {
        u32::try_from(seconds).map(Span).map_err(|_| E::custom(HOW))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        self.visit_u64(seconds(text).map_err(E::custom)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_and_told_back() {
        for (text, read, back) in [
            ("90s", 90, "1m30s"),
            ("15m", 900, "15m"),
            ("2h", 7_200, "2h"),
            ("3d", 259_200, "3d"),
            ("1h30m", 5_400, "1h30m"),
            ("900", 900, "15m"),
            (" 8h ", 28_800, "8h"),
            ("0", 0, "0s"),
        ] {
            assert_eq!(seconds(text), Ok(read), "{text}");
            assert_eq!(told(read), back);
            assert_eq!(seconds(back), Ok(read), "{back}");
        }
        for wrong in [
            "h",
            "2x",
            "1.5h",
            "-1",
            "30m1h",
            "1h30",
            "2h2h",
            "99999999999999999999",
            "9999999999999999d",
        ] {
            assert_eq!(seconds(wrong), Err(HOW), "{wrong}");
        }
        // Nothing at all is a length of nothing nowhere.
        assert_eq!(seconds(""), Err(HOW));
    }

    #[test]
    fn a_template_writes_text_and_reads_both() {
        let read = |json: &str| serde_json::from_str::<Span>(json).ok();
        assert_eq!(read("\"8h\""), Some(Span(28_800)));
        assert_eq!(read("3600"), Some(Span(3_600)));
        assert_eq!(read("-1"), None);
        assert_eq!(read("\"soon\""), None);
        assert_eq!(
            serde_json::to_string(&Span(5_400)).ok().as_deref(),
            Some("\"1h30m\"")
        );
    }
}

//! Errors about one field of what a client sent: its path, the value and the way out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is wrong with one field. The value is shortened and its control characters are shown escaped, so that
/// it can be printed in a log line and in a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Path in the request or file, such as `volume_size_gb` or `probe.port`.
    pub field: String,
    /// The offending value as text.
    pub value: String,
    /// What is expected instead, and how to get there.
    pub message: String,
}

impl FieldError {
    /// An error about `field`, which holds `value`.
    pub fn new(field: &str, value: impl fmt::Display, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            value: shown(&value.to_string()),
            message: message.into(),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`: {}", self.field, self.value, self.message)
    }
}

impl std::error::Error for FieldError {}

/// A value made safe and short enough to be shown.
pub fn shown(value: &str) -> String {
    const LONGEST: usize = 80;
    let mut text: String = value
        .chars()
        .take(LONGEST)
        .flat_map(|c| {
            if c.is_control() || is_hidden(c) {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect();
    if value.chars().count() > LONGEST {
        text.push('…');
    }
    text
}

/// A human-given name: 1 to `longest` characters, no control characters, none of `<>&"'` and backquote, no leading or
/// trailing blank. Names end up in tags, log lines, pages and metrics' neighbours (FAULTS F36).
pub fn check_name(field: &str, value: &str, longest: usize) -> Result<(), FieldError> {
    check_text(field, value, longest)?;
    check_seen(field, value)?;
    match value.chars().find(|c| "<>&\"'`\\".contains(*c)) {
        None => Ok(()),
        Some(bad) => Err(FieldError::new(
            field,
            value,
            format!(
                "remove the character {}; letters, digits, blanks and . _ - / ( ) + = : @ are welcome",
                quoted(bad)
            ),
        )),
    }
}

/// A text of a tag, as EC2 takes it: 1 to `longest` characters, none of them a control character (XML, which EC2 speaks,
/// cannot carry those), no blank at its ends. What a page or a shell would misread is their business, not the tag's.
pub fn check_text(field: &str, value: &str, longest: usize) -> Result<(), FieldError> {
    let length = value.chars().count();
    if length == 0 || length > longest {
        return Err(FieldError::new(
            field,
            value,
            format!("give 1 to {longest} characters; this has {length}"),
        ));
    }
    if value.trim() != value {
        return Err(FieldError::new(
            field,
            value,
            "remove the blanks at its ends",
        ));
    }
    match value.chars().find(|c| c.is_control()) {
        None => Ok(()),
        Some(bad) => Err(FieldError::new(
            field,
            value,
            format!("remove the control character {}", quoted(bad)),
        )),
    }
}

/// Whether a character cannot be seen and changes what a reader sees around it: directions of writing, joiners, hyphens that
/// show at the end of a line only, line separators, marks of byte order, and tags (Unicode's "Trojan source" characters).
pub fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{2060}'..='\u{2064}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Refuses what makes bash run a value that a script has it calculate with: `n={{job_name}}; (( n > 3 ))` with `PATH[$(id)]`.
pub fn check_substitution(field: &str, value: &str) -> Result<(), FieldError> {
    let begins = ["`", "$(", "${", "$["];
    let Some(found) = begins.into_iter().find(|begin| value.contains(begin)) else {
        return Ok(());
    };
    let shown = match found {
        "`" => "a backquote".to_owned(),
        other => format!("`{other}`"),
    };
    Err(FieldError::new(
        field,
        value,
        format!(
            "{shown} begins a substitution, which bash runs where a script has it calculate with a value: write that into the template's script, and give a value without it"
        ),
    ))
}

/// What is said about such a character.
pub fn hidden_character(bad: char) -> String {
    format!(
        "remove the character `U+{:04X}`: it cannot be seen, and a reader would see another text than this is",
        u32::from(bad)
    )
}

/// Refuses a text with a character that cannot be seen ([`is_hidden`]).
pub fn check_seen(field: &str, text: &str) -> Result<(), FieldError> {
    let Some((at, bad)) = text.char_indices().find(|(_, c)| is_hidden(*c)) else {
        return Ok(());
    };
    let number = text[..at].matches('\n').count();
    let line = text.split('\n').nth(number).unwrap_or_default();
    Err(FieldError::new(field, line, hidden_character(bad)))
}

/// A character as a reader recognises it: itself, or its escape when it cannot be seen.
fn quoted(c: char) -> String {
    match c {
        '`' => "' ` '".to_owned(),
        c if c.is_control() => format!("`{}`", c.escape_default()),
        c => format!("`{c}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_refuse_markup_and_newlines() {
        for bad in ["", " x", "x ", "a\nb", "<b>", "a&b", "x\u{7}", "say \"hi\""] {
            assert!(check_name("job_name", bad, 64).is_err(), "{bad:?}");
        }
        for good in ["web", "Kamiwaza v0.9.2 (full)", "équipe-a/1"] {
            assert_eq!(check_name("job_name", good, 64), Ok(()), "{good}");
        }
        assert!(check_name("job_name", &"x".repeat(65), 64).is_err());
    }

    #[test]
    fn what_cannot_be_seen_is_refused_by_its_number_and_shown_escaped() {
        for (bad, number) in [
            ('\u{202e}', "U+202E"),
            ('\u{2066}', "U+2066"),
            ('\u{200b}', "U+200B"),
            ('\u{ad}', "U+00AD"),
            ('\u{2060}', "U+2060"),
            ('\u{2028}', "U+2028"),
            ('\u{feff}', "U+FEFF"),
            ('\u{e0041}', "U+E0041"),
        ] {
            let text = format!("a{bad}b");
            for error in [
                check_name("job_name", &text, 64).expect_err("a name"),
                check_seen("user_data", &format!("#!/bin/sh\n{text}\n")).expect_err("a text"),
            ] {
                assert!(error.message.contains(number), "{error}");
                assert!(
                    !error.value.contains(bad) && error.value.starts_with("a\\u"),
                    "{error}"
                );
            }
        }
        for good in ["équipe", "名前", "наш", "‐ – …"] {
            assert_eq!(check_name("job_name", good, 64), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_character_itself_is_named() {
        for (bad, told) in [
            ("a&b", "`&`"),
            ("a\"b", "`\"`"),
            ("a\nb", "`\\n`"),
            ("a\u{7}b", "`\\u{7}`"),
        ] {
            let error = check_name("job_name", bad, 64).expect_err(bad);
            assert!(error.message.contains(told), "{error}");
        }
    }

    #[test]
    fn tags_take_what_ec2_takes() {
        for good in [
            "R&D",
            "<prod>",
            "a 'b' \"c\"",
            "`x`",
            "a\\b",
            "équipe",
            "$(id)",
        ] {
            assert_eq!(check_text("tags.Team", good, 256), Ok(()), "{good}");
        }
        for bad in ["", " x", "x ", "a\nb", "a\u{0}b"] {
            assert!(check_text("tags.Team", bad, 256).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn shown_values_hold_no_control_characters() {
        assert_eq!(shown("a\nb"), "a\\nb");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 81);
    }
}

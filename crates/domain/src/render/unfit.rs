//! What is wrong with a script's placeholders: values that fit nowhere or are too long, and names that are misspelt.

use std::collections::BTreeSet;
use std::fmt;

use super::{PLACEHOLDERS, Values, placeholder};
use crate::field::{FieldError, shown};
use crate::nearest::{closest, nearest};
use crate::template::Parameter;

/// Largest text that is built of a template and its values, in bytes: a few times what EC2 takes, so that a length that is
/// refused anyway costs no memory. It is counted before the text is built.
pub(super) const LARGEST: usize = 4 * crate::userdata::LONGEST_RAW;

/// A value that would need quotes where none can be written, or values that make a text far too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The request's field that the value is from: the placeholder's name, or `parameters.` and it.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The text of the template, such as `steps[0].run`; empty until it is known.
    pub field: String,
    /// The line of the text, from 1.
    pub line: usize,
    /// Where on it the placeholder stands, in words.
    pub place: &'static str,
    /// How many bytes the text would have, when that is what is wrong: more than Ingot builds.
    pub length: Option<usize>,
}

impl Unfit {
    /// The refusal of a text that would have that many bytes, if those are too many to be built.
    pub(super) fn of_length(length: usize) -> Result<(), Self> {
        if length <= LARGEST {
            return Ok(());
        }
        Err(Self {
            name: String::new(),
            value: String::new(),
            field: String::new(),
            line: 0,
            place: "",
            length: Some(length),
        })
    }

    pub(super) fn of(self, field: &str) -> Self {
        let field = field.to_owned();
        Self { field, ..self }
    }

    /// The same as an error of the request's field, or of the text that would be too long.
    pub fn error(&self) -> FieldError {
        if let Some(length) = self.length {
            let message = format!(
                "with its values in it the text is {length} bytes, and Ingot builds none beyond {LARGEST}: use fewer placeholders, or a shorter job name"
            );
            return FieldError::new(&self.field, format!("{length} bytes"), message);
        }
        let message = format!(
            "`{{{{{}}}}}` stands {} (`{}`, line {}), where a value cannot be quoted: use letters, digits and . _ / + - \
             only, a letter or digit first, or move the placeholder in the template",
            self.name.trim_start_matches("parameters."),
            self.place,
            self.field,
            self.line
        );
        FieldError::new(&self.name, &self.value, message)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl std::error::Error for Unfit {}

/// How many bytes [`super::fill`] makes of a text.
pub(super) fn filled_length(text: &str, values: &Values<'_>) -> usize {
    let (mut at, mut sum) = (0, text.len());
    while at < text.len() {
        let Some((hole, length)) = placeholder(text, at, values.parameters) else {
            at += 1;
            continue;
        };
        sum += values.get(hole).map_or(0, str::len);
        sum -= length;
        at += length;
    }
    sum
}

/// Whether a text reads a parameter, by its place among them.
pub(crate) fn reads(text: &str, parameters: &[Parameter], which: usize) -> bool {
    let hole = |at| placeholder(text, at, parameters);
    (0..text.len())
        .filter_map(hole)
        .any(|(hole, _)| matches!(hole, super::Hole::Set(at) if at == which))
}

/// Bytes in which the name in double braces and their end lie.
const LONGEST_INNER: usize = 80;

/// The words that are filled.
fn filled(parameters: &[Parameter]) -> Vec<&str> {
    let own = parameters.iter().map(|parameter| parameter.name.as_str());
    PLACEHOLDERS.iter().copied().chain(own).collect()
}

/// Words in double braces that are not filled, each with its line. What is no word is another tool's.
fn unfilled<'a>(text: &'a str, filled: &[&str]) -> impl Iterator<Item = (usize, &'a str)> {
    text.match_indices("{{").filter_map(move |(at, _)| {
        // A name is near its braces; to look for the end of a long text's every brace would take minutes.
        let near = &text.as_bytes()[at + 2..text.len().min(at + 2 + LONGEST_INNER)];
        let length = near.windows(2).position(|two| two == b"}}")?;
        let name = text[at + 2..at + 2 + length].trim();
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let word = !name.is_empty() && name.len() <= 40 && name.chars().all(letter);
        let line = || text[..at].matches('\n').count() + 1;
        (word && !filled.contains(&name)).then(|| (line(), name))
    })
}

/// Placeholders of a text that are misspelt: near enough to one of Ingot's to be meant as it. Others are other tools'.
pub fn misspelt(field: &str, text: &str, parameters: &[Parameter]) -> Vec<FieldError> {
    let filled = filled(parameters);
    let near = |(line, name)| {
        let meant = nearest(name, &filled)?;
        Some(FieldError::new(
            field,
            format!("{{{{{}}}}}", shown(name)),
            format!(
                "unknown placeholder (line {line}); did you mean `{{{{{meant}}}}}`? Ingot fills {}",
                filled.join(", ")
            ),
        ))
    };
    unfilled(text, &filled).filter_map(near).collect()
}

/// Placeholders of a text that are far from all of Ingot's: another tool's perhaps, and worth a word. Each name once.
pub fn foreign(field: &str, text: &str, parameters: &[Parameter]) -> Vec<FieldError> {
    let filled = filled(parameters);
    let mut seen = BTreeSet::new();
    let far = |(line, name): (usize, &str)| {
        if nearest(name, &filled).is_some() || !seen.insert(name.to_owned()) {
            return None;
        }
        let name = shown(name);
        let closest = closest(&name, &filled).unwrap_or_default();
        Some(FieldError::new(
            field,
            format!("{{{{{name}}}}}"),
            format!(
                "`{{{{{name}}}}}` (line {line}) is none of Ingot's placeholders and stays as it is; the nearest is `{{{{{closest}}}}}`, and Ingot fills {}",
                filled.join(", ")
            ),
        ))
    };
    unfilled(text, &filled).filter_map(far).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_names_are_told_once_with_the_nearest_and_what_is_no_word_is_left() {
        let told = |text| -> Vec<String> {
            let found = foreign("user_data", text, &[]);
            found.into_iter().map(|error| error.message).collect()
        };
        for (text, nearest) in [
            ("{{vers}}", "version"),
            ("{{ job }}", "job_name"),
            ("{{deploy}}", "deployment_id"),
            ("{{tmpl}}", "template"),
        ] {
            let told = told(text);
            let [one] = told.as_slice() else {
                panic!("{text}: {told:?}");
            };
            assert!(
                one.contains(&format!("the nearest is `{{{{{nearest}}}}}`")),
                "{one}"
            );
        }
        assert_eq!(told("{{host}}\n{{ host }} {{other}}").len(), 2);
        for none in [
            "{{verison}}",
            "{{version}}",
            "{{.Names}}",
            "{{ v1.region }}",
            "{{}}",
            "{{",
        ] {
            assert_eq!(told(none), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn misspelt_names_are_told_with_the_right_one_and_others_left() {
        let table = [
            ("echo {{verison}}", Some("version")),
            ("echo {{ Version }}", Some("version")),
            ("a\n{{jobname}}", Some("job_name")),
            ("{{job-name}}", Some("job_name")),
            ("{{regoin}}", Some("region")),
            ("{{deploymentid}}", Some("deployment_id")),
            ("{{mod}}", Some("mode")),
            ("docker ps --format '{{.Names}}'", None),
            ("{{ v1.region }}", None),
            ("{{hostname}}", None),
            ("{{version}} {{", None),
            ("{{}}", None),
        ];
        for (text, meant) in table {
            let found = misspelt("user_data", text, &[]);
            let told = found.first().map(|error| error.message.clone());
            assert_eq!(
                told.as_deref().map(|told| told.contains(&format!(
                    "`{{{{{}}}}}`",
                    meant.unwrap_or("nothing")
                ))),
                meant.map(|_| true),
                "{text}: {told:?}"
            );
        }
    }
}

//! What is wrong with a script's placeholders: values that fit nowhere, and names that are misspelt.

use std::fmt;

use super::PLACEHOLDERS;
use crate::field::{FieldError, shown};
use crate::nearest::nearest;

/// A value that would need quotes where none can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The placeholder's name, which is the request's field, too.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// The text of the template, such as `steps[0].run`; empty until it is known.
    pub field: String,
    /// The line of the text, from 1.
    pub line: usize,
    /// Where on it the placeholder stands, in words.
    pub place: &'static str,
}

impl Unfit {
    pub(super) fn of(self, field: &str) -> Self {
        let field = field.to_owned();
        Self { field, ..self }
    }

    /// The same as an error of the request's field.
    pub fn error(&self) -> FieldError {
        let message = format!(
            "`{{{{{}}}}}` stands {} (`{}`, line {}), where a value cannot be quoted: use letters, digits and . _ / + - \
             only, a letter or digit first, or move the placeholder in the template",
            self.name, self.place, self.field, self.line
        );
        FieldError::new(self.name, &self.value, message)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl std::error::Error for Unfit {}

/// Names in double braces that are none of ours but so near to one that it must have been meant.
pub fn misspelt(field: &str, text: &str) -> Vec<FieldError> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("{{") {
        let Some((inner, _)) = text[at + 2..].split_once("}}") else {
            break;
        };
        let name = inner.trim();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.len() > 40 || !name.chars().all(word) || PLACEHOLDERS.contains(&name) {
            continue;
        }
        if let Some(meant) = nearest(name, PLACEHOLDERS) {
            let line = text[..at].matches('\n').count() + 1;
            found.push(FieldError::new(
                field,
                format!("{{{{{}}}}}", shown(name)),
                format!(
                    "unknown placeholder (line {line}); did you mean `{{{{{meant}}}}}`? Ingot fills {}",
                    PLACEHOLDERS.join(", ")
                ),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let found = misspelt("user_data", text);
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

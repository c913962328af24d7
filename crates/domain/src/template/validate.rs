//! What must be true after a step (`steps[].validate`, F74): a command is run on the instance once the step has ended, and
//! what it says is held against what is expected. Another answer fails the step.

use serde::{Deserialize, Serialize};

use super::Template;
use crate::field::{FieldError, check_seen};
use crate::userdata;

/// A command, and what is expected of it. Without any expectation it must end with 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validate {
    /// Shell text.
    pub command: String,
    /// It ends with 0: what holds without a word, for those who want to say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    /// What it prints, to either output, contains this. It ends with 0, too, or with `exit_code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// What it prints is this, but for the ends of lines at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<String>,
    /// It ends with this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
}

/// Characters of an expected output.
const LONGEST: usize = 1000;

impl Validate {
    /// The exit code that is expected.
    pub fn code(&self) -> u8 {
        self.exit_code.unwrap_or(0)
    }

    /// What is expected of the output: the key's name, and the text.
    pub fn output(&self) -> Option<(&'static str, &str)> {
        let contains = self.contains.as_deref().map(|text| ("contains", text));
        contains.or_else(|| Some(("equals", self.equals.as_deref()?)))
    }

    fn problems(&self, field: &str) -> Vec<FieldError> {
        let mut found = Vec::new();
        let at = |key: &str| format!("{field}.{key}");
        if self.command.trim().is_empty() {
            let message = "give a shell command, such as `nginx -t`";
            found.push(FieldError::new(&at("command"), &self.command, message));
        }
        found.extend(userdata::check_line_ends(&at("command"), &self.command).err());
        found.extend(check_end(&at("command"), &self.command).err());
        if self.success == Some(false) {
            let message = "a command that must fail is expected by its code: `exit_code: 1`, say";
            found.push(FieldError::new(&at("success"), "false", message));
        }
        if let (Some(_), Some(code)) = (self.success, self.exit_code) {
            let message = "`success` is the exit code 0: give one of the two";
            found.push(FieldError::new(&at("exit_code"), code, message));
        }
        if let (Some(_), Some(text)) = (&self.contains, &self.equals) {
            let message = "give `contains` or `equals`, not both";
            found.push(FieldError::new(&at("equals"), text, message));
        }
        for (key, text) in [("contains", &self.contains), ("equals", &self.equals)] {
            let Some(text) = text else { continue };
            found.extend(check_seen(&at(key), text).err());
            if text.chars().count() > LONGEST {
                let message = format!("expect at most {LONGEST} characters");
                found.push(FieldError::new(&at(key), text, message));
            }
            if key == "contains" && text.is_empty() {
                let message = "every output contains an empty text: give what it must say";
                found.push(FieldError::new(&at(key), text, message));
            }
        }
        found
    }
}

/// Refuses a shell text that ends with a backslash, which would join its last line with what Ingot writes after it.
pub(super) fn check_end(field: &str, text: &str) -> Result<(), FieldError> {
    let text = text.trim_end();
    let last = text.lines().next_back().unwrap_or_default();
    let slashes = text.len() - text.trim_end_matches('\\').len();
    if slashes.is_multiple_of(2) || last.trim_start().starts_with('#') {
        return Ok(());
    }
    let message = "the backslash at its end goes on with a line that is not there: remove it, or write the rest of the command";
    Err(FieldError::new(field, last, message))
}

impl Template {
    /// What is wrong with what is expected after its steps.
    pub(super) fn validation_problems(&self) -> Vec<FieldError> {
        let steps = self.steps.iter().enumerate();
        let checked = steps.filter_map(|(i, step)| Some((i, step.validate.as_ref()?)));
        checked
            .flat_map(|(i, validate)| validate.problems(&format!("steps[{i}].validate")))
            .collect()
    }

    /// The texts of what is expected after its steps, with the paths of their fields.
    pub(super) fn validations(&self) -> impl Iterator<Item = (String, &str)> {
        let steps = self.steps.iter().enumerate();
        let checked = steps.filter_map(|(i, step)| Some((i, step.validate.as_ref()?)));
        checked.flat_map(|(i, validate)| {
            let command = ("command", validate.command.as_str());
            let texts = std::iter::once(command).chain(validate.output());
            texts.map(move |(key, text)| (format!("steps[{i}].validate.{key}"), text))
        })
    }
}

//! Parameters of a template: words of its own that its scripts read as `{{name}}`, each with a value that a deployment may
//! give (F78). The values are part of the recipe, so of the fingerprint and of the image key, but for those
//! that the first boot alone reads.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Create, Template};
use crate::field::{FieldError, check_name, check_seen, check_substitution, shown};
use crate::guest::redact::names_secret;
use crate::nearest::nearest;
use crate::render::{self, PLACEHOLDERS};

mod matcher;

use matcher::Unmatched;

/// One parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// As scripts name it: lower-case letters, digits and `_`, a letter first, at most 30 characters.
    pub name: String,
    /// Its value when a deployment gives none. Without one a deployment must give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// One sentence for those who give it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its only values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// What its whole value looks like, as a regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// Parameters of one template.
pub const MOST_PARAMETERS: usize = 50;

/// Characters of a value.
pub const LONGEST_VALUE: usize = 1000;

/// Characters of a name: with blanks on both sides it is still found in its braces.
const LONGEST_NAME: usize = 30;

/// Characters of a pattern.
const LONGEST_PATTERN: usize = 200;

/// Where a value is given: in requests, in the console's form and in refusals.
pub fn field(name: &str) -> String {
    format!("parameters.{name}")
}

/// Why no parameter can have this value.
fn unfit(value: &str) -> Option<String> {
    if check_seen("", value).is_err() || value.chars().any(char::is_control) {
        return Some("write it on one line, without characters that cannot be seen".to_owned());
    }
    let length = value.chars().count();
    if length > LONGEST_VALUE {
        return Some(format!(
            "give at most {LONGEST_VALUE} characters; this has {length}"
        ));
    }
    let found = check_substitution("", value).err()?;
    Some(found.message)
}

/// A value as people see it: not at all when the name says that it is a secret.
pub fn seen<'a>(name: &str, value: &'a str) -> &'a str {
    /// In place of a secret.
    const HIDDEN: &str = "•••";
    match names_secret(name) {
        true => HIDDEN,
        false => value,
    }
}

/// Values as people see them, each as `name=value`.
pub fn told(values: &BTreeMap<String, String>) -> Vec<String> {
    let one = |(name, value): (&String, &String)| format!("{name}={}", seen(name, value));
    values.iter().map(one).collect()
}

impl Parameter {
    /// Its value: what was given, else its default.
    pub fn value(&self) -> &str {
        self.default.as_deref().unwrap_or_default()
    }

    /// Why it cannot have this value.
    fn refuses(&self, value: &str) -> Option<String> {
        if let Some(why) = unfit(value) {
            return Some(why);
        }
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == value) {
            return Some(format!("choose one of {}", self.choices.join(", ")));
        }
        let pattern = self.pattern.as_deref()?;
        match matcher::check(pattern, value).err()? {
            Unmatched::Differs => Some(format!("give a value that matches `{}`", shown(pattern))),
            Unmatched::TooLong(most) => Some(format!(
                "the pattern `{}` is too large to be held against so long a value: give at most {most} characters, or make the pattern simpler in the template",
                shown(pattern)
            )),
        }
    }

    /// What is wrong with the values that it may have.
    fn choice_problems(&self, at: &str) -> Vec<FieldError> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for (i, choice) in self.choices.iter().enumerate() {
            let why = if choice.trim().is_empty() {
                Some(
                    "an empty choice cannot be told from none: name it, or leave it out".to_owned(),
                )
            } else if !seen.insert(choice) {
                Some("it stands in `choices` twice: remove one".to_owned())
            } else {
                unfit(choice)
            };
            let field = format!("{at}.choices[{i}]");
            found.extend(why.map(|why| FieldError::new(&field, choice, why)));
        }
        found
    }

    fn problems(&self, at: &str) -> Vec<FieldError> {
        let mut found = Vec::new();
        let mut wrong = |key: &str, value: &str, message: &str| {
            found.push(FieldError::new(&format!("{at}.{key}"), value, message));
        };
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !self.name.starts_with(|c: char| c.is_ascii_lowercase())
            || !self.name.chars().all(legal)
            || self.name.len() > LONGEST_NAME
        {
            let message = "use 1 to 30 lower-case letters, digits and underscores, a letter first";
            wrong("name", &self.name, message);
        } else if PLACEHOLDERS.contains(&self.name.as_str()) {
            let message = "Ingot fills this word itself: choose another name";
            wrong("name", &self.name, message);
        }
        if let Some(pattern) = self.pattern.as_deref() {
            if pattern.len() > LONGEST_PATTERN {
                let message = format!("give at most {LONGEST_PATTERN} characters");
                wrong("pattern", pattern, &message);
            } else if let Err(message) = matcher::pattern(pattern) {
                wrong("pattern", pattern, &message);
            } else if !self.choices.is_empty() {
                let message = "give `choices` or a `pattern`, not both";
                wrong("pattern", pattern, message);
            }
        }
        if let Some(value) = &self.default
            && let Some(message) = self.refuses(value)
        {
            wrong("default", value, &message);
        }
        found.extend(self.choice_problems(at));
        if !self.description.is_empty() {
            let field = format!("{at}.description");
            found.extend(check_name(&field, &self.description, 200).err());
        }
        found
    }
}

impl Template {
    /// The same with these values of its parameters.
    #[must_use]
    pub fn with_parameters(&self, given: &BTreeMap<String, String>) -> Cow<'_, Template> {
        if given.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut whole = self.clone();
        for parameter in &mut whole.parameters {
            if let Some(value) = given.get(&parameter.name) {
                parameter.default = Some(value.clone());
            }
        }
        Cow::Owned(whole)
    }

    /// Its parameters but for those that `first_boot` alone reads: their values are in no image.
    pub fn image_parameters(&self) -> Vec<&Parameter> {
        let Some(first_boot) = &self.first_boot else {
            return self.parameters.iter().collect();
        };
        let steps = self.steps_run();
        let steps = steps.iter().flat_map(|step| [&*step.name, &*step.run]);
        let others = self.scripts().filter(|(field, _)| field != "first_boot");
        let texts: Vec<&str> = others.map(|(_, text)| text).chain(steps).collect();
        let own = |text: &str, at| render::reads(text, &self.parameters, at);
        let stays = |(at, parameter)| {
            let boot_alone = own(first_boot, at) && !texts.iter().any(|text| own(text, at));
            (!boot_alone).then_some(parameter)
        };
        self.parameters
            .iter()
            .enumerate()
            .filter_map(stays)
            .collect()
    }

    /// Whether a deployment that gives these values is of another image than one that gives none.
    pub fn is_of_another_image(&self, given: &BTreeMap<String, String>) -> bool {
        let differs = |it: &&Parameter| given.get(&it.name).is_some_and(|is| is != it.value());
        !given.is_empty() && self.image_parameters().iter().any(differs)
    }

    /// What is wrong with the values that a deployment gives, and which it must give.
    pub fn parameter_values(&self, given: &BTreeMap<String, String>) -> Vec<FieldError> {
        let mut found = Vec::new();
        let names: Vec<&str> = self.parameters.iter().map(|it| it.name.as_str()).collect();
        // What is too many is not looked at one by one.
        for (name, value) in given.iter().take(MOST_PARAMETERS + 1) {
            let parameter = self.parameters.iter().find(|it| it.name == *name);
            let refused = match parameter {
                Some(parameter) => parameter.refuses(value),
                None => Some(match (nearest(name, &names), names.is_empty()) {
                    (Some(meant), _) => {
                        format!("the template has no such parameter; did you mean `{meant}`?")
                    }
                    (None, false) => format!(
                        "the template has no such parameter; it has {}",
                        names.join(", ")
                    ),
                    (None, true) => "the template has no parameters: leave it out".to_owned(),
                }),
            };
            found.extend(refused.map(|why| FieldError::new(&field(&shown(name)), value, why)));
        }
        for parameter in &self.parameters {
            let name = &parameter.name;
            if parameter.default.is_none() && !given.contains_key(name) {
                let what = match (parameter.description.as_str(), parameter.choices.as_slice()) {
                    ("", []) => String::new(),
                    (described, []) => format!(" ({described})"),
                    (_, choices) => format!(" (one of {})", choices.join(", ")),
                };
                let message = format!(
                    "the template has no default for it{what}: give it, with `--set {name}=VALUE` or under `parameters`"
                );
                found.push(FieldError::new(&field(name), "", message));
            }
        }
        found
    }

    /// What is wrong with its parameters.
    pub(super) fn parameter_problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        if self.parameters.len() > MOST_PARAMETERS {
            let message = format!("give at most {MOST_PARAMETERS}");
            let count = self.parameters.len();
            found.push(FieldError::new("parameters", count, message));
        }
        let mut seen = BTreeSet::new();
        let some = self.parameters.iter().take(MOST_PARAMETERS);
        for (i, parameter) in some.enumerate() {
            let at = format!("parameters[{i}]");
            found.extend(parameter.problems(&at));
            let builds = [
                (
                    "images: {create: build}",
                    self.images.create == Create::Build,
                ),
                ("rebuild", self.rebuild.is_some()),
            ];
            let builds = builds.iter().find(|(_, is)| *is);
            if let (None, Some((key, _))) = (&parameter.default, builds) {
                let message = format!(
                    "`{key}` asks for builds, which give no values: give a `default`, or leave `{key}` out"
                );
                found.push(FieldError::new(&format!("{at}.default"), "", message));
            }
            if !seen.insert(&parameter.name) {
                let message = "two parameters have this name: rename one";
                let at = format!("{at}.name");
                found.push(FieldError::new(&at, &parameter.name, message));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;

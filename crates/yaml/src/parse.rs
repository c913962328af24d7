//! From text to template and back.

use ingot_domain::field::FieldError;
use ingot_domain::template::{Template, step};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

use crate::error::{Problem, YamlError};
use crate::explain::explain;
use crate::outline::Outline;
use crate::salvage::salvage;

/// Largest text of a template, in bytes. User data is limited to 16 KiB by EC2, so this is generous.
pub const LARGEST: usize = 256 * 1024;

/// Most lines of a template. Larger texts of short lines take seconds to compare with their revision before.
pub(crate) const MOST_LINES: usize = 5_000;

/// Reads one template. Everything wrong with keys, types and values is reported together; only what is no YAML hides
/// the rest.
pub fn parse(yaml: &str) -> Result<Template, YamlError> {
    let outline = outlined(yaml)?;
    let yaml = yaml.strip_prefix('\u{feff}').unwrap_or(yaml);
    if !outline.problems.is_empty() {
        return Err(salvage(&outline, None));
    }
    let template = read(yaml).map_err(|error| {
        let first = explain(&error, &outline);
        salvage(&outline, Some(first))
    })?;
    match YamlError::of(judge(&template, &outline)) {
        Some(error) => Err(error),
        None => Ok(template),
    }
}

/// The outline of a template's text, within its bounds.
pub(crate) fn outlined(yaml: &str) -> Result<Outline, YamlError> {
    if yaml.len() > LARGEST {
        return Err(too_large().into());
    }
    let lines = yaml.lines().count();
    if lines > MOST_LINES {
        return Err(Problem::of_file(format!(
            "the text has {lines} lines, and a template at most {MOST_LINES}; let the installation script download what it needs"
        ))
        .into());
    }
    // Editors on Windows put a byte-order mark first; it means nothing here.
    let yaml = yaml.strip_prefix('\u{feff}').unwrap_or(yaml);
    refuse_hidden(yaml)?;
    Outline::read(yaml)
}

/// The template that a text means, its values not judged yet.
pub(crate) fn read(yaml: &str) -> Result<Template, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(yaml, options()).map(step::with_timeouts)
}

/// What is wrong with the values.
pub(crate) fn judge(template: &Template, outline: &Outline) -> Vec<Problem> {
    let problems = template.problems().into_iter().map(|wrong| {
        let value = if wrong.value.is_empty() {
            String::new()
        } else {
            format!("`{}`: ", wrong.value)
        };
        Problem::at(
            outline.place(&wrong.field),
            wrong.field,
            format!("{value}{}", wrong.message),
        )
    });
    problems.collect()
}

/// Refuses characters that make a reader see another text than there is, in comments, too. A byte-order mark is left to the
/// rules of what it stands in.
pub(crate) fn refuse_hidden(yaml: &str) -> Result<(), Problem> {
    let hidden = |c: char| c != '\u{feff}' && ingot_domain::field::is_hidden(c);
    let Some((at, bad)) = yaml.char_indices().find(|(_, c)| hidden(*c)) else {
        return Ok(());
    };
    Err(Problem::at(
        Some(crate::file::place_after(&yaml[..at])),
        "",
        ingot_domain::field::hidden_character(bad),
    ))
}

/// What is worth a word about a text that [`parse`] has read as this template, in its order.
pub fn warnings(yaml: &str, template: &Template) -> Vec<Problem> {
    located(yaml, template.warnings())
}

/// Words about fields, with their places in the text, in its order.
pub fn located(yaml: &str, words: Vec<FieldError>) -> Vec<Problem> {
    let yaml = yaml.strip_prefix('\u{feff}').unwrap_or(yaml);
    let outline = Outline::read(yaml).unwrap_or_default();
    let told = words.into_iter().map(|warning| {
        let place = outline.place(&warning.field);
        Problem::at(place, warning.field, warning.message)
    });
    let mut told: Vec<Problem> = told.collect();
    told.sort_by_key(|problem| (problem.line, problem.column));
    told
}

/// A refusal of a text for one field of it.
pub fn refuse(yaml: &str, wrong: &FieldError) -> YamlError {
    let place = outlined(yaml)
        .ok()
        .and_then(|outline| outline.place(&wrong.field));
    let message = format!("`{}`: {}", wrong.value, wrong.message);
    Problem::at(place, wrong.field.clone(), message).into()
}

/// The template as YAML that [`parse`] reads back to the same template.
pub fn to_yaml(template: &Template) -> Result<String, YamlError> {
    let unwritable =
        |cause| Problem::of_file(format!("the template can not be written as YAML: {cause}"));
    let plain = serde_saphyr::to_string(template).map_err(unwritable)?;
    if parse(&plain).as_ref() == Ok(template) {
        return Ok(plain);
    }
    // The writer leaves a few texts unquoted that we refuse as ambiguous; quoting everything is ugly and always right.
    let quoted = serde_saphyr::ser_options! { quote_all: true };
    Ok(serde_saphyr::to_string_with_options(template, quoted).map_err(unwritable)?)
}

/// What is said about a text beyond [`LARGEST`].
pub(crate) fn too_large() -> Problem {
    Problem::of_file(format!(
        "the text is larger than {LARGEST} bytes; let the installation script download what it needs"
    ))
}

/// Strict everywhere YAML lets two readers disagree (FAULTS F35), and bounded against alias bombs.
pub(crate) fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 20_000,
            max_nodes: 6_000,
            max_depth: 32,
            max_aliases: 100,
            max_anchors: 100,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 1_000,
            max_replay_stack_depth: 4,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        no_schema: true,
        reject_unsupported_tags: true,
        reject_tagged_field_names: true,
        with_snippet: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_too_many_lines_is_refused_with_their_number() {
        let text = to_yaml(&crate::kamiwaza()).expect("yaml");
        let room = MOST_LINES - text.lines().count();
        assert!(parse(&format!("{text}{}", "#\n".repeat(room))).is_ok());
        let error = parse(&format!("{text}{}", "#\n".repeat(room + 1))).expect_err("refused");
        assert!(
            error
                .message()
                .contains("has 5001 lines, and a template at most 5000"),
            "{error}"
        );
    }

    #[test]
    fn a_comment_that_shows_another_text_than_it_is_is_refused_with_its_place() {
        let text = to_yaml(&crate::kamiwaza()).expect("yaml");
        let error = parse(&format!("# a\n# b \u{202e}c\n{text}")).expect_err("refused");
        assert_eq!((error.line(), error.column()), (Some(2), Some(5)));
        assert!(error.message().contains("`U+202E`"), "{error}");
    }
}

//! From text to template and back.

use ingot_domain::template::{Template, step};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

use crate::error::{Problem, YamlError};
use crate::explain::explain;
use crate::outline::Outline;

/// Largest text of a template, in bytes. User data is limited to 16 KiB by EC2, so this is generous.
pub const LARGEST: usize = 256 * 1024;

/// Reads one template. Everything wrong with the text or with the values is reported together, as far as one can
/// look past the first mistake: syntax first, then types, then values.
pub fn parse(yaml: &str) -> Result<Template, YamlError> {
    if yaml.len() > LARGEST {
        return Err(too_large().into());
    }
    // Editors on Windows put a byte-order mark first; it means nothing here.
    let yaml = yaml.strip_prefix('\u{feff}').unwrap_or(yaml);
    let outline = Outline::read(yaml)?;
    let template: Template = serde_saphyr::from_str_with_options(yaml, options())
        .map_err(|error| explain(&error, &outline))?;
    let template = step::with_timeouts(template);
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
    match YamlError::of(problems.collect()) {
        Some(error) => Err(error),
        None => Ok(template),
    }
}

/// What is worth a word about a text that [`parse`] has read as this template, in its order.
pub fn warnings(yaml: &str, template: &Template) -> Vec<Problem> {
    let yaml = yaml.strip_prefix('\u{feff}').unwrap_or(yaml);
    let outline = Outline::read(yaml).unwrap_or_default();
    let told = template.warnings().into_iter().map(|warning| {
        let place = outline.place(&warning.field);
        Problem::at(place, warning.field, warning.message)
    });
    let mut told: Vec<Problem> = told.collect();
    told.sort_by_key(|problem| (problem.line, problem.column));
    told
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
fn options() -> serde_saphyr::Options {
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

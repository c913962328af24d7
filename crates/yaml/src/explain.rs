//! Puts what the YAML reader complains about into words that name the field, the value and the way out.

use ingot_domain::field::shown;
use serde_saphyr::{Error, UserMessageFormatter};

use crate::error::{Place, Problem};
use crate::outline::{Node, Outline, Shape};
use ingot_domain::nearest::suggestion;

/// The problem behind a reader's error.
pub(crate) fn explain(error: &Error, outline: &Outline) -> Problem {
    let error = error.without_snippet();
    let place = place(error);
    // What an alias stands for is wrong where it is used, in the words of what was wrong inside.
    let inner = match error {
        Error::AliasError { error, .. } => error.without_snippet(),
        other => other,
    };
    let node = place.and_then(|place| outline.at(place));
    let path = node.map_or("", |node| node.path.as_str());
    let message = match inner {
        Error::SerdeMissingField { field, .. } => {
            let container = place.and_then(|place| missing_from(outline, place, field));
            let message = format!("the key is missing; add `{field}:`");
            return match container.filter(|node| !node.path.is_empty()) {
                Some(node) => Problem::at(Some(node.key), format!("{}.{field}", node.path), message),
                // A key missing from the whole file stands nowhere.
                None => Problem::at(None, *field, message),
            };
        }
        // It is about images, and reads as if it were about the template.
        Error::SerdeUnknownField { field, expected, .. } if *field == "stale" && expected.contains(&"images") => {
            "the key `stale` belongs under `images`; write it there".to_owned()
        }
        Error::SerdeUnknownField { field, expected, .. } => {
            format!("unknown key `{}`; {}", shown(field), suggestion(field, expected))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("unknown value `{}`; {}", shown(variant), suggestion(variant, expected))
        }
        Error::QuotingRequired { value, .. } => {
            let value = shown(value);
            format!("`{value}` without quotes is no text to every reader of YAML; write \"{value}\"")
        }
        Error::InvalidBooleanStrict { .. } => format!("{} is neither `true` nor `false`; write one of these", value(node)),
        Error::InvalidScalar { ty, .. } => format!("{} {}", value(node), wanted(ty)),
        Error::Unexpected { expected, .. } => format!("{} stands where {} is expected; {}", value(node), article(expected), rewrite(expected)),
        Error::SerdeInvalidType { unexpected, expected, .. } | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("{} is not what is expected here; give {expected}", shown(unexpected))
        }
        Error::NullIntoString { .. } => "the value is empty; give a text, or remove the key".to_owned(),
        Error::MergeKeyNotAllowed { .. } => "the merge key `<<` hides what a template says; write the keys out".to_owned(),
        Error::UnsupportedTag { tag, .. } | Error::TaggedStructFieldName { tag, .. } => {
            format!("the tag `{}` has no meaning here; remove it", shown(tag))
        }
        Error::ExpectedMappingEndAfterEnumVariantValue { .. } => "only one key may stand here; keep one".to_owned(),
        Error::DuplicateMappingKey { key, .. } => {
            format!("the key `{}` stands here a second time; remove one", shown(key.as_deref().unwrap_or("?")))
        }
        Error::UnknownAnchor { .. } => "this alias refers to no anchor before it; write the value out".to_owned(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => {
            "the file unfolds to more than a template needs; write values out instead of using anchors and aliases".to_owned()
        }
        Error::Message { msg, .. } => own_words(msg, path),
        other => {
            let text = other.render_with_formatter(&UserMessageFormatter);
            format!("{}; see templates/hello-web.yaml for the form", plain(&text))
        }
    };
    Problem::at(place, path, message)
}

fn place(error: &Error) -> Option<Place> {
    let location = error.location()?;
    let number = |number: u64| u32::try_from(number).ok().filter(|number| *number > 0);
    Some(Place {
        line: number(location.line())?,
        column: number(location.column())?,
    })
}

/// The mapping that lacks `field`. The reader's place is only near it: sometimes its last key, sometimes its own key.
fn missing_from<'a>(outline: &'a Outline, place: Place, field: &str) -> Option<&'a Node> {
    let mut path = outline.at(place)?.path.as_str();
    while !path.is_empty() {
        let whole = path
            .strip_suffix(']')
            .and_then(|path| path.rsplit_once('['))
            .map_or(path, |(list, _)| list);
        let needed: &[&str] = match whole {
            "base_image.newest" => &["owner", "name"],
            "steps" if path != whole => &["name", "run"],
            "ingress" if path != whole => &["port", "cidr"],
            "parameters" if path != whole => &["name"],
            _ if whole.ends_with("].validate") => &["command"],
            _ => &[],
        };
        if needed.contains(&field) && outline.node(&format!("{path}.{field}")).is_none() {
            return outline.node(path);
        }
        path = path.rfind(['.', '[']).map_or("", |end| &path[..end]);
    }
    None
}

/// The value at a node, for a message.
fn value(node: Option<&Node>) -> String {
    match node.map(|node| &node.shape) {
        // The parser's word for a value that is not there.
        Some(Shape::Text(text)) if text.is_empty() || text == "~" => "an empty value".to_owned(),
        Some(Shape::Text(text)) => format!("`{}`", shown(text)),
        Some(Shape::Mapping) => "a mapping".to_owned(),
        Some(Shape::List) => "a list".to_owned(),
        Some(Shape::Alias) => "what the alias stands for".to_owned(),
        None => "this".to_owned(),
    }
}

/// What a scalar's type wants.
fn wanted(ty: &str) -> String {
    let range = match ty {
        "u8" => "0 to 255",
        "u16" => "0 to 65535",
        "u32" => "0 to 4294967295",
        "boolean" | "bool" => {
            return "is neither `true` nor `false`; write one of these".to_owned();
        }
        _ => return format!("is no {ty}; write one"),
    };
    format!("is no whole number from {range}; write digits only, without a unit")
}

fn article(expected: &str) -> String {
    match expected {
        "mapping start" | "mapping" => "a mapping".to_owned(),
        "sequence start" | "sequence" => "a list".to_owned(),
        "string scalar" | "scalar" => "a single value".to_owned(),
        other => plain(other),
    }
}

fn rewrite(expected: &str) -> &'static str {
    match article(expected).as_str() {
        "a mapping" => "write its keys as indented `key: value` lines",
        "a list" => "write `[a, b]`, or one `- a` line each",
        _ => "write one value on this line",
    }
}

/// A message of our own types, which begins with the field's name; the path says that better.
fn own_words(message: &str, path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or_default();
    let rest = message
        .strip_prefix(last)
        .and_then(|rest| rest.strip_prefix(": "));
    rest.map_or_else(|| plain(message), str::to_owned)
}

/// A foreign message in our style: one line, lower case first, no full stop.
fn plain(message: &str) -> String {
    let line = message
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .trim_end_matches('.');
    let mut letters = line.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

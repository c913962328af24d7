//! JSON schemas in a few words each: what a value is, and which fields an object has.

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::Value as Json;

use super::{Prose, prose, word};

const REFERENCE: &str = "#/components/schemas/";

/// A named schema of the document.
pub(super) struct Schema {
    pub(super) name: String,
    pub(super) about: Prose,
    pub(super) kind: Kind,
    pub(super) fields: Fields,
}

/// The fields of an object, as a list of their own.
#[derive(Template)]
#[template(path = "docs_fields.html")]
pub(super) struct Fields {
    fields: Vec<Field>,
}

impl HtmlSafe for Fields {}

impl Fields {
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// A field of an object.
struct Field {
    name: String,
    kind: Kind,
    required: bool,
    about: Prose,
}

/// What a value is, in words.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"{% for piece in pieces %}{% if piece.link %}<a href="#schema-{{ piece.text }}">{{ piece.text }}</a>{% else %}{{ piece.text }}{% endif %}{% endfor %}"##
)]
pub(super) struct Kind {
    pieces: Vec<Piece>,
}

impl HtmlSafe for Kind {}

/// A piece of a type's description; a schema's name is linked to the schema.
struct Piece {
    text: String,
    link: bool,
}

/// The document's named schemas, in alphabetical order.
pub(super) fn schemas(document: &Json) -> Vec<Schema> {
    let Some(named) = document["components"]["schemas"].as_object() else {
        return Vec::new();
    };
    let mut schemas: Vec<Schema> = named
        .iter()
        .map(|(name, schema)| Schema {
            name: name.clone(),
            about: prose(word(&schema["description"])),
            kind: kind(schema),
            fields: fields(document, schema),
        })
        .collect();
    schemas.sort_by(|a, b| a.name.cmp(&b.name));
    schemas
}

/// The fields of an object, of the schema it names, or of the parts it is made of.
pub(super) fn fields(document: &Json, schema: &Json) -> Fields {
    Fields {
        fields: collect(document, schema, 0),
    }
}

fn collect(document: &Json, schema: &Json, depth: u8) -> Vec<Field> {
    // A schema may name itself; people do not read deeper than this anyway.
    if depth > 4 {
        return Vec::new();
    }
    if let Some(name) = referenced(schema) {
        return collect(
            document,
            &document["components"]["schemas"][name],
            depth + 1,
        );
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts
            .iter()
            .flat_map(|part| collect(document, part, depth + 1));
        return parts.collect();
    }
    let required: Vec<&str> = list(&schema["required"]).filter_map(Json::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, property)| Field {
            name: name.clone(),
            kind: kind(property),
            required: required.contains(&name.as_str()),
            about: prose(word(&property["description"])),
        })
        .collect()
}

/// What a value of the schema is, in words such as `array of Deployment` or `string (date-time) or null`.
pub(super) fn kind(schema: &Json) -> Kind {
    Kind {
        pieces: pieces(schema),
    }
}

fn pieces(schema: &Json) -> Vec<Piece> {
    if let Some(name) = referenced(schema) {
        return vec![Piece {
            text: name.to_owned(),
            link: true,
        }];
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema[choice].as_array() {
            let joint = if choice == "allOf" { " and " } else { " or " };
            return joined(parts.iter().map(pieces), joint);
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        return joined(
            words.iter().map(|word| vec![plain(&word.to_string())]),
            " or ",
        );
    }
    match &schema["type"] {
        Json::String(one) => of_type(schema, one),
        Json::Array(several) => {
            let several = several.iter().filter_map(Json::as_str);
            joined(several.map(|one| of_type(schema, one)), " or ")
        }
        _ => vec![plain("anything")],
    }
}

fn of_type(schema: &Json, name: &str) -> Vec<Piece> {
    match name {
        "array" => {
            let mut all = vec![plain("array of ")];
            all.extend(pieces(&schema["items"]));
            all
        }
        "object" if schema["additionalProperties"].is_object() => {
            let mut all = vec![plain("map of ")];
            all.extend(pieces(&schema["additionalProperties"]));
            all
        }
        "null" => vec![plain("null")],
        other => match word(&schema["format"]) {
            Some(format) => vec![plain(&format!("{other} ({format})"))],
            None => vec![plain(other)],
        },
    }
}

fn joined(parts: impl Iterator<Item = Vec<Piece>>, joint: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for part in parts {
        if !pieces.is_empty() {
            pieces.push(plain(joint));
        }
        pieces.extend(part);
    }
    pieces
}

fn plain(text: &str) -> Piece {
    Piece {
        text: text.to_owned(),
        link: false,
    }
}

/// The name in a reference to a named schema.
fn referenced(schema: &Json) -> Option<&str> {
    word(&schema["$ref"])?.strip_prefix(REFERENCE)
}

/// The items of an array; of anything else none.
pub(super) fn list(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

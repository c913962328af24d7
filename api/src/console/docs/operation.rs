//! The document's operations, grouped by their first tag.

use serde_json::Value as Json;

use super::schema::{Fields, Kind, fields, kind, list};
use super::{Prose, prose, word};

/// The methods of OpenAPI, in the order people look for them.
const METHODS: [&str; 8] = [
    "get", "post", "put", "patch", "delete", "head", "options", "trace",
];

/// Operations of one tag.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) anchor: String,
    pub(super) about: Prose,
    pub(super) operations: Vec<Operation>,
}

/// A method of a path.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) summary: Prose,
    pub(super) about: Prose,
    pub(super) deprecated: bool,
    pub(super) parameters: Vec<Parameter>,
    pub(super) bodies: Vec<Body>,
    pub(super) responses: Vec<Response>,
}

/// A parameter of the path, the query or the header.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) about: Prose,
}

/// A request body of one media type.
pub(super) struct Body {
    pub(super) media: String,
    pub(super) kind: Kind,
    pub(super) fields: Fields,
}

/// What may be answered.
pub(super) struct Response {
    pub(super) status: String,
    pub(super) about: Prose,
    pub(super) contents: Vec<(String, Kind)>,
}

/// The groups in the order of the document's `tags`, then in the order of their first operation.
pub(super) fn groups(document: &Json) -> Vec<Group> {
    let mut groups: Vec<Group> = list(&document["tags"])
        .filter_map(|tag| Some(group(word(&tag["name"])?, prose(word(&tag["description"])))))
        .collect();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(found) = item.get(method) else {
                continue;
            };
            let tag = list(&found["tags"]).find_map(word).unwrap_or("other");
            let operation = operation(document, path, method, item, found);
            match groups.iter_mut().find(|group| group.name == tag) {
                Some(group) => group.operations.push(operation),
                None => {
                    let mut group = group(tag, prose(None));
                    group.operations.push(operation);
                    groups.push(group);
                }
            }
        }
    }
    groups.retain(|group| !group.operations.is_empty());
    groups
}

fn group(name: &str, about: Prose) -> Group {
    let letters = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' });
    Group {
        name: name.to_owned(),
        anchor: format!("tag-{}", letters.collect::<String>()),
        about,
        operations: Vec::new(),
    }
}

fn operation(
    document: &Json,
    path: &str,
    method: &'static str,
    item: &Json,
    found: &Json,
) -> Operation {
    // Parameters of the path item hold for all its methods.
    let parameters = list(&item["parameters"]).chain(list(&found["parameters"]));
    Operation {
        method,
        path: path.to_owned(),
        summary: prose(word(&found["summary"])),
        about: prose(word(&found["description"])),
        deprecated: found["deprecated"].as_bool().unwrap_or(false),
        parameters: parameters.map(parameter).collect(),
        bodies: contents(&found["requestBody"])
            .map(|(media, schema)| Body {
                media: media.clone(),
                kind: kind(schema),
                fields: fields(document, schema),
            })
            .collect(),
        responses: found["responses"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(status, answer)| Response {
                status: status.clone(),
                about: prose(word(&answer["description"])),
                contents: contents(answer)
                    .map(|(media, schema)| (media.clone(), kind(schema)))
                    .collect(),
            })
            .collect(),
    }
}

fn parameter(parameter: &Json) -> Parameter {
    let said = |key: &str| word(&parameter[key]).unwrap_or_default().to_owned();
    Parameter {
        name: said("name"),
        place: said("in"),
        kind: kind(&parameter["schema"]),
        required: parameter["required"].as_bool().unwrap_or(false),
        about: prose(word(&parameter["description"])),
    }
}

fn contents(holder: &Json) -> impl Iterator<Item = (&String, &Json)> {
    let media = holder["content"].as_object().into_iter().flatten();
    media.map(|(media, content)| (media, &content["schema"]))
}

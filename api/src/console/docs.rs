//! The API's documentation page, rendered here from the OpenAPI document that `/openapi.json` serves, so that the two
//! cannot disagree and no third party's script runs on the console's origin.

mod operation;
mod schema;

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::Value as Json;

use operation::{Group, groups};
use schema::{Schema, schemas};

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsView {
    here: &'static str,
    name: String,
    version: String,
    about: Prose,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
}

/// A description as text and code, escaped by its own template.
#[derive(Template)]
#[template(
    ext = "html",
    source = "{% for run in runs %}{% if run.code %}<code>{{ run.text }}</code>{% else %}{{ run.text }}{% endif %}{% endfor %}"
)]
struct Prose {
    runs: Vec<Run>,
}

impl HtmlSafe for Prose {}

impl Prose {
    fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

/// A run of text: plain, or as code (between backticks in the document).
struct Run {
    code: bool,
    text: String,
}

/// The page at `/docs`: operations by tag, then the schemas they name. An error means that the document is no JSON.
pub fn docs_page(openapi_json: &str) -> Result<String, askama::Error> {
    let document: Json = serde_json::from_str(openapi_json).map_err(askama::Error::custom)?;
    let info = &document["info"];
    DocsView {
        here: "docs",
        name: word(&info["title"]).unwrap_or("API").to_owned(),
        version: word(&info["version"]).unwrap_or_default().to_owned(),
        about: prose(word(&info["description"])),
        groups: groups(&document),
        schemas: schemas(&document),
    }
    .render()
}

/// The text of a JSON string.
fn word(value: &Json) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Descriptions come from doc comments: backticks in them mean code, the rest is text.
fn prose(text: Option<&str>) -> Prose {
    let runs = text.unwrap_or_default().split('`').enumerate();
    Prose {
        runs: runs
            .filter(|(_, part)| !part.is_empty())
            .map(|(i, part)| Run {
                code: i % 2 == 1,
                text: part.to_owned(),
            })
            .collect(),
    }
}

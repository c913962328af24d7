//! The outline of a YAML text: which field stands where. Serde forgets places once a value is built, so that a value
//! found wrong afterwards could not be shown; and it lets pass what readers of YAML disagree about. The outline is
//! read first, from the parser's events, and never builds values.

mod ambiguous;
mod reader;

use crate::error::{Place, Problem, YamlError};
use crate::tabs::{tab_indentation, tab_problem};

/// What a text is, in the words of its messages, and how much may be in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// What one text holds.
    pub(crate) noun: &'static str,
    /// The key that it starts with.
    pub(crate) first: &'static str,
    /// Where its form is shown.
    pub(crate) see: &'static str,
    /// Most fields and elements: a bound on the work a hostile file can cause.
    pub(crate) most: usize,
}

/// A template; far more than any needs.
pub(crate) const TEMPLATE: Kind = Kind {
    noun: "template",
    first: "name",
    see: "templates/hello-web.yaml",
    most: 5_000,
};

/// Which field stands where, in the order of the text.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    nodes: Vec<Node>,
    /// What is wrong whatever the values mean: keys given twice, values that readers of YAML disagree about.
    pub(crate) problems: Vec<Problem>,
    /// Paths of the values that readers of YAML disagree about.
    pub(crate) doubtful: Vec<String>,
    /// Whether it is without anchors, aliases and tags.
    pub(crate) plain: bool,
    /// Where the first of these stands.
    pub(crate) decorated: Option<Place>,
}

/// One field or element.
#[derive(Debug)]
pub(crate) struct Node {
    /// Such as `probe.port` or `ingress[0].cidr`; empty for the whole.
    pub(crate) path: String,
    /// Where its key stands; the value's place for elements of a list.
    pub(crate) key: Place,
    /// Where its value starts.
    pub(crate) value: Place,
    /// What stands there.
    pub(crate) shape: Shape,
    /// Its key as it is written, when it is no element of a list.
    pub(crate) word: Option<String>,
    /// How many mappings and lists are around it.
    pub(crate) depth: usize,
    /// Whether its text stands without quotes.
    pub(crate) bare: bool,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A single value, as text; `~` when nothing is written.
    Text(String),
    /// Keys and values.
    Mapping,
    /// Elements.
    List,
    /// Whatever an anchor names.
    Alias,
}

impl Outline {
    /// Reads the outline of a template, refusing what is no single mapping.
    pub(crate) fn read(yaml: &str) -> Result<Self, YamlError> {
        Self::of(yaml, TEMPLATE)
    }

    /// Reads the outline of a text of this kind, refusing what is no single mapping.
    pub(crate) fn of(yaml: &str, kind: Kind) -> Result<Self, YamlError> {
        let (outline, texts) = reader::read(yaml, kind)?;
        match tab_indentation(yaml, &texts, 1, u32::MAX) {
            Some(place) => {
                let mut problems = outline.problems;
                problems.push(tab_problem(place));
                Err(YamlError::of(problems).unwrap_or_else(|| tab_problem(place).into()))
            }
            None => Ok(outline),
        }
    }

    /// All fields, in the order of the text.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Where the value of a field stands, or the nearest thing around it; `None` for a missing key of the whole.
    pub(crate) fn place(&self, field: &str) -> Option<Place> {
        let mut path = field;
        while !path.is_empty() {
            if let Some(node) = self.node(path) {
                return Some(if path == field { node.value } else { node.key });
            }
            path = path.rfind(['.', '[']).map_or("", |end| &path[..end]);
        }
        None
    }

    /// The innermost field that starts at this place or before it.
    pub(crate) fn at(&self, place: Place) -> Option<&Node> {
        self.nodes.iter().rev().find(|node| node.key <= place)
    }

    /// The field with this path, if the text has it.
    pub(crate) fn node(&self, path: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.path == path)
    }
}

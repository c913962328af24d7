//! Values with their places, asked for one by one: what policies and scenarios are read by. Serde makes numbers of what must be read
//! from its text (money), and tells one mistake at a time; this tells all.

use std::collections::BTreeSet;

use ingot_domain::field::shown;
use ingot_domain::nearest::suggestion;

use crate::error::{Problem, YamlError};
use crate::outline::{Kind, Node, Outline, Shape};

/// A value with all below it.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    node: &'a Node,
    inner: Vec<Item<'a>>,
}

/// Asks for values, and keeps what is wrong with them.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    /// Paths of which something is told already.
    told: BTreeSet<&'a str>,
    problems: Vec<Problem>,
}

/// Reads the outline of a text of this kind and of at most so many bytes.
pub(crate) fn outline(yaml: &str, kind: Kind, largest: usize) -> Result<Outline, YamlError> {
    if yaml.len() > largest {
        let noun = kind.noun;
        let message = format!("the text is larger than {largest} bytes; a {noun} needs fewer");
        return Err(Problem::of_file(message).into());
    }
    // Editors on Windows put a byte-order mark first; it means nothing here.
    let yaml = yaml.strip_prefix('\u{feff}').unwrap_or(yaml);
    crate::parse::refuse_hidden(yaml)?;
    // JSON may be indented with tabs, which never stand in its strings.
    let outline = match yaml.trim_start().starts_with('{') {
        true => Outline::of(&without_tabs(yaml), kind)?,
        false => Outline::of(yaml, kind)?,
    };
    match outline.decorated {
        Some(place) => {
            let message = "anchors, aliases and tags have no meaning here; write the value out";
            Err(Problem::at(Some(place), "", message).into())
        }
        None => Ok(outline),
    }
}

/// The same text with a blank for each tab that indents a line.
fn without_tabs(json: &str) -> String {
    let blanks = |line: &str| {
        let text = line.trim_start_matches([' ', '\t']);
        format!("{}{text}", " ".repeat(line.len() - text.len()))
    };
    let lines: Vec<String> = json.split('\n').map(blanks).collect();
    lines.join("\n")
}

impl<'a> Asker<'a> {
    /// The whole of an outline, and who asks about it.
    pub(crate) fn of(outline: &'a Outline) -> (Self, Option<Item<'a>>) {
        let mut nodes = outline.nodes();
        let asker = Self {
            told: outline.doubtful.iter().map(String::as_str).collect(),
            problems: outline.problems.clone(),
        };
        (asker, item(&mut nodes))
    }

    /// What was asked for, unless anything is wrong.
    pub(crate) fn end<T>(self, asked: Option<T>) -> Result<T, YamlError> {
        match (YamlError::of(self.problems), asked) {
            (None, Some(asked)) => Ok(asked),
            (Some(error), _) => Err(error),
            // A value is missing only where a problem says so.
            (None, None) => Err(Problem::of_file("the file can not be read").into()),
        }
    }

    /// Tells that a value is wrong, once.
    pub(crate) fn wrong(&mut self, item: &Item<'a>, message: impl Into<String>) {
        if self.told.insert(&item.node.path) {
            let (path, place) = (item.node.path.clone(), item.node.value);
            self.problems.push(Problem::at(Some(place), path, message));
        }
    }

    /// The keys of a mapping, which must be among the known ones.
    pub(crate) fn keys(&mut self, item: &Item<'a>, known: &[&str]) {
        if item.node.shape != Shape::Mapping {
            let told = item.told();
            self.wrong(
                item,
                format!(
                    "{told} stands where a mapping is expected; write its keys as indented `key: value` lines"
                ),
            );
        }
        for inner in &item.inner {
            let Some(word) = inner
                .node
                .word
                .as_deref()
                .filter(|word| !known.contains(word))
            else {
                continue;
            };
            if self.told.insert(&inner.node.path) {
                let message = format!("unknown key `{}`; {}", shown(word), suggestion(word, known));
                let (path, place) = (inner.node.path.clone(), inner.node.key);
                self.problems.push(Problem::at(Some(place), path, message));
            }
        }
    }

    /// The value of a key that must be there.
    pub(crate) fn need<'i>(&mut self, item: &'i Item<'a>, key: &str) -> Option<&'i Item<'a>> {
        let found = item.get(key);
        if found.is_none() && item.node.shape == Shape::Mapping {
            let path = &item.node.path;
            let (place, path) = match path.is_empty() {
                true => (None, key.to_owned()),
                false => (Some(item.node.key), format!("{path}.{key}")),
            };
            let message = format!("the key is missing; add `{key}:`");
            self.problems.push(Problem::at(place, path, message));
        }
        found
    }

    /// The elements of a list.
    pub(crate) fn list<'i>(&mut self, item: &'i Item<'a>) -> &'i [Item<'a>] {
        if item.node.shape == Shape::List {
            return &item.inner;
        }
        let told = item.told();
        let how = "write `[a, b]`, or one `- a` line each";
        self.wrong(
            item,
            format!("{told} stands where a list is expected; {how}"),
        );
        &[]
    }

    /// A single value's text, with whether it stands without quotes.
    fn single<'i>(&mut self, item: &'i Item<'a>) -> Option<(&'i str, bool)> {
        match &item.node.shape {
            Shape::Text(_) if item.is_empty() => {
                self.wrong(item, "the value is empty; give one, or remove the key");
                None
            }
            Shape::Text(text) => Some((text, item.node.bare)),
            _ => {
                let told = item.told();
                self.wrong(item, format!("{told} stands where a single value is expected; write one value on this line"));
                None
            }
        }
    }

    /// A text, read by its own rules. A number or a boolean is none.
    pub(crate) fn text<T>(
        &mut self,
        item: &Item<'a>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let (text, bare) = self.single(item)?;
        let other = if bare { no_text(text) } else { None };
        let text = text.to_owned();
        match (read(&text), other) {
            (Ok(value), None) => Some(value),
            (Ok(_), Some(kind)) => {
                let text = shown(&text);
                self.wrong(
                    item,
                    format!("`{text}` without quotes is {kind}; write \"{text}\" for the text"),
                );
                None
            }
            (Err(wrong), kind) => {
                let is = kind
                    .map(|kind| format!(" is {kind}, not a text"))
                    .unwrap_or_default();
                self.wrong(item, format!("`{}`{is}: {wrong}", shown(&text)));
                None
            }
        }
    }

    /// A number or a text, read from its text by its own rules.
    pub(crate) fn spelled<T>(
        &mut self,
        item: &Item<'a>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let (text, _) = self.single(item)?;
        let text = text.to_owned();
        match read(&text) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.wrong(item, format!("`{}`: {wrong}", shown(&text)));
                None
            }
        }
    }

    /// A boolean.
    pub(crate) fn flag(&mut self, item: &Item<'a>) -> Option<bool> {
        let (text, bare) = self.single(item)?;
        let value = match text {
            "true" | "True" | "TRUE" if bare => Some(true),
            "false" | "False" | "FALSE" if bare => Some(false),
            _ => None,
        };
        if value.is_none() {
            let text = shown(text);
            self.wrong(
                item,
                format!("`{text}` is neither `true` nor `false`; write one of these"),
            );
        }
        value
    }

    /// A whole number from 1 up to `most`.
    pub(crate) fn count(&mut self, item: &Item<'a>, most: u32) -> Option<u32> {
        let (text, bare) = self.single(item)?;
        let digits = bare && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text
            .parse()
            .ok()
            .filter(|number| digits && (1..=most).contains(number));
        if number.is_none() {
            let text = shown(text);
            self.wrong(
                item,
                format!("`{text}` is no whole number from 1 to {most}; write digits only, without quotes"),
            );
        }
        number
    }
}

impl<'a> Item<'a> {
    /// The value of a key, if it is there.
    pub(crate) fn get(&self, key: &str) -> Option<&Item<'a>> {
        let word = |inner: &&Item<'a>| inner.node.word.as_deref() == Some(key);
        self.inner.iter().find(word)
    }

    /// The same, where `null` stands for a key that is not there.
    pub(crate) fn given(&self, key: &str) -> Option<&Item<'a>> {
        let null = Shape::Text("null".to_owned());
        self.get(key)
            .filter(|inner| !(inner.node.bare && inner.node.shape == null))
    }

    /// The keys and values, in the order of the text.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'a str, &Item<'a>)> {
        let inner = self.inner.iter();
        inner.filter_map(|inner| Some((inner.node.word.as_deref()?, inner)))
    }

    /// Its path, such as `requests[0].id`.
    pub(crate) fn path(&self) -> &'a str {
        &self.node.path
    }

    fn is_empty(&self) -> bool {
        let empty = ["", "~", "null", "Null", "NULL"];
        match &self.node.shape {
            Shape::Text(text) => self.node.bare && empty.contains(&text.as_str()),
            _ => false,
        }
    }

    fn told(&self) -> String {
        match &self.node.shape {
            Shape::Text(_) if self.is_empty() => "an empty value".to_owned(),
            Shape::Text(text) => format!("`{}`", shown(text)),
            Shape::Mapping => "a mapping".to_owned(),
            Shape::List => "a list".to_owned(),
            Shape::Alias => "what the alias stands for".to_owned(),
        }
    }
}

/// Takes one value with all below it from the nodes. Of a key given twice, which the outline tells, the first counts.
fn item<'a>(nodes: &mut &'a [Node]) -> Option<Item<'a>> {
    let (node, rest) = nodes.split_first()?;
    *nodes = rest;
    let mut inner: Vec<Item<'a>> = Vec::new();
    let mut words = BTreeSet::new();
    while nodes.first().is_some_and(|next| next.depth > node.depth) {
        let next = item(nodes)?;
        if next
            .node
            .word
            .as_deref()
            .is_none_or(|word| words.insert(word))
        {
            inner.push(next);
        }
    }
    Some(Item { node, inner })
}

/// What a plain value is to readers of YAML, if it is no text.
fn no_text(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.trim_start_matches(['-', '+']);
    if ["true", "false"].contains(&lower.as_str()) {
        return Some("a boolean");
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let float = unsigned.parse::<f64>().is_ok()
        && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let other = [".inf", ".nan"].contains(&unsigned)
        || unsigned
            .strip_prefix("0x")
            .is_some_and(|hex| u64::from_str_radix(hex, 16).is_ok())
        || unsigned.strip_prefix("0o").is_some_and(digits);
    (float || other).then_some("a number")
}

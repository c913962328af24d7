//! Builds the outline from the parser's events, and refuses what serde would let pass or explain badly: duplicate
//! keys, several documents, values that readers of YAML disagree about.

use std::collections::HashMap;

use ingot_domain::field::shown;
use serde_saphyr::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

use super::ambiguous::ambiguous;
use super::{Kind, Node, Outline, Shape, TEMPLATE};
use crate::error::{Place, Problem, YamlError};
use crate::tabs::{TextLines, tab_indentation, tab_problem};

/// Deepest nesting of a template; far more than any field needs.
const DEEPEST: usize = 32;

/// An open mapping or list.
enum Open {
    Map {
        path: String,
        seen: HashMap<String, Place>,
        key: Option<Key>,
    },
    List {
        path: String,
        next: usize,
    },
}

/// The key whose value comes next.
struct Key {
    path: String,
    place: Place,
    word: String,
}

/// The fields of a text with what is wrong with them, and the lines of its longer texts.
pub(super) fn read(yaml: &str, kind: Kind) -> Result<(Outline, TextLines), YamlError> {
    let mut reader = Reader {
        yaml,
        kind: Some(kind),
        ..Reader::default()
    };
    for event in Parser::new_from_str(yaml) {
        match event {
            Ok((event, span)) => reader.event(&event, span)?,
            Err(error) => return Err(reader.syntax(&error).into()),
        }
    }
    if reader.nodes.is_empty() {
        return Err(empty(kind).into());
    }
    let outline = Outline {
        nodes: reader.nodes,
        problems: reader.problems,
        doubtful: reader.doubtful,
        plain: reader.decorated.is_none(),
        decorated: reader.decorated,
    };
    Ok((outline, reader.texts))
}

#[derive(Default)]
struct Reader<'a> {
    yaml: &'a str,
    kind: Option<Kind>,
    nodes: Vec<Node>,
    open: Vec<Open>,
    problems: Vec<Problem>,
    doubtful: Vec<String>,
    decorated: Option<Place>,
    texts: TextLines,
    documents: usize,
}

impl Reader<'_> {
    fn event(&mut self, event: &Event<'_>, span: Span) -> Result<(), Problem> {
        let place = place(&span);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let noun = self.kind().noun;
                    let message =
                        format!("a second document starts here; write one {noun} per file");
                    return Err(Problem::at(Some(place), "", message));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.decorate(*anchor != 0 || tag.is_some(), place);
                if *style != ScalarStyle::Plain {
                    self.remember_text(&span);
                } else if tag.is_none() && self.awaits_value() {
                    self.check_plain(text, place);
                }
                let known = self.nodes.len();
                self.node(Shape::Text(text.to_string()), place)?;
                // A key makes no node.
                if let Some(node) = self.nodes.get_mut(known) {
                    node.bare = *style == ScalarStyle::Plain;
                }
            }
            Event::Alias(_) => {
                self.decorate(true, place);
                self.node(Shape::Alias, place)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                self.decorate(*anchor != 0 || tag.is_some(), place);
                let path = self.node(Shape::Mapping, place)?;
                self.enter(
                    Open::Map {
                        path,
                        seen: HashMap::new(),
                        key: None,
                    },
                    place,
                )?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.decorate(*anchor != 0 || tag.is_some(), place);
                let path = self.node(Shape::List, place)?;
                self.enter(Open::List { path, next: 0 }, place)?;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
            }
            _ => {}
        }
        Ok(())
    }

    fn kind(&self) -> Kind {
        self.kind.unwrap_or(TEMPLATE)
    }

    fn decorate(&mut self, has: bool, place: Place) {
        if has {
            self.decorated.get_or_insert(place);
        }
    }

    fn enter(&mut self, open: Open, place: Place) -> Result<(), Problem> {
        self.open.push(open);
        if self.open.len() > DEEPEST {
            return Err(Problem::at(
                Some(place),
                "",
                format!("nested deeper than {DEEPEST} levels; flatten it"),
            ));
        }
        Ok(())
    }

    /// Whether the next node is a value, not a key.
    fn awaits_value(&self) -> bool {
        !matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    /// Takes one key or value; the path of a value.
    fn node(&mut self, shape: Shape, place: Place) -> Result<String, Problem> {
        let (depth, kind) = (self.open.len(), self.kind());
        let (path, key, word) = match self.open.last_mut() {
            None => match &shape {
                Shape::Mapping => (String::new(), place, None),
                Shape::Text(text) if ["", "~", "null"].contains(&text.as_str()) => {
                    return Err(empty(kind));
                }
                Shape::Text(text) => return Err(whole(kind, place, &format!("`{}`", shown(text)))),
                Shape::List | Shape::Alias => return Err(whole(kind, place, "a list")),
            },
            Some(Open::List { path, next }) => {
                let index = *next;
                *next += 1;
                (format!("{path}[{index}]"), place, None)
            }
            Some(Open::Map { path, seen, key }) => match key.take() {
                Some(found) => (found.path, found.place, Some(found.word)),
                None => {
                    let Shape::Text(word) = shape else {
                        let message =
                            "a key must be a word; text that starts with `{` or `[` needs quotes";
                        return Err(Problem::at(Some(place), path.clone(), message));
                    };
                    let shown = shown(&word);
                    let field = if path.is_empty() {
                        shown.clone()
                    } else {
                        format!("{path}.{shown}")
                    };
                    if let Some(first) = seen.get(&word) {
                        let first = first.line;
                        let message = format!(
                            "the key `{shown}` stands here a second time, first on line {first}; remove one"
                        );
                        self.problems
                            .push(Problem::at(Some(place), field.clone(), message));
                    } else {
                        seen.insert(word.clone(), place);
                    }
                    *key = Some(Key {
                        path: field,
                        place,
                        word,
                    });
                    return Ok(String::new());
                }
            },
        };
        self.nodes.push(Node {
            path: path.clone(),
            key,
            value: place,
            shape,
            word,
            depth,
            bare: false,
        });
        if self.nodes.len() > kind.most {
            let (most, noun) = (kind.most, kind.noun);
            let message = format!("more than {most} values; a {noun} needs fewer");
            return Err(Problem::at(Some(place), path, message));
        }
        Ok(path)
    }

    /// The path of the value that comes next.
    fn next_path(&self) -> String {
        match self.open.last() {
            Some(Open::Map { key: Some(key), .. }) => key.path.clone(),
            Some(Open::List { path, next }) => format!("{path}[{next}]"),
            _ => String::new(),
        }
    }

    /// Refuses what readers of YAML disagree about.
    fn check_plain(&mut self, text: &str, place: Place) {
        if let Some(instead) = ambiguous(text) {
            let text = shown(text);
            let message = format!(
                "`{text}` means different things to different readers of YAML; write {instead}\"{text}\" for the text"
            );
            let path = self.next_path();
            self.doubtful.push(path.clone());
            self.problems.push(Problem::at(Some(place), path, message));
        }
    }

    /// Notes the lines of a text, whose tabs are the author's business.
    fn remember_text(&mut self, span: &Span) {
        let first = line(span.start.line());
        let mut last = line(span.end.line());
        if span.end.col() == 0 {
            last = last.saturating_sub(1);
        }
        if last > first {
            self.texts.push(first + 1..=last);
        }
    }

    /// Turns the parser's complaint into one with a way out.
    fn syntax(&self, error: &ScanError) -> Problem {
        let marker = error.marker();
        let place = Place {
            line: line(marker.line()),
            column: line(marker.col() + 1),
        };
        let info = error.info();
        let about_tabs = info.contains("tab");
        let from = if about_tabs { 1 } else { place.line };
        // A tab below `key: |` is reported at the bar, hence one line more.
        let to = place.line + u32::from(about_tabs);
        if let Some(tab) = tab_indentation(self.yaml, &self.texts, from, to) {
            return tab_problem(tab);
        }
        if about_tabs {
            return tab_problem(place);
        }
        match error.kind() {
            ErrorKind::UnknownAnchor => {
                let message = "this alias refers to no anchor before it; write the value out, or put the text in quotes";
                return Problem::at(Some(place), self.next_path(), message);
            }
            ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
                let message = format!(
                    "the control character {} is not allowed; remove it",
                    character.escape_unicode()
                );
                return Problem::at(Some(place), self.next_path(), message);
            }
            _ => {}
        }
        let hint = "check the indentation, and put quotes around text that contains `: ` or starts with a sign such as { [ & * ! % @";
        Problem::at(
            Some(place),
            self.next_path(),
            format!("this is not valid YAML ({info}); {hint}"),
        )
    }
}

fn empty(kind: Kind) -> Problem {
    let (first, see) = (kind.first, kind.see);
    Problem::of_file(format!(
        "the file is empty; start with `{first}:`, see {see}"
    ))
}

fn whole(kind: Kind, place: Place, what: &str) -> Problem {
    let (noun, first) = (kind.noun, kind.first);
    Problem::at(
        Some(place),
        "",
        format!("a {noun} is a mapping of keys, not {what}; start with `{first}:`"),
    )
}

fn place(span: &Span) -> Place {
    Place {
        line: line(span.start.line()),
        column: line(span.start.col() + 1),
    }
}

fn line(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

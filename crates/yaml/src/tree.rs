//! A text's values as a tree that can be mended: wrong values are taken out or replaced, and the rest written again, so
//! that the reader gets past the first mistake.

use std::fmt::Write;

use ingot_domain::field::shown;

use crate::outline::{Node, Outline, Shape};

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    /// A single value, and whether it stands without quotes.
    Text(String, bool),
    /// Keys and values.
    Map(Vec<(String, Tree)>),
    /// Elements.
    List(Vec<Tree>),
}

impl Tree {
    /// The tree of a text; none for one with anchors, aliases or tags, which mean more than is written where they stand.
    pub(crate) fn of(outline: &Outline) -> Option<Self> {
        let mut nodes = outline.nodes();
        if outline.plain {
            built(&mut nodes)
        } else {
            None
        }
    }

    /// A value without quotes.
    pub(crate) fn bare(text: &str) -> Self {
        Self::Text(text.to_owned(), true)
    }

    /// Puts a value at a path; false if there is no mapping or list to put it in.
    pub(crate) fn put(&mut self, path: &str, value: Tree) -> bool {
        if let Some(found) = self.find("", path) {
            *found = value;
            return true;
        }
        let (within, key) = path.rsplit_once('.').unwrap_or(("", path));
        match self.find("", within) {
            Some(Self::Map(fields)) => {
                fields.push((key.to_owned(), value));
                true
            }
            _ => false,
        }
    }

    /// Takes a key with its value out; false for an element of a list, whose neighbours would move.
    pub(crate) fn take(&mut self, path: &str) -> bool {
        self.take_below("", path)
    }

    fn take_below(&mut self, own: &str, path: &str) -> bool {
        if let Self::Map(fields) = self {
            let before = fields.len();
            fields.retain(|(key, _)| below(own, key) != path);
            if fields.len() < before {
                return true;
            }
        }
        self.children(own)
            .any(|(at, child)| leads(&at, path) && child.take_below(&at, path))
    }

    fn find(&mut self, own: &str, path: &str) -> Option<&mut Self> {
        if own == path {
            return Some(self);
        }
        self.children(own)
            .filter(|(at, _)| leads(at, path))
            .find_map(|(at, child)| child.find(&at, path))
    }

    fn children(&mut self, own: &str) -> Box<dyn Iterator<Item = (String, &mut Self)> + '_> {
        let own = own.to_owned();
        match self {
            Self::Text(..) => Box::new(std::iter::empty()),
            Self::Map(fields) => Box::new(
                fields
                    .iter_mut()
                    .map(move |(key, value)| (below(&own, key), value)),
            ),
            Self::List(elements) => Box::new(
                elements
                    .iter_mut()
                    .enumerate()
                    .map(move |(i, value)| (format!("{own}[{i}]"), value)),
            ),
        }
    }

    /// As YAML, every value on lines of its own.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out.push('\n');
        out
    }

    fn write(&self, indent: usize, out: &mut String) {
        let start = |out: &mut String| {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
        };
        match self {
            Self::Text(text, true) if text.is_empty() => out.push_str(" ~"),
            Self::Text(text, true) if !text.contains('\n') => {
                out.push(' ');
                out.push_str(text);
            }
            Self::Text(text, _) => {
                out.push(' ');
                quote(text, out);
            }
            Self::Map(fields) if fields.is_empty() => out.push_str(" {}"),
            Self::List(elements) if elements.is_empty() => out.push_str(" []"),
            Self::Map(fields) => {
                for (key, value) in fields {
                    start(out);
                    quote(key, out);
                    out.push(':');
                    value.write(indent + 1, out);
                }
            }
            Self::List(elements) => {
                for value in elements {
                    start(out);
                    out.push('-');
                    value.write(indent + 1, out);
                }
            }
        }
    }
}

/// Takes one value with all below it from the nodes.
fn built(nodes: &mut &[Node]) -> Option<Tree> {
    let (node, rest) = nodes.split_first()?;
    *nodes = rest;
    let inner = |nodes: &&[Node]| nodes.first().is_some_and(|next| next.depth > node.depth);
    match &node.shape {
        Shape::Text(text) => Some(Tree::Text(text.clone(), node.bare)),
        Shape::Alias => None,
        Shape::Mapping => {
            let mut fields: Vec<(String, Tree)> = Vec::new();
            while inner(nodes) {
                let key = nodes.first()?.word.clone()?;
                let value = built(nodes)?;
                // Of a key given twice, the first counts.
                if fields.iter().all(|(other, _)| *other != key) {
                    fields.push((key, value));
                }
            }
            Some(Tree::Map(fields))
        }
        Shape::List => {
            let mut elements = Vec::new();
            while inner(nodes) {
                elements.push(built(nodes)?);
            }
            Some(Tree::List(elements))
        }
    }
}

/// The path of a key, as the outline writes it.
fn below(own: &str, key: &str) -> String {
    if own.is_empty() {
        shown(key)
    } else {
        format!("{own}.{}", shown(key))
    }
}

/// Whether a path is this one or leads through it.
fn leads(at: &str, path: &str) -> bool {
    path.strip_prefix(at)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A text in double quotes.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            ' '..='~' => out.push(c),
            c => {
                // Writing to a text never fails.
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(yaml: &str) -> Tree {
        Tree::of(&Outline::read(yaml).expect("an outline")).expect("a tree")
    }

    #[test]
    fn what_is_written_again_reads_as_before() {
        let yaml = "a: {b.c: [1, \"2\", é], d: {}}\ne: |\n  x: \"y\"\n  z\\\nf: []\ng:\nh: one\n  two\ni:\n  - k: 1\n    l: [[3], {m: 4}]\n";
        let mut first = tree(yaml);
        let again = tree(&first.text());
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
        let mut has = |path: &str| first.find("", path).is_some();
        assert!(has("a.b.c[2]") && has("i[0].l[1].m") && !has("i[1]"));
    }

    #[test]
    fn values_are_taken_out_and_put_in() {
        let mut tree = tree("a: {b.c: 1, d: 2}\ne: [x, y]\n");
        assert!(tree.take("a.b.c") && !tree.take("a.b.c") && !tree.take("e[0]"));
        assert!(tree.put("e[0]", Tree::bare("z")) && tree.put("a.n", Tree::bare("3")));
        assert!(!tree.put("q.r", Tree::bare("4")));
        let text = "\n\"a\":\n \"d\": 2\n \"n\": 3\n\"e\":\n - z\n - y\n";
        assert_eq!(tree.text(), text);
    }
}

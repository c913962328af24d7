//! What is wrong with a template's text: where, which field, and the way out.

use std::fmt;

/// One thing wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, counted from 1; absent when the place is not in the text (a missing key of the file, an unreadable file).
    pub line: Option<u32>,
    /// Column in characters, counted from 1; present exactly when `line` is.
    pub column: Option<u32>,
    /// Path of the field, such as `probe.port` or `ingress[0].cidr`; empty for the file as a whole.
    pub field: String,
    /// The value and the way out.
    pub message: String,
}

impl Problem {
    /// A problem of the whole file, without a place.
    pub(crate) fn of_file(message: impl Into<String>) -> Self {
        Self {
            line: None,
            column: None,
            field: String::new(),
            message: message.into(),
        }
    }

    /// A problem of `field` at a place.
    pub(crate) fn at(
        place: Option<Place>,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            field: field.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "line {line}, column {column}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// A place in the text; both numbers count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Most problems told at once; an author corrects the first before reading more.
const MOST_PROBLEMS: usize = 50;

/// Why a template is refused: at least one problem, in the order of the text. Displayed one per line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct YamlError {
    first: Problem,
    more: Vec<Problem>,
}

impl YamlError {
    /// An error of these problems, sorted by place, or `None` when there are none.
    pub(crate) fn of(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        let untold = problems.len().saturating_sub(MOST_PROBLEMS);
        if untold > 0 {
            problems.truncate(MOST_PROBLEMS);
            problems.push(Problem::of_file(format!(
                "and {untold} more; correct these first"
            )));
        }
        let mut problems = problems.into_iter();
        let first = problems.next()?;
        Some(Self {
            first,
            more: problems.collect(),
        })
    }

    /// All problems, in the order of the text; those without a place come first.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// Line of the first problem, counted from 1.
    pub fn line(&self) -> Option<u32> {
        self.first.line
    }

    /// Column of the first problem, counted from 1 in characters.
    pub fn column(&self) -> Option<u32> {
        self.first.column
    }

    /// Path of the first problem's field; empty for the file as a whole.
    pub fn field(&self) -> &str {
        &self.first.field
    }

    /// Message of the first problem.
    pub fn message(&self) -> &str {
        &self.first.message
    }
}

impl From<Problem> for YamlError {
    fn from(first: Problem) -> Self {
        Self {
            first,
            more: Vec::new(),
        }
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        self.more
            .iter()
            .try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

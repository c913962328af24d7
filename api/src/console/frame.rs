//! The frame of every list: its columns by importance, its rows, what an empty one says, and the page around it. A noun
//! brings columns and cells; how they become a table from 900 px on and cards below is decided here, once.

use askama::Template;
use askama::filters::HtmlSafe;

use super::filter::Filter;
use super::parts::Value;

/// A column.
pub(super) struct Column {
    name: &'static str,
    /// Left out where a table has little room; a card shows it.
    lesser: bool,
}

/// A column that is always shown.
pub(super) fn column(name: &'static str) -> Column {
    Column {
        name,
        lesser: false,
    }
}

/// A column that is left out where a table has little room.
pub(super) fn lesser(name: &'static str) -> Column {
    Column { name, lesser: true }
}

/// One cell: a value, what stands smaller beneath it, and how it is set.
pub(super) struct Cell {
    value: Value,
    sub: Option<Value>,
    look: &'static str,
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self {
            value: value.brief(),
            sub: None,
            look: "",
        }
    }
}

impl Cell {
    /// Nothing to show: a card leaves it out, a table has its place.
    fn is_missing(&self) -> bool {
        matches!(self.value, Value::Missing) && self.sub.is_none()
    }

    /// With a second value beneath; one that is missing is left out.
    pub(super) fn over(mut self, sub: Value) -> Self {
        self.sub = (!matches!(sub, Value::Missing)).then(|| sub.brief());
        self
    }

    /// In figures of equal width.
    pub(super) fn number(mut self) -> Self {
        self.look = "number";
        self
    }

    /// Not broken into lines.
    pub(super) fn whole(mut self) -> Self {
        self.look = "whole";
        self
    }

    /// Sentences.
    pub(super) fn words(mut self) -> Self {
        self.look = "words";
        self
    }
}

/// A row; its first cell is what it is about.
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
}

/// What a list without rows says.
pub(super) struct Nothing {
    /// That there is nothing.
    pub(super) what: &'static str,
    /// How something comes to be there.
    pub(super) how: &'static str,
    /// A command that makes it so.
    pub(super) command: Option<&'static str>,
}

/// A list. It may stand in any page.
#[derive(Template)]
#[template(path = "frame.html")]
pub(super) struct List {
    /// Its id in the page; `live.js` exchanges what bears it.
    pub(super) id: &'static str,
    /// What it lists, for those who cannot see it.
    pub(super) caption: &'static str,
    /// Its columns.
    pub(super) columns: Vec<Column>,
    /// Its rows, with as many cells.
    pub(super) rows: Vec<Row>,
    /// When there is none.
    pub(super) nothing: Nothing,
}

impl HtmlSafe for List {}

impl List {
    /// The columns beside the row's heading, each with its cell.
    fn beside<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (&'a Column, &'a Cell)> {
        self.columns.iter().zip(&row.cells).skip(1)
    }
}

/// A way from a list to something that is done.
pub(super) struct Way {
    pub(super) href: String,
    pub(super) name: &'static str,
}

/// A page that is one list.
#[derive(Template)]
#[template(path = "list.html")]
pub(super) struct ListPage {
    pub(super) here: &'static str,
    pub(super) title: &'static str,
    pub(super) intro: Option<&'static str>,
    pub(super) way: Option<Way>,
    pub(super) filter: Filter,
    pub(super) list: List,
    /// Something in it still changes by itself.
    pub(super) unfinished: bool,
}

//! What goes to stdout and how it looks. Results only; progress and errors go to stderr.

pub(crate) mod evidence;
pub(crate) mod grid;
pub(crate) mod look;
pub(crate) mod moment;
pub(crate) mod tree;

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use comfy_table::{ContentArrangement, Table, presets};
use ingot_domain::field::is_hidden;
use serde::Serialize;

/// How results are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// The API's JSON instead of text for people.
    pub(crate) json: bool,
}

impl Output {
    /// A result: the API's answer as it is, or what people want to know of it.
    pub(crate) fn result<T: Serialize>(
        self,
        answer: &T,
        people: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        let text = if self.json {
            serde_json::to_string_pretty(answer)?
        } else {
            people(answer)
        };
        say(&text)
    }

    /// One line of a story: a JSON line, or a line for people.
    pub(crate) fn line<T: Serialize>(
        self,
        answer: &T,
        people: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        let text = if self.json {
            serde_json::to_string(answer)?
        } else {
            people(answer)
        };
        say(&text)
    }
}

/// Writes lines to stdout. A reader that went away, such as `head`, is an [`io::ErrorKind::BrokenPipe`], not a panic.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    Ok(out.flush()?)
}

/// Whether the error is only that no program reads stdout any more.
pub(crate) fn nobody_listens(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A table with a head and no lines, as narrow as its contents; in a terminal that is narrower, cells have several lines.
pub(crate) fn table<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = bare();
    table.set_header(head.map(str::to_uppercase));
    table.add_rows(rows);
    text(&mut table)
}

/// Names and values, one pair per line.
pub(crate) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut table = bare();
    table.add_rows(
        pairs
            .into_iter()
            .map(|(name, value)| [name.to_owned(), value]),
    );
    text(&mut table)
}

fn bare() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn text(table: &mut Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    if let Some(width) = look::look().width {
        // The last column's padding is trimmed below.
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width + 2).unwrap_or(u16::MAX));
    }
    // Trailing blanks would wrap lines in a narrow terminal.
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A value, or `-`.
pub(crate) fn or_dash<T: ToString>(value: &Option<T>) -> String {
    value
        .as_ref()
        .map(|value| clean(&value.to_string()))
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "-".to_owned())
}

/// A time, short: UTC, to the second.
pub(crate) fn time(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A time, or `-`.
pub(crate) fn time_or_dash(at: &Option<DateTime<Utc>>) -> String {
    at.as_ref().map_or_else(|| "-".to_owned(), time)
}

/// A span as people say it: `45s`, `16m 20s`, `1h 2m`.
pub(crate) fn span(seconds: f64) -> String {
    // A float cast saturates, and a negative span is none.
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s}s"),
        (h, m, _) => format!("{h}h {m}m"),
    }
}

/// A text from outside, made safe for a terminal: no control characters, no escape sequences, none that cannot be seen.
pub(crate) fn clean(text: &str) -> String {
    let escaped = |c: char| c.is_control() || is_hidden(c);
    text.chars()
        .flat_map(|c| {
            if escaped(c) {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// The same for a text of several lines.
pub(crate) fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_no_borders_and_no_trailing_blanks() {
        let rows = [
            ["dep_1".to_owned(), "-".to_owned()],
            ["dep_22".to_owned(), "a b".to_owned()],
        ];
        assert_eq!(
            table(["id", "ami"], rows),
            "ID      AMI\ndep_1   -\ndep_22  a b"
        );
        assert_eq!(
            pairs([("id", "x".to_owned()), ("longer", "y".to_owned())]),
            "id      x\nlonger  y"
        );
        assert_eq!(table(["id"], []), "ID");
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        let said: Vec<String> = [0.4, 45.0, 980.0, 3725.0, -3.0]
            .into_iter()
            .map(span)
            .collect();
        assert_eq!(said, ["0s", "45s", "16m 20s", "1h 2m", "0s"]);
    }

    #[test]
    fn nothing_and_control_characters() {
        assert_eq!(
            (or_dash(&None::<u32>), or_dash(&Some(7))),
            ("-".to_owned(), "7".to_owned())
        );
        assert_eq!(clean("a\u{1b}[31m\n✓ é"), "a\\u{1b}[31m\\n✓ é");
    }
}

//! Lists as wide as the terminal: the least important columns go first, then ids are cut as far as they stay apart, then
//! long texts end in `…`. Without a width everything is shown.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use super::look::{Look, look};

/// Between two columns.
const GAP: usize = 2;
/// The fewest characters of an id that is cut: its kind and the millisecond it was made, which name it among those that the
/// list does not show, too.
const SHORTEST_ID: usize = 16;
/// The fewest columns of a text that is cut.
const SHORTEST_TEXT: usize = 8;

/// How a column may give way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Whole or not at all.
    Whole,
    /// An id, of which the beginning says enough.
    Id,
    /// A sentence or a name, which may end in `…`.
    Text,
    /// A state, with its colour.
    State,
}

/// A column: its head, what its cells are, and its rank; 1 is never dropped.
pub(crate) type Column = (&'static str, Cell, u8);

/// A list as this process's reader sees it.
pub(crate) fn grid<const N: usize>(
    columns: &[Column; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    laid_out(columns, rows.into_iter().collect(), look())
}

fn laid_out<const N: usize>(
    columns: &[Column; N],
    mut rows: Vec<[String; N]>,
    look: Look,
) -> String {
    let mut shown: Vec<usize> = (0..N).collect();
    if let Some(width) = look.width {
        while total(columns, &rows, &shown) > width {
            // Of those that may go, the last of the least important.
            let rank = |at: &usize| columns[*at].2;
            let Some(least) = shown.iter().map(rank).max().filter(|rank| *rank > 1) else {
                break;
            };
            if cut_ids(columns, &mut rows, &shown) {
                continue;
            }
            let place = shown.iter().rposition(|at| columns[*at].2 == least);
            shown.remove(place.unwrap_or_default());
        }
        if total(columns, &rows, &shown) > width {
            cut_ids(columns, &mut rows, &shown);
            cut_texts(columns, &mut rows, &shown, width);
        }
    }
    let widths: Vec<usize> = shown.iter().map(|at| widest(columns, &rows, *at)).collect();
    let mut lines = vec![line(
        shown.iter().map(|at| columns[*at].0.to_uppercase()),
        &widths,
    )];
    for row in &rows {
        let cells = shown.iter().zip(&widths).map(|(at, width)| {
            let padded = padded(&row[*at], *width);
            match columns[*at].1 {
                Cell::State if look.colour => coloured(&row[*at], &padded),
                _ => padded,
            }
        });
        let text: Vec<String> = cells.collect();
        lines.push(text.join("  ").trim_end().to_owned());
    }
    lines.join("\n")
}

fn line(cells: impl Iterator<Item = String>, widths: &[usize]) -> String {
    let padded = cells.zip(widths).map(|(cell, width)| padded(&cell, *width));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn widest<const N: usize>(columns: &[Column; N], rows: &[[String; N]], at: usize) -> usize {
    let cells = rows.iter().map(|row| row[at].width());
    cells
        .chain([columns[at].0.width()])
        .max()
        .unwrap_or_default()
}

fn total<const N: usize>(columns: &[Column; N], rows: &[[String; N]], shown: &[usize]) -> usize {
    let cells: usize = shown.iter().map(|at| widest(columns, rows, *at)).sum();
    cells + GAP * shown.len().saturating_sub(1)
}

/// Cuts the ids as far as they stay apart; says whether that changed anything.
fn cut_ids<const N: usize>(
    columns: &[Column; N],
    rows: &mut [[String; N]],
    shown: &[usize],
) -> bool {
    let mut changed = false;
    for at in shown
        .iter()
        .copied()
        .filter(|at| columns[*at].1 == Cell::Id)
    {
        let ids: BTreeSet<&str> = rows.iter().map(|row| row[at].as_str()).collect();
        let longest = ids.iter().map(|id| id.len()).max().unwrap_or_default();
        let apart = |length: &usize| {
            let cut: BTreeSet<&str> = ids
                .iter()
                .map(|id| id.get(..*length).unwrap_or(id))
                .collect();
            cut.len() == ids.len()
        };
        let Some(length) = (SHORTEST_ID..longest).find(apart) else {
            continue;
        };
        for row in rows.iter_mut() {
            if let Some(cut) = row[at].get(..length) {
                row[at] = cut.to_owned();
                changed = true;
            }
        }
    }
    changed
}

/// Ends texts in `…`, the widest column first, until the lines fit.
fn cut_texts<const N: usize>(
    columns: &[Column; N],
    rows: &mut [[String; N]],
    shown: &[usize],
    width: usize,
) {
    loop {
        let over = total(columns, rows, shown).saturating_sub(width);
        let texts = shown
            .iter()
            .copied()
            .filter(|at| columns[*at].1 == Cell::Text);
        let widest_text = texts
            .map(|at| (widest(columns, rows, at), at))
            .filter(|(wide, at)| *wide > SHORTEST_TEXT.max(columns[*at].0.width()))
            .max();
        let Some((wide, at)) = widest_text.filter(|_| over > 0) else {
            return;
        };
        let least = SHORTEST_TEXT.max(columns[at].0.width());
        let room = wide.saturating_sub(over).max(least);
        for row in rows.iter_mut() {
            if row[at].width() > room {
                row[at] = cut(&row[at], room);
            }
        }
    }
}

/// The beginning of a text with `…` after it, in so many columns at most.
fn cut(text: &str, room: usize) -> String {
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if kept.width() >= room {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

/// Green for what is well, red for what is not, yellow for what goes on.
fn coloured(state: &str, padded: &str) -> String {
    let word = state.split([' ', '(']).next().unwrap_or_default();
    let code = match word {
        "success" | "available" | "completed" | "alive" | "ok" | "up" | "valid" => 32,
        "failed" | "readiness_timeout" | "discarded" | "revoked" | "expired" | "down" | "open" => {
            31
        }
        "queued" | "deploying" | "running" | "creating" | "claimed" | "pending" | "retryable" => 33,
        _ => return padded.to_owned(),
    };
    // Blanks stay outside, so that they can be trimmed.
    let blanks = &padded[state.len().min(padded.len())..];
    format!("\u{1b}[{code}m{state}\u{1b}[0m{blanks}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        ("id", Cell::Id, 1),
        ("name", Cell::Text, 1),
        ("status", Cell::State, 1),
        ("region", Cell::Whole, 2),
    ];

    fn rows() -> Vec<[String; 4]> {
        let row = |id: &str, name: &str| {
            [
                id.to_owned(),
                name.to_owned(),
                "success".to_owned(),
                "us-east-1".to_owned(),
            ]
        };
        vec![
            row(
                "dep_0123456789abcdef0",
                "a rather long name of a deployment",
            ),
            row("dep_0123456789abcde10", "short"),
        ]
    }

    fn at(width: usize) -> String {
        let look = Look {
            width: Some(width),
            ..Look::default()
        };
        laid_out(&COLUMNS, rows(), look)
    }

    #[test]
    fn without_a_width_everything_is_whole() {
        let text = laid_out(&COLUMNS, rows(), Look::default());
        assert_eq!(
            text.lines().nth(2),
            Some("dep_0123456789abcde10  short                               success  us-east-1")
        );
        assert_eq!(
            text.lines().next(),
            Some("ID                     NAME                                STATUS   REGION")
        );
    }

    #[test]
    fn ids_are_cut_where_they_stay_apart_then_columns_go_then_texts_end() {
        assert!(at(200).contains("dep_0123456789abcdef0"));
        let ids_cut = at(76);
        assert!(
            ids_cut.contains("dep_0123456789abcdef  a rather") && ids_cut.contains("REGION"),
            "{ids_cut}"
        );
        let dropped = at(66);
        assert!(
            !dropped.contains("REGION") && dropped.contains("of a deployment"),
            "{dropped}"
        );
        let text = at(50);
        assert!(text.contains("a rather long name…"), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 40..160 {
            for line in at(width).lines() {
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn colours_are_on_states_only_and_change_no_width() {
        let look = Look {
            colour: true,
            ..Look::default()
        };
        let text = laid_out(&COLUMNS, rows(), look);
        assert!(
            text.contains("\u{1b}[32msuccess\u{1b}[0m  us-east-1"),
            "{text:?}"
        );
        assert_eq!(text.matches('\u{1b}').count(), 4);
    }

    #[test]
    fn wide_characters_count_as_they_are_shown() {
        assert_eq!(cut("日本語の名前", 8).width(), 7);
        assert_eq!(cut("abcdefghij", 8), "abcdefg…");
    }
}

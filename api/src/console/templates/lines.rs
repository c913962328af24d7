//! The lines of a template's text that its page shows: all of one revision, or what changed between two; never so many that
//! a page of them stands still.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::text;

/// Most lines a page shows.
pub(super) const MOST: usize = 3_000;
/// How long two texts are compared; after that what differs is told in larger pieces.
const PATIENCE: Duration = Duration::from_secs(1);
/// Unchanged lines shown around a change.
const AROUND: usize = 3;

/// A line of YAML, as it stands or as it changed.
pub(super) struct Line {
    pub(super) look: &'static str,
    pub(super) mark: &'static str,
    pub(super) text: String,
}

/// The first lines, and whether there are more.
pub(super) struct Shown {
    pub(super) lines: Vec<Line>,
    pub(super) cut: bool,
}

fn shown(all: impl Iterator<Item = Line>) -> Shown {
    let mut lines: Vec<Line> = all.take(MOST + 1).collect();
    let cut = lines.len() > MOST;
    lines.truncate(MOST);
    Shown { lines, cut }
}

fn written(look: &'static str, mark: &'static str, line: &str) -> Line {
    Line {
        look,
        mark,
        text: text::plain(line.trim_end_matches('\n')),
    }
}

/// What one revision says.
pub(super) fn all(yaml: &str) -> Shown {
    shown(yaml.lines().map(|line| written("", "", line)))
}

/// What changed, each change with the lines around it; nothing when nothing did.
pub(super) fn changed(before: &str, after: &str) -> Shown {
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(before, after);
    let groups = diff.grouped_ops(AROUND);
    let lines = groups.iter().enumerate().flat_map(|(number, group)| {
        let gap = (number > 0).then(|| written("gap", "", "\u{22ef}"));
        let changes = group.iter().flat_map(|op| diff.iter_changes(op));
        gap.into_iter().chain(changes.map(|change| {
            let (look, mark) = match change.tag() {
                ChangeTag::Equal => ("", " "),
                ChangeTag::Insert => ("added", "+"),
                ChangeTag::Delete => ("removed", "-"),
            };
            written(look, mark, change.value())
        }))
    });
    shown(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_so_many_lines_and_says_that_there_are_more() {
        let text = |lines: usize| "a: b\n".repeat(lines);
        for (lines, cut) in [(MOST, false), (MOST + 1, true)] {
            let shown = all(&text(lines));
            assert_eq!((shown.lines.len(), shown.cut), (MOST, cut));
        }
        let shown = changed("", &text(MOST + 1));
        assert_eq!((shown.lines.len(), shown.cut), (MOST, true));
        assert!(changed(&text(9), &text(9)).lines.is_empty());
    }

    #[test]
    fn changes_stand_in_their_surroundings_with_gaps_between() {
        let before: String = (0..40).map(|n| format!("{n}\n")).collect();
        let after = before.replace("\n5\n", "\nfive\n").replace("\n30\n", "\n");
        let looks: Vec<&str> = changed(&before, &after)
            .lines
            .iter()
            .map(|line| line.look)
            .collect();
        let same = ["", "", ""];
        let expected = [
            &same[..],
            &["removed", "added"],
            &same,
            &["gap"],
            &same,
            &["removed"],
            &same,
        ]
        .concat();
        assert_eq!(looks, expected);
    }
}

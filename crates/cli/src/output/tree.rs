//! Trees, as the Prism document draws its screens: a title, branches with twigs.

use std::env;

/// A line with what hangs on it.
pub(crate) struct Branch {
    text: String,
    twigs: Vec<String>,
}

impl Branch {
    /// A branch with its twigs, which are in order.
    pub(crate) fn new(text: String, twigs: Vec<String>) -> Self {
        Self { text, twigs }
    }
}

/// The strokes a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strokes {
    /// Box-drawing characters.
    Drawn,
    /// Plain characters, where the terminal's locale has no others.
    Plain,
}

impl Strokes {
    /// Of this process's locale, by the first variable that is set, as libraries read them.
    #[expect(
        clippy::disallowed_methods,
        reason = "the outermost room reads the environment"
    )]
    pub(crate) fn here() -> Self {
        let set = ["LC_ALL", "LC_CTYPE", "LANG"];
        let locale = set
            .into_iter()
            .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
        Self::of(locale.as_deref())
    }

    fn of(locale: Option<&str>) -> Self {
        let plain = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            !(locale.contains("utf-8") || locale.contains("utf8"))
        });
        if plain {
            Strokes::Plain
        } else {
            Strokes::Drawn
        }
    }

    /// Before a line with more after it, before the last, and beside what hangs on either.
    fn marks(self) -> [&'static str; 4] {
        match self {
            Strokes::Drawn => ["├── ", "└── ", "│   ", "    "],
            Strokes::Plain => ["|-- ", "`-- ", "|   ", "    "],
        }
    }

    /// An arrow from the old to the new.
    pub(crate) fn arrow(self) -> &'static str {
        match self {
            Strokes::Drawn => "→",
            Strokes::Plain => "->",
        }
    }
}

/// The lines of some branches.
pub(crate) fn tree(strokes: Strokes, branches: &[Branch]) -> String {
    let [more, last, beside, blank] = strokes.marks();
    let mut lines = Vec::new();
    for (at, branch) in branches.iter().enumerate() {
        let ends = at + 1 == branches.len();
        lines.push(format!("{}{}", if ends { last } else { more }, branch.text));
        for (at, twig) in branch.twigs.iter().enumerate() {
            let mark = if at + 1 == branch.twigs.len() {
                last
            } else {
                more
            };
            lines.push(format!("{}{mark}{twig}", if ends { blank } else { beside }));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_drawn_in_both_alphabets() {
        let branches = [
            Branch::new("a".to_owned(), vec!["b".to_owned(), "c".to_owned()]),
            Branch::new("d".to_owned(), vec!["e".to_owned()]),
        ];
        let drawn = tree(Strokes::Drawn, &branches);
        assert_eq!(drawn, "├── a\n│   ├── b\n│   └── c\n└── d\n    └── e");
        let plain = tree(Strokes::Plain, &branches);
        assert_eq!(plain, "|-- a\n|   |-- b\n|   `-- c\n`-- d\n    `-- e");
    }

    #[test]
    fn the_locale_says_which() {
        for (locale, wanted) in [
            (Some("en_US.UTF-8"), Strokes::Drawn),
            (Some("C.utf8"), Strokes::Drawn),
            (Some("C"), Strokes::Plain),
            (Some("de_DE.ISO-8859-1"), Strokes::Plain),
            (None, Strokes::Drawn),
        ] {
            assert_eq!(Strokes::of(locale), wanted, "{locale:?}");
        }
    }
}

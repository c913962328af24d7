//! Tabs in indentation: YAML forbids them, but parsers report them in words that do not name the tab, and some places
//! slip through.

use crate::error::{Place, Problem};

/// Lines (counted from 1) that belong to a block or quoted text, where tabs are the author's business.
pub(crate) type TextLines = Vec<std::ops::RangeInclusive<u32>>;

/// The first line, among `from..=to`, that is indented with a tab outside of texts.
pub(crate) fn tab_indentation(yaml: &str, texts: &TextLines, from: u32, to: u32) -> Option<Place> {
    (1..=to)
        .zip(yaml.split('\n'))
        .skip_while(|(line, _)| *line < from)
        .filter(|(line, _)| !texts.iter().any(|text| text.contains(line)))
        .find_map(|(line, content)| {
            let indentation = content.chars().take_while(|c| *c == ' ' || *c == '\t');
            let tab = indentation
                .enumerate()
                .find(|(_, c)| *c == '\t')
                .map(|(index, _)| index)?;
            let column = u32::try_from(tab + 1).ok()?;
            (!content.trim().is_empty()).then_some(Place { line, column })
        })
}

/// What to say about a tab at `place`.
pub(crate) fn tab_problem(place: Place) -> Problem {
    Problem::at(Some(place), "", "a tab can not indent YAML; use spaces")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_indent_nowhere_but_in_texts() {
        let yaml = "a:\n  b: |\n    x\n    \ty\n \tc: 1\n";
        let within: TextLines = vec![3..=4];
        assert_eq!(
            tab_indentation(yaml, &within, 1, 9),
            Some(Place { line: 5, column: 2 })
        );
        assert_eq!(
            tab_indentation(yaml, &Vec::new(), 1, 9),
            Some(Place { line: 4, column: 5 })
        );
        assert_eq!(tab_indentation("a: 1\tb\n\t\n", &Vec::new(), 1, 9), None);
    }
}

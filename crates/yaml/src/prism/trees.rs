//! Reading and making trees, and words as templates and shells take them.

use crate::tree::Tree;

pub(super) fn text(text: impl Into<String>) -> Tree {
    Tree::Text(text.into(), false)
}

pub(super) fn texts(all: impl IntoIterator<Item = String>) -> Tree {
    Tree::List(all.into_iter().map(text).collect())
}

pub(super) fn map(fields: Vec<(&str, Tree)>) -> Tree {
    let own = |(key, value): (&str, Tree)| (key.to_owned(), value);
    Tree::Map(fields.into_iter().map(own).collect())
}

/// The single value of a tree.
pub(super) fn word(tree: &Tree) -> Option<&str> {
    match tree {
        Tree::Text(text, bare) if *bare && ["~", "null", ""].contains(&text.as_str()) => None,
        Tree::Text(text, _) => Some(text),
        _ => None,
    }
}

/// The single values of a list, or the one that stands in its place.
pub(super) fn words(tree: &Tree) -> Vec<String> {
    match tree {
        Tree::List(all) => all.iter().filter_map(word).map(str::to_owned).collect(),
        one => word(one).map(str::to_owned).into_iter().collect(),
    }
}

pub(super) fn get<'a>(fields: &'a [(String, Tree)], key: &str) -> Option<&'a Tree> {
    fields
        .iter()
        .find(|(known, _)| known == key)
        .map(|(_, value)| value)
}

/// A name as templates have them.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' | '_' => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(40);
    slug.trim_end_matches('-')
        .trim_start_matches('_')
        .to_owned()
}

/// A sentence as descriptions have them: no markup, no quotes, 200 characters.
pub(super) fn plain(sentence: &str) -> String {
    let kept = sentence
        .chars()
        .filter(|c| !"<>&\"'`\\".contains(*c) && !c.is_control());
    let short: String = kept.take(200).collect();
    short.trim().to_owned()
}

/// A name that needs no quotes in a shell and is no option.
pub(super) fn is_unix(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-.@".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(legal)
        && name.len() <= 64
}

//! What a file looks like: one subject told in its first line, of a length one can hold in mind, without paths of one
//! developer's machine.

use std::fs;
use std::path::Path;

use ingot_tests::repository;

/// Longest file; 300 is the aim, this breaks the build.
const LONGEST: usize = 400;

/// Folders that are made, not written.
const MADE: [&str; 7] = [
    "target",
    ".git",
    ".venv",
    "node_modules",
    "__pycache__",
    ".hypothesis",
    ".pytest_cache",
];

/// Every file that is text, with its path from the root.
pub(super) fn texts() -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(repository(), &mut found);
    assert!(found.len() > 100, "the tree is here: {}", found.len());
    found
}

fn walk(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && !MADE.contains(&name.as_str()) {
            walk(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path)
            && path.is_file()
        {
            let short = path.strip_prefix(repository()).expect("below the root");
            found.push((short.display().to_string(), text));
        }
    }
}

/// Every Rust file.
pub(super) fn sources() -> Vec<(String, String)> {
    let rust = |(path, _): &(String, String)| path.ends_with(".rs");
    texts().into_iter().filter(rust).collect()
}

#[test]
fn every_source_says_first_what_it_is_for() {
    let silent = |(path, text): (String, String)| (!text.starts_with("//! ")).then_some(path);
    let silent: Vec<_> = sources().into_iter().filter_map(silent).collect();
    assert!(silent.is_empty(), "no `//!` first: {silent:?}");
}

#[test]
fn no_source_is_longer_than_one_can_hold_in_mind() {
    let long = |(path, text): (String, String)| {
        let lines = text.lines().count();
        (lines > LONGEST).then(|| format!("{path}: {lines}"))
    };
    let long: Vec<_> = sources().into_iter().filter_map(long).collect();
    assert!(long.is_empty(), "longer than {LONGEST} lines: {long:?}");
}

#[test]
fn a_module_is_its_own_file() {
    let old = |(path, _): &(String, String)| path.ends_with("/mod.rs");
    let old: Vec<_> = sources()
        .into_iter()
        .filter(old)
        .map(|(path, _)| path)
        .collect();
    assert!(old.is_empty(), "write `foo.rs` beside `foo/`: {old:?}");
}

#[test]
fn only_tests_unwrap() {
    let unwrap = [".unwrap", "()"].concat();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let tests = path.contains("/tests/") || path.ends_with("tests.rs");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if !tests && code.contains(&unwrap) {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn no_test_is_switched_off_and_nothing_sleeps() {
    let words = [["#[", "ignore"].concat(), ["thread::", "sleep"].concat()];
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let said = |word: &String| {
            text.lines()
                .any(|line| line.trim_start().contains(word.as_str()))
        };
        wrong.extend(
            words
                .iter()
                .filter(|word| said(word))
                .map(|word| format!("{path}: {word}")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn no_file_knows_a_folder_of_one_machine() {
    // In pieces, so that this file is not found.
    let homes = [
        ["/ho", "me/"].concat(),
        ["/ro", "ot/"].concat(),
        ["/Use", "rs/"].concat(),
        ["/tm", "p/"].concat(),
    ];
    let mut wrong = Vec::new();
    for (path, text) in texts() {
        // Scripts in templates run on instances, and know those.
        if path.ends_with(".yaml")
            && (path.starts_with("templates/") || path.starts_with("crates/yaml/"))
        {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let known = |home: &String| {
                line.match_indices(home.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    let after = line[at + home.len()..].chars().next();
                    // A path begins there and goes on: `~/tmp/x` and a bare `/tmp` do not.
                    !before.is_some_and(|c| c.is_alphanumeric() || "~./_-}".contains(c))
                        && after.is_some_and(|c| c.is_alphanumeric() || c == '.')
                })
            };
            if homes.iter().any(known) {
                wrong.push(format!("{path}:{}: {line}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! Documents name what is there: every path, test and item in backquotes of a `.md` file exists. A renamed file or a test
//! that was given another name would otherwise leave its documents behind.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use ingot_tests::repository;

use super::files;

/// Endings by which a word in backquotes is a path.
const ENDINGS: [&str; 10] = [
    ".rs", ".py", ".md", ".sh", ".lua", ".yml", ".yaml", ".toml", ".html", ".css",
];

/// The map must be read in ten minutes, in bytes.
const LONGEST_MAP: usize = 12 * 1024;

/// Documents with what stands in backquotes in each, outside of fenced blocks.
fn documents() -> Vec<(String, Vec<String>)> {
    files::texts()
        .into_iter()
        .filter(|(path, _)| path.ends_with(".md"))
        .map(|(path, text)| {
            let prose: String = text.split("```").step_by(2).collect::<Vec<_>>().join(" ");
            let quoted = prose.split('`').skip(1).step_by(2);
            (path, quoted.map(str::to_owned).collect())
        })
        .collect()
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn alternatives(path: &str) -> Vec<String> {
    match (path.find('{'), path.find('}')) {
        (Some(open), Some(close)) if open < close => path[open + 1..close]
            .split(',')
            .map(|word| format!("{}{word}{}", &path[..open], &path[close + 1..]))
            .collect(),
        _ => vec![path.to_owned()],
    }
}

/// The file a document means: from the root, from its own folder, or from the tests' folders by their short names.
fn found(document: &str, path: &str) -> Option<String> {
    let own = Path::new(document)
        .parent()
        .map(|p| p.display().to_string());
    let own = own.unwrap_or_default();
    let short = path
        .strip_prefix("it/")
        .map(|rest| format!("tests/tests/it/{rest}"))
        .or_else(|| {
            path.strip_prefix("py/")
                .map(|rest| format!("tests/python/{rest}"))
        });
    [
        path.to_owned(),
        format!("{own}/{path}"),
        format!("{own}/src/{path}"),
        format!("crates/{path}"),
        short.unwrap_or_default(),
    ]
    .into_iter()
    .map(|one| one.trim_start_matches('/').to_owned())
    .find(|one| !one.is_empty() && repository().join(one).exists())
}

/// Names that the sources define: functions, types, constants, modules, fields, variants, macros.
fn defined() -> HashSet<String> {
    let mut names = HashSet::new();
    for (path, text) in files::texts() {
        let code = path.ends_with(".rs") || path.ends_with(".py");
        if !code {
            continue;
        }
        if let Some(stem) = Path::new(&path).file_stem() {
            names.insert(stem.to_string_lossy().into_owned());
        }
        for line in text.lines() {
            let mut words = line
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .filter(|word| !word.is_empty());
            let line = line.trim_start();
            let comment = line.starts_with("//") || line.starts_with('#');
            while let Some(word) = words.next() {
                let definition = matches!(
                    word,
                    "fn" | "struct"
                        | "enum"
                        | "trait"
                        | "const"
                        | "static"
                        | "type"
                        | "mod"
                        | "def"
                        | "class"
                        | "macro_rules"
                );
                if !comment
                    && definition
                    && let Some(name) = words.next()
                {
                    names.insert(name.to_owned());
                }
            }
            // A field, or a variant: the first word of its line.
            let first: String = line
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub(super) ")
                .trim_start_matches("pub ")
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if !comment && !first.is_empty() {
                names.insert(first);
            }
        }
    }
    names
}

fn is_path(word: &str) -> bool {
    let plain = word
        .chars()
        .all(|c| c.is_alphanumeric() || "_-./{},".contains(c));
    let folder = word.contains('/')
        && [
            "crates/",
            "docs/",
            "tests/",
            "worker/",
            "api/",
            "entity/",
            "migration/",
            "it/",
            "py/",
        ]
        .iter()
        .any(|start| word.starts_with(start));
    plain && !word.contains("/target/") && (ENDINGS.iter().any(|end| word.ends_with(end)) || folder)
}

fn is_item(word: &str) -> bool {
    let parts: Vec<&str> = word.split("::").collect();
    parts.len() > 1
        && parts.iter().all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
}

#[test]
fn every_path_test_and_item_of_a_document_exists() {
    let (defined, mut wrong, mut seen) = (defined(), Vec::new(), BTreeMap::new());
    for (document, words) in documents() {
        let mut last: Option<String> = None;
        for word in words {
            let (path, name) = match word
                .split_once(".rs::")
                .or_else(|| word.split_once(".py::"))
            {
                Some((path, name)) => {
                    let ending = if word.contains(".rs::") { "rs" } else { "py" };
                    (Some(format!("{path}.{ending}")), Some(name.to_owned()))
                }
                None if is_path(&word) => (Some(word.clone()), None),
                None => (None, word.strip_prefix("::").map(str::to_owned)),
            };
            if let Some(path) = path {
                for path in alternatives(&path) {
                    *seen.entry("paths").or_insert(0) += 1;
                    last = found(&document, &path);
                    if last.is_none() {
                        wrong.push(format!("{document}: there is no `{path}`"));
                    }
                }
            }
            match (&last, name) {
                (Some(file), Some(name)) => {
                    *seen.entry("names in files").or_insert(0) += 1;
                    let name = name.rsplit("::").next().unwrap_or_default().to_owned();
                    let text = std::fs::read_to_string(repository().join(file));
                    let text = text.unwrap_or_default();
                    let has = ["fn ", "def ", "struct ", "enum ", "const ", "static "]
                        .iter()
                        .any(|kind| text.contains(&format!("{kind}{name}")));
                    if !has {
                        wrong.push(format!("{document}: `{file}` has no `{name}`"));
                    }
                }
                (None, Some(name)) => wrong.push(format!("{document}: `::{name}` of which file?")),
                (_, None) => {}
            }
            if is_item(&word) {
                *seen.entry("items").or_insert(0) += 1;
                let name = word.rsplit("::").next().unwrap_or_default();
                if !defined.contains(name) {
                    wrong.push(format!("{document}: nothing defines `{word}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        seen.values().all(|count| *count > 5) && seen.len() == 3,
        "{seen:?}"
    );
}

#[test]
fn the_map_is_read_in_ten_minutes() {
    let map = std::fs::read_to_string(repository().join("ARCHITECTURE.md")).expect("the map");
    assert!(map.len() <= LONGEST_MAP, "{} bytes", map.len());
}

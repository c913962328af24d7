//! The corpus of refused templates: each `tests/bad/x.yaml` is refused with exactly the text of `tests/bad/x.txt`
//! (FAULTS F35). The messages are what people read, so they are kept word by word.

use std::path::{Path, PathBuf};

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let entries = std::fs::read_dir(folder).expect("the corpus");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    files.sort();
    files
}

#[test]
fn every_bad_template_is_refused_in_the_expected_words() {
    let files = corpus();
    assert!(files.len() >= 70, "the corpus shrank to {}", files.len());
    let mut wrong = String::new();
    for path in files {
        let got = match ingot_yaml::parse_file(&path) {
            Ok(template) => format!("accepted: {template:?}"),
            Err(error) => error.to_string(),
        };
        let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        if got != expected.trim_end() {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            wrong.push_str(&format!("@@ {name}\n{got}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_message_has_our_form() {
    for path in corpus() {
        let Err(error) = ingot_yaml::parse_file(&path) else {
            continue;
        };
        for problem in error.problems() {
            let text = &problem.message;
            assert!(
                !text.ends_with('.') && !text.contains('\n'),
                "{}: {text}",
                path.display()
            );
            assert!(
                !text.starts_with(char::is_uppercase),
                "{}: {text}",
                path.display()
            );
            assert_eq!(problem.line.is_some(), problem.column.is_some());
        }
    }
}

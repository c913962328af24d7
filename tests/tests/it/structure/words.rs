//! Who acts in a sentence: comments, texts, documents and the names of tests name the component, and use none of the
//! pronouns that leave it open.

use super::files;

/// These pronouns; in pieces, so that this file is not found.
const VAGUE: [[&str; 2]; 4] = [
    ["who", "ever"],
    ["some", "body"],
    ["no", "body"],
    ["every", "body"],
];

/// Whether the word at `from..to` stands in a sentence. Code may have it as a name, of a variable or of an enum's variant:
/// there a sentence is a comment, what is in quotes, what goes on with another word, and a name of more than three words,
/// which tests have.
fn in_a_sentence(code: bool, line: &str, from: usize, to: usize) -> bool {
    let of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    let start = line[..from].trim_end_matches(of_a_name).len();
    let end = line.len() - line[to..].trim_start_matches(of_a_name).len();
    let (before, name, after) = (&line[..start], &line[start..end], &line[end..]);
    let word = &line[from..to];
    if name != word {
        let parts: Vec<&str> = name.split('_').collect();
        return code && parts.len() > 3 && parts.contains(&word);
    }
    // A value in a text, or the stored word for the worker of a task that has none.
    if before.ends_with('{') || (before.ends_with('(') && after.starts_with(')')) {
        return false;
    }
    let comment = ["// ", "//! ", "# "]
        .iter()
        .any(|mark| before.contains(mark));
    let quoted = before.matches('"').count() % 2 == 1;
    let more = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase());
    let goes_on = after.strip_prefix(' ').is_some_and(more);
    !code || comment || quoted || goes_on
}

/// The first pronoun that stands in a sentence of this line.
fn vague(code: bool, line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    VAGUE
        .map(|pieces| pieces.concat())
        .into_iter()
        .find(|word| {
            lower.match_indices(word.as_str()).any(|(from, _)| {
                let to = from + word.len();
                let constant = line[from..to].chars().all(char::is_uppercase);
                !constant && in_a_sentence(code, line, from, to)
            })
        })
}

#[test]
fn every_sentence_names_the_component_that_acts() {
    let mut wrong = Vec::new();
    for (path, text) in files::texts() {
        let code = [".rs", ".py", ".js"].iter().any(|end| path.ends_with(end));
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = vague(code, line) {
                wrong.push(format!("{path}:{}: `{word}`: {line}", number + 1));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "say which one acts:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_pronoun_is_found_in_sentences_and_not_in_names() {
    let [any, some, none, all] = VAGUE.map(|pieces| pieces.concat());
    let sentences = [
        format!("    /// {none} waits."),
        format!("work(); // for {all}"),
        format!("    \"the lease of {some} ended\","),
        format!("        {any} reads the second line of a text\","),
        format!("async fn a_bell_{none}_heard(ledger: Ledger) {{"),
    ];
    let names = [
        format!("    let {none} = place();"),
        format!("    Sight::{}", ["No", "body"].concat()),
        format!("if {none}_listens(&error) {{"),
        format!("format!(\"http://{{{}}}\")", none.to_uppercase()),
        format!("format!(\"http://{{{none}}}\")"),
        format!("worker.unwrap_or(\"({none})\")"),
    ];
    let found: Vec<bool> = sentences
        .iter()
        .map(|line| vague(true, line).is_some())
        .collect();
    assert_eq!(found, [true; 5], "{sentences:#?}");
    let found: Vec<bool> = names
        .iter()
        .map(|line| vague(true, line).is_some())
        .collect();
    assert_eq!(found, [false; 6], "{names:#?}");
    assert_eq!(vague(false, &format!("| {none} |")), Some(none));
}

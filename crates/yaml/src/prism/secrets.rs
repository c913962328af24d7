//! What looks like a secret, and is kept in no template: not even as a comment.

use ingot_domain::field::shown;

use super::trees::word;
use crate::tree::Tree;

/// Why it is left out, and the way out.
pub(super) const WHY: &str = "it looks like a secret and is left out, also of the comment: people log in through Session Manager, and a step reads what software needs from Secrets Manager";

/// Parts of the names that secrets have, in small letters, without what is between words.
const NAMED: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "authkey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "connectionstring",
];

/// Whether a key names a secret: `password_hash`, `API-Key`, `db.Password`.
pub(super) fn named(key: &str) -> bool {
    let letters = |c: &char| c.is_alphanumeric();
    let word: String = key.to_lowercase().chars().filter(letters).collect();
    NAMED.iter().any(|part| word.contains(part))
        || ["pass", "pwd", "pw", "hash"].contains(&word.as_str())
        || ["pass", "pwd"].iter().any(|end| {
            let before = key.to_lowercase();
            let before = before.strip_suffix(end);
            before.is_some_and(|before| before.ends_with(['_', '-', '.']))
        })
}

/// Whether a text is one itself, or gives one a value: `DB_PASSWORD=x`, `token: x`, `https://name:word@host`.
fn held(text: &str) -> bool {
    let given = |line: &str| {
        let (key, value) = line.split_once(['=', ':']).unwrap_or_default();
        named(key) && !value.trim().is_empty()
    };
    let signed = text
        .split("://")
        .skip(1)
        .filter_map(|rest| rest.split(['/', ' ', '\n']).next()?.rsplit_once('@'))
        .any(|(user, _)| user.contains(':'));
    signed || text.contains("PRIVATE KEY-----") || text.lines().any(given)
}

/// A value without the secrets in it, and where they stood. None of a value that is one.
pub(super) fn without(path: &str, value: Tree, left: &mut Vec<String>) -> Option<Tree> {
    match value {
        Tree::Text(text, bare) => {
            if held(&text) {
                left.push(path.to_owned());
                return None;
            }
            Some(Tree::Text(text, bare))
        }
        Tree::List(all) => {
            let all = all.into_iter().enumerate();
            let rest = all.filter_map(|(i, one)| without(&format!("{path}[{i}]"), one, left));
            Some(Tree::List(rest.collect()))
        }
        Tree::Map(fields) => {
            // `{ name: DB_PASSWORD, value: x }`, as lists of an environment have it.
            let pair = fields.iter().any(|(key, value)| {
                ["name", "key"].contains(&key.to_lowercase().as_str())
                    && word(value).is_some_and(named)
            });
            let rest = fields.into_iter().filter_map(|(key, value)| {
                let at = format!("{path}.{}", shown(&key));
                if named(&key) || pair && key.eq_ignore_ascii_case("value") {
                    left.push(at);
                    return None;
                }
                Some((key, without(&at, value, left)?))
            });
            Some(Tree::Map(rest.collect()))
        }
    }
}

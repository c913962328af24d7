//! Removes what is obviously a secret from a line of an instance's output before it is kept or told.
//!
//! Replaced by `[redacted]` are: ids of AWS access keys (`AKIA…`, `ASIA…`); the value after a name that holds one of
//! [`NAMES`] and `=` or `:`; what follows `Authorization:`; the word after `Bearer`, `--password` and `--token`; the
//! password in a URL; and all lines of a private key. A secret under another name is not known as one.

/// Parts of names whose values are secrets, in lower case.
pub const NAMES: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "private_key",
];

/// What stands for a secret.
pub const REDACTED: &str = "[redacted]";

/// Whether lines are inside the block of a private key.
pub type InKey = bool;

/// The line without secrets; `in_key` is kept from line to line.
pub fn line(text: &str, in_key: &mut InKey) -> String {
    let marks = |word: &str| text.contains(word) && text.contains("PRIVATE KEY-----");
    if marks("-----BEGIN ") {
        *in_key = !text.contains("-----END ");
        return REDACTED.to_owned();
    }
    if marks("-----END ") {
        *in_key = false;
        return REDACTED.to_owned();
    }
    if *in_key {
        return REDACTED.to_owned();
    }
    access_keys(&urls(&words(&values(&headers(text)))))
}

/// Whether the lines begin inside a private key: one ends before any begins.
pub fn begins_in_key<'a>(lines: impl IntoIterator<Item = &'a str>) -> InKey {
    let mut keys = lines
        .into_iter()
        .filter(|line| line.contains("PRIVATE KEY-----"));
    keys.next()
        .is_some_and(|line| line.contains("-----END ") && !line.contains("-----BEGIN "))
}

/// `Authorization: …` to the end of the line.
fn headers(text: &str) -> String {
    const NAME: &str = "authorization:";
    match text.to_ascii_lowercase().find(NAME) {
        Some(at) => format!("{} {REDACTED}", &text[..at + NAME.len()]),
        None => text.to_owned(),
    }
}

/// Values of names that say they are secret.
fn values(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        out.push_str(&after[..1]);
        rest = &after[1..];
        if !is_secret(before) {
            continue;
        }
        let blank = rest.len() - rest.trim_start().len();
        let (blank, value) = rest.split_at(blank);
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let length = match quote {
            Some(quote) => value[1..].find(quote).map_or(value.len(), |end| end + 2),
            None => value
                .find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&' | '"' | '\''))
                .unwrap_or(value.len()),
        };
        if length > 0 {
            out.push_str(blank);
            out.push_str(REDACTED);
            rest = &value[length..];
        }
    }
    out.push_str(rest);
    out
}

/// Whether a parameter's name says that its value is a secret: it holds one of [`NAMES`], or a word of it ends in `key`.
pub fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let named = NAMES.iter().any(|secret| name.contains(secret));
    named || name.split(['_', '-']).any(|word| word.ends_with("key"))
}

/// Whether the name at the end of a text is one of [`NAMES`].
fn is_secret(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '"', '\'', ':']);
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let from = before.rfind(|c: char| !inside(c)).map_or(0, |at| {
        at + before[at..].chars().next().map_or(1, char::len_utf8)
    });
    let name = before[from..].to_ascii_lowercase();
    NAMES.iter().any(|secret| name.contains(secret))
}

/// The word after a flag or a scheme that says it is secret.
fn words(text: &str) -> String {
    let mut secret = false;
    let each = text.split(' ').map(|word| {
        let hidden = secret && !word.is_empty();
        if !word.is_empty() {
            let lower = word.to_ascii_lowercase();
            let lower = lower.trim_start_matches(['"', '\'']);
            secret = matches!(lower, "bearer" | "--password" | "--token");
        }
        if hidden { REDACTED } else { word }
    });
    each.collect::<Vec<_>>().join(" ")
}

/// The password in `scheme://user:password@host`.
fn urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        rest = after;
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\''))
            .unwrap_or(after.len());
        let user = after[..end].rfind('@').map(|at| &after[..at]);
        if let Some((name, password)) = user.and_then(|user| user.split_once(':')) {
            out.push_str(name);
            out.push(':');
            out.push_str(REDACTED);
            rest = &after[name.len() + 1 + password.len()..];
        }
    }
    out.push_str(rest);
    out
}

/// Ids of AWS access keys: four letters that say so and sixteen letters and digits.
fn access_keys(text: &str) -> String {
    const LENGTH: usize = 20;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let key = (rest.starts_with("AKIA") || rest.starts_with("ASIA"))
            && rest.len() >= LENGTH
            && rest.as_bytes()[..LENGTH]
                .iter()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if key {
            out.push_str(REDACTED);
            rest = &rest[LENGTH..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obvious_secrets_are_replaced_and_the_rest_is_left() {
        let table = [
            (
                "key AKIAIOSFODNN7EXAMPLE, AKIA alone",
                "key [redacted], AKIA alone",
            ),
            (
                "aws_secret_access_key=wJalr/K7+x y",
                "aws_secret_access_key=[redacted] y",
            ),
            ("password=hunter2;x=1", "password=[redacted];x=1"),
            (
                "{\"db_password\": \"a b\", \"n\": 1}",
                "{\"db_password\": [redacted], \"n\": 1}",
            ),
            ("PGPASSWORD='a b' psql", "PGPASSWORD=[redacted] psql"),
            (
                "Authorization: Basic YTpi more",
                "Authorization: [redacted]",
            ),
            ("> authorization: Bearer abc", "> authorization: [redacted]"),
            ("sent Bearer abc.def now", "sent Bearer [redacted] now"),
            (
                "mysql --password  s3cret -e",
                "mysql --password  [redacted] -e",
            ),
            (
                "fetching https://bot:t0k@git.example/x.git",
                "fetching https://bot:[redacted]@git.example/x.git",
            ),
            (
                "https://git.example:8443/a@b",
                "https://git.example:8443/a@b",
            ),
            (
                "E: Unable to locate package nginxx",
                "E: Unable to locate package nginxx",
            ),
            (
                "Get:1 http://archive.example noble InRelease",
                "Get:1 http://archive.example noble InRelease",
            ),
            ("token:", "token:"),
            ("é password=ü x", "é password=[redacted] x"),
        ];
        for (said, want) in table {
            assert_eq!(line(said, &mut false), want, "{said}");
        }
    }

    #[test]
    fn a_private_key_is_left_out_from_its_first_line_to_its_last() {
        let said = [
            "writing",
            "-----BEGIN RSA PRIVATE KEY-----",
            "MIIEow",
            "-----END RSA PRIVATE KEY-----",
            "done",
        ];
        let mut in_key = false;
        let told: Vec<_> = said.iter().map(|said| line(said, &mut in_key)).collect();
        assert_eq!(told, ["writing", REDACTED, REDACTED, REDACTED, "done"]);
        assert!(begins_in_key(said[2..].iter().copied()));
        assert!(!begins_in_key(said));
    }
}

//! The texts: a subject that no header can end at, plain text, HTML with every field escaped, and Slack's form.

use crate::{Letter, Parcel};

/// The longest subject, in characters.
const SUBJECT: usize = 120;
/// The longest message that is told whole, in characters.
const MESSAGE: usize = 4_000;
/// Letters of a digest that are written out.
const SHOWN: usize = 100;

/// One line, without anything that ends it, at most so many characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let plain = |c: char| match c {
        c if c.is_control() => ' ',
        '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
        c => c,
    };
    let text: String = text.chars().map(plain).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= most {
        return text;
    }
    let cut: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// The subject of a message.
pub(crate) fn subject(parcel: &Parcel) -> String {
    match (parcel.digest, parcel.letters.as_slice()) {
        (false, [letter]) => line(
            &format!("[ingot] {}: {}", letter.topic.title(), letter.message),
            SUBJECT,
        ),
        (_, letters) => format!("[ingot] {} notifications", letters.len()),
    }
}

/// The plain text.
pub(crate) fn plain(parcel: &Parcel) -> String {
    let mut text = String::new();
    for letter in parcel.letters.iter().take(SHOWN) {
        text.push_str(&format!(
            "{} ({})\n\n{}\n\n",
            letter.topic.title(),
            letter.severity,
            line(&letter.message, MESSAGE)
        ));
        for (name, value) in shown(letter) {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push('\n');
    }
    text.push_str(&rest(parcel));
    if let Some(link) = &parcel.unsubscribe {
        text.push_str(&format!("Unsubscribe: {link}\n"));
    }
    text
}

/// The HTML.
pub(crate) fn html(parcel: &Parcel) -> String {
    let mut text = String::from("<!doctype html><html><head><meta charset=\"utf-8\"></head><body>");
    for letter in parcel.letters.iter().take(SHOWN) {
        text.push_str(&format!(
            "<h2>{}</h2><p>{}</p><table>",
            escaped(letter.topic.title()),
            escaped(&line(&letter.message, MESSAGE))
        ));
        for (name, value) in shown(letter) {
            let value = match (&letter.link, name.as_str()) {
                (Some(link), "Story") => {
                    format!("<a href=\"{0}\">{0}</a>", escaped(link))
                }
                _ => escaped(&value),
            };
            text.push_str(&format!(
                "<tr><th align=\"left\">{}</th><td>{value}</td></tr>",
                escaped(&name)
            ));
        }
        text.push_str("</table>");
    }
    let rest = rest(parcel);
    if !rest.is_empty() {
        text.push_str(&format!("<p>{}</p>", escaped(&rest)));
    }
    if let Some(link) = &parcel.unsubscribe {
        let link = escaped(link);
        text.push_str(&format!("<p><a href=\"{link}\">Unsubscribe</a></p>"));
    }
    text.push_str("</body></html>");
    text
}

/// Slack's message: `&`, `<` and `>` are all that its text gives a meaning to.
pub(crate) fn slack(parcel: &Parcel) -> String {
    let quiet = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let mut text = String::new();
    for letter in parcel.letters.iter().take(20) {
        text.push_str(&format!(
            "*{}* ({})\n{}\n",
            letter.topic.title(),
            letter.severity,
            quiet(&line(&letter.message, 2_000))
        ));
        for (name, value) in shown(letter) {
            text.push_str(&format!("• {}: {}\n", quiet(&name), quiet(&value)));
        }
    }
    if parcel.letters.len() > 20 {
        text.push_str(&format!("and {} more\n", parcel.letters.len() - 20));
    }
    text
}

fn rest(parcel: &Parcel) -> String {
    match parcel.letters.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{more} more are in `ingot notifications list`.\n"),
        _ => String::new(),
    }
}

/// The facts of a letter, each on one line.
fn shown(letter: &Letter) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = letter
        .facts
        .iter()
        .map(|(name, value)| (line(&name.replace('_', " "), 60), line(value, 500)))
        .collect();
    facts.push(("When".to_owned(), letter.at.to_rfc3339()));
    let story = letter
        .link
        .clone()
        .unwrap_or_else(|| letter.subject.clone());
    facts.push(("Story".to_owned(), line(&story, 300)));
    facts.push(("Notification".to_owned(), letter.id.clone()));
    facts
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ingot_domain::notice::{Severity, Topic};
    use proptest::prelude::*;

    use super::*;

    fn parcel(message: &str) -> Parcel {
        let letter = Letter {
            id: "ntf_1".to_owned(),
            at: "2026-11-28T12:00:00Z".parse().expect("an instant"),
            topic: Topic::AmiFailed,
            severity: Severity::Warning,
            subject: "dep_1".to_owned(),
            message: message.to_owned(),
            facts: [(message.to_owned(), message.to_owned())].into(),
            link: Some("https://ingot.example.org/deployments/dep_1".to_owned()),
        };
        Parcel {
            id: "ntf_1".to_owned(),
            letters: vec![letter],
            digest: false,
            unsubscribe: None,
        }
    }

    proptest! {
        #[test]
        fn no_message_ends_a_line_or_opens_a_tag(message in "\\PC{0,400}|[<>&\"'\r\n\u{2028}a]{0,80}") {
            let parcel = parcel(&message);
            let subject = subject(&parcel);
            prop_assert!(subject.chars().count() <= SUBJECT);
            let ends = subject.contains(['\r', '\n', '\u{2028}']);
            prop_assert!(!ends);
            let html = html(&parcel);
            let tags: Vec<&str> = html.split('<').skip(1).collect();
            for tag in tags {
                let known = ["!doctype", "html>", "head>", "meta ", "/head>", "body>", "h2>", "/h2>", "p>", "/p>",
                    "table>", "tr>", "th ", "/th>", "td>", "/td>", "/tr>", "a href", "/a>", "/table>", "/body>", "/html>"];
                prop_assert!(known.iter().any(|one| tag.starts_with(one)), "{tag}");
            }
            let opens = slack(&parcel).contains(['<', '>']);
            prop_assert!(!opens);
        }
    }
}

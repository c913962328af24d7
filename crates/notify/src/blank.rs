//! What a receiver's host says is written down and shown, and a host may say again what it was sent: the address in a page
//! that was not found, the words of a login that it refuses. Everything secret about a receiver is blanked out of it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ingot_domain::notice::Answer;
use url::Url;

use crate::Target;

/// What stands in a secret's place.
const BLANK: &str = "…";
/// The shortest part of a path or of a query that is taken for a secret by itself.
const PART: usize = 8;
/// The shortest secret that is blanked; what is shorter is found in every sentence.
const SHORTEST: usize = 4;
/// How much of a secret at the end of a text, which may have been cut there, is taken for it.
const CUT: usize = 6;
/// The Base64 of a signature's 32 bytes.
const SIGNATURE: usize = 44;

/// An answer that repeats nothing secret of its receiver.
pub(crate) fn answer(target: &Target, answer: Answer) -> Answer {
    let hidden = hidden(target);
    let text = |why: String| text(&why, &hidden);
    match answer {
        Answer::Taken => Answer::Taken,
        Answer::Busy { why, after } => Answer::Busy {
            why: text(why),
            after,
        },
        Answer::Down(why) => Answer::Down(text(why)),
        Answer::Refused(why) => Answer::Refused(text(why)),
        Answer::Gone(why) => Answer::Gone(text(why)),
        Answer::Unfit(why) => Answer::Unfit(text(why)),
    }
}

/// Everything secret about a receiver, in each form in which a host meets it, the longest first.
fn hidden(target: &Target) -> Vec<String> {
    let mut all = Vec::new();
    match target {
        Target::Email(mailbox, password) => {
            let user = mailbox.user.clone().unwrap_or_default();
            let password = password.as_ref().map_or("", |password| password.reveal());
            login(&user, password, &mut all);
        }
        Target::Webhook { url, secret } => {
            address(url.reveal(), &mut all);
            let secret = secret.reveal();
            all.push(secret.to_owned());
            all.extend(secret.strip_prefix("whsec_").map(str::to_owned));
        }
        Target::Slack { url } => address(url.reveal(), &mut all),
    }
    // As `outbound` shows what came.
    let escaped: Vec<String> = all.iter().map(|one| shown(one)).collect();
    all.extend(escaped);
    all.retain(|one| one.len() >= SHORTEST);
    all.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    all.dedup();
    all
}

fn shown(text: &str) -> String {
    text.chars().flat_map(char::escape_debug).collect()
}

/// A user and a password, plain and as SMTP's `AUTH PLAIN` and `LOGIN` and HTTP's `Basic` send them.
fn login(user: &str, password: &str, all: &mut Vec<String>) {
    let plain = format!("\0{user}\0{password}");
    for one in [user, password, &plain, &format!("{user}:{password}")] {
        if one.len() >= SHORTEST {
            let packed = STANDARD.encode(one);
            all.push(packed.trim_end_matches('=').to_owned());
            all.push(packed);
            all.push(URL_SAFE.encode(one));
            all.push(one.to_owned());
        }
    }
}

/// An address: whole, without its host, and each part that may be a secret by itself.
fn address(text: &str, all: &mut Vec<String>) {
    all.push(text.to_owned());
    let Ok(url) = Url::parse(text) else { return };
    all.push(url.to_string());
    let mut parts: Vec<&str> = url.path().split('/').collect();
    if let Some(query) = url.query() {
        all.push(format!("{}?{query}", url.path()));
        all.push(query.to_owned());
        for pair in query.split('&') {
            parts.push(pair);
            parts.extend(pair.split_once('=').map(|(_, value)| value));
        }
    }
    all.push(url.path().to_owned());
    all.push(decoded(url.path()));
    for part in parts.into_iter().filter(|part| part.len() >= PART) {
        all.push(part.to_owned());
        all.push(decoded(part));
    }
    if let Some(password) = url.password() {
        login(&decoded(url.username()), &decoded(password), all);
    } else if !url.username().is_empty() {
        login(&decoded(url.username()), "", all);
    }
}

/// A text without its `%` forms.
fn decoded(text: &str) -> String {
    let (bytes, mut all, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        all.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// A text without these secrets, in whatever case they stand there.
fn text(why: &str, hidden: &[String]) -> String {
    let mut text = uncut(why, hidden);
    for one in hidden {
        text = without(&text, one);
    }
    unsigned(&text)
}

fn without(text: &str, secret: &str) -> String {
    // ASCII alone is lowered, so that every place is the same in both.
    let (low, secret) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let (mut kept, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(found) = low[at..].find(&secret) {
        kept.push_str(&text[at..at + found]);
        kept.push_str(BLANK);
        at += found + secret.len();
    }
    kept.push_str(&text[at..]);
    kept
}

/// Without the beginning of a secret whose rest was cut off.
fn uncut(text: &str, hidden: &[String]) -> String {
    let bare = text.trim_end_matches(['…', '.', ' ']);
    let low = bare.to_ascii_lowercase();
    let longest = hidden.iter().filter_map(|secret| {
        let secret = secret.to_ascii_lowercase();
        // With its own end, or the beginning of one that repeats itself would be found in the whole.
        let ends = secret.char_indices().map(|(at, c)| at + c.len_utf8());
        ends.filter(|at| *at >= CUT && low.ends_with(&secret[..*at]))
            .max()
    });
    match longest.max() {
        Some(length) => format!("{}{BLANK}", &bare[..bare.len() - length]),
        None => text.to_owned(),
    }
}

/// Without signatures of Standard Webhooks.
fn unsigned(text: &str) -> String {
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(found) = rest.find("v1,") {
        let (before, after) = rest.split_at(found + 3);
        kept.push_str(before);
        let is_of_it = |c: &char| c.is_ascii_alphanumeric() || "+/=".contains(*c);
        let length = after.chars().take_while(is_of_it).count();
        rest = after;
        if length >= CUT {
            kept.push_str(BLANK);
            rest = &after[length.min(SIGNATURE)..];
        }
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use ingot_domain::notice::Smtp;
    use ingot_seal::Secret;

    use super::*;
    use crate::Mailbox;

    const SLACK: &str = "https://hooks.example.org/services/T0A/B0B/xoxtokenCANARYtoken";
    const HOOK: &str = "https://me:canaryword@example.org/in%20box/canarypath?token=canaryquery";

    fn slack() -> Target {
        let url = Secret::new(SLACK);
        Target::Slack { url }
    }

    fn hook() -> Target {
        Target::Webhook {
            url: Secret::new(HOOK),
            secret: Secret::new("whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"),
        }
    }

    fn mailbox() -> Target {
        let mailbox = Mailbox {
            to: "ops@example.org".to_owned(),
            from: "ingot@example.org".to_owned(),
            server: Smtp::parse("smtps://mail.example.org").expect("a server"),
            user: Some("canaryuser".to_owned()),
        };
        Target::Email(mailbox, Some(Secret::new("canary password")))
    }

    #[test]
    fn what_a_host_says_repeats_no_secret() {
        let plain = STANDARD.encode("\0canaryuser\0canary password");
        let signature = format!("v1,{}", STANDARD.encode([9; 32]));
        let table: [(Target, &str, &str); 14] = [
            (slack(), SLACK, "…"),
            (
                slack(),
                "no page /services/T0A/B0B/xoxtokenCANARYtoken here",
                "no page … here",
            ),
            (slack(), "no XOXTOKENcanaryTOKEN", "no …"),
            (
                slack(),
                r"no \/services\/T0A\/B0B\/xoxtokenCANARYtoken",
                r"no \/…\/T0A\/B0B\/…",
            ),
            (slack(), "cut: /services/T0A/B0B/xoxtok", "cut: …"),
            (
                slack(),
                "it answered 500: try later",
                "it answered 500: try later",
            ),
            (hook(), "no /in%20box/canarypath?token=canaryquery", "no …"),
            (hook(), "no /in box/canarypath", "no …"),
            (hook(), "not canaryquery, canaryword", "not …, …"),
            (hook(), &signature, "v1,…"),
            (hook(), "not Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5", "not …"),
            (
                mailbox(),
                &format!("535 no: AUTH PLAIN {plain}"),
                "535 no: AUTH PLAIN …",
            ),
            (
                mailbox(),
                &format!("535 {} x", STANDARD.encode("canary password")),
                "535 … x",
            ),
            (
                mailbox(),
                "535 canaryuser may not with canary password",
                "535 … may not with …",
            ),
        ];
        for (target, said, expected) in table {
            let refused = answer(&target, Answer::Refused(said.to_owned()));
            assert_eq!(refused, Answer::Refused(expected.to_owned()), "{said}");
            let gone = answer(&target, Answer::Gone(said.to_owned()));
            assert_eq!(gone, Answer::Gone(expected.to_owned()), "{said}");
        }
    }
}

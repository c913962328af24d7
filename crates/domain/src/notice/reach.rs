//! How a receiver is reached, as people write it: addresses are read and refused here, before anything is stored. Where a
//! name leads is checked at each delivery, by the door to hosts outside.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::deployment::words;
use crate::field::{FieldError, shown};
use std::fmt;

words! {
    /// How a mail server is spoken with.
    Security {
        /// TLS from the first byte.
        Tls = "tls",
        /// TLS after STARTTLS, which the server must offer.
        StartTls = "starttls",
        /// In the clear; on this computer only.
        None = "none",
    }
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Smtp {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken with.
    pub security: Security,
}

impl Smtp {
    /// Reads `smtps://mail.example.org`, `smtp://mail.example.org:587` (STARTTLS) or `smtp+plain://127.0.0.1:25`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let wrong = |why: &str| FieldError::new("server", shown(text), why);
        let forms = "write smtps://HOST (TLS), smtp://HOST:587 (STARTTLS) or, for a server on this computer, smtp+plain://127.0.0.1:25";
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong(forms))?;
        let (security, usual) = match scheme {
            "smtps" => (Security::Tls, 465),
            "smtp" => (Security::StartTls, 587),
            "smtp+plain" => (Security::None, 25),
            _ => return Err(wrong(forms)),
        };
        if rest.contains('@') {
            return Err(wrong(
                "give the user and the password apart, with --user and --password-file: an address is shown to people",
            ));
        }
        let (host, port) = host_and_port(rest).ok_or_else(|| wrong(forms))?;
        if security == Security::None && !is_loopback(&host) {
            return Err(wrong(
                "without TLS only a server on this computer is spoken with (127.0.0.1 or ::1); use smtps:// or smtp://",
            ));
        }
        Ok(Self {
            host,
            port: port.unwrap_or(usual),
            security,
        })
    }
}

/// The host of a URL that notifications may be posted to: https, or http to an address of this computer.
pub fn posted_to(text: &str) -> Result<String, FieldError> {
    // The rest of an address may be a secret: it is not repeated.
    let wrong = |why: &str| FieldError::new("url", "…", why);
    let (scheme, rest) = text
        .split_once("://")
        .ok_or_else(|| wrong("write an address such as https://hooks.example.org/ingot"))?;
    if text.len() > 2_000 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(wrong(
            "an address has at most 2000 characters, no spaces and no control characters",
        ));
    }
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if place.contains('@') {
        return Err(wrong("leave user and password out of the address"));
    }
    let (host, _) = host_and_port(place)
        .ok_or_else(|| wrong("write an address such as https://hooks.example.org/ingot"))?;
    match scheme {
        "https" => Ok(host),
        "http" if is_loopback(&host) => Ok(host),
        _ => Err(wrong(
            "only https is spoken with other computers; http is for 127.0.0.1 and ::1",
        )),
    }
}

/// A mailbox: one address, without a name and without anything that a header could end at.
pub fn mailbox(field: &str, text: &str) -> Result<(), FieldError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-@".contains(c);
    let good = text.len() <= 254
        && text.chars().all(plain)
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && local.len() <= 64
                && !domain.is_empty()
                && !domain.contains('@')
                && !domain.starts_with(['.', '-'])
        });
    if good {
        return Ok(());
    }
    let why = "write one plain address such as ops@example.org";
    Err(FieldError::new(field, shown(text), why))
}

fn host_and_port(place: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (
                host,
                rest.strip_prefix(':').or(rest.is_empty().then_some("")),
            )
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, Some("")),
        },
    };
    let port = match port? {
        "" => None,
        port => Some(port.parse().ok().filter(|port| *port > 0)?),
    };
    let named = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
    let good = !host.is_empty() && host.len() <= 253 && host.chars().all(named);
    good.then(|| (host.to_ascii_lowercase(), port))
}

fn is_loopback(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A receiver's name: letters, digits, `-`, `_` and `.`, a letter or digit first. It stands in addresses and on command
/// lines, where `../x` would lead elsewhere and `-x` would be an option; `rcv_` begins ids.
pub fn receiver_name(field: &str, name: &str) -> Result<(), FieldError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let why = match () {
        () if !begins || name.len() > 60 || !name.chars().all(fits) => {
            "use 1 to 60 letters, digits, dashes, underscores and dots, a letter or digit first"
        }
        () if name.starts_with("rcv_") => "names that begin with `rcv_` are ids",
        () => return Ok(()),
    };
    Err(FieldError::new(field, shown(name), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_servers_are_read_and_none_is_spoken_with_in_the_clear_elsewhere() {
        let read = |text: &str| Smtp::parse(text).map(|one| (one.host, one.port, one.security));
        let host = || "mail.example.org".to_owned();
        for (text, port, security) in [
            ("smtps://mail.example.org", 465, Security::Tls),
            ("smtp://Mail.Example.org", 587, Security::StartTls),
            ("smtp://mail.example.org:25", 25, Security::StartTls),
        ] {
            assert_eq!(read(text), Ok((host(), port, security)));
        }
        let plain = read("smtp+plain://127.0.0.1:2525").expect("it is here");
        assert_eq!(plain, ("127.0.0.1".to_owned(), 2525, Security::None));
        assert_eq!(read("smtp+plain://[::1]").expect("here").0, "::1");
        for bad in [
            "mail.example.org",
            "https://mail.example.org",
            "smtp://user:pw@mail.example.org",
            "smtp+plain://mail.example.org",
            "smtp+plain://10.0.0.1",
            "smtps://mail.example.org:0",
            "smtps://mail.example.org:65536",
            "smtps://",
            "smtps://a b",
            "smtps://a\r\nRCPT",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_https_leaves_this_computer_and_an_address_is_not_repeated() {
        assert_eq!(
            posted_to("https://Hooks.example.org/T0/canary?x=1"),
            Ok("hooks.example.org".to_owned())
        );
        assert!(posted_to("http://127.0.0.1:8000/x").is_ok());
        assert!(posted_to("http://[::1]:8000/x").is_ok());
        for bad in [
            "http://example.org/canary",
            "http://localhost/canary",
            "ftp://example.org/canary",
            "https://u:canary@example.org/",
            "https:///canary",
            "https://example.org:x/canary",
            "https://example.org/canary\r\nx: y",
            "canary",
        ] {
            let error = posted_to(bad).expect_err(bad);
            assert!(!format!("{error:?} {error}").contains("canary"), "{bad}");
        }
    }

    #[test]
    fn a_mailbox_ends_no_header() {
        mailbox("to", "ops+night@example.org").expect("plain");
        for bad in [
            "ops",
            "@example.org",
            "ops@",
            "a@b@c",
            "Ops <ops@example.org>",
            "ops@example.org\r\nBcc: x@y.z",
            "ops@example.org,x@y.z",
            "ops @example.org",
        ] {
            assert!(mailbox("to", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_receivers_name_leads_nowhere_else_and_is_no_option() {
        for good in ["ci", "Ops-2", "a.b_c", "7", "rcv"] {
            assert_eq!(receiver_name("name", good), Ok(()), "{good}");
        }
        let long = "x".repeat(61);
        for bad in [
            "", "-x", "../../x", "..", ".x", "_x", "a/b", "a b", "a?b", "ä", "rcv_1", &long,
        ] {
            assert!(receiver_name("name", bad).is_err(), "{bad}");
        }
    }
}

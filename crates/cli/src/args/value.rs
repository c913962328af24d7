//! Readers of argument values: what one writes on the command line, with an error that says how to write it.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Datelike};
use ingot_client::deployment::Ingress;
use ingot_domain::Instant;
use ingot_domain::calendar::YEARS;
use ingot_domain::network::Cidr;
use ingot_domain::pace::Pace;

/// A pace: 1 is real time.
pub(crate) fn pace(text: &str) -> Result<Pace, String> {
    text.parse()
        .ok()
        .and_then(Pace::new)
        .ok_or_else(|| "give a number from 1 (real time) to 100000".to_owned())
}

/// When a calendar begins: an instant with its zone.
pub(crate) fn calendar(text: &str) -> Result<Instant, String> {
    let read = DateTime::parse_from_rfc3339(text).ok();
    // To microseconds, as the ledger keeps instants.
    let at = read.and_then(|at| DateTime::from_timestamp_micros(at.timestamp_micros()));
    let Some(at) = at else {
        return Err(
            "write it with date, time and zone, as 2024-06-30T12:00:00Z or 2024-06-30T08:00:00-04:00"
                .to_owned(),
        );
    };
    if YEARS.contains(&at.year()) {
        return Ok(at);
    }
    let (first, last) = (YEARS.start(), YEARS.end());
    Err(format!(
        "a calendar begins in one of the years from {first} to {last}"
    ))
}

/// A length of time: `90s`, `15m`, `2h`; a bare number is seconds.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    match ingot_domain::span::seconds(text) {
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(how) => Err(how.to_owned()),
    }
}

/// A region as AWS writes it; nothing, as in an empty variable or after a last comma, is none.
pub(crate) fn region(text: &str) -> Result<String, String> {
    let text = text.trim();
    if !text.is_empty() {
        ingot_domain::ec2::region("--regions", text).map_err(|wrong| wrong.message)?;
    }
    Ok(text.to_owned())
}

/// `http://…` or `https://…`.
pub(crate) fn public_url(text: &str) -> Result<String, String> {
    let legal = url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if legal {
        Ok(text.to_owned())
    } else {
        Err("write it as https://ingot.example.org".to_owned())
    }
}

/// `PORT:CIDR` or `FIRST-LAST:CIDR`, such as `443:0.0.0.0/0`.
pub(crate) fn ingress(text: &str) -> Result<Ingress, String> {
    let wrong =
        || "write it as PORT:CIDR, such as 443:203.0.113.0/24 or 8000-8010:10.0.0.0/8".to_owned();
    let (ports, cidr) = text.split_once(':').ok_or_else(wrong)?;
    let port = |text: &str| u16::from_str(text).map_err(|_| wrong());
    let (port, to_port) = match ports.split_once('-') {
        Some((first, last)) => (port(first)?, Some(port(last)?)),
        None => (port(ports)?, None),
    };
    let cidr: Cidr = cidr.parse().map_err(|_| wrong())?;
    Ok(Ingress {
        port,
        to_port,
        cidr: cidr.to_string(),
    })
}

/// An instant with its offset, such as `2026-11-27T12:00:00Z`.
pub(crate) fn instant(text: &str) -> Result<ingot_domain::Instant, String> {
    ingot_domain::policy::dates::instant(text)
}

/// `KEY=VALUE`; the value may be empty and may hold `=`.
pub(crate) fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE, such as team=platform".to_owned()),
    }
}

/// `NAME=VALUE` of a template's parameter.
pub(crate) fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE, such as port=8080".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ingress_takes_ports_ranges_and_both_families() {
        let read = |text| ingress(text).map(|rule| (rule.port, rule.to_port, rule.cidr));
        assert_eq!(
            read("443:0.0.0.0/0"),
            Ok((443, None, "0.0.0.0/0".to_owned()))
        );
        assert_eq!(
            read("8000-8010:10.0.0.0/8"),
            Ok((8000, Some(8010), "10.0.0.0/8".to_owned()))
        );
        assert_eq!(read("443:fd00::/8"), Ok((443, None, "fd00::/8".to_owned())));
        for bad in [
            "443",
            "443:",
            ":10.0.0.0/8",
            "x:10.0.0.0/8",
            "70000:10.0.0.0/8",
            "1-:10.0.0.0/8",
            "443:10.0.0.0",
        ] {
            assert!(
                ingress(bad).is_err_and(|error| error.contains("PORT:CIDR")),
                "{bad}"
            );
        }
    }

    #[test]
    fn tags_need_a_key() {
        assert_eq!(tag("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(tag("a="), Ok(("a".to_owned(), String::new())));
        assert!(tag("a").is_err() && tag("=b").is_err());
    }

    #[test]
    fn a_calendar_begins_at_an_instant_with_its_zone() {
        let noon = calendar("2024-06-30T12:00:00Z").expect("a time");
        assert_eq!(calendar("2024-06-30T08:00:00-04:00"), Ok(noon));
        assert_eq!(noon.timestamp(), 1_719_748_800);
        for bad in [
            "yesterday",
            "",
            "2024-06-30",
            "2024-06-30T12:00:00",
            "2024-02-30T12:00:00Z",
            "2024-06-30T25:00:00Z",
            "1719748800",
        ] {
            let refused = calendar(bad).expect_err(bad);
            assert!(refused.contains("2024-06-30T12:00:00Z"), "{bad}: {refused}");
        }
        for far in [
            "0001-01-01T00:00:00Z",
            "1999-12-31T23:59:59Z",
            "9999-12-31T23:59:59Z",
            "2199-12-31T23:59:59-01:00",
        ] {
            let refused = calendar(far).expect_err(far);
            assert!(refused.contains("from 2000 to 2199"), "{far}: {refused}");
        }
    }

    #[test]
    fn a_pace_is_at_least_one() {
        assert_eq!(pace("60").map(Pace::factor), Ok(60.0));
        for bad in ["0", "-1", "x", "NaN", "1e9", ""] {
            assert!(pace(bad).is_err(), "{bad}");
        }
    }
}

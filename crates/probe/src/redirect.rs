//! Whether a redirect may be followed: only to the same host, never from TLS to clear text, and only to the port in
//! use or the scheme's own (OPERATIONS section 2). A pure rule; the connection goes to the pinned address anyway.

use std::net::IpAddr;

use ingot_domain::field::shown;
use ingot_domain::probe::Scheme;
use url::{Host, Url};

use crate::target::{Target, default_port};

/// The next request, or why there is none.
pub(crate) fn follow(from: &Target, location: &str) -> Result<Target, String> {
    let base = format!(
        "{}://{}:{}{}",
        from.scheme.as_str(),
        from.authority_host(),
        from.port,
        from.path
    );
    let refused = |why: &str| format!("{why} refused: `{}`", shown(location));
    let to = Url::parse(&base)
        .and_then(|base| base.join(location))
        .map_err(|_| refused("redirect to no URL"))?;
    let scheme = match (from.scheme, to.scheme()) {
        (_, "https") => Scheme::Https,
        (Scheme::Http, "http") => Scheme::Http,
        (Scheme::Https, "http") => return Err(refused("redirect from https to http")),
        _ => return Err(refused("redirect to another scheme")),
    };
    if !same_host(from, to.host()) {
        return Err(refused("redirect to another host"));
    }
    let port = to.port().unwrap_or(default_port(scheme));
    if port != from.port && port != default_port(scheme) {
        return Err(refused("redirect to another port"));
    }
    // `url` counts 80 of http as left out, so a relative reference keeps its port here as well.
    let path = to.query().map_or_else(
        || to.path().to_owned(),
        |query| format!("{}?{query}", to.path()),
    );
    Ok(Target {
        scheme,
        port,
        path,
        ..from.clone()
    })
}

/// The pinned address itself, or the name the probe sends.
fn same_host(from: &Target, to: Option<Host<&str>>) -> bool {
    match to {
        Some(Host::Ipv4(v4)) => from.address == IpAddr::V4(v4),
        Some(Host::Ipv6(v6)) => from.address == IpAddr::V6(v6),
        Some(Host::Domain(name)) => from
            .host
            .as_deref()
            .is_some_and(|host| host.eq_ignore_ascii_case(name)),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target(scheme: Scheme, port: u16, host: Option<&str>) -> Target {
        Target {
            address: "203.0.113.7".parse().expect("address"),
            host: host.map(str::to_owned),
            scheme,
            port,
            path: "/a/b?c".to_owned(),
        }
    }

    #[test]
    fn only_the_same_host_is_followed() {
        let https = target(Scheme::Https, 443, None);
        let table = [
            ("/login", Ok(("https", 443, "/login"))),
            ("login?x=1#part", Ok(("https", 443, "/a/login?x=1"))),
            ("", Ok(("https", 443, "/a/b?c"))),
            ("https://203.0.113.7/x", Ok(("https", 443, "/x"))),
            ("https://203.0.113.7:443/x", Ok(("https", 443, "/x"))),
            ("//203.0.113.7/x", Ok(("https", 443, "/x"))),
            // 3405803783 is the same address in decimal; what counts is the address.
            ("https://3405803783/x", Ok(("https", 443, "/x"))),
            ("http://203.0.113.7/x", Err("redirect from https to http")),
            (
                "https://169.254.169.254/latest/meta-data/",
                Err("redirect to another host"),
            ),
            ("//169.254.169.254/", Err("redirect to another host")),
            ("\\\\169.254.169.254\\", Err("redirect to another host")),
            (
                "https://203.0.113.7@169.254.169.254/",
                Err("redirect to another host"),
            ),
            ("https://2852039166/", Err("redirect to another host")),
            (
                "https://[::ffff:203.0.113.7]/",
                Err("redirect to another host"),
            ),
            ("https://localhost/", Err("redirect to another host")),
            (
                "https://203.0.113.7.evil.test/",
                Err("redirect to another host"),
            ),
            ("https://203.0.113.7:22/", Err("redirect to another port")),
            ("file:///etc/passwd", Err("redirect to another scheme")),
            ("gopher://203.0.113.7/", Err("redirect to another scheme")),
            ("https://[", Err("redirect to no URL")),
        ];
        for (location, expected) in table {
            let got = follow(&https, location);
            match expected {
                Ok((scheme, port, path)) => {
                    let got = got.unwrap_or_else(|why| panic!("{location}: {why}"));
                    assert_eq!(
                        (got.scheme.as_str(), got.port, got.path.as_str()),
                        (scheme, port, path),
                        "{location}"
                    );
                }
                Err(why) => assert!(
                    got.clone().is_err_and(|got| got.starts_with(why)),
                    "{location}: {got:?}"
                ),
            }
        }
    }

    #[test]
    fn names_upgrades_and_ports() {
        let named = target(Scheme::Http, 8080, Some("app.example.com"));
        let ports = |location: &str| follow(&named, location).map(|to| (to.scheme, to.port));
        assert_eq!(ports("https://APP.example.com/"), Ok((Scheme::Https, 443)));
        assert_eq!(
            ports("https://app.example.com:8080/"),
            Ok((Scheme::Https, 8080))
        );
        assert_eq!(ports("/x"), Ok((Scheme::Http, 8080)));
        assert_eq!(ports("http://app.example.com/"), Ok((Scheme::Http, 80)));
        assert_eq!(ports("http://203.0.113.7/"), Ok((Scheme::Http, 80)));
        assert!(ports("https://app.example.com:9443/").is_err());
        assert!(ports("https://other.example.com/").is_err());
    }

    proptest! {
        #[test]
        fn whatever_location_says_the_address_stays(location in "\\PC{0,60}") {
            let from = target(Scheme::Https, 443, Some("app.example.com"));
            if let Ok(to) = follow(&from, &location) {
                prop_assert_eq!((to.address, to.host, to.port), (from.address, from.host, 443));
                prop_assert!(to.path.starts_with('/'));
            }
        }
    }
}

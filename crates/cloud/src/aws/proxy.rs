//! The proxies of a corporate network: which addresses go through which one, and what is never sent to a proxy.

use std::fmt;

use aws_smithy_http_client::proxy::ProxyConfig;

use super::auth::AuthError;

/// Never through a proxy: the metadata services of an instance or a container answer on the machine itself, and a
/// proxy that was asked for them would answer with its own role; the same for this machine.
const DIRECT: &str = "169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,fd00:ec2::23,localhost,127.0.0.0/8,::1";

/// The proxies to go through, as the usual variables give them. The addresses may hold passwords.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    https: Option<String>,
    http: Option<String>,
    direct: String,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies")
            .field("https", &self.https.as_deref().map(without_password))
            .field("http", &self.http.as_deref().map(without_password))
            .field("direct", &self.direct)
            .finish()
    }
}

impl Proxies {
    /// Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, each in small letters as well, which then count
    /// first, as for the AWS CLI. An address without a scheme is an HTTP proxy's.
    ///
    /// # Errors
    /// An address that is no proxy's, with the variable's name and without its password.
    pub fn from_vars(get: impl Fn(&str) -> Option<String>) -> Result<Proxies, AuthError> {
        let get = |large: &'static str| {
            let given = |name: &str| {
                get(name)
                    .map(|value| value.trim().to_owned())
                    .filter(|value| !value.is_empty())
            };
            given(&large.to_ascii_lowercase()).or_else(|| given(large))
        };
        let proxy = |name: &'static str| get(name).map(|url| address(name, &url)).transpose();
        let all = proxy("ALL_PROXY")?;
        Ok(Proxies {
            https: proxy("HTTPS_PROXY")?.or_else(|| all.clone()),
            http: proxy("HTTP_PROXY")?.or(all),
            direct: get("NO_PROXY").unwrap_or_default(),
        })
    }

    /// What the connector of `https://` addresses (`tls`) or of `http://` ones is told.
    pub(super) fn of(&self, tls: bool) -> ProxyConfig {
        let given = if tls { &self.https } else { &self.http };
        let config = given.as_deref().map(|url| {
            if tls {
                ProxyConfig::https(url)
            } else {
                ProxyConfig::http(url)
            }
        });
        match config {
            Some(Ok(config)) => config.no_proxy(format!("{},{DIRECT}", self.direct)),
            // An address that does not read was refused by `from_vars`.
            Some(Err(_)) | None => ProxyConfig::disabled(),
        }
    }

    /// Whether any is given.
    pub(super) fn is_empty(&self) -> bool {
        self.https.is_none() && self.http.is_none()
    }
}

fn address(variable: &'static str, url: &str) -> Result<String, AuthError> {
    let whole = if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    match ProxyConfig::all(whole.as_str()) {
        Ok(_) => Ok(whole),
        Err(_) => Err(AuthError {
            variable,
            value: without_password(url),
            way_out:
                "write the proxy's address as http://host:port or http://user:password@host:port"
                    .to_owned(),
        }),
    }
}

/// An address without what stands before its host.
fn without_password(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before
                .split_once("://")
                .map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
            format!("{scheme}…@{host}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[(&str, &str)]) -> Result<Proxies, AuthError> {
        Proxies::from_vars(|name| {
            given
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_usual_variables_are_read() {
        let table = [
            (vec![], None, None),
            (vec![("HTTPS_PROXY", "")], None, None),
            (
                vec![("HTTPS_PROXY", "proxy:3128")],
                Some("http://proxy:3128"),
                None,
            ),
            (
                vec![("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:2")],
                Some("http://b:2"),
                None,
            ),
            (
                vec![("ALL_PROXY", "https://a:1"), ("http_proxy", "http://b:2")],
                Some("https://a:1"),
                Some("http://b:2"),
            ),
        ];
        for (given, https, http) in table {
            let found = read(&given).expect("proxies");
            assert_eq!(
                (found.https.as_deref(), found.http.as_deref()),
                (https, http),
                "{given:?}"
            );
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_its_password() {
        for bad in [
            "socks5://me:hush@proxy:1080",
            "http://me:hush@",
            "http://me:hush@a b",
        ] {
            let error = read(&[("HTTPS_PROXY", bad)]).expect_err(bad);
            assert_eq!(error.variable, "HTTPS_PROXY");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        let kept = read(&[("HTTPS_PROXY", "http://me:hush@proxy:1")]).expect("proxy");
        assert!(!format!("{kept:?}").contains("hush"), "{kept:?}");
    }
}

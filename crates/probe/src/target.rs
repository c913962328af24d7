//! What one request of a probe asks for. The address is always the pinned one; a redirect may only change the rest.

use std::net::IpAddr;

use ingot_domain::probe::{ProbeSpec, Scheme};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Where the connection goes, whatever any name says.
    pub(crate) address: IpAddr,
    /// The name sent as Host and SNI; the address when absent.
    pub(crate) host: Option<String>,
    pub(crate) scheme: Scheme,
    /// The port the instance is said to serve on.
    pub(crate) port: u16,
    /// Path and query.
    pub(crate) path: String,
}

impl Target {
    /// The first request of a probe.
    pub(crate) fn of(address: IpAddr, spec: &ProbeSpec) -> Self {
        Self {
            address,
            host: spec.host.clone(),
            scheme: spec.scheme,
            port: spec.first_port(),
            path: spec.path.clone(),
        }
    }

    /// The name or address as a URL writes it: IPv6 in brackets.
    pub(crate) fn authority_host(&self) -> String {
        match (&self.host, self.address) {
            (Some(host), _) => host.clone(),
            (None, IpAddr::V6(v6)) => format!("[{v6}]"),
            (None, IpAddr::V4(v4)) => v4.to_string(),
        }
    }

    /// The Host header: the port only when it is not the scheme's own (RFC 9110 section 7.2).
    pub(crate) fn host_header(&self) -> String {
        let host = self.authority_host();
        if self.port == default_port(self.scheme) {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

/// The port a URL of this scheme leaves out.
pub(crate) fn default_port(scheme: Scheme) -> u16 {
    match scheme {
        Scheme::Https => 443,
        Scheme::Http => 80,
    }
}

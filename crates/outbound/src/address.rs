//! Looking a host up: all of its addresses must be outside, and the connection is made to one of exactly these, so that a
//! second look-up cannot lead elsewhere.

use std::net::SocketAddr;

use ingot_domain::network::{Cidr, Denied, probe_allowed};

use crate::Trouble;

/// The checked addresses of a host.
pub(crate) async fn pinned(
    host: &str,
    port: u16,
    inward: &[Cidr],
) -> Result<Vec<SocketAddr>, Trouble> {
    // A URL writes an IPv6 address in brackets.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let lookup = |why: String| Trouble::Lookup {
        host: host.to_owned(),
        why,
    };
    let found = tokio::net::lookup_host((bare, port))
        .await
        .map_err(|error| lookup(error.to_string()))?;
    let found: Vec<SocketAddr> = found.collect();
    if found.is_empty() {
        return Err(lookup("it has none".to_owned()));
    }
    for address in &found {
        probe_allowed(address.ip(), inward).map_err(|denied| Trouble::Inward {
            host: host.to_owned(),
            address: address.ip(),
            why: match denied {
                Denied::Never => "such addresses are never asked".to_owned(),
                Denied::Private => "it is private and in no block that was opened".to_owned(),
            },
        })?;
    }
    Ok(found)
}

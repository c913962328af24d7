//! What went wrong with a connection, in a person's words.

use std::error::Error as _;
use std::io::ErrorKind;
use std::net::SocketAddr;

use ingot_domain::probe::{ProbeClass, ProbeOutcome};
use rustls::{CertificateError, Error};

/// No connection.
pub(crate) fn unconnected(error: &std::io::Error, at: SocketAddr) -> ProbeOutcome {
    let (class, what) = match error.kind() {
        ErrorKind::ConnectionRefused => (ProbeClass::Refused, "no server listens"),
        ErrorKind::HostUnreachable => (ProbeClass::Refused, "the host can not be reached"),
        ErrorKind::NetworkUnreachable => (ProbeClass::Refused, "there is no route to the network"),
        ErrorKind::TimedOut => (ProbeClass::Timeout, "no answer while connecting"),
        _ => {
            return ProbeOutcome::not_ready(
                ProbeClass::Broken,
                format!("can not connect to {at}: {error}"),
            );
        }
    };
    ProbeOutcome::not_ready(class, format!("{what} at {at}"))
}

/// A connection, and no TLS on it.
pub(crate) fn no_tls(error: &std::io::Error) -> ProbeOutcome {
    let cause = error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<Error>());
    let what = match cause {
        Some(error) => of_rustls(error),
        None if error.kind() == ErrorKind::UnexpectedEof => {
            "the connection was closed in the middle of it".to_owned()
        }
        None => error.to_string(),
    };
    ProbeOutcome::not_ready(ProbeClass::Tls, format!("TLS handshake failed: {what}"))
}

fn of_rustls(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(wrong) => certificate(wrong).to_owned(),
        Error::NoCertificatesPresented => "the server shows no certificate".to_owned(),
        Error::InvalidMessage(_) => "what answers does not speak TLS".to_owned(),
        Error::PeerIncompatible(_) => {
            "the server offers nothing of TLS 1.2 or 1.3 that is taken here".to_owned()
        }
        Error::AlertReceived(alert) => format!("the server refused it ({})", words(alert)),
        Error::PeerMisbehaved(_) => "the server does not keep to the protocol".to_owned(),
        other => other.to_string(),
    }
}

fn certificate(wrong: &CertificateError) -> &'static str {
    use CertificateError::*;
    match wrong {
        Expired | ExpiredContext { .. } => "the server's certificate has expired",
        NotValidYet | NotValidYetContext { .. } => {
            "the server's certificate is not valid yet; is the instance's clock right?"
        }
        UnknownIssuer => {
            "the server's certificate is not signed by a public authority; set `verify_tls: false` for a self-signed one"
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "the server's certificate is for another name than `probe.host`"
        }
        Revoked => "the server's certificate was revoked",
        BadSignature => "the server does not hold the key of its certificate",
        InvalidPurpose | InvalidPurposeContext { .. } => {
            "the server's certificate is not one for servers"
        }
        BadEncoding => "the server's certificate cannot be read",
        _ => {
            "the server's certificate is of a kind that cannot be verified; set `verify_tls: false` to take it as it is"
        }
    }
}

/// `HandshakeFailure` as people write it.
fn words(alert: &rustls::AlertDescription) -> String {
    let mut text = String::new();
    for c in format!("{alert:?}").chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// A connection that broke, or that carries no HTTP.
pub(crate) fn broken(error: &hyper::Error) -> ProbeOutcome {
    let what = if error.is_parse_too_large() {
        "the headers are too large".to_owned()
    } else if error.is_parse() {
        "what came is no HTTP".to_owned()
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        "the connection was closed before the answer was complete".to_owned()
    } else {
        error.source().map_or_else(
            || format!("the connection broke: {error}"),
            |cause| format!("the connection broke: {cause}"),
        )
    };
    ProbeOutcome::not_ready(ProbeClass::Broken, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{AlertDescription, InvalidMessage, PeerIncompatible};

    #[test]
    fn people_read_no_debug_words() {
        let table = [
            (
                Error::InvalidCertificate(CertificateError::UnknownIssuer),
                "public authority",
            ),
            (
                Error::InvalidCertificate(CertificateError::Expired),
                "expired",
            ),
            (
                Error::InvalidCertificate(CertificateError::NotValidForName),
                "another name",
            ),
            (
                Error::InvalidCertificate(CertificateError::UnhandledCriticalExtension),
                "of a kind",
            ),
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "does not speak TLS",
            ),
            (
                Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
                "TLS 1.2 or 1.3",
            ),
            (
                Error::AlertReceived(AlertDescription::HandshakeFailure),
                "(handshake failure)",
            ),
        ];
        for (error, word) in table {
            let told = std::io::Error::new(ErrorKind::InvalidData, error.clone());
            let outcome = no_tls(&told);
            assert_eq!(outcome.class, ProbeClass::Tls);
            assert!(
                outcome.detail.contains(word),
                "{error:?}: {}",
                outcome.detail
            );
            for debug in ["::", "{", "Error", "http"] {
                assert!(!outcome.detail.contains(debug), "{}", outcome.detail);
            }
        }
    }
}

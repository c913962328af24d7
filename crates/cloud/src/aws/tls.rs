//! The HTTP client of all calls: ring, and whose certificates it trusts.

use aws_sdk_ec2::config::SharedHttpClient;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::classify::Call;
use crate::error::{CloudError, ErrorKind};

/// The SDK panics on a certificate it can not read, so they are all tried here.
pub(super) fn http_client(ca_bundle_pem: Option<&[u8]>) -> Result<SharedHttpClient, CloudError> {
    let call = Call {
        service: "tls",
        operation: "Connect",
        region: "",
    };
    let mut trusted = TrustStore::default();
    if let Some(pem) = ca_bundle_pem {
        let mut store = rustls::RootCertStore::empty();
        let read = CertificateDer::pem_slice_iter(pem).try_for_each(|certificate| {
            let certificate = certificate.map_err(|error| error.to_string())?;
            store.add(certificate).map_err(|error| error.to_string())
        });
        let problem = read.err().or_else(|| {
            store
                .is_empty()
                .then(|| "it holds no certificate".to_owned())
        });
        if let Some(problem) = problem {
            return Err(call.error(
                ErrorKind::Invalid,
                "ca_bundle",
                format!("the ca bundle can not be used: {problem}"),
            ));
        }
        trusted = TrustStore::empty().with_pem_certificate(pem);
    }
    let context = TlsContext::builder().with_trust_store(trusted).build();
    let context =
        context.map_err(|error| call.error(ErrorKind::Invalid, "tls", error.to_string()))?;
    let ring = Provider::Rustls(CryptoMode::Ring);
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(ring)
        .tls_context(context)
        .build_https())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_ca_bundle_is_an_error_and_no_panic() {
        for bad in [
            &b""[..],
            b"nonsense",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let error = http_client(Some(bad)).expect_err("bundle");
            assert_eq!(
                (error.kind, error.code.as_str()),
                (ErrorKind::Invalid, "ca_bundle")
            );
        }
        assert!(http_client(None).is_ok());
    }
}

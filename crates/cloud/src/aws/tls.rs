//! The HTTP client of all calls: ring, whose certificates it trusts, and the proxies it goes through.

use aws_sdk_ec2::config::SharedHttpClient;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::classify::Call;
use super::proxy::Proxies;
use crate::error::{CloudError, ErrorKind};

/// The SDK panics on a certificate it can not read, so they are all tried here.
pub(super) fn http_client(
    ca_bundle_pem: Option<&[u8]>,
    proxies: &Proxies,
) -> Result<SharedHttpClient, CloudError> {
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
    let tls = through(context.clone(), proxies.of(true));
    if proxies.is_empty() {
        return Ok(tls);
    }
    Ok(SharedHttpClient::new(ByScheme {
        tls,
        clear: through(context, proxies.of(false)),
    }))
}

/// A client whose connections go through one proxy, or through none.
fn through(context: TlsContext, proxy: ProxyConfig) -> SharedHttpClient {
    let ring = Provider::Rustls(CryptoMode::Ring);
    if proxy.is_disabled() {
        return Builder::new()
            .tls_provider(ring)
            .tls_context(context)
            .build_https();
    }
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector
            .proxy_config(proxy.clone())
            .tls_provider(ring.clone())
            .tls_context(context.clone())
            .build()
    })
}

/// The SDK's connector takes one proxy, the variables know one per scheme.
#[derive(Debug)]
struct ByScheme {
    tls: SharedHttpClient,
    clear: SharedHttpClient,
}

impl HttpClient for ByScheme {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Both {
            tls: self.tls.http_connector(settings, components),
            clear: self.clear.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct Both {
    tls: SharedHttpConnector,
    clear: SharedHttpConnector,
}

impl HttpConnector for Both {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("http://") {
            self.clear.call(request)
        } else {
            self.tls.call(request)
        }
    }
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
            let error = http_client(Some(bad), &Proxies::default()).expect_err("bundle");
            assert_eq!(
                (error.kind, error.code.as_str()),
                (ErrorKind::Invalid, "ca_bundle")
            );
        }
        assert!(http_client(None, &Proxies::default()).is_ok());
    }
}

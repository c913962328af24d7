//! TLS of probes: the ring provider is named here, so that no process default is needed, and certificates are either
//! verified against the public roots or taken as they come (F15).

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Both ways to do TLS.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    /// Any certificate is fine.
    any: Arc<ClientConfig>,
    /// The certificate must be valid for the name.
    verified: Arc<ClientConfig>,
}

impl Tls {
    /// Verifies against Mozilla's roots.
    pub(crate) fn new() -> Result<Self, Error> {
        Self::with_roots(RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        })
    }

    /// Verifies against these roots.
    pub(crate) fn with_roots(roots: RootCertStore) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let any = builder(&provider)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate))
            .with_no_client_auth();
        let verified = builder(&provider)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            any: finished(any),
            verified: finished(verified),
        })
    }

    /// The configuration for a probe.
    pub(crate) fn config(&self, verify: bool) -> Arc<ClientConfig> {
        Arc::clone(if verify { &self.verified } else { &self.any })
    }
}

fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, Error> {
    ClientConfig::builder_with_provider(Arc::clone(provider)).with_safe_default_protocol_versions()
}

/// Every probe is a whole handshake: a resumed session would not look at the certificate again.
fn finished(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Takes any certificate: self-signed, expired, X.509 v1, RSA of 1024 bits, P-521 (W8). It is not even read: a proof that
/// the server holds the key of a certificate which anyone could have made proves nothing, and reading it would refuse
/// what rustls and ring do not know.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        // All a server may sign with; it takes what its key can.
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            SignatureScheme::ED25519,
            SignatureScheme::ED448,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::RSA_PKCS1_SHA1,
            SignatureScheme::ECDSA_SHA1_Legacy,
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::ServerConfig;
    use rustls::crypto::ring::sign::any_supported_type;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::sign::{CertifiedKey, SingleCertAndKey};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    type Pair = (CertificateDer<'static>, PrivateKeyDer<'static>);

    fn pair() -> Pair {
        let made =
            rcgen::generate_simple_self_signed(vec!["app.test".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        (made.cert.der().clone(), key)
    }

    /// Whether a handshake over memory succeeds with a server that shows `certificate` and signs with `key`.
    async fn handshake(
        config: Arc<ClientConfig>,
        name: &str,
        certificate: &Pair,
        key: &Pair,
    ) -> Result<(), String> {
        let signing = any_supported_type(&key.1).expect("a key");
        let resolver =
            SingleCertAndKey::from(CertifiedKey::new(vec![certificate.0.clone()], signing));
        let server =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(resolver));
        let (near, far) = tokio::io::duplex(64 * 1024);
        let accept = TlsAcceptor::from(Arc::new(server)).accept(far);
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let connect = TlsConnector::from(config).connect(name, near);
        let both = async { tokio::join!(connect, accept) };
        let (connected, _) = tokio::time::timeout(Duration::from_secs(5), both)
            .await
            .expect("in time");
        connected.map(drop).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn names_and_keys_are_verified_when_asked_and_nothing_otherwise() {
        let (good, other) = (pair(), pair());
        let mut roots = RootCertStore::empty();
        roots.add(good.0.clone()).expect("a root");
        let tls = Tls::with_roots(roots).expect("tls");
        // verify, name, certificate shown, key that signs, accepted
        let table = [
            (true, "app.test", &good, &good, true),
            (true, "other.test", &good, &good, false),
            (true, "app.test", &other, &other, false),
            (true, "app.test", &good, &other, false),
            (false, "other.test", &other, &other, true),
            (false, "app.test", &good, &other, true),
        ];
        for (index, (verify, name, certificate, key, accepted)) in table.into_iter().enumerate() {
            let got = handshake(tls.config(verify), name, certificate, key).await;
            assert_eq!(got.is_ok(), accepted, "row {index}: {got:?}");
        }
    }
}

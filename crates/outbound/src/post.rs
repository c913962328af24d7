//! Posting to hosts that people named: each address is looked up, checked and pinned as for a fetch, no redirect is followed,
//! and of the answer only the beginning is read.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ingot_domain::network::Cidr;
use reqwest::{Certificate, Client, header, redirect};
use url::Url;

use crate::Trouble;
use crate::address::pinned;
use crate::fetch::{shown, told};

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const READ: usize = 1024;
/// Hosts whose connections are kept.
const KEPT: usize = 256;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The status.
    pub status: u16,
    /// `Retry-After`, as it was.
    pub retry_after: Option<String>,
    /// The beginning of the body, where it is text.
    pub body: String,
}

/// A host's connections, and the addresses they lead to.
type Kept = (Vec<SocketAddr>, Client);

/// Posts to any host outside.
#[derive(Debug, Default)]
pub struct Post {
    inward: Vec<Cidr>,
    roots: Vec<Vec<u8>>,
    kept: Mutex<HashMap<(String, u16), Kept>>,
}

impl Post {
    /// Nothing inside is reached, and the usual certificates are trusted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows addresses in these blocks. Link-local and metadata addresses stay closed.
    pub fn inward(mut self, blocks: Vec<Cidr>) -> Self {
        self.inward = blocks;
        self
    }

    /// Trusts these certificates (DER) besides.
    pub fn trusting(mut self, roots: Vec<Vec<u8>>) -> Self {
        self.roots = roots;
        self
    }

    /// The certificates that are trusted besides the usual ones.
    pub fn roots(&self) -> &[Vec<u8>] {
        &self.roots
    }

    /// The checked addresses of a host, for protocols that are spoken elsewhere.
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Trouble> {
        pinned(host, port, &self.inward).await
    }

    /// Posts once.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        within: Duration,
    ) -> Result<Posted, Trouble> {
        let posting = self.once(url, headers, body);
        match tokio::time::timeout(within, posting).await {
            Ok(posted) => posted,
            Err(_) => Err(Trouble::Slow(within.as_secs())),
        }
    }

    async fn once(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Posted, Trouble> {
        let not = || Trouble::NotHttps("the address".to_owned());
        let url = Url::parse(url).map_err(|_| not())?;
        let host = url.host_str().ok_or_else(not)?;
        let port = url.port_or_known_default().unwrap_or(443);
        let addresses = pinned(host, port, &self.inward).await?;
        // In the clear only to this computer, where that was opened.
        let here = addresses.iter().all(|address| address.ip().is_loopback());
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Err(not());
        }
        let client = self.client(host, port, addresses)?;
        let mut request = client
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let broken = |error: reqwest::Error| Trouble::Broken(told(&error));
        let mut response = request.body(body).send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        let mut bytes = Vec::new();
        // A body that breaks off changes nothing about what the status said.
        while bytes.len() < READ
            && let Ok(Some(chunk)) = response.chunk().await
        {
            bytes.extend_from_slice(&chunk);
        }
        bytes.truncate(READ);
        Ok(Posted {
            status,
            retry_after,
            body: shown(&String::from_utf8_lossy(&bytes)),
        })
    }

    /// The host's connections, as long as its name leads where it led.
    fn client(&self, host: &str, port: u16, led: Vec<SocketAddr>) -> Result<Client, Trouble> {
        let key = (host.to_owned(), port);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, client)) = kept.get(&key)
            && *before == led
        {
            return Ok(client.clone());
        }
        // Another part of the process may have installed a provider already; that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let roots = self.roots.iter().map(|der| Certificate::from_der(der));
        let roots: Result<Vec<Certificate>, _> = roots.collect();
        let roots = roots.map_err(|error| Trouble::Setup(format!("a certificate: {error}")))?;
        let client = Client::builder()
            .user_agent(concat!("ingot/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            .no_proxy()
            .resolve_to_addrs(host, &led)
            .tls_certs_merge(roots)
            .build()
            .map_err(|error| Trouble::Setup(told(&error)))?;
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, (led, client.clone()));
        Ok(client)
    }
}

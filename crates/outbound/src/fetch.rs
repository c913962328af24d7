//! One request: the host checked, its address pinned, the answer read within its bounds.

use std::time::Duration;

use ingot_domain::network::Cidr;
use reqwest::{Certificate, Client, Proxy, Response, StatusCode, header, redirect};
use url::{Origin, Url};

use crate::Trouble;
use crate::address::pinned;

/// Redirects that are followed on the same host: a name for the newest file leads to that of the day.
const REDIRECTS: usize = 3;
/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// A part of a file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first byte.
    pub from: u64,
    /// How many at most.
    pub most: u64,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Want<'a> {
    /// Where it is.
    pub url: &'a str,
    /// What is there already; the same again is [`Answer::Unchanged`]. With a range that is no beginning: whose part it must
    /// be.
    pub etag: Option<&'a str>,
    /// The same by its last change, as the host told it, where it tells no etag.
    pub since: Option<&'a str>,
    /// Only a part. A host that knows no parts answers a beginning with the whole, which is taken.
    pub range: Option<Range>,
    /// The most bytes that are taken of a whole.
    pub most: u64,
    /// The longest it may take, from the look-up to the last byte.
    pub within: Duration,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is what is there already.
    Unchanged,
    /// Bytes.
    Body {
        /// They; packed ones are as they came.
        bytes: Vec<u8>,
        /// What the host says that they are.
        etag: Option<String>,
        /// When they changed last, as the host says it.
        modified: Option<String>,
        /// How long the whole is, where a part came.
        whole: Option<u64>,
    },
}

/// The same, its bytes having gone elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poured {
    /// It is what is there already.
    Unchanged,
    /// Bytes went.
    Body {
        /// How many.
        length: u64,
        /// What the host says that they are.
        etag: Option<String>,
        /// When they changed last, as the host says it.
        modified: Option<String>,
        /// How long the whole is, where a part came.
        whole: Option<u64>,
    },
}

/// Where bytes go, piece by piece.
pub type Sink<'a> = &'a mut (dyn FnMut(&[u8]) -> std::io::Result<()> + Send);

/// The hosts that may be asked, and how.
#[derive(Debug, Clone)]
pub struct Door {
    origins: Vec<Origin>,
    inward: Vec<Cidr>,
    proxy: Option<String>,
    roots: Vec<Vec<u8>>,
    clear: bool,
}

impl Door {
    /// A door to the hosts of these addresses: to the same scheme, name and port, so that nothing that a host says leads to
    /// another service beside it.
    pub fn to<T: AsRef<str>>(roots: impl IntoIterator<Item = T>) -> Self {
        let origin = |root: T| Url::parse(root.as_ref()).ok().map(|url| url.origin());
        Self {
            origins: roots.into_iter().filter_map(origin).collect(),
            inward: Vec::new(),
            proxy: None,
            roots: Vec::new(),
            clear: false,
        }
    }

    /// Speaks plain http, too, with hosts whose every address is loopback, which [`Door::inward`] must have opened: a mirror
    /// on this very machine.
    pub fn clear_on_loopback(mut self) -> Self {
        self.clear = true;
        self
    }

    /// Allows addresses in these blocks, for a mirror of one's own. Link-local and metadata addresses stay closed.
    pub fn inward(mut self, blocks: Vec<Cidr>) -> Self {
        self.inward = blocks;
        self
    }

    /// Speaks through a proxy, which then looks hosts up itself: the list of hosts still holds, the check of their addresses
    /// is the proxy's.
    pub fn through(mut self, proxy: Option<String>) -> Self {
        self.proxy = proxy;
        self
    }

    /// Trusts these certificates (DER) besides the platform's, for a mirror of one's own.
    pub fn trusting(mut self, roots: Vec<Vec<u8>>) -> Self {
        self.roots = roots;
        self
    }

    /// Asks for one thing.
    pub async fn fetch(&self, want: Want<'_>) -> Result<Answer, Trouble> {
        let mut bytes = Vec::new();
        let mut keep = |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok(())
        };
        Ok(match self.pour(want, &mut keep).await? {
            Poured::Unchanged => Answer::Unchanged,
            Poured::Body {
                etag,
                modified,
                whole,
                ..
            } => Answer::Body {
                bytes,
                etag,
                modified,
                whole,
            },
        })
    }

    /// The same, into a sink. What went there before trouble came is worth nothing.
    pub async fn pour(&self, want: Want<'_>, sink: Sink<'_>) -> Result<Poured, Trouble> {
        let slow = || Trouble::Slow(want.within.as_secs());
        match tokio::time::timeout(want.within, self.follow(want, sink)).await {
            Ok(answer) => answer,
            Err(_) => Err(slow()),
        }
    }

    async fn follow(&self, want: Want<'_>, sink: Sink<'_>) -> Result<Poured, Trouble> {
        let not = || Trouble::NotHttps(shown(want.url));
        let mut url = Url::parse(want.url).map_err(|_| not())?;
        for _ in 0..=REDIRECTS {
            let response = self.ask(&url, want).await?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED
            {
                return read(response, want, sink).await;
            }
            let told = response.headers().get(header::LOCATION);
            let told = told
                .and_then(|place| place.to_str().ok())
                .unwrap_or_default();
            let next = url.join(told).map_err(|_| Trouble::Redirect(shown(told)))?;
            let same = next.host_str() == url.host_str()
                && next.port_or_known_default() == url.port_or_known_default();
            if !same || next.scheme() != url.scheme() {
                return Err(Trouble::Redirect(shown(next.as_str())));
            }
            url = next;
        }
        Err(Trouble::Redirect(shown(url.as_str())))
    }

    async fn ask(&self, url: &Url, want: Want<'_>) -> Result<Response, Trouble> {
        let clear = self.clear && url.scheme() == "http";
        let host = url.host_str().filter(|_| clear || url.scheme() == "https");
        let host = host.ok_or_else(|| Trouble::NotHttps(shown(url.as_str())))?;
        if !self.origins.contains(&url.origin()) {
            return Err(Trouble::Host(shown(&url.origin().ascii_serialization())));
        }
        // Another part of the process may have installed a provider already; that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("ingot/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(!clear)
            .connect_timeout(CONNECT)
            .no_proxy();
        match &self.proxy {
            Some(proxy) if !clear => {
                let proxy = Proxy::https(proxy.as_str())
                    .map_err(|error| Trouble::Setup(format!("the proxy: {error}")))?;
                client = client.proxy(proxy);
            }
            _ => {
                let port = url.port_or_known_default().unwrap_or(443);
                let addresses = pinned(host, port, &self.inward).await?;
                if clear && !addresses.iter().all(|address| address.ip().is_loopback()) {
                    return Err(Trouble::NotHttps(shown(url.as_str())));
                }
                client = client.resolve_to_addrs(host, &addresses);
            }
        }
        let roots = self.roots.iter().map(|der| Certificate::from_der(der));
        let roots: Result<Vec<Certificate>, _> = roots.collect();
        let roots = roots.map_err(|error| Trouble::Setup(format!("a certificate: {error}")))?;
        let client = client.tls_certs_merge(roots).build();
        let client = client.map_err(|error| Trouble::Setup(told(&error)))?;
        let mut request = client.get(url.clone());
        if let Some(range) = want.range {
            let last = range.from.saturating_add(range.most.max(1)) - 1;
            request = request.header(header::RANGE, format!("bytes={}-{last}", range.from));
        }
        // A weak etag names no bytes, so no part can be of it; the caller compares what comes with it.
        let strong = want.etag.filter(|etag| !etag.starts_with("W/"));
        match (want.is_part(), want.etag, want.since) {
            (true, Some(_), _) => {
                if let Some(etag) = strong {
                    request = request.header(header::IF_RANGE, etag);
                }
            }
            (true, None, Some(since)) => request = request.header(header::IF_RANGE, since),
            (false, Some(etag), _) => request = request.header(header::IF_NONE_MATCH, etag),
            (false, None, Some(since)) => {
                request = request.header(header::IF_MODIFIED_SINCE, since);
            }
            (_, None, None) => {}
        }
        request
            .send()
            .await
            .map_err(|error| Trouble::Unreachable(told(&error)))
    }
}

impl Want<'_> {
    /// Whether it asks for a part that is no beginning.
    fn is_part(&self) -> bool {
        self.range.is_some_and(|range| range.from > 0)
    }
}

async fn read(mut response: Response, want: Want<'_>, sink: Sink<'_>) -> Result<Poured, Trouble> {
    let status = response.status();
    let known = want.etag.is_some() || want.since.is_some();
    if status == StatusCode::NOT_MODIFIED && known && !want.is_part() {
        return Ok(Poured::Unchanged);
    }
    let text = |name| {
        let value = response.headers().get(name)?.to_str().ok()?;
        (value.len() <= 200).then(|| value.to_owned())
    };
    let whole: Option<u64> = match (want.range, status) {
        (None, StatusCode::OK) => None,
        // The host knows no parts; a beginning that is the whole is as good.
        (Some(range), StatusCode::OK) if range.from == 0 => None,
        (Some(range), StatusCode::PARTIAL_CONTENT) => {
            let told = text(header::CONTENT_RANGE).unwrap_or_default();
            let part = told
                .strip_prefix("bytes ")
                .and_then(|part| part.split_once('/'));
            let (span, whole) = part.ok_or(Trouble::OtherRange)?;
            let begin = span.split_once('-').and_then(|(from, _)| from.parse().ok());
            if begin != Some(range.from) {
                return Err(Trouble::OtherRange);
            }
            Some(whole.parse().map_err(|_| Trouble::OtherRange)?)
        }
        // The file is another one by now, or the host knows no ranges.
        (
            Some(_),
            StatusCode::OK | StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PRECONDITION_FAILED,
        ) => {
            return Err(Trouble::OtherRange);
        }
        _ => return Err(Trouble::Status(status.as_u16())),
    };
    let (etag, modified) = (text(header::ETAG), text(header::LAST_MODIFIED));
    let most = match (whole, want.range) {
        (Some(_), Some(range)) => range.most.min(want.most),
        _ => want.most,
    };
    if response
        .content_length()
        .is_some_and(|length| length > most)
    {
        return Err(Trouble::TooLong(most));
    }
    let mut length = 0;
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| Trouble::Broken(told(&error)))?
    {
        length += chunk.len() as u64;
        if length > most {
            return Err(Trouble::TooLong(most));
        }
        sink(&chunk).map_err(|error| Trouble::Setup(format!("it cannot be kept: {error}")))?;
    }
    if let (Some(whole), Some(range)) = (whole, want.range) {
        // A host that gives a byte at a time would be asked for ever.
        let wanted = most.min(whole.saturating_sub(range.from));
        if length < wanted {
            let short = format!("a part of it came with {length} of {wanted} bytes");
            return Err(Trouble::Broken(short));
        }
    }
    Ok(Poured::Body {
        length,
        etag,
        modified,
        whole,
    })
}

/// What went wrong, with its causes and without the address, which may be long.
pub(crate) fn told(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&one.to_string());
        cause = one.source();
    }
    if text.is_empty() {
        text = error.to_string();
    }
    shown(&text)
}

pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .take(200)
        .flat_map(char::escape_debug)
        .collect()
}

//! One request and its answer, over a fresh connection to the pinned address. Nothing here is unbounded but the
//! time, which the caller bounds.

use std::error::Error as _;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, LOCATION,
    TRANSFER_ENCODING, USER_AGENT,
};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use ingot_domain::probe::{ProbeClass, ProbeOutcome, Scheme};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::target::Target;
use crate::tls::Tls;
use crate::trouble::{broken, no_tls, unconnected};
use crate::words::Words;

/// How probes call themselves, so that they can be found in the access log of the instance (F15).
const AGENT: &str = "Ingot-Readiness/1.0";
/// Most bytes of an answer's status line and headers.
const LARGEST_HEAD: usize = 16 * 1024;
/// Most headers of an answer.
const MOST_HEADERS: usize = 100;

/// What the probe is waiting for, told when time is up: a firewall hangs elsewhere than a slow backend.
#[derive(Debug)]
pub(crate) struct Stage(Mutex<&'static str>);

impl Stage {
    pub(crate) fn new() -> Self {
        Self(Mutex::new("connecting"))
    }

    fn enter(&self, stage: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    pub(crate) fn now(&self) -> &'static str {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer, as far as it was read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    /// The part of the body with the expected word, or the end of what was looked through; empty when the status alone
    /// decides.
    pub(crate) body: String,
    /// The body is longer than what was looked through, and held no expected word so far.
    pub(crate) cut: bool,
    /// The body is compressed although it was asked for plain.
    pub(crate) encoded: bool,
}

/// Asks once. The connection goes to `at`, which is the target's address but for simulated instances. The body is read when `wants_body` says so of
/// the status.
pub(crate) async fn fetch(
    target: &Target,
    at: SocketAddr,
    verify: bool,
    tls: &Tls,
    stage: &Stage,
    wants_body: impl Fn(u16) -> bool,
    words: Words,
) -> Result<Answer, ProbeOutcome> {
    let stream = connect(target, at, stage).await?;
    match target.scheme {
        Scheme::Http => exchange(stream, target, stage, wants_body, words).await,
        Scheme::Https => {
            stage.enter("in the TLS handshake");
            let name = server_name(target)?;
            let connector = TlsConnector::from(tls.config(verify));
            let stream = connector
                .connect(name, stream)
                .await
                .map_err(|error| no_tls(&error))?;
            exchange(stream, target, stage, wants_body, words).await
        }
    }
}

/// A connection, and nothing sent.
pub(crate) async fn connect(
    target: &Target,
    at: SocketAddr,
    stage: &Stage,
) -> Result<TcpStream, ProbeOutcome> {
    stage.enter("connecting");
    TcpStream::connect(at)
        .await
        .map_err(|error| unconnected(&error, SocketAddr::new(target.address, target.port)))
}

/// The name for SNI and the certificate. An address is never sent as SNI (RFC 6066 section 3); rustls sees to it.
fn server_name(target: &Target) -> Result<ServerName<'static>, ProbeOutcome> {
    match &target.host {
        None => Ok(ServerName::from(target.address)),
        Some(host) => ServerName::try_from(host.clone()).map_err(|_| {
            ProbeOutcome::not_ready(
                ProbeClass::Tls,
                format!("`{host}` is no DNS name; correct `probe.host`"),
            )
        }),
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    target: &Target,
    stage: &Stage,
    wants_body: impl Fn(u16) -> bool,
    words: Words,
) -> Result<Answer, ProbeOutcome> {
    stage.enter("waiting for the answer");
    let request = request(target)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|error| broken(&error))?;
    let mut answer = pin!(async move {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        stage.enter("reading the body");
        read(response, wants_body, words).await
    });
    // The connection is driven here and not in a task of its own, so that giving up leaves nothing behind.
    tokio::select! {
        answer = &mut answer => return answer,
        _ = connection => {}
    }
    // The connection is over; what it delivered before can still be read, and so can its error.
    answer.await
}

fn request(target: &Target) -> Result<Request<Empty<Bytes>>, ProbeOutcome> {
    Request::get(target.path.as_str())
        .header(HOST, target.host_header())
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "*/*")
        // Nothing is decompressed, so that a small answer can not become a large one.
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| {
            ProbeOutcome::not_ready(
                ProbeClass::Broken,
                format!("the request can not be made: {error}"),
            )
        })
}

async fn read(
    response: Response<Incoming>,
    wants_body: impl Fn(u16) -> bool,
    mut words: Words,
) -> Result<Answer, ProbeOutcome> {
    let (head, mut incoming) = response.into_parts();
    let text = |name| {
        head.headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let mut answer = Answer {
        status: head.status.as_u16(),
        location: text(LOCATION),
        body: String::new(),
        cut: false,
        encoded: text(CONTENT_ENCODING)
            .is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")),
    };
    if !wants_body(answer.status) {
        return Ok(answer);
    }
    let until_close =
        !head.headers.contains_key(CONTENT_LENGTH) && !head.headers.contains_key(TRANSFER_ENCODING);
    while words.wants_more() {
        match incoming.frame().await {
            None => break,
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    words.take(data);
                }
            }
            // Many servers end such a body without the TLS goodbye; its end was never marked better than this.
            Some(Err(error)) if until_close && is_eof(&error) => break,
            Some(Err(error)) => return Err(broken(&error)),
        }
    }
    answer.cut = words.was_cut();
    answer.body = words.text();
    Ok(answer)
}

fn is_eof(error: &hyper::Error) -> bool {
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| cause.kind() == ErrorKind::UnexpectedEof)
}

//! Answers, whole or broken off on purpose.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::{Response, StatusCode};

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
pub(crate) struct Hangup;

/// An answer's body: all of it, or a first part after which the connection breaks.
#[derive(Debug)]
pub(crate) struct Reply {
    part: Option<Bytes>,
    whole: u64,
    breaks: bool,
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Hangup;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Hangup>>> {
        let next = match self.part.take() {
            Some(part) => Some(Ok(Frame::data(part))),
            None if self.breaks => Some(Err(Hangup)),
            None => None,
        };
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.part.is_none() && !self.breaks
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.whole)
    }
}

/// A whole answer.
pub(crate) fn text(status: u16, kind: &str, body: String) -> Response<Reply> {
    let bytes = Bytes::from(body);
    let whole = bytes.len() as u64;
    let reply = Reply {
        part: Some(bytes),
        whole,
        breaks: false,
    };
    let mut response = Response::new(reply);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(kind) = kind.parse() {
        response.headers_mut().insert("content-type", kind);
    }
    response
}

/// A whole JSON answer.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Response<Reply> {
    text(status, "application/json", body.to_string())
}

/// Only the first half of an answer: its length promises the rest.
pub(crate) fn halve(response: Response<Reply>) -> Response<Reply> {
    response.map(|reply| {
        let part = reply.part.map(|bytes| bytes.slice(..bytes.len() / 2));
        Reply {
            part,
            whole: reply.whole,
            breaks: true,
        }
    })
}

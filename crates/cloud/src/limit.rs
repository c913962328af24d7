//! The seam through which a rate limit outside of this room may hold calls back. The adapter asks before each request
//! it sends, the repeated ones and every page included; how the limit counts, and with which replicas, is its own
//! business.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

/// One request that is about to be sent to EC2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The AWS account, once STS has told it.
    pub account: Option<&'a str>,
    /// The region.
    pub region: &'a str,
    /// EC2's action, such as `RunInstances`.
    pub action: &'a str,
}

/// There is no room for a request now: it was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("EC2's rate for this action is used up; there is room again in {:.1} s", room_in.as_secs_f64())]
pub struct NoRoom {
    /// When there would be.
    pub room_in: Duration,
}

/// Keeps requests within EC2's rates per account, region and action (EC2.md 33).
#[async_trait]
pub trait RateLimit: Send + Sync + fmt::Debug {
    /// Returns when the request may be sent, which is soon, or says that it may not.
    ///
    /// # Errors
    /// When it would have to wait for longer than a visit should.
    async fn pass(&self, request: Request<'_>) -> Result<(), NoRoom>;

    /// EC2 answered `RequestLimitExceeded` (EC2.md 34).
    async fn refused(&self, request: Request<'_>);
}

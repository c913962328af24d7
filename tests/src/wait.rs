//! Waiting for a level, never for an edge, and never without a deadline (STYLE rule 29).

use std::future::Future;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::Instant;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until there is something to see. An error is a look without a result, because what is looked at may just be
/// coming up; the last one is told when the time is over.
pub async fn until<T, F, Fut>(what: &str, within: Duration, mut look: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let end = Instant::now() + within;
    loop {
        let seen = look().await;
        if let Ok(Some(seen)) = seen {
            return Ok(seen);
        }
        if Instant::now() >= end {
            seen.with_context(|| format!("waited {within:?} for {what}"))?;
            bail!("waited {within:?} for {what} in vain");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

//! Following a deployment's story to its end: through the stream while it holds, by asking when it does not. Every
//! line is delivered once and in order, whatever breaks in between.

use std::time::Duration;

use futures::StreamExt;
use ingot_client::event::{Event, EventFilter};
use ingot_client::{Client, ClientError, Deployment};
use tokio::time::{Instant, sleep, timeout};

use crate::output::clean;

pub(crate) mod end;
pub(crate) mod line;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod trouble;

/// How long to bear what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Silence of a stream after which one asks whether it is still alive.
    pub(crate) silence: Duration,
    /// First pause before another try; doubles.
    pub(crate) first_pause: Duration,
    /// Longest pause.
    pub(crate) longest_pause: Duration,
    /// How long the API may be away.
    pub(crate) away: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(15),
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(5),
            away: Duration::from_secs(300),
        }
    }
}

/// Looks in a row that find neither news nor a task before the following ends: one may fall between a task and the next.
const IDLE: u32 = 3;

/// Delivers every event after `after` until the deployment and its AMI are finished, and answers with the finished
/// deployment. Fails when the API refuses, or stays away longer than `patience` allows.
pub(crate) async fn follow(
    client: &Client,
    id: &str,
    after: i64,
    patience: Patience,
    mut deliver: impl FnMut(Event) -> anyhow::Result<()>,
) -> anyhow::Result<Deployment> {
    let mut last = after;
    let mut pause = patience.first_pause;
    let mut heard = Instant::now();
    let mut lost = false;
    let mut told = Vec::new();
    let mut idle = 0;
    loop {
        let before = last;
        let streamed = stream(client, id, &mut last, patience.silence, &mut deliver).await;
        // A stream ends because all is finished, or because something between here and there gave up: asking tells.
        let asked = match streamed {
            Ok(()) => catch_up(client, id, &mut last, &mut deliver).await,
            Err(error) => Err(error),
        };
        match asked {
            Ok(Some(deployment)) => return Ok(deployment),
            Ok(None) => {
                heard = Instant::now();
                lost = false;
                idle = match last == before && end::is_left(client, id).await {
                    true => idle + 1,
                    false => 0,
                };
                if idle >= IDLE {
                    anyhow::bail!(
                        "{0} is not finished, and nothing works on it any more: `ingot tasks list --deployment {0}` says why",
                        clean(id)
                    );
                }
                if last == before {
                    trouble::mention(client, &mut told).await;
                }
            }
            Err(error) if passes(&error) && heard.elapsed() < patience.away => {
                if !lost {
                    eprintln!("lost the API; trying for {} s", patience.away.as_secs());
                }
                lost = true;
                if last != before {
                    heard = Instant::now();
                }
            }
            Err(error) => return Err(error),
        }
        pause = if last == before {
            (pause * 2).min(patience.longest_pause)
        } else {
            patience.first_pause
        };
        sleep(pause).await;
    }
}

/// Delivers what the stream brings until it breaks off or falls silent. That it could not be opened is no failure when
/// asking still works: some proxies let no stream through.
async fn stream(
    client: &Client,
    id: &str,
    last: &mut i64,
    silence: Duration,
    deliver: &mut impl FnMut(Event) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let opened = timeout(silence, client.follow(id, *last)).await;
    let Ok(Ok(events)) = opened else {
        return Ok(());
    };
    let mut events = std::pin::pin!(events);
    while let Ok(Some(Ok(event))) = timeout(silence, events.next()).await {
        hand_over(event, last, deliver)?;
    }
    Ok(())
}

/// Reads all events after `last`. The deployment, if it is finished; asked before the events, so that none is missed.
pub(crate) async fn catch_up(
    client: &Client,
    id: &str,
    last: &mut i64,
    deliver: &mut impl FnMut(Event) -> anyhow::Result<()>,
) -> anyhow::Result<Option<Deployment>> {
    let deployment = client.deployment(id).await?;
    loop {
        let filter = EventFilter {
            after: Some(*last),
            limit: None,
            actor: None,
        };
        let events = client.events(id, &filter).await?.items;
        let before = *last;
        for event in events {
            hand_over(event, last, deliver)?;
        }
        if *last == before {
            return Ok(deployment.finished.then_some(deployment));
        }
    }
}

fn hand_over(
    event: Event,
    last: &mut i64,
    deliver: &mut impl FnMut(Event) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    // A stream that was reconnected may begin with lines one has seen.
    if event.seq > *last {
        *last = event.seq;
        deliver(event)?;
    }
    Ok(())
}

/// Whether it is worth trying again.
fn passes(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::Problem(problem)) => problem.status == 429 || problem.status >= 500,
        Some(ClientError::Foreign { status, .. }) => *status >= 500,
        Some(ClientError::Unreachable { .. }) => true,
        Some(ClientError::Setup(_)) | None => false,
    }
}

//! Ringing without waiting: requests and visits hand their task ids over and go on; a background task rings them in
//! batches, keeps the queues shallow, and hands back what it could not ring.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{BATCH, Doorbell};

/// Rings in the background. Cheap to clone.
#[derive(Clone)]
pub struct Ringer(mpsc::UnboundedSender<(String, String)>);

impl fmt::Debug for Ringer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ringer")
    }
}

impl Ringer {
    /// Starts ringing on `bell`; ids that could not be rung go to `unrung`, usually `Ledger::unring`. The returned future ends
    /// after `shutdown`, when everything handed over has been tried.
    pub fn start<F, Fut>(
        bell: Doorbell,
        unrung: F,
        shutdown: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send)
    where
        F: Fn(Vec<String>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let (sender, mut receiver) = mpsc::unbounded_channel::<(String, String)>();
        let work = async move {
            loop {
                let first = tokio::select! {
                    first = receiver.recv() => first,
                    () = shutdown.cancelled() => receiver.try_recv().ok(),
                };
                let Some(first) = first else { return };
                let mut queues: BTreeMap<String, Vec<String>> = BTreeMap::new();
                queues.entry(first.0).or_default().push(first.1);
                let mut more = 0;
                while more < 4 * BATCH
                    && let Ok((queue, id)) = receiver.try_recv()
                {
                    queues.entry(queue).or_default().push(id);
                    more += 1;
                }
                for (queue, ids) in queues {
                    let left = ring(&bell, &queue, ids).await;
                    if !left.is_empty() {
                        unrung(left).await;
                    }
                }
            }
        };
        (Self(sender), work)
    }

    /// Rings for a task soon.
    pub fn ring(&self, queue: &str, id: &str) {
        // After shutdown nobody rings; the relay of the next process does.
        let _ = self.0.send((queue.to_owned(), id.to_owned()));
    }
}

/// Rings for ids in batches; answers those it could not ring for because the queue is full or the bell is broken.
async fn ring(bell: &Doorbell, queue: &str, ids: Vec<String>) -> Vec<String> {
    let room = match bell.room(queue).await {
        Ok(room) => room,
        Err(error) => {
            tracing::debug!(%error, queue, "the bell cannot be rung");
            // A broken bell is not worth one time-out per batch.
            tokio::time::sleep(Duration::from_millis(100)).await;
            return ids;
        }
    };
    let mut left = Vec::new();
    for (number, batch) in ids.chunks(BATCH).enumerate() {
        let rung = number < room && bell.ring(queue, batch.to_vec()).await.is_ok();
        if !rung {
            left.extend_from_slice(batch);
        }
    }
    left
}

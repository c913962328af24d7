//! Ringing without waiting: requests and visits hand their task ids over and go on; a background task rings them in
//! batches, keeps the queues shallow, and hands back what it could not ring.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{BATCH, DEPTH, Doorbell};

/// How long a queue's depth is believed, less what was rung since: a round trip per bell saved.
const KNOWN: Duration = Duration::from_millis(500);
/// Most bells looked at together: more than a queue takes.
const MOST: usize = DEPTH * BATCH;
/// How long bells for a queue that was full gather before its depth is asked again: those in the middle of a burst share the
/// question. A task that waits for its bell has 256 tickets before it.
const FULL: Duration = Duration::from_millis(5);
/// With room for so many tickets the bell is rung first and the depth asked afterwards.
const PLENTY: usize = DEPTH / 2;

/// Rings in the background. Cheap to clone.
#[derive(Clone)]
pub struct Ringer(mpsc::UnboundedSender<(String, String)>);

impl fmt::Debug for Ringer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ringer")
    }
}

impl Ringer {
    /// Starts ringing on `bell`; ids that could not be rung because it is broken go to `unrung`, usually `Ledger::unring`.
    /// The returned future ends after `shutdown`, when everything handed over has been tried.
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
            let mut hand = Hand {
                bell,
                rooms: HashMap::new(),
            };
            loop {
                let first = tokio::select! {
                    first = receiver.recv() => first,
                    () = shutdown.cancelled() => receiver.try_recv().ok(),
                };
                let Some(first) = first else { return };
                if hand.is_full(&first.0) {
                    tokio::time::sleep(FULL).await;
                }
                let mut queues: BTreeMap<String, Vec<String>> = BTreeMap::new();
                queues.entry(first.0).or_default().push(first.1);
                let mut more = 0;
                while more < MOST
                    && let Ok((queue, id)) = receiver.try_recv()
                {
                    queues.entry(queue).or_default().push(id);
                    more += 1;
                }
                for (queue, ids) in queues {
                    let left = hand.ring(&queue, ids).await;
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
        // After shutdown this process rings no more; the relay of the next one does.
        let _ = self.0.send((queue.to_owned(), id.to_owned()));
    }
}

struct Hand {
    bell: Doorbell,
    /// How many tickets each queue still took, and when that was asked.
    rooms: HashMap<String, (Instant, usize)>,
}

impl Hand {
    /// Rings for ids in batches; answers those it could not ring for because the bell is broken. A queue that is full needs
    /// no more bells: each of the tickets in it makes a worker look for whatever is due by then, and these tasks are.
    async fn ring(&mut self, queue: &str, ids: Vec<String>) -> Vec<String> {
        for (number, batch) in ids.chunks(BATCH).enumerate() {
            match self.room(queue).await {
                Some(0) => break,
                Some(_) if self.bell.ring(queue, batch.to_vec()).await.is_ok() => {
                    if let Some((asked, room)) = self.rooms.get_mut(queue) {
                        *room -= 1;
                        if asked.elapsed() >= KNOWN {
                            self.ask(queue).await;
                        }
                    }
                }
                _ => {
                    self.rooms.remove(queue);
                    return ids[number * BATCH..].to_vec();
                }
            }
        }
        Vec::new()
    }

    /// Whether the queue took no more tickets a moment ago.
    fn is_full(&self, queue: &str) -> bool {
        let known = self.rooms.get(queue);
        known.is_some_and(|(asked, room)| *room == 0 && asked.elapsed() < KNOWN)
    }

    async fn room(&mut self, queue: &str) -> Option<usize> {
        if let Some((asked, room)) = self.rooms.get(queue)
            && (*room > PLENTY || *room > 0 && asked.elapsed() < KNOWN)
        {
            return Some(*room);
        }
        self.ask(queue).await
    }

    async fn ask(&mut self, queue: &str) -> Option<usize> {
        match self.bell.room(queue).await {
            Ok(room) => {
                let asked = (Instant::now(), room);
                self.rooms.insert(queue.to_owned(), asked);
                Some(room)
            }
            Err(error) => {
                self.rooms.remove(queue);
                tracing::debug!(%error, queue, "the bell cannot be rung");
                // A broken bell is not worth one time-out per batch.
                tokio::time::sleep(Duration::from_millis(100)).await;
                None
            }
        }
    }
}

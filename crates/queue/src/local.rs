//! The in-process doorbell of the embedded default: a channel per queue.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, Semaphore, mpsc};
use tokio_util::task::TaskTracker;

use crate::consume::Consumer;
use crate::{DEPTH, Ticket};

#[derive(Debug)]
struct Door {
    ring: mpsc::UnboundedSender<Ticket>,
    heard: Arc<AsyncMutex<mpsc::UnboundedReceiver<Ticket>>>,
    waiting: Arc<AtomicUsize>,
}

/// Rings and is heard within one process.
#[derive(Debug, Clone, Default)]
pub struct LocalBell(Arc<Mutex<BTreeMap<String, Arc<Door>>>>);

impl LocalBell {
    /// A bell that has not rung yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn door(&self, queue: &str) -> Arc<Door> {
        let mut doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let door = doors.entry(queue.to_owned()).or_insert_with(|| {
            let (ring, heard) = mpsc::unbounded_channel();
            Arc::new(Door {
                ring,
                heard: Arc::new(AsyncMutex::new(heard)),
                waiting: Arc::default(),
            })
        });
        Arc::clone(door)
    }

    pub(crate) fn ring(&self, queue: &str, ticket: Ticket) {
        let door = self.door(queue);
        door.waiting.fetch_add(1, Ordering::Relaxed);
        // The receiver lives as long as the door; the relay rings again for a ticket that no consumer hears.
        let _ = door.ring.send(ticket);
    }

    pub(crate) fn room(&self, queue: &str) -> usize {
        DEPTH.saturating_sub(self.door(queue).waiting.load(Ordering::Relaxed))
    }

    pub(crate) async fn serve(&self, consumer: Consumer) {
        let door = self.door(&consumer.queue);
        let mut heard = door.heard.lock().await;
        let slots = Arc::new(Semaphore::new(consumer.concurrency));
        let running = TaskTracker::new();
        consumer.pulse.set_up(&consumer.queue, true);
        loop {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                break;
            };
            let ticket = tokio::select! {
                () = consumer.shutdown.cancelled() => break,
                ticket = heard.recv() => ticket,
            };
            let Some(ticket) = ticket else { break };
            door.waiting.fetch_sub(1, Ordering::Relaxed);
            let handled = (consumer.handler)(ticket);
            running.spawn(async move {
                handled.await;
                drop(slot);
            });
        }
        consumer.pulse.set_up(&consumer.queue, false);
        running.close();
        running.wait().await;
    }
}

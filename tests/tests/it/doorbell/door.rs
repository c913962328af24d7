//! A queue of a name of its own with a consumer whose handler does what the ids say: `panic` panics, `hold` holds its slot
//! until it is released, anything else is noted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ingot_queue::{Called, Consumer, Doorbell, Handler, Pulse, Ticket};
use ingot_tests::until;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Nothing on an idle machine takes this long.
pub(crate) const SOON: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Seen {
    ids: Mutex<Vec<String>>,
    calls: Mutex<Vec<String>>,
    holding: AtomicUsize,
    most: AtomicUsize,
}

/// A queue, and the consumer that answers its door.
pub(crate) struct Door {
    pub(crate) bell: Doorbell,
    pub(crate) queue: String,
    pub(crate) pulse: Pulse,
    pub(crate) shutdown: CancellationToken,
    seen: Arc<Seen>,
    gate: Arc<Semaphore>,
    serving: Option<JoinHandle<()>>,
    listening: Option<JoinHandle<()>>,
}

impl Door {
    /// A queue that no consumer serves.
    pub(crate) fn unserved(bell: Doorbell) -> Self {
        Self {
            bell,
            queue: format!("q{}", Uuid::new_v4().simple()),
            pulse: Pulse::default(),
            shutdown: CancellationToken::new(),
            seen: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            serving: None,
            listening: None,
        }
    }

    /// A queue with a consumer.
    pub(crate) fn open(bell: Doorbell, concurrency: usize) -> Self {
        let mut door = Self::unserved(bell);
        door.serve(concurrency);
        door
    }

    /// Starts the consumer.
    pub(crate) fn serve(&mut self, concurrency: usize) {
        let consumer = Consumer {
            queue: self.queue.clone(),
            name: format!("test-{}", Uuid::new_v4().simple()),
            concurrency,
            handler: self.handler(),
            pulse: self.pulse.clone(),
            shutdown: self.shutdown.clone(),
        };
        let (bell, queues) = (self.bell.clone(), vec![self.queue.clone()]);
        let (stop, seen) = (self.shutdown.clone(), Arc::clone(&self.seen));
        let called: Called = Arc::new(move |queue| {
            seen.calls.lock().expect("no panic").push(queue.to_owned());
        });
        self.listening = Some(tokio::spawn(async move {
            bell.listen(queues, called, stop).await
        }));
        let bell = self.bell.clone();
        self.serving = Some(tokio::spawn(async move { bell.serve(consumer).await }));
    }

    fn handler(&self) -> Handler {
        let (seen, gate) = (Arc::clone(&self.seen), Arc::clone(&self.gate));
        Arc::new(move |ticket: Ticket| {
            let (seen, gate) = (Arc::clone(&seen), Arc::clone(&gate));
            Box::pin(async move {
                for id in ticket.0 {
                    match id.as_str() {
                        "panic" => panic!("the test wants it so"),
                        "hold" => {
                            let now = seen.holding.fetch_add(1, Ordering::SeqCst) + 1;
                            seen.most.fetch_max(now, Ordering::SeqCst);
                            gate.acquire().await.expect("open").forget();
                            seen.holding.fetch_sub(1, Ordering::SeqCst);
                        }
                        _ => seen.ids.lock().expect("no panic").push(id),
                    }
                }
            })
        })
    }

    pub(crate) async fn ring(&self, ids: &[&str]) {
        let ids = ids.iter().map(|&id| id.to_owned()).collect();
        self.bell.ring(&self.queue, ids).await.expect("a ring");
    }

    /// Everything handled so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.seen.ids.lock().expect("no panic").clone()
    }

    /// How often a bell called all workers.
    pub(crate) fn calls(&self) -> usize {
        let calls = self.seen.calls.lock().expect("no panic");
        assert!(calls.iter().all(|queue| *queue == self.queue), "{calls:?}");
        calls.len()
    }

    /// Waits until all of these were handled.
    pub(crate) async fn wait_for(&self, ids: &[String]) {
        until("the tickets", SOON, || async {
            let heard = self.heard();
            Ok(ids.iter().all(|id| heard.contains(id)).then_some(()))
        })
        .await
        .expect("all heard");
    }

    /// Rings like the relay, again and again, until it is heard: a bell may be lost, the task behind it is not.
    pub(crate) async fn ring_until_heard(&self, id: &str) {
        let ids = vec![id.to_owned()];
        until(
            "a ticket that is rung again",
            Duration::from_secs(60),
            || async {
                // A bell that cannot be rung right now is rung again.
                let _ = self.bell.ring(&self.queue, ids.clone()).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
                Ok(self.heard().contains(&ids[0]).then_some(()))
            },
        )
        .await
        .expect("heard in the end");
    }

    /// Handlers that hold their slot.
    pub(crate) fn holding(&self) -> usize {
        self.seen.holding.load(Ordering::SeqCst)
    }

    /// The most that ever did at once.
    pub(crate) fn most(&self) -> usize {
        self.seen.most.load(Ordering::SeqCst)
    }

    pub(crate) async fn until_holding(&self, count: usize) {
        until("held slots", SOON, || async {
            Ok((self.holding() == count).then_some(()))
        })
        .await
        .expect("held slots");
    }

    /// Lets that many holders go, now or when they come.
    pub(crate) fn release(&self, count: usize) {
        self.gate.add_permits(count);
    }

    /// Whether the consumer ends within this time.
    pub(crate) async fn ended_within(&mut self, within: Duration) -> bool {
        let serving = self.serving.as_mut().expect("a consumer");
        tokio::time::timeout(within, serving).await.is_ok()
    }

    /// Stops the consumer and waits for its end.
    pub(crate) async fn close(mut self) {
        self.shutdown.cancel();
        assert!(self.ended_within(SOON).await, "the consumer ends");
        let listening = self.listening.take().expect("a listener");
        tokio::time::timeout(SOON, listening)
            .await
            .expect("the listener ends")
            .expect("without a panic");
    }
}

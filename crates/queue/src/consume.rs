//! Answering the door: one apalis worker per queue under our own supervisor. apalis's Monitor restarts without back-off,
//! survives its workers silently and reuses names (APALIS.md defects 16–18).

use std::collections::BTreeSet;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{BackendExt, BoxDynError, WorkerBuilder, WorkerBuilderExt};
use apalis_redis::RedisStorage;
use futures::FutureExt;
use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::redis_bell::{CALL, queue_of};
use crate::ticket::TicketCodec;
use crate::wake::Wake;
use crate::{BellError, Pulse, RedisBell, Ticket, janitor};

/// How long after a call its ticket is looked for. A worker that was called looks into the ledger at once; Redis'
/// answer would be in the way of Postgres'.
const LATER: Duration = Duration::from_millis(5);

/// What is done with a ticket. It never fails: outcomes are the ledger's.
pub type Handler = Arc<dyn Fn(Ticket) -> BoxFuture<'static, ()> + Send + Sync>;

/// What a worker does at once when a bell calls all workers to a queue, which is named. It must not block.
pub type Called = Arc<dyn Fn(&str) + Send + Sync>;

/// One queue's consumer.
#[derive(Clone)]
pub struct Consumer {
    /// The queue.
    pub queue: String,
    /// The process's unique name; each start of an apalis worker appends its number (STYLE fact 4).
    pub name: String,
    /// Tickets handled at once.
    pub concurrency: usize,
    /// What is done with them.
    pub handler: Handler,
    /// Where its state is told.
    pub pulse: Pulse,
    /// When to stop.
    pub shutdown: CancellationToken,
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("queue", &self.queue)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

pub(crate) async fn serve(bell: &RedisBell, consumer: Consumer) {
    let mut start = 0u32;
    let mut failures = 0u32;
    while !consumer.shutdown.is_cancelled() {
        start += 1;
        let began = tokio::time::Instant::now();
        let name = format!("{}-{}-r{start}", consumer.name, consumer.queue);
        let ended = run(bell, &consumer, name).await;
        consumer.pulse.set_up(&consumer.queue, false);
        if consumer.shutdown.is_cancelled() {
            break;
        }
        consumer.pulse.restarted(&consumer.queue);
        failures = if began.elapsed() > Duration::from_secs(30) {
            1
        } else {
            failures + 1
        };
        let wait = Duration::from_millis(200) * 2u32.pow(failures.min(5));
        tracing::warn!(queue = %consumer.queue, error = ?ended.err(), wait_ms = wait.as_millis(), "the consumer ended and is started again");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = consumer.shutdown.cancelled() => {}
        }
    }
}

async fn run(bell: &RedisBell, consumer: &Consumer, name: String) -> Result<(), BellError> {
    let conn = bell.connection().await?;
    let backend = RedisStorage::<Ticket>::new(conn)
        .with_config(RedisBell::config(&consumer.queue))
        .with_codec(TicketCodec)
        .poll_with_strategy(Wake::new(bell.listen(&consumer.queue)));
    let handler = Arc::clone(&consumer.handler);
    let worker = WorkerBuilder::new(name)
        .backend(backend)
        .concurrency(consumer.concurrency)
        .build(move |ticket: Ticket| {
            // Spawned, so that neither a panic nor the end of this apalis worker takes a visit with it.
            let visit = tokio::spawn(handler(ticket));
            async move {
                if let Err(error) = visit.await {
                    tracing::error!(%error, "a handler ended abnormally");
                }
                Ok::<(), BoxDynError>(())
            }
        });
    let shutdown = consumer.shutdown.clone();
    let stop = async move {
        shutdown.cancelled().await;
        Ok::<(), std::io::Error>(())
    };
    consumer.pulse.set_up(&consumer.queue, true);
    tracing::debug!(queue = %consumer.queue, "the consumer is up");
    worker
        .run_until(stop)
        .boxed()
        .await
        .map_err(|error| BellError::Apalis(error.to_string()))
}

/// Hears the bells of all queues on one connection and wakes the consumers; sweeps finished tickets. Ends at `shutdown`.
/// While the subscription is away, the consumers' own tick of a second stands in.
pub(crate) async fn listen(
    bell: RedisBell,
    queues: Vec<String>,
    called: Called,
    shutdown: CancellationToken,
) {
    let sweeping = sweep(bell.clone(), queues, shutdown.clone());
    let hearing = async {
        while !shutdown.is_cancelled() {
            if let Err(error) = hear(&bell, &called, &shutdown).await {
                tracing::warn!(%error, "the bell's subscription broke off");
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = shutdown.cancelled() => {}
            }
        }
    };
    futures::join!(sweeping, hearing);
}

async fn hear(
    bell: &RedisBell,
    called: &Called,
    shutdown: &CancellationToken,
) -> Result<(), BellError> {
    let mut subscription = bell.client().get_async_pubsub().await?;
    subscription.psubscribe("ingot-bell-*").await?;
    bell.wake(None);
    let mut messages = subscription.on_message();
    let mut put_off: BTreeSet<String> = BTreeSet::new();
    let mut later = pin!(tokio::time::sleep(LATER));
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = later.as_mut(), if !put_off.is_empty() => {
                for channel in std::mem::take(&mut put_off) {
                    bell.wake(Some(&channel));
                }
            }
            message = messages.next() => {
                let Some(message) = message else { return Ok(()) };
                let channel = message.get_channel_name();
                match queue_of(channel) {
                    Some(queue) if message.get_payload_bytes() == CALL.as_bytes() => {
                        called(queue);
                        // Calls that follow each other do not put the look off any further.
                        if put_off.is_empty() {
                            later.as_mut().reset(Instant::now() + LATER);
                        }
                        put_off.insert(channel.to_owned());
                    }
                    _ => bell.wake(Some(channel)),
                }
            }
        }
    }
}

async fn sweep(bell: RedisBell, queues: Vec<String>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(janitor::EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        for queue in &queues {
            if let Err(error) = janitor::sweep(&bell, queue).await {
                tracing::debug!(%error, queue, "the janitor could not sweep");
            }
        }
    }
}

impl crate::Doorbell {
    /// Hears bells for every queue until `shutdown`; a process that serves queues runs it once. `called` is told of a bell
    /// that calls all workers, before its ticket comes; a bell in the same process needs no call.
    pub async fn listen(&self, queues: Vec<String>, called: Called, shutdown: CancellationToken) {
        match self {
            crate::Doorbell::Redis(bell) => listen(*bell.clone(), queues, called, shutdown).await,
            crate::Doorbell::Local(_) => shutdown.cancelled().await,
        }
    }
}

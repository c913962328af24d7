//! An engine's life: everything it runs, and how it ends. SIGTERM stops taking work, lets visits end (at most 30 s each)
//! and leaves nothing held; an engine that can not work for two minutes ends itself, so that an operator sees it
//! (FAULTS I10).

use std::sync::Arc;
use std::time::Duration;

use ingot_domain::task::{LEASE, Queue, VISIT};
use ingot_queue::{Called, Consumer, Doorbell, Handler, Pulse};
use ingot_telemetry::Health;
use tokio::net::TcpListener;
use tokio::time::Instant as Moment;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::Engine;
use crate::relay::{self, LastPass};
use crate::ticker::{self, Periodic};
use crate::visits::chain;
use crate::{gauges, health, orders, taker, watchdog};

/// Tickets heard at once, per queue. A ticket only wakes the taker, so a few are enough.
const TICKETS: usize = 2;
/// So long without a pass of the relay is too long.
const DEAF: Duration = Duration::from_secs(120);

/// Longest end of an engine: the longest visit, and its commit with the tries it has.
const ENDING: Duration = VISIT.saturating_add(Duration::from_secs(5));

/// An engine that ended for a reason.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nothing could be claimed for two minutes.
    #[error("nothing could be done for two minutes: the database is away")]
    Deaf,
}

/// What an engine is run with.
pub struct Parts {
    /// The engine; its ringer must ring `bell`.
    pub engine: Arc<Engine>,
    /// The doorbell.
    pub bell: Doorbell,
    /// Periodic jobs.
    pub jobs: Vec<Periodic>,
    /// Where metrics and health are served, if at all.
    pub metrics_listener: Option<TcpListener>,
    /// When to stop.
    pub shutdown: CancellationToken,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// Runs an engine until `shutdown`. `started` is told its health once everything runs.
pub async fn run(parts: Parts, started: impl FnOnce(Health)) -> Result<(), EngineError> {
    let Parts {
        engine,
        bell,
        jobs,
        metrics_listener,
        shutdown,
    } = parts;
    let pulse = Pulse::default();
    let last = LastPass::starting(engine.ledger.now());
    let health = health::health(
        Arc::clone(&engine),
        bell.clone(),
        pulse.clone(),
        last.clone(),
    );
    // Takers stop first; what they still finish needs heartbeats until the end.
    let background = CancellationToken::new();
    let behind = TaskTracker::new();
    let _awake = watchdog::start(&engine.watchdog, engine.settings.visit);
    let watched = Arc::clone(&engine);
    let living = tokio::spawn(async move { watched.watchdog.live().await });
    behind.spawn(heartbeat(Arc::clone(&engine), background.clone()));
    behind.spawn(relay::run(
        Arc::clone(&engine),
        last.clone(),
        shutdown.clone(),
    ));
    behind.spawn(orders::run(Arc::clone(&engine), background.clone()));
    behind.spawn(ticker::run(Arc::clone(&engine), jobs, shutdown.clone()));
    behind.spawn(gauges::keep(
        Arc::clone(&engine),
        bell.clone(),
        pulse.clone(),
        background.clone(),
    ));
    if let Some(listener) = metrics_listener {
        behind.spawn(ingot_telemetry::serve(
            listener,
            engine.metrics.clone(),
            health.clone(),
            background.clone(),
        ));
    }
    let names = Queue::ALL.iter().map(|queue| queue.to_string()).collect();
    let (listening, until) = (bell.clone(), shutdown.clone());
    let caller = Arc::clone(&engine);
    let called: Called = Arc::new(move |name| {
        let mut queues = Queue::ALL.iter();
        let queue = queues.find(|queue| queue.as_str() == name);
        // A taker that is full leaves it to the others, and to the ticket.
        if let Some(taker) = queue.map(|queue| caller.taker(*queue))
            && taker.free() > 0
        {
            taker.wake();
        }
    });
    behind.spawn(async move { listening.listen(names, called, until).await });
    let working = TaskTracker::new();
    for queue in Queue::ALL {
        let (bell, consumer) = (bell.clone(), consumer(&engine, *queue, &pulse, &shutdown));
        working.spawn(async move { bell.serve(consumer).await });
        working.spawn(taker::run(Arc::clone(&engine), *queue, shutdown.clone()));
    }
    working.close();
    started(health);
    tracing::info!(worker = %engine.settings.name, pace = engine.settings.pace.factor(), "the worker is up");
    let deaf = watch(last, shutdown.clone()).await;
    shutdown.cancel();
    let ending = async {
        working.wait().await;
        background.cancel();
        behind.close();
        behind.wait().await;
        if let Err(error) = engine.ledger.worker_stopped(&engine.settings.name).await {
            tracing::warn!(error = %chain(&error), "the ledger could not be told that this worker ended");
        }
    };
    // A server that keeps a connection open and never answers must not keep us: what is held lapses.
    if tokio::time::timeout(ENDING, ending).await.is_err() {
        tracing::error!("visits or heartbeats did not end in time; their leases run out");
    }
    living.abort();
    tracing::info!(worker = %engine.settings.name, "the worker ended");
    if deaf { Err(EngineError::Deaf) } else { Ok(()) }
}

fn consumer(
    engine: &Arc<Engine>,
    queue: Queue,
    pulse: &Pulse,
    shutdown: &CancellationToken,
) -> Consumer {
    let hearing = Arc::clone(engine);
    let handler: Handler = Arc::new(move |_| {
        let engine = Arc::clone(&hearing);
        Box::pin(async move { engine.taker(queue).hear().await })
    });
    Consumer {
        queue: queue.to_string(),
        name: engine.settings.name.clone(),
        concurrency: TICKETS,
        handler,
        pulse: pulse.clone(),
        shutdown: shutdown.clone(),
    }
}

/// Waits for shutdown; answers true when the relay could not pass for two minutes: the ledger is away and nothing here
/// can work. Redis alone being away is no reason to end, for the relay finds what is due; it only makes us unready.
async fn watch(last: LastPass, shutdown: CancellationToken) -> bool {
    let (mut well, mut pass) = (Moment::now(), last.millis());
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = shutdown.cancelled() => return false,
        }
        if last.millis() != pass {
            (well, pass) = (Moment::now(), last.millis());
        } else if well.elapsed() > DEAF {
            return true;
        }
    }
}

async fn heartbeat(engine: Arc<Engine>, stop: CancellationToken) {
    let (name, began) = (&engine.settings.name, engine.ledger.now());
    let version = env!("CARGO_PKG_VERSION");
    loop {
        let beat = async {
            engine.ledger.heartbeat(name, &engine.visited()).await?;
            engine.ledger.worker_alive(name, version, began).await
        };
        if let Err(error) = beat.await {
            engine
                .metrics
                .db_errors
                .with_label_values(&["heartbeat"])
                .inc();
            tracing::warn!(error = %chain(&error), "a heartbeat failed");
        }
        tokio::select! {
            () = tokio::time::sleep(LEASE / 3) => {}
            () = stop.cancelled() => return,
        }
    }
}

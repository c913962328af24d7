//! A worker process: everything it runs, and how it ends. SIGTERM stops taking tickets, lets visits end (at most 30 s each)
//! and leaves nothing held; a worker nobody can ring for two minutes ends itself, so that somebody notices (FAULTS I10).

use std::sync::Arc;
use std::time::Duration;

use ingot_domain::task::{LEASE, Queue};
use ingot_queue::{Consumer, Doorbell, Handler, Pulse, Ringer};
use ingot_telemetry::{Health, Metrics, router};
use tokio::net::TcpListener;
use tokio::time::Instant as Moment;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::dispatch;
use crate::hands::Hands;
use crate::relay::{self, LastPass};
use crate::ticker::{self, chain};
use crate::{hands, health};

/// A worker that ended for a reason.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// No door was answered for two minutes.
    #[error("no queue could be served for two minutes: Redis or the database is away")]
    Deaf,
}

/// What a worker is run with.
pub struct Parts {
    /// The hands; their ringer must ring `bell`.
    pub hands: Arc<Hands>,
    /// The doorbell.
    pub bell: Doorbell,
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

/// Runs a worker until `shutdown`. `started` is told its health once everything runs.
pub async fn run(parts: Parts, started: impl FnOnce(Health)) -> Result<(), WorkerError> {
    let Parts {
        hands,
        bell,
        metrics_listener,
        shutdown,
    } = parts;
    let pulse = Pulse::default();
    let last = LastPass::starting(hands.ledger.now());
    let health = health::health(
        Arc::clone(&hands),
        bell.clone(),
        pulse.clone(),
        last.clone(),
    );
    let watched = last.clone();
    // Consumers stop first; what they still finish needs heartbeats until the end.
    let background = CancellationToken::new();
    let behind = TaskTracker::new();
    behind.spawn(heartbeat(Arc::clone(&hands), background.clone()));
    behind.spawn(relay::run(
        Arc::clone(&hands),
        bell.clone(),
        last,
        shutdown.clone(),
    ));
    behind.spawn(ticker::run(Arc::clone(&hands), shutdown.clone()));
    behind.spawn(gauges(
        Arc::clone(&hands),
        bell.clone(),
        pulse.clone(),
        background.clone(),
    ));
    if let Some(listener) = metrics_listener {
        behind.spawn(serve_metrics(
            listener,
            hands.metrics.clone(),
            health.clone(),
            background.clone(),
        ));
    }
    let names = Queue::ALL.iter().map(|queue| queue.to_string()).collect();
    let listening = bell.clone();
    let until = shutdown.clone();
    behind.spawn(async move { listening.listen(names, until).await });
    let doors = TaskTracker::new();
    for queue in Queue::ALL {
        let (bell, consumer) = (bell.clone(), consumer(&hands, *queue, &pulse, &shutdown));
        doors.spawn(async move { bell.serve(consumer).await });
    }
    doors.close();
    started(health);
    tracing::info!(worker = %hands.settings.name, pace = hands.settings.pace.factor(), "the worker is up");
    let deaf = watch(pulse, watched, shutdown.clone()).await;
    shutdown.cancel();
    doors.wait().await;
    background.cancel();
    behind.close();
    behind.wait().await;
    if let Err(error) = hands.ledger.worker_stopped(&hands.settings.name).await {
        tracing::warn!(error = %chain(&error), "the ledger could not be told that this worker ended");
    }
    tracing::info!(worker = %hands.settings.name, "the worker ended");
    if deaf { Err(WorkerError::Deaf) } else { Ok(()) }
}

fn consumer(
    hands: &Arc<Hands>,
    queue: Queue,
    pulse: &Pulse,
    shutdown: &CancellationToken,
) -> Consumer {
    let for_handler = Arc::clone(hands);
    let handler: Handler = Arc::new(move |ticket| {
        let hands = Arc::clone(&for_handler);
        Box::pin(async move { dispatch::handle(hands, ticket).await })
    });
    Consumer {
        queue: queue.to_string(),
        name: hands.settings.name.clone(),
        concurrency: hands.settings.concurrency,
        handler,
        pulse: pulse.clone(),
        shutdown: shutdown.clone(),
    }
}

/// Waits for shutdown; answers true when for two minutes before it no door was answered, or the relay could not pass
/// because the ledger or the bell was away.
async fn watch(pulse: Pulse, last: LastPass, shutdown: CancellationToken) -> bool {
    let (mut well, mut pass) = (Moment::now(), last.millis());
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = shutdown.cancelled() => return false,
        }
        let passed = last.millis() != pass;
        pass = last.millis();
        if passed && pulse.all_up() {
            well = Moment::now();
        } else if well.elapsed() > Duration::from_secs(120) {
            return true;
        }
    }
}

async fn heartbeat(hands: Arc<Hands>, stop: CancellationToken) {
    let (name, began) = (&hands.settings.name, hands.ledger.now());
    let version = env!("CARGO_PKG_VERSION");
    loop {
        let beat = async {
            hands.ledger.heartbeat(name, &hands.visited()).await?;
            hands.ledger.worker_alive(name, version, began).await
        };
        if let Err(error) = beat.await {
            hands
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

/// Keeps the gauges and the clock comparison fresh.
async fn gauges(hands: Arc<Hands>, bell: Doorbell, pulse: Pulse, stop: CancellationToken) {
    let metrics = &hands.metrics;
    metrics
        .build_info
        .with_label_values(&[env!("CARGO_PKG_VERSION")])
        .set(1.0);
    let mut round = 0u32;
    loop {
        hands::gauge_queues(&hands.ledger, metrics).await;
        for (queue, state) in pulse.states() {
            metrics
                .consumer_up
                .with_label_values(&[queue.as_str()])
                .set(i64::from(state.up));
        }
        let restarts: u64 = pulse.states().values().map(|state| state.restarts).sum();
        metrics
            .worker_restarts
            .with_label_values(&["consumer"])
            .set(i64::try_from(restarts).unwrap_or(i64::MAX));
        let stats = hands.batcher.stats();
        #[expect(clippy::cast_precision_loss, reason = "counts for a gauge")]
        {
            metrics.describe_polls.set(stats.polls as f64);
            metrics.describe_calls.set(stats.calls as f64);
        }
        if round.is_multiple_of(6) {
            compare_clocks(&hands, &bell).await;
        }
        round = round.wrapping_add(1);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(10)) => metrics.uptime.inc_by(10.0),
            () = stop.cancelled() => return,
        }
    }
}

async fn compare_clocks(hands: &Hands, bell: &Doorbell) {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds for a gauge")]
    let seconds = |millis: i64| millis as f64 / 1000.0;
    match hands.ledger.measure_skew().await {
        Ok(skew) => {
            hands
                .metrics
                .clock_skew
                .with_label_values(&["database"])
                .set(seconds(skew.num_milliseconds()));
            if skew.num_seconds().abs() > 5 {
                tracing::error!(
                    skew_ms = skew.num_milliseconds(),
                    "this machine's clock is off by more than 5 s"
                );
            }
        }
        Err(error) => tracing::warn!(error = %chain(&error), "the database did not tell its time"),
    }
    if let Doorbell::Redis(redis) = bell {
        match redis.report(hands.ledger.now().timestamp_millis()).await {
            Ok(report) => {
                hands
                    .metrics
                    .redis_policy_ok
                    .set(i64::from(!report.evicts()));
                hands
                    .metrics
                    .clock_skew
                    .with_label_values(&["redis"])
                    .set(seconds(report.clock_ahead_ms));
            }
            Err(error) => {
                hands
                    .metrics
                    .redis_errors
                    .with_label_values(&["report"])
                    .inc();
                tracing::warn!(%error, "Redis did not report");
            }
        }
    }
}

async fn serve_metrics(
    listener: TcpListener,
    metrics: Metrics,
    health: Health,
    stop: CancellationToken,
) {
    let served = axum::serve(listener, router(metrics, health))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the metrics listener ended");
    }
}

/// Starts ringing for a ledger: the ringer and the future that rings.
pub fn ringer(
    ledger: &ingot_entity::Ledger,
    bell: &Doorbell,
    stop: CancellationToken,
) -> (Ringer, impl Future<Output = ()> + Send + use<>) {
    let ledger = ledger.clone();
    let unring = move |ids: Vec<String>| {
        let ledger = ledger.clone();
        async move {
            if let Err(error) = ledger.unring(&ids).await {
                tracing::debug!(error = %chain(&error), "bells that could not be rung stay marked for ten seconds");
            }
        }
    };
    Ringer::start(bell.clone(), unring, stop)
}

//! Gauges: the queues' depth and age, the consumers' state, clocks; refreshed every ten seconds.

mod zero;

use std::sync::Arc;
use std::time::Duration;

use ingot_domain::invariant::{Invariant, WEATHER};
use ingot_domain::provenance::Kind;
use ingot_domain::task::{Queue, TaskState};
use ingot_domain::wait::Wait;
use ingot_entity::{Ledger, LedgerError};
use ingot_queue::{Doorbell, Pulse};
use ingot_telemetry::Metrics;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::visits::chain;

/// Keeps the gauges and the clock comparison fresh.
pub(crate) async fn keep(
    engine: Arc<Engine>,
    bell: Doorbell,
    pulse: Pulse,
    stop: CancellationToken,
) {
    let metrics = &engine.metrics;
    metrics
        .build_info
        .with_label_values(&[env!("CARGO_PKG_VERSION")])
        .set(1.0);
    zero::begin(metrics);
    let mut round = 0u32;
    loop {
        gauge_queues(&engine.ledger, metrics).await;
        for (queue, state) in pulse.states() {
            metrics
                .consumer_up
                .with_label_values(&[queue.as_str()])
                .set(i64::from(state.up));
        }
        let restarts: u64 = pulse.states().values().map(|state| state.restarts).sum();
        let told = metrics.worker_restarts.with_label_values(&["consumer"]);
        told.inc_by(restarts.saturating_sub(told.get()));
        engine.visits.gauge();
        if round.is_multiple_of(6) {
            compare_clocks(&engine, &bell).await;
        }
        round = round.wrapping_add(1);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(10)) => metrics.uptime.inc_by(10.0),
            () = stop.cancelled() => return,
        }
    }
}

async fn compare_clocks(engine: &Engine, bell: &Doorbell) {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds for a gauge")]
    let seconds = |millis: i64| millis as f64 / 1000.0;
    match engine.ledger.measure_skew().await {
        Ok(skew) => {
            engine
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
    if let Err(error) = engine.ledger.read_calendar().await {
        tracing::warn!(error = %chain(&error), "the ledger did not tell its calendar");
    }
    if let Doorbell::Redis(redis) = bell {
        match redis.report(engine.ledger.now().timestamp_millis()).await {
            Ok(report) => {
                engine
                    .metrics
                    .redis_policy_ok
                    .set(i64::from(!report.evicts()));
                engine
                    .metrics
                    .clock_skew
                    .with_label_values(&["redis"])
                    .set(seconds(report.clock_ahead_ms));
            }
            Err(error) => {
                engine
                    .metrics
                    .redis_errors
                    .with_label_values(&["report"])
                    .inc();
                tracing::warn!(%error, "Redis did not report");
            }
        }
    }
}

/// Open findings as gauges: every process shows the ledger's numbers, whichever process looked last.
async fn gauge_findings(ledger: &Ledger, metrics: &Metrics) -> Result<(), LedgerError> {
    let found = ledger.violations().await?;
    for &invariant in Invariant::ALL {
        let of = found.iter().find(|one| one.invariant == invariant.as_str());
        metrics
            .invariant_violations
            .with_label_values(&[invariant.as_str()])
            .set(of.map_or(0, |one| one.confirmed));
    }
    // A weather finding's subject ends with the wait's sentence; what it waits for stands before the code.
    let weather = ledger.open_of(WEATHER).await?;
    let now = ledger.now();
    for wait in Wait::all().iter().filter(|wait| wait.is_weather()) {
        let sentence = wait.to_string();
        let sentence = sentence.split(" (").next().unwrap_or_default();
        let of = weather.iter().filter(|one| one.subject.contains(sentence));
        let ages = of.map(|one| (now - one.first_seen_at).as_seconds_f64());
        metrics
            .waiting
            .with_label_values(&[wait.on()])
            .set(ages.fold(0.0, f64::max));
    }
    let orphans = ledger.open_subjects(Invariant::I1.as_str()).await?;
    for &kind in Kind::ALL {
        let of = orphans
            .iter()
            .filter(|id| Kind::of(id) == Some(kind))
            .count();
        metrics
            .orphans
            .with_label_values(&[kind.as_str()])
            .set(i64::try_from(of).unwrap_or(i64::MAX));
    }
    Ok(())
}

/// Depth and age of every queue, and open findings, as gauges.
pub async fn gauge_queues(ledger: &Ledger, metrics: &Metrics) {
    let depths = match ledger.queue_depths().await {
        Ok(depths) => depths,
        Err(error) => {
            metrics.db_errors.with_label_values(&["gauges"]).inc();
            tracing::warn!(%error, "the queues could not be counted");
            return;
        }
    };
    if let Err(error) = gauge_findings(ledger, metrics).await {
        metrics.db_errors.with_label_values(&["gauges"]).inc();
        tracing::warn!(%error, "the findings could not be counted");
    }
    match ledger.image_counts().await {
        Ok(counts) => {
            for (state, count) in counts {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                metrics.amis.with_label_values(&[&state]).set(count);
            }
        }
        Err(error) => {
            metrics.db_errors.with_label_values(&["gauges"]).inc();
            tracing::warn!(%error, "the images could not be counted");
        }
    }
    let now = ledger.now();
    match ledger.outbox_depth().await {
        Ok((rows, oldest)) => {
            let rows = i64::try_from(rows).unwrap_or(i64::MAX);
            metrics.outbox_rows.set(rows);
            let age = oldest.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
            metrics.outbox_oldest.set(age);
        }
        Err(error) => {
            metrics.db_errors.with_label_values(&["gauges"]).inc();
            tracing::warn!(%error, "the deliveries could not be counted");
        }
    }
    match ledger.pauses().await {
        Ok(pauses) => {
            for queue in Queue::ALL {
                let paused = pauses.get(queue.as_str()).is_some();
                let of = metrics.queue_paused.with_label_values(&[queue.as_str()]);
                of.set(i64::from(paused));
            }
        }
        Err(error) => {
            metrics.db_errors.with_label_values(&["gauges"]).inc();
            tracing::warn!(%error, "the pauses could not be read");
        }
    }
    for depth in depths {
        let count = |state| {
            let found = depth.states.iter().find(|(one, _)| *one == state);
            found.map_or(0, |(_, n)| i64::try_from(*n).unwrap_or(i64::MAX))
        };
        let queue = [depth.queue.as_str()];
        metrics
            .queue_ready
            .with_label_values(&queue)
            .set(count(TaskState::Available));
        metrics
            .queue_scheduled
            .with_label_values(&queue)
            .set(count(TaskState::Scheduled) + count(TaskState::Retryable));
        metrics
            .jobs_dead
            .with_label_values(&queue)
            .set(count(TaskState::Discarded));
        let age = depth
            .oldest_due
            .map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
        metrics.queue_latency.with_label_values(&queue).set(age);
    }
}

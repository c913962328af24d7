//! An engine of the tests' own: the real one, over a real ledger and doorbell, with visits that are given. What it costs is
//! measured with visits that do next to nothing (`bench/peer.rs`), what it survives with visits that are poison
//! (`poison.rs`).

use std::sync::Arc;

use anyhow::Result;
use ingot_engine::{Engine, Parts, Settings, Visits};
use ingot_entity::Ledger;
use ingot_queue::{Doorbell, RedisBell};
use ingot_telemetry::Metrics;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Runs one until `stop`; `up` is called when it consumes.
pub(crate) async fn run(
    ledger: Ledger,
    redis: &str,
    visits: Arc<dyn Visits>,
    settings: Settings,
    metrics: Metrics,
    stop: CancellationToken,
    up: impl FnOnce(),
) -> Result<()> {
    ledger.measure_skew().await?;
    let bell = Doorbell::Redis(Box::new(RedisBell::connect(redis).await?));
    let ringing = CancellationToken::new();
    let (ringer, rings) = ingot_engine::ringer(&ledger, &bell, ringing.clone());
    let rings = tokio::spawn(rings);
    let parts = Parts {
        engine: Arc::new(Engine::new(ledger, metrics, ringer, visits, settings)),
        bell,
        jobs: Vec::new(),
        metrics_listener: None,
        shutdown: stop,
    };
    ingot_engine::run(parts, |_| up()).await?;
    ringing.cancel();
    rings.await?;
    Ok(())
}

/// Cancelled by SIGTERM.
pub(crate) fn until_signal() -> Result<CancellationToken> {
    let (stop, mut term) = (CancellationToken::new(), signal(SignalKind::terminate())?);
    let told = stop.clone();
    tokio::spawn(async move {
        term.recv().await;
        told.cancel();
    });
    Ok(stop)
}

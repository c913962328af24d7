//! `ingot worker`: the hands of the scaled shape; any number of them.

use std::process::ExitCode;
use std::sync::Arc;

use chrono::TimeDelta;
use ingot_cloud::Cloud;
use ingot_domain::calendar::Calendar;
use ingot_domain::pace::Pace;
use ingot_domain::task::VISIT;
use ingot_engine::{Engine, Parts, Settings};
use ingot_entity::Ledger;
use ingot_probe::Prober;
use ingot_queue::Doorbell;
use ingot_telemetry::{LogFormat, Metrics};
use ingot_throttle::Throttle;
use ingot_worker::{Teller, Tools};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::setup;
use crate::args::process::WorkerArgs;
use crate::output::say;

/// Visits paid at once, per queue, unless the operator says otherwise: they wait for AWS most of the time.
const CONCURRENCY: usize = 64;
/// Connections to the ledger: visits hold one for milliseconds at a time.
const CONNECTIONS: u32 = 12;
/// A simulated region whose clock is further from the calendar is told of.
const APART: TimeDelta = TimeDelta::hours(1);

/// Runs it until it is over.
pub(crate) async fn run(args: WorkerArgs) -> anyhow::Result<ExitCode> {
    setup::start_logs(LogFormat::Json, "info,sqlx=warn");
    let (database_url, redis_url) = args.stores.urls()?;
    let ledger = setup::ledger(database_url, CONNECTIONS).await?;
    let redis = setup::redis(redis_url, &ledger).await?;
    let metrics = Metrics::new()?;
    let throttle = Throttle::shared(args.rates.rates, redis_url)?;
    let cloud: Arc<dyn Cloud> = setup::aws(setup::aws_config()?, throttle, &metrics).await?;
    let stop = setup::until_signal()?;
    let bell = Doorbell::Redis(Box::new(redis));
    let ringing = CancellationToken::new();
    let (ringer, rings) = ingot_engine::ringer(&ledger, &bell, ringing.clone());
    let rings = tokio::spawn(rings);
    let settings = ingot_worker::Settings {
        install: setup::install(&ledger).await?,
        pace: args.pace,
        probe_cidrs: args.reach.probe_cidrs.clone(),
        reap: args.reach.reap.into(),
        feeds: setup::feeds(
            &args.feeds,
            args.simulated_region
                .as_deref()
                .is_some_and(|url| !url.is_empty()),
            &std::env::temp_dir(),
        ),
    };
    let spool = settings.feeds.as_ref().map(|feeds| feeds.spool.clone());
    let region = args
        .simulated_region
        .as_deref()
        .filter(|url| !url.is_empty());
    let prober = Prober::new(args.reach.probe_cidrs)?.with_simulated_region(region)?;
    calendar(&ledger, &prober).await?;
    let batcher = setup::batcher(&cloud, args.pace);
    let tools = Tools::new(
        ledger.clone(),
        cloud,
        batcher,
        prober,
        metrics.clone(),
        settings,
    )
    .telling(Teller::new(
        args.keys.ring()?,
        args.tell.post(&[])?,
        args.public_url.filter(|url| !url.is_empty()),
    ));
    let settings = engine_settings(args.pace, args.concurrency.map(usize::from));
    let engine = Arc::new(Engine::new(
        ledger,
        metrics,
        ringer,
        Arc::new(tools),
        settings,
    ));
    let listener = setup::metrics_listener(args.metrics_listen).await?;
    let address = listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let line = serde_json::json!({ "listening": address.map(|at| format!("http://{at}")), "worker": engine.settings.name });
    let parts = Parts {
        engine,
        bell,
        jobs: ingot_worker::periodic(args.pace),
        metrics_listener: listener,
        shutdown: stop,
    };
    // The line says that the worker works, so it comes when everything runs; without a reader the worker works all the
    // same.
    let ended = ingot_engine::run(parts, |_| drop(say(&line.to_string()))).await;
    ringing.cancel();
    rings.await?;
    if let Some(spool) = spool {
        drop(std::fs::remove_dir_all(spool));
    }
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// How an engine of this process is set up.
pub(crate) fn engine_settings(pace: Pace, concurrency: Option<usize>) -> Settings {
    Settings {
        name: setup::process_name(),
        pace,
        concurrency: concurrency.unwrap_or(CONCURRENCY),
        visit: VISIT,
    }
}

/// A ledger beside a simulated region lives by that region's clock: the first worker that hears it makes it the calendar.
async fn calendar(ledger: &Ledger, prober: &Prober) -> anyhow::Result<()> {
    let clock = match prober.region_clock().await {
        Ok(Some(clock)) => clock,
        Ok(None) => return Ok(()),
        Err(error) => {
            tracing::warn!(%error, "the ledger keeps its calendar");
            return Ok(());
        }
    };
    let (real, pace) = (ledger.now(), Pace::new(clock.pace).unwrap_or_default());
    let wished = Calendar::beginning(clock.now, real, pace);
    let (kept, ours) = ledger.begin_calendar(&wished).await?;
    let apart = (kept.at(real) - clock.now).abs();
    if !ours && apart > APART {
        tracing::warn!(
            region = %clock.now, calendar = %kept.at(real),
            "the ledger's calendar is not the simulated region's clock, which was started anew: its stamps are of another time"
        );
    }
    Ok(())
}

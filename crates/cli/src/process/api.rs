//! `ingot api`: the API and the console of the scaled shape.

use std::process::ExitCode;

use anyhow::Context;
use ingot_api::Api;
use ingot_domain::request::Limits;
use ingot_queue::Doorbell;
use ingot_telemetry::{Health, LogFormat, Metrics};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::setup;
use crate::args::process::ApiArgs;
use crate::output::say;

/// Connections to the ledger: requests are short, and more would only queue in the database.
const CONNECTIONS: u32 = 16;

/// Runs it until it is over.
pub(crate) async fn run(args: ApiArgs) -> anyhow::Result<ExitCode> {
    setup::start_logs(LogFormat::Json, "info,sqlx=warn");
    let (database_url, redis_url) = args.stores.urls()?;
    let ledger = setup::ledger(database_url, CONNECTIONS).await?;
    let redis = setup::redis_or_later(redis_url, &ledger).await?;
    setup::store_builtins(&ledger).await?;
    let metrics = Metrics::new()?;
    let stop = setup::until_signal()?;
    let bell = Doorbell::Redis(Box::new(redis.clone()));
    let ringing = CancellationToken::new();
    let (ringer, rings) = ingot_engine::ringer(&ledger, &bell, ringing.clone());
    let rings = tokio::spawn(rings);
    let for_health = ledger.clone();
    let health = Health::new(move || {
        let (ledger, redis) = (for_health.clone(), redis.clone());
        // Without Redis requests are accepted all the same, and the relay finds what no bell rang for.
        async move { setup::store_checks(&ledger, Some(&redis), false).await }
    });
    tokio::spawn(gauges(
        ledger.clone(),
        metrics.clone(),
        health.clone(),
        stop.clone(),
    ));
    let limits = Limits {
        regions: args.regions.or([aws_region()]),
    };
    ledger.keep_regions(&limits.regions).await?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let mut line = serde_json::json!({ "listening": format!("http://{}", listener.local_addr()?) });
    if let Some(address) = args.metrics_listen
        && let Some(metrics_listener) = setup::metrics_listener(address).await?
    {
        line["metrics"] = format!("http://{}", metrics_listener.local_addr()?).into();
        let (metrics, health, stop) = (metrics.clone(), health.clone(), stop.clone());
        tokio::spawn(ingot_telemetry::server::serve(
            metrics_listener,
            metrics,
            health,
            stop,
        ));
    }
    let api = Api::new(ledger, ringer, metrics, health, limits, stop)
        .at_pace(args.pace)
        .with_ring(args.keys.ring()?)
        .with_public_url(args.public_url.as_deref().unwrap_or_default());
    // Without a reader of the line the API serves all the same; the log has the address, too.
    drop(say(&line.to_string()));
    tracing::info!(address = %listener.local_addr()?, "the API is up");
    ingot_api::serve(listener, api).await?;
    ringing.cancel();
    rings.await?;
    Ok(ExitCode::SUCCESS)
}

/// Keeps the queue gauges fresh and the clock measured, and says which part is away.
async fn gauges(
    ledger: ingot_entity::Ledger,
    metrics: Metrics,
    health: Health,
    stop: CancellationToken,
) {
    loop {
        setup::tell_impaired(&metrics, &health).await;
        ingot_engine::gauge_queues(&ledger, &metrics).await;
        if let Err(error) = ledger.measure_skew().await {
            tracing::warn!(%error, "the database did not tell its time");
        }
        if let Err(error) = ledger.read_calendar().await {
            tracing::warn!(%error, "the ledger did not tell its calendar");
        }
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_secs(30)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// The region of AWS's variables, which a worker beside this API works in first.
fn aws_region() -> String {
    setup::variable("AWS_REGION")
        .or_else(|| setup::variable("AWS_DEFAULT_REGION"))
        .unwrap_or_else(|| "us-east-1".to_owned())
}

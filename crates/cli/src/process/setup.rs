//! What the processes have in common: logs, the stores and what is refused about them, the cloud, signals. The one place
//! that reads the environment beside clap, for names that belong to AWS and to logging.

mod aws;
mod feeds;
mod ledger;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use ingot_cloud::Cloud;
use ingot_cloud::batch::{BatchSettings, Batcher};
use ingot_domain::Instant;
use ingot_domain::auth::BearerToken;
use ingot_domain::ids::TokenId;
use ingot_domain::pace::Pace;
use ingot_entity::Ledger;
use ingot_queue::{RedisBell, RedisReport};
use ingot_telemetry::logs::{self, LogFormat};
use ingot_telemetry::{Health, HealthCheck, Metrics};
use rand::Rng;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) use aws::{aws, aws_config, not_reached};
pub(crate) use feeds::feeds;
pub(crate) use ledger::{ledger, open};

/// A clock this far from the database's or Redis's is refused: leases and due times would be wrong (FAULTS X4).
const CLOCK: i64 = 5_000;

/// A variable of AWS or of logging.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost room reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Starts logging: INGOT_LOG is a filter such as `info,ingot_worker=debug`, INGOT_LOG_FORMAT `json` or `text`.
pub(crate) fn start_logs(usual: LogFormat, filter: &str) {
    let format = match variable("INGOT_LOG_FORMAT").as_deref() {
        Some("json") => LogFormat::Json,
        Some("text") => LogFormat::Text,
        _ => usual,
    };
    logs::start(
        format,
        &variable("INGOT_LOG").unwrap_or_else(|| format!("{filter},{}", ingot_cloud::aws::QUIET)),
    );
}

/// Connects to Redis and refuses one that cannot be worked with.
pub(crate) async fn redis(url: &str, ledger: &Ledger) -> anyhow::Result<RedisBell> {
    let asked = tokio::time::timeout(Duration::from_secs(10), RedisBell::connect(url)).await;
    let bell = match asked {
        Ok(Ok(bell)) => bell,
        Ok(Err(error)) => bail!(
            "REDIS_URL: {error}; write it as redis://host:6379 and check that the server runs"
        ),
        Err(_) => {
            bail!("REDIS_URL: the server does not answer; check that it runs and can be reached")
        }
    };
    let report = bell.report(ledger.now().timestamp_millis()).await;
    let report = report.map_err(|error| anyhow::anyhow!("REDIS_URL: {error}"))?;
    refuse_redis(&report)?;
    Ok(bell)
}

/// The Redis of a process that can do without for a while: one that is away is told, not refused.
pub(crate) async fn redis_or_later(url: &str, ledger: &Ledger) -> anyhow::Result<RedisBell> {
    let bell = RedisBell::connect_later(url);
    let bell =
        bell.map_err(|error| anyhow::anyhow!("REDIS_URL: {error}; write it as redis://host:6379"))?;
    match bell.report(ledger.now().timestamp_millis()).await {
        Ok(report) => refuse_redis(&report)?,
        Err(error) => tracing::warn!(
            %error,
            "Redis does not answer: requests are accepted, and workers find them later, until it does"
        ),
    }
    Ok(bell)
}

fn refuse_redis(report: &RedisReport) -> anyhow::Result<()> {
    if report.evicts() {
        let policy = report.eviction.as_deref().unwrap_or_default();
        bail!(
            "REDIS_URL: the server evicts keys (maxmemory-policy {policy}): set it to noeviction, or give Ingot its own server"
        );
    }
    if report.clock_ahead_ms.abs() > CLOCK {
        let seconds = report.clock_ahead_ms / 1000;
        bail!(
            "this machine's clock is {} s off Redis's: set it right (NTP) and start again",
            seconds.abs()
        );
    }
    Ok(())
}

/// Describe calls in batches; the faster the cloud's clock, the younger its answers must be.
pub(crate) fn batcher(cloud: &Arc<dyn Cloud>, pace: Pace) -> Batcher {
    let usual = BatchSettings::default();
    let at_pace = |span: Duration, least: u64| pace.wait(span).max(Duration::from_millis(least));
    let settings = BatchSettings {
        window: if pace.factor() > 1.0 {
            Duration::from_millis(10)
        } else {
            usual.window
        },
        fresh: at_pace(usual.fresh, 50),
        watch: at_pace(usual.watch, 1_000),
        ..usual
    };
    Batcher::new(Arc::clone(cloud), settings)
}

/// `host-pid-random`: unique per start, so that no other process's held tasks are taken for ours (STYLE fact 4).
pub(crate) fn process_name() -> String {
    let host = variable("HOSTNAME").unwrap_or_else(|| "host".to_owned());
    let host: String = host
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(40)
        .collect();
    let random: u32 = rand::rng().random();
    format!("{host}-{}-{random:08x}", std::process::id())
}

/// The installation's id; the process that comes first makes it.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of the installation's id"
)]
pub(crate) async fn install(ledger: &Ledger) -> anyhow::Result<String> {
    Ok(ledger
        .setting_or("install", &Uuid::now_v7().simple().to_string())
        .await?)
}

/// Makes a token, stores its hash and answers its text.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of token ids"
)]
pub(crate) async fn make_token(
    ledger: &Ledger,
    name: &str,
    expires_at: Option<Instant>,
) -> anyhow::Result<BearerToken> {
    let mut random = [0u8; 32];
    rand::rng().fill(&mut random);
    let token = BearerToken::new(TokenId::new(Uuid::now_v7()), random);
    ledger.create_token(&token, name, expires_at).await?;
    Ok(token)
}

/// Stores the built-in templates; nothing happens when the ledger has them already.
pub(crate) async fn store_builtins(ledger: &Ledger) -> anyhow::Result<()> {
    for template in ingot_yaml::builtin() {
        let yaml = ingot_yaml::to_yaml(&template)?;
        ledger
            .apply_template(&template, &yaml, true, None, None)
            .await?;
    }
    ledger.store_tracks().await?;
    Ok(())
}

/// A token that is cancelled by SIGINT or SIGTERM.
pub(crate) fn until_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let token = CancellationToken::new();
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let cancel = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("asked to stop: what is under way is finished first");
        cancel.cancel();
    });
    Ok(token)
}

/// Measures and logs which part is away.
pub(crate) async fn tell_impaired(metrics: &Metrics, health: &Health) {
    for check in health.ask().await {
        metrics
            .impaired
            .with_label_values(&[check.name])
            .set(i64::from(!check.ok));
        if !check.ok {
            tracing::warn!(part = check.name, detail = %check.detail, "a part of this API is impaired");
        }
    }
}

/// A listener for the metrics; none when another process has the port, for nothing depends on being measured.
pub(crate) async fn metrics_listener(address: SocketAddr) -> anyhow::Result<Option<TcpListener>> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            tracing::warn!(%address, "the port for metrics is taken: this process works without; --metrics-listen names another");
            Ok(None)
        }
        Err(error) => bail!("cannot listen for metrics on {address}: {error}"),
    }
}

/// Checks every process makes of its stores.
pub(crate) async fn store_checks(
    ledger: &Ledger,
    redis: Option<&RedisBell>,
    redis_needed: bool,
) -> Vec<HealthCheck> {
    let ping = tokio::time::timeout(Duration::from_secs(3), ledger.ping()).await;
    let answers = matches!(ping, Ok(Ok(())));
    let said = |ok: bool| if ok { "answers" } else { "does not answer" }.to_owned();
    let mut checks = vec![HealthCheck {
        name: "database",
        ok: answers,
        detail: said(answers),
        needed: true,
    }];
    if answers {
        checks.extend(ingot_engine::paused_queues(ledger).await);
    }
    if let Some(redis) = redis {
        let report = redis.report(ledger.now().timestamp_millis()).await;
        let (ok, detail) = match &report {
            Ok(report) if report.evicts() => {
                let said = "evicts keys: set maxmemory-policy noeviction";
                (false, said.to_owned())
            }
            Ok(report) if report.clock_ahead_ms.abs() > CLOCK => {
                let seconds = report.clock_ahead_ms / 1000;
                (false, format!("its clock is {seconds} s ahead of ours"))
            }
            Ok(_) => (true, said(true)),
            Err(_) => (false, said(false)),
        };
        checks.push(HealthCheck {
            name: "redis",
            ok,
            detail,
            needed: redis_needed,
        });
    }
    checks
}

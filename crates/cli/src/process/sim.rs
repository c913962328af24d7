//! `ingot sim`: the simulated region, until it is asked to stop; and orders to one that runs.

mod order;

use std::process::ExitCode;

use ingot_domain::Instant;
use ingot_sim::{Region, SimConfig};
use ingot_telemetry::LogFormat;

use super::setup;
use crate::args::process::SimArgs;
use crate::args::sim::SimAction;
use crate::failure::Usage;
use crate::output::say;

/// Lets the vendor of a track publish a build in one region of those at `endpoint`, made at `created`, or now.
pub(crate) async fn publish(
    endpoint: &str,
    track: &str,
    build: &str,
    region: &str,
    created: Option<Instant>,
) -> anyhow::Result<()> {
    let release = order::Release {
        track,
        build,
        regions: &[region.to_owned()],
        created,
        withdraw: false,
    };
    release.order(endpoint).await?;
    Ok(())
}

/// Runs it until it is over.
pub(crate) async fn run(args: SimArgs) -> anyhow::Result<ExitCode> {
    if let Some(SimAction::Release(release)) = args.action {
        return order::release(release).await;
    }
    let Some(listen) = args.listen else {
        return Err(Usage("give --listen ADDRESS".to_owned()).into());
    };
    setup::start_logs(LogFormat::Text, "info");
    let stop = setup::until_signal()?;
    let region = Region::start(SimConfig {
        listen,
        pace: args.pace.factor(),
        begins: args.at,
        buckets: !args.no_buckets,
        probe_port: args.probe_port,
        serve_unmarked: args.serve_unmarked,
        ..SimConfig::default()
    })
    .await?;
    let line =
        serde_json::json!({ "listening": region.endpoint(), "probe_port": region.probe_port() });
    say(&line.to_string())?;
    stop.cancelled().await;
    region.stop().await;
    Ok(ExitCode::SUCCESS)
}

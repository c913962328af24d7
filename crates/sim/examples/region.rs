//! A simulated region alone in a process: `ingot sim` without the rest of ingot.

use std::io::Write as _;
use std::time::Duration;

use ingot_sim::{Region, SimConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = SimConfig::default();
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let mut value = || args.next().ok_or(format!("{flag} takes a value"));
        match flag.as_str() {
            "sim" => {}
            "--no-buckets" => config.buckets = false,
            "--listen" => config.listen = value()?.parse()?,
            "--pace" => config.pace = value()?.parse()?,
            "--seed" => config.seed = value()?.parse()?,
            "--probe-port" => config.probe_port = value()?.parse()?,
            "--consistency" => config.consistency = Duration::from_secs_f64(value()?.parse()?),
            other => return Err(format!("unknown flag `{other}`").into()),
        }
    }
    let region = Region::start(config).await?;
    let line = serde_json::json!({
        "listening": region.endpoint(),
        "probe_port": region.probe_port(),
    });
    writeln!(std::io::stdout(), "{line}")?;
    tokio::signal::ctrl_c().await?;
    region.stop().await;
    Ok(())
}

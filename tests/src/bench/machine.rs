//! The machine and the servers, for the head of the table.

use anyhow::{Context, Result};
use tokio::process::Command;

use super::figure::mib;
use super::files::{field, kilobytes, text};

/// The machine in one Markdown list.
pub async fn heading() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let cpu = text("/proc/cpuinfo")?;
    let memory = kilobytes(&text("/proc/meminfo")?, "MemTotal").context("MemTotal")?;
    let model = field(&cpu, "model name").unwrap_or_else(|| "an unnamed CPU".to_owned());
    let kernel = text("/proc/sys/kernel/osrelease")?;
    let load = text("/proc/loadavg")?;
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    let postgres = "p=$(command -v postgres || ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1); \"$p\" --version";
    Ok(format!(
        "- machine: {cores} cores of {model}, {} RAM, Linux {}\n- load before the run: {load}\n- {}\n- {}\n- {}\n",
        mib(memory),
        kernel.trim(),
        said("rustc --version").await,
        said(postgres).await,
        said("redis-server --version").await,
    ))
}

/// The first line a command prints.
async fn said(command: &str) -> String {
    let run = Command::new("sh").args(["-c", command]).output().await;
    let text = run.map(|run| String::from_utf8_lossy(&run.stdout).into_owned());
    text.ok()
        .and_then(|text| text.lines().next().map(str::to_owned))
        .unwrap_or_else(|| format!("`{command}` says nothing"))
}

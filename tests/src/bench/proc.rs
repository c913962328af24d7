//! What a process costs, as the kernel counts it.

use std::time::Duration;

use anyhow::{Context, Result};

use super::files::{kilobytes, text};

/// `USER_HZ`, which Linux has fixed at 100 for every program that reads /proc.
const TICK: Duration = Duration::from_millis(10);

/// A process's costs so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// CPU time, user and system.
    pub(super) cpu: Duration,
    /// Resident memory now.
    pub(super) rss: u64,
    /// The most it ever was.
    pub(super) peak: u64,
}

/// The costs of a process so far.
pub(super) fn cost(pid: u32) -> Result<Cost> {
    let status = text(&format!("/proc/{pid}/status"))?;
    let (rss, peak) = (kilobytes(&status, "VmRSS"), kilobytes(&status, "VmHWM"));
    Ok(Cost {
        cpu: ticks(pid, 11..13)?,
        rss: rss.context("VmRSS")?,
        peak: peak.context("VmHWM")?,
    })
}

/// CPU time of this process's children that have ended, and of theirs.
pub(super) fn children() -> Result<Duration> {
    ticks(std::process::id(), 13..15)
}

/// The sum of some fields of `stat`, counted from the state on, which follows the parenthesised name.
fn ticks(pid: u32, fields: std::ops::Range<usize>) -> Result<Duration> {
    let stat = text(&format!("/proc/{pid}/stat"))?;
    let (_, rest) = stat.rsplit_once(')').context("a stat line")?;
    let count = rest
        .split_whitespace()
        .skip(fields.start)
        .take(fields.len())
        .map(str::parse::<u32>)
        .sum::<Result<u32, _>>()
        .context("a stat line")?;
    Ok(TICK * count)
}

/// The resident memory of every process below `root`: the largest one and all together.
pub(super) fn below(root: u32) -> (u64, u64) {
    let mut processes = Vec::new();
    let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for folder in folders {
        let pid = folder.file_name().to_string_lossy().parse::<u32>();
        // A process that ends while being looked at costs nothing any more.
        if let Ok(pid) = pid
            && let Ok(status) = text(&format!("/proc/{pid}/status"))
            && let Some(parent) =
                super::files::field(&status, "PPid").and_then(|p| p.parse::<u32>().ok())
        {
            processes.push((pid, parent, kilobytes(&status, "VmRSS").unwrap_or(0)));
        }
    }
    let mut family: Vec<u32> = vec![root];
    let (mut largest, mut sum, mut next) = (0, 0, 0);
    while let Some(&parent) = family.get(next) {
        next += 1;
        for &(pid, of, rss) in &processes {
            if of == parent {
                family.push(pid);
                largest = largest.max(rss);
                sum += rss;
            }
        }
    }
    (largest, sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_costs_something() {
        let cost = cost(std::process::id()).expect("Linux");
        assert!(cost.rss > 100_000 && cost.peak >= cost.rss, "{cost:?}");
        assert!(children().is_ok());
    }
}

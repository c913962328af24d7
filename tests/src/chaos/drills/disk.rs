//! FAULTS F31: full disks. Postgres's and Redis's are small ones of their own that are filled to the last byte; the logs'
//! is the device that is always full, and a pipe whose other end no process holds.

mod doorbell;
mod ledger;
mod logs;

use anyhow::Result;

use super::report::Report;
use crate::disk::Disk;

pub(super) async fn play(seed: u64, report: &mut Report<'_>) -> Result<()> {
    ledger::play(seed, report).await?;
    doorbell::play(report).await?;
    logs::play(report).await
}

/// A disk of so many MiB, or the news that this machine has none.
async fn disk(mib: usize, whose: &str, report: &mut Report<'_>) -> Option<Disk> {
    match Disk::of(mib).await {
        Ok(disk) => Some(disk),
        Err(error) => {
            report.skips(format!(
                "{whose} on a full disk: this process may mount no disk, run it as root ({error:#})"
            ));
            None
        }
    }
}

//! How fast `ingot --help` starts: a command line that makes people wait is not used.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::figure::{Figure, ms};
use crate::process::ingot;

const RUNS: usize = 20;
const TARGET: Duration = Duration::from_millis(50);

/// Measures it: the median time from spawning to the exit, output read.
pub async fn measure() -> Result<Vec<Figure>> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        let run = ingot(&["--help"], &[], Duration::from_secs(10)).await?;
        runs.push(began.elapsed());
        ensure!(
            run.status.success(),
            "`ingot --help` ended with {}",
            run.status
        );
    }
    runs.sort_unstable();
    let (median, most) = (runs[RUNS / 2], runs[RUNS - 1]);
    Ok(vec![Figure::judged(
        "`ingot --help`, start to exit",
        "median ≤ 50 ms",
        format!("median {}, max {}; N = {RUNS}", ms(median), ms(most)),
        median <= TARGET,
    )])
}

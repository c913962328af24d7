//! How long `ingot templates check` takes over a template with forty mistakes, as a person waits for it: the whole process.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::figure::{Figure, ms};
use crate::process::ingot;

const ROUNDS: usize = 20;
const MISTAKES: usize = 40;
const TARGET: Duration = Duration::from_millis(50);

/// Measures the binary of `INGOT_BIN`.
pub async fn measure() -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("mistakes.yaml");
    std::fs::write(&file, mistakes())?;
    let file = file.to_str().context("a path")?;
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let ended = ingot(&["templates", "check", file], &[], Duration::from_secs(10)).await?;
        took.push(began.elapsed());
        let said = String::from_utf8_lossy(&ended.stderr);
        let all = format!("has {MISTAKES} mistakes");
        ensure!(said.contains(&all), "not {MISTAKES} mistakes: {said}");
    }
    took.sort_unstable();
    let (median, most) = (took[ROUNDS / 2], took[ROUNDS - 1]);
    Ok(vec![Figure::judged(
        "`templates check` of 40 mistakes, whole process",
        "median ≤ 50 ms",
        format!("median {}, max {}; N = {ROUNDS}", ms(median), ms(most)),
        median <= TARGET,
    )])
}

/// A template with forty mistakes of four kinds.
fn mistakes() -> String {
    let ten = |line: &dyn Fn(usize) -> String| (0..10).map(line).collect::<String>();
    let types = ten(&|n| format!("  - m6g.{}xlarge\n", n + 2));
    let regions = ten(&|n| format!("  - us-est-{}\n", n + 1));
    let steps = ten(&|n| format!("  - name: step {n}\n    run: echo {{{{verison}}}}\n"));
    let rules = ten(&|n| {
        format!(
            "  - port: {}\n    to_port: 22\n    cidr: 0.0.0.0/0\n",
            n + 1
        )
    });
    format!(
        "name: mistakes\nbase_image:\n  ami: ami-0123456789abcdef0\ninstance_types:\n{types}regions:\n{regions}\
         steps:\n{steps}probe:\n  scheme: http\n  port: 80\ninstall_finished: none\ningress:\n{rules}"
    )
}

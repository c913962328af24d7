//! Reading a process's metrics.

use anyhow::{Context, Result};

/// The samples of one look at `/metrics`.
#[derive(Debug)]
pub(super) struct Metrics(String);

impl Metrics {
    /// Looks.
    pub(super) async fn of(listening: &str) -> Result<Self> {
        // The region's client has installed the TLS provider that any client of this library asks for.
        let answer = reqwest::get(format!("{listening}/metrics")).await?;
        Ok(Self(answer.error_for_status()?.text().await?))
    }

    /// The sum of a metric over the series whose labels hold `label`.
    pub(super) fn sum(&self, name: &str, label: &str) -> Result<f64> {
        let mut sum = None;
        for line in self.0.lines() {
            let Some((series, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let (this, labels) = series.split_once('{').unwrap_or((series, ""));
            if this == name && labels.contains(label) {
                *sum.get_or_insert(0.0) += value.parse::<f64>()?;
            }
        }
        sum.with_context(|| format!("there is no metric {name} with {label}"))
    }
}

//! Templates as the API shows them, with the launch times of their deployments (F53): those of a whole list are read in one
//! look.

use std::collections::HashMap;

use ingot_client::Template;
use ingot_client::template::LaunchTimes;
use ingot_domain::cron5::Line;
use ingot_entity::template;

use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// Launches the medians of a template rest on, per path.
const SAMPLES: u64 = 50;

/// A revision, with the launch times of its template; the console uses it too.
pub(crate) async fn shown(api: &Api, row: template::Model) -> Result<Template, ApiError> {
    let mut shown = all_shown(api, vec![row]).await?;
    shown.pop().ok_or(ApiError::Internal)
}

/// Revisions of several templates.
pub(super) async fn all_shown(
    api: &Api,
    rows: Vec<template::Model>,
) -> Result<Vec<Template>, ApiError> {
    let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    let mut millis: HashMap<(String, String), Vec<i64>> = HashMap::new();
    for sample in api.ledger.launch_samples(&names, SAMPLES).await? {
        let of = (sample.template, sample.launch_path);
        millis.entry(of).or_default().push(sample.time_to_ready_ms);
    }
    let mut median = |name: &str, path: &str| -> (Option<u64>, u64) {
        let of = (name.to_owned(), path.to_owned());
        let mut millis = millis.remove(&of).unwrap_or_default();
        millis.sort_unstable();
        let middle = millis.get(millis.len() / 2);
        let middle = middle.and_then(|ms| u64::try_from(ms / 1000).ok());
        (middle, millis.len() as u64)
    };
    let (zone, now) = (
        api.ledger.policy().await?.policy.timezone,
        api.ledger.calendar_now(),
    );
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let (fresh, cached) = (median(&row.name, "fresh"), median(&row.name, "cached"));
        let times = LaunchTimes {
            fresh_seconds: fresh.0,
            cached_seconds: cached.0,
            samples: fresh.1 + cached.1,
        };
        let spec = row.parsed()?;
        let fires = |line: &Line| line.fires(zone, now, 1).into_iter().next();
        let next = spec.rebuild.as_ref().and_then(fires);
        all.push(present::template(&row, &spec, times, next));
    }
    Ok(all)
}

//! A week by region: when windows are open, and where builds are placed. Units are those of the picture's own view box.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use ingot_client::plan::PlanSeen;

use crate::console::builds::address;
use crate::console::text;

/// Days of the picture.
const DAYS: i64 = 7;
/// Units of the picture: a day, what stands left of the first, a region's height, and what stands above the first.
pub(super) const DAY: f64 = 120.0;
pub(super) const LEFT: f64 = 120.0;
const HEIGHT: f64 = 34.0;
const TOP: f64 = 28.0;
/// The narrowest bar, so that a short build is seen.
const NARROWEST: f64 = 6.0;

pub(super) struct Picture {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) days: Vec<Label>,
    pub(super) regions: Vec<Label>,
    pub(super) windows: Vec<Bar>,
    pub(super) builds: Vec<Bar>,
    pub(super) said: String,
}

pub(super) struct Label {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) text: String,
}

pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) class: &'static str,
    pub(super) said: String,
    pub(super) href: Option<String>,
}

/// A span of the picture, cut to its week; none when it lies outside.
fn span(plan: &PlanSeen, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<(f64, f64)> {
    let end = plan.at + TimeDelta::days(DAYS);
    if to <= plan.at || from >= end {
        return None;
    }
    let unit = |at: DateTime<Utc>| {
        let seconds = i32::try_from((at - plan.at).num_seconds()).unwrap_or_default();
        LEFT + f64::from(seconds) / 86_400.0 * DAY
    };
    let (from, to) = (unit(from.max(plan.at)), unit(to.min(end)));
    Some((from, (to - from).max(NARROWEST)))
}

/// The picture of a plan.
pub(super) fn picture(plan: &PlanSeen) -> Picture {
    let named = plan.builds.iter().map(|one| one.region.as_str());
    let named = named.chain(plan.running.iter().map(|one| one.region.as_str()));
    let mut regions: Vec<&str> = named.collect::<BTreeSet<_>>().into_iter().collect();
    if regions.is_empty() {
        regions.push("no region");
    }
    let row = |region: &str| {
        let at = regions.iter().position(|one| *one == region);
        let at = u32::try_from(at.unwrap_or_default()).unwrap_or_default();
        TOP + f64::from(at) * HEIGHT
    };
    let rows = f64::from(u32::try_from(regions.len()).unwrap_or(1));
    let windows = plan.windows.iter().filter_map(|one| {
        let (x, width) = span(plan, one.opens, one.closes)?;
        Some(Bar {
            x,
            y: TOP,
            width,
            height: rows * HEIGHT,
            class: if one.window == "urgent" {
                "urgent"
            } else {
                "open"
            },
            said: format!(
                "The {} window is open from {} to {}",
                text::plain(&one.window),
                text::instant(one.opens),
                text::instant(one.closes)
            ),
            href: None,
        })
    });
    let placed = plan.builds.iter().filter_map(|one| {
        let (from, to) = (one.scheduled_for?, one.expected_end?);
        let (x, width) = span(plan, from, to)?;
        Some(Bar {
            x,
            y: row(&one.region) + 6.0,
            width,
            height: HEIGHT - 12.0,
            class: if one.late { "late" } else { "placed" },
            said: text::plain(&format!(
                "{} {} starts {}",
                one.template,
                one.version,
                text::instant(from)
            )),
            href: one.build_id.as_deref().map(address),
        })
    });
    let runs = plan.running.iter().filter_map(|one| {
        let until = one
            .until
            .unwrap_or(plan.at)
            .max(plan.at + TimeDelta::minutes(5));
        let (x, width) = span(plan, plan.at, until)?;
        Some(Bar {
            x,
            y: row(&one.region) + 6.0,
            width,
            height: HEIGHT - 12.0,
            class: "running",
            said: text::plain(&format!(
                "{} runs until {}",
                one.template,
                text::instant(until)
            )),
            href: Some(address(&one.build_id)),
        })
    });
    let builds: Vec<Bar> = placed.chain(runs).collect();
    let s = if builds.len() == 1 { "" } else { "s" };
    Picture {
        width: LEFT + f64::from(i32::try_from(DAYS).unwrap_or(7)) * DAY,
        height: TOP + rows * HEIGHT,
        days: days(plan),
        regions: regions
            .iter()
            .map(|region| Label {
                x: 4.0,
                y: row(region) + HEIGHT / 2.0 + 4.0,
                text: text::plain(region),
            })
            .collect(),
        windows: windows.collect(),
        said: format!(
            "The week from {} by region: {} placed or running build{s}, and when windows are open. The tables below say the same.",
            text::instant(plan.at),
            builds.len()
        ),
        builds,
    }
}

/// The midnights (UTC) of the week.
fn days(plan: &PlanSeen) -> Vec<Label> {
    let first = plan.at.date_naive();
    (0..=DAYS)
        .filter_map(|day| {
            let date = first + TimeDelta::days(day);
            let at = date.and_hms_opt(0, 0, 0)?.and_utc();
            let (x, _) = span(plan, at, at + TimeDelta::seconds(1))?;
            Some(Label {
                x,
                y: 16.0,
                text: date.format("%a %m-%d").to_string(),
            })
        })
        .collect()
}

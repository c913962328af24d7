//! What the judgement may be missing, and how far it can be relied on (ADVISORIES 4.3 rule 7 and 4.4).

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};

use super::super::apply::Images;
use super::super::base::Os;
use super::{Confidence, Evidence, Grade, Known};
use crate::Instant;

const FRESH: TimeDelta = TimeDelta::hours(24);

/// The time up to which a feed must reach to cover the new build. Vendors publish on most days; Microsoft does on the second
/// Tuesday of a month, and a bulletin of that day is as fresh as can be until the next.
fn due(images: &Images) -> Instant {
    let created = images.created;
    if images.base.os != Os::Windows {
        return created - FRESH;
    }
    let day = created.date_naive();
    let tuesday = |first: NaiveDate| {
        NaiveDate::from_weekday_of_month_opt(first.year(), first.month(), Weekday::Tue, 2)
    };
    let before = day
        .with_day(1)
        .and_then(|first| first.checked_sub_days(Days::new(1)));
    let last = tuesday(day)
        .filter(|tuesday| *tuesday <= day)
        .or_else(|| before.and_then(tuesday));
    last.map_or(created - FRESH, |day| {
        day.and_time(chrono::NaiveTime::MIN).and_utc()
    })
}

/// Why something that counts may be missing; empty when nothing may.
pub(super) fn open(known: &Known<'_>, evidence: &[Evidence], at: Instant) -> Vec<String> {
    let images = known.images;
    let feed = images.base.os.feed();
    let mut open = Vec::new();
    match known.feed {
        None => open.push(format!(
            "there is no {feed} feed, so no advisory for {} is known",
            images.base
        )),
        Some(state) => {
            match state.newest {
                None => open.push(format!("the {feed} feed holds no advisory")),
                Some(newest) if newest < due(images) => open.push(format!(
                    "the {feed} feed is older than the build: its newest record is of {}",
                    newest.format("%Y-%m-%dT%H:%MZ")
                )),
                Some(_) => {}
            }
            if let Some(fetched) = state.fetched.filter(|fetched| *fetched + FRESH < at) {
                let when = fetched.format("%Y-%m-%dT%H:%MZ");
                open.push(format!(
                    "the {feed} feed is stale: it was last fetched {when}"
                ));
            }
            if let Some(first) = state.damaged.first() {
                let count = state.damaged.len();
                open.push(format!(
                    "{count} parts of the {feed} feed could not be read and may hold an advisory: {first}"
                ));
            }
        }
    }
    let silent = evidence
        .iter()
        .filter(|row| row.status.counts() && row.item_level.is_none())
        .count();
    if silent > 0 {
        open.push(format!("{silent} items have no severity that is known"));
    }
    open
}

/// Rule 7.
pub(super) fn confidence(
    known: &Known<'_>,
    evidence: &[Evidence],
    reasons: &[String],
    unsettled: bool,
    at: Instant,
) -> Confidence {
    let images = known.images;
    let over = images
        .base
        .end_of_life()
        .is_some_and(|day| day < at.date_naive());
    let one_sided = images.new_list.is_some() && images.old_list.is_none();
    let window_alone = evidence.iter().any(|row| row.status.counts())
        && evidence
            .iter()
            .filter(|row| row.status.counts())
            .all(|row| row.grade == Grade::D);
    let exact = known.listed.is_some()
        || images.repositories.is_some()
        || (images.old_list.is_some() && images.new_list.is_some());
    if known.feed.is_none() {
        Confidence::None
    } else if !reasons.is_empty() || unsettled || over || one_sided || window_alone {
        Confidence::Low
    } else if exact {
        Confidence::High
    } else {
        Confidence::Medium
    }
}

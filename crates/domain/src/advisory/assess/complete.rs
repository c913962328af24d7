//! What the judgement may be missing, and how far it can be relied on (ADVISORIES 4.3 rule 7 and 4.4).

use std::collections::BTreeSet;

use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta, Weekday};

use super::super::apply::{Images, Status};
use super::super::base::Os;
use super::super::record::FeedState;
use super::{Confidence, Evidence, Grade, Known, lists};
use crate::Instant;

const FRESH: TimeDelta = TimeDelta::hours(24);
/// A release without a new record for so long is no longer told of, although the feed goes on: the longest pause that
/// AlmaLinux 9 made is 21 days, Debian's are 13.
const SILENCE: TimeDelta = TimeDelta::days(30);

/// The time up to which a feed must reach to cover the new build. Vendors publish on most days; Microsoft does on the second
/// Tuesday of a month, and a bulletin of that day is as fresh as can be until the next.
fn due(images: &Images) -> Instant {
    let created = images.created;
    if images.base.os != Os::Windows {
        return created - FRESH;
    }
    let day = created.date_naive();
    let before = day
        .with_day(1)
        .and_then(|first| first.checked_sub_days(Days::new(1)));
    let last = patch_tuesday(day)
        .filter(|tuesday| *tuesday <= day)
        .or_else(|| before.and_then(patch_tuesday));
    last.map_or(created - FRESH, |day| {
        day.and_time(chrono::NaiveTime::MIN).and_utc()
    })
}

/// The second Tuesday of a day's month, on which Microsoft publishes.
fn patch_tuesday(day: NaiveDate) -> Option<NaiveDate> {
    NaiveDate::from_weekday_of_month_opt(day.year(), day.month(), Weekday::Tue, 2)
}

/// Why the feed's records of the release do not cover the time between the builds.
fn uncovered(known: &Known<'_>, state: &FeedState, at: Instant) -> Vec<String> {
    let images = known.images;
    let (base, feed) = (&images.base, images.base.os.feed());
    let Some(span) = state.releases.get(&base.release) else {
        return vec![format!(
            "the {feed} feed holds no advisory for release {} of {base}",
            base.release
        )];
    };
    if base.os == Os::Windows {
        return silent_months(known, at)
            .into_iter()
            .map(|month| {
                format!("the {feed} feed lacks Microsoft's bulletin of {month} for {base}")
            })
            .collect();
    }
    // The repositories of both builds tell what is new without any date.
    if images.repositories.is_some() {
        return Vec::new();
    }
    match span.oldest {
        None => vec![format!(
            "the {feed} feed holds no advisory with a day for {base}"
        )],
        Some(oldest) if oldest > images.old.begin() + FRESH => vec![format!(
            "the {feed} records for {base} begin on {}, after the old build: what was published before is not known",
            oldest.format("%Y-%m-%d")
        )],
        Some(_) => {
            let stops = span
                .newest
                .filter(|newest| *newest < images.created - SILENCE);
            stops
                .map(|newest| {
                    format!(
                        "the {feed} records for {base} stop on {}, {} days before the build",
                        newest.format("%Y-%m-%d"),
                        (images.created - newest).num_days()
                    )
                })
                .into_iter()
                .collect()
        }
    }
}

/// Months with a patch Tuesday between the builds, of which no bulletin names the release.
fn silent_months(known: &Known<'_>, at: Instant) -> Vec<String> {
    let images = known.images;
    let last = images.created.min(at).date_naive();
    let ours = known
        .advisories
        .iter()
        .filter(|advisory| advisory.os == Os::Windows && advisory.release == images.base.release);
    let told: BTreeSet<(i32, u32)> = ours
        .map(|advisory| (advisory.published.year(), advisory.published.month()))
        .collect();
    let mut silent = Vec::new();
    let mut month = images.old.date.with_day(1);
    while let Some(first) = month.filter(|first| *first <= last) {
        let due = patch_tuesday(first).filter(|day| *day > images.old.date && *day <= last);
        if due.is_some() && !told.contains(&(first.year(), first.month())) {
            silent.push(first.format("%Y-%b").to_string());
        }
        month = first.checked_add_months(Months::new(1));
    }
    silent
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
                Some(_) => open.extend(uncovered(known, state, at)),
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
    open.extend(lists::wrong(known, at));
    let silent = evidence
        .iter()
        .filter(|row| row.status.counts() && row.item_level.is_none())
        .count();
    if silent > 0 {
        open.push(format!("{silent} items have no severity that is known"));
    }
    open
}

/// What is missing of the signs of exploitation, where there is an item that they could make graver.
pub(super) fn signals(known: &Known<'_>, evidence: &[Evidence]) -> Vec<String> {
    let concerned = |row: &Evidence| {
        row.cve.is_some() && (row.status.counts() || row.status == Status::Possible)
    };
    let state = known.feed.filter(|_| evidence.iter().any(concerned));
    state.map(|state| state.signals.clone()).unwrap_or_default()
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
    let by_days = evidence
        .iter()
        .any(|row| row.status.counts() && row.grade != Grade::A);
    let exact = known.listed.is_some()
        || images.repositories.is_some()
        || (images.old_list.is_some() && images.new_list.is_some());
    if known.feed.is_none() {
        Confidence::None
    } else if !reasons.is_empty() || unsettled || over || one_sided || window_alone {
        Confidence::Low
    } else if exact && !lists::is_vague(images) && !by_days {
        Confidence::High
    } else {
        Confidence::Medium
    }
}

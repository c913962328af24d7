//! What the judgement may be missing, and how far it can be relied on (ADVISORIES 4.3 rule 7 and 4.4).

use chrono::TimeDelta;

use super::{Confidence, Evidence, Grade, Known};
use crate::Instant;

const FRESH: TimeDelta = TimeDelta::hours(24);

/// Why something that counts may be missing; empty when nothing may.
pub(super) fn open(known: &Known<'_>, evidence: &[Evidence], at: Instant) -> Vec<String> {
    let images = known.images;
    let feed = images.base.os.feed();
    let mut open = Vec::new();
    match known.feed {
        None => open.push(format!(
            "there is no {feed} feed: advisories of {} are not known",
            images.base
        )),
        Some(state) => {
            match state.newest {
                None => open.push(format!("the {feed} feed holds no advisory")),
                Some(newest) if newest + FRESH < images.created => open.push(format!(
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
    let exact = known.listed.is_some() || (images.old_list.is_some() && images.new_list.is_some());
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

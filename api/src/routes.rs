//! The handlers under `/v1`, one file per noun.

pub(crate) mod again;
pub(crate) mod auto_ami;
pub(crate) mod base_images;
pub(crate) mod budget;
pub(crate) mod builds;
pub(crate) mod checks;
pub(crate) mod copies;
pub(crate) mod deployments;
pub(crate) mod events;
pub(crate) mod extend;
pub(crate) mod feed_syncs;
pub(crate) mod feeds;
mod filter;
pub(crate) mod findings;
mod given;
pub(crate) mod images;
pub(crate) mod notifications;
pub(crate) mod operations;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod prices;
pub(crate) mod queues;
pub(crate) mod receivers;
pub(crate) mod settings;
mod stale;
pub(crate) mod status;
pub(crate) mod task_actions;
pub(crate) mod tasks;
pub(crate) mod templates;
pub(crate) mod updates;

use ingot_client::page::{DEFAULT_LIMIT, LONGEST_PAGE};
use ingot_domain::field::FieldError;
use ingot_entity::store::{Decided, Decision};

use crate::auth::Caller;
use crate::error::ApiError;

/// A page's length within bounds.
fn limit(asked: Option<u64>) -> Result<u64, ApiError> {
    let limit = asked.unwrap_or(DEFAULT_LIMIT);
    if (1..=LONGEST_PAGE).contains(&limit) {
        return Ok(limit);
    }
    let message = format!("give 1 to {LONGEST_PAGE}");
    Err(ApiError::Unreadable(vec![FieldError::new(
        "limit", limit, message,
    )]))
}

/// The longest reason for a decision, in characters.
const LONGEST_REASON: usize = 500;

/// Who decides, and why: a reason that says nothing is none.
fn decision(caller: &Caller, reason: String) -> Result<Decision, ApiError> {
    let length = reason.trim().chars().count();
    if !(1..=LONGEST_REASON).contains(&length) {
        let message = format!("say why in 1 to {LONGEST_REASON} characters");
        return Err(ApiError::Invalid(vec![FieldError::new(
            "reason", reason, message,
        )]));
    }
    Ok(Decision {
        by: caller.name.clone(),
        reason: reason.trim().to_owned(),
    })
}

/// What came of a decision, as the API answers it.
fn decided<T>(decided: Decided<T>, missing: impl FnOnce() -> String) -> Result<T, ApiError> {
    match decided {
        Decided::Done(row) => Ok(*row),
        Decided::Unknown => Err(ApiError::NotFound(missing())),
        Decided::Refused(why) => Err(ApiError::Conflict(why)),
    }
}

/// A word of a closed set, or the set.
fn word(field: &str, value: Option<&String>, known: &[&str]) -> Result<(), ApiError> {
    match value {
        Some(value) if !known.contains(&value.as_str()) => {
            let message = format!("choose one of {}", known.join(", "));
            Err(ApiError::Unreadable(vec![FieldError::new(
                field, value, message,
            )]))
        }
        _ => Ok(()),
    }
}

/// A cursor that one of our pages gave out: an id of the list's kind.
fn cursor<T: std::str::FromStr>(given: Option<&String>) -> Result<(), ApiError> {
    match given {
        Some(text) if text.parse::<T>().is_err() => {
            let message =
                "give back the `next_cursor` of the page before, or leave it out for the first";
            Err(ApiError::Unreadable(vec![FieldError::new(
                "cursor", text, message,
            )]))
        }
        _ => Ok(()),
    }
}

/// Cuts the one row read too many and makes the cursor of it.
fn page<R, T>(
    mut rows: Vec<R>,
    limit: u64,
    id: impl Fn(&R) -> String,
    show: impl Fn(R) -> T,
) -> ingot_client::Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = if more { rows.last().map(id) } else { None };
    ingot_client::Page {
        items: rows.into_iter().map(show).collect(),
        next_cursor,
    }
}

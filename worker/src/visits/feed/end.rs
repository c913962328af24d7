//! How a sync ends: its records are what is read from then on, or they were the same, or it failed and the old ones stay.

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::event::{Line, Source};
use ingot_entity::feed;
use ingot_entity::store::Synced;

use super::cursor::Cursor;
use super::{Step, Sync};
use crate::case::VisitError;

/// The longest source that a row keeps.
const LONGEST_SOURCE: usize = 500;
/// The longest reason.
const LONGEST_WHY: usize = 500;

/// How a sync failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failed {
    /// The host could not be reached or said no.
    Unreached,
    /// What came was cut or none of a feed's: the feed may lack something.
    Refused,
    /// The host was not asked; the feed is as it was.
    NotAsked,
}

impl Sync<'_> {
    /// All documents are there.
    pub(super) async fn finish(
        &self,
        row: feed::Model,
        cursor: Cursor,
    ) -> Result<Step, VisitError> {
        let now = self.tools.ledger.now();
        let mut after = feed::Model {
            cursor: None,
            next_sync_at: Some(self.next(now, false)),
            ..row.clone()
        };
        if cursor.generation.is_none() {
            let line = Line::info(
                "feed.unchanged",
                Source::Monitor,
                "Its source is as it was loaded",
            );
            let lines: Vec<Line> = match row.state.as_str() {
                // A look an hour that finds nothing new is no news.
                "ok" => Vec::new(),
                _ => vec![line],
            };
            after.fetched_at = Some(now);
            after.checked_at = Some(now);
            after.state = "ok".to_owned();
            after.error = None;
            after.sync_error = None;
            self.write(&row, after, &[], &lines).await?;
            return Ok(Step::Over);
        }
        if let Some(all) = cursor.all.filter(|all| cursor.listed < *all) {
            let why = format!(
                "the list ended after {} of {all} entries; what came is not all",
                cursor.listed
            );
            return self.fail(row, Failed::Refused, &why).await;
        }
        after.source = cursor.roots().join(", ");
        after.source = after.source.chars().take(LONGEST_SOURCE).collect();
        after.etag = serde_json::to_string(&cursor.marks).ok();
        let ended = self
            .tools
            .ledger
            .end_sync(&row, after, &cursor.unread, cursor.many);
        match ended.await? {
            Synced::Done(row) => {
                tracing::info!(
                    feed = self.feed.name(),
                    records = row.records,
                    "a feed was fetched"
                );
            }
            Synced::Refused(why) => {
                tracing::warn!(
                    feed = self.feed.name(),
                    why,
                    "a feed's new records were refused"
                );
            }
            Synced::Overtaken => return Ok(Step::Wait(now + TimeDelta::seconds(1))),
        }
        Ok(Step::Over)
    }

    /// It failed: what is loaded stays.
    pub(super) async fn fail(
        &self,
        row: feed::Model,
        failed: Failed,
        why: &str,
    ) -> Result<Step, VisitError> {
        let now = self.tools.ledger.now();
        let why: String = why.chars().take(LONGEST_WHY).collect();
        let ours = Cursor::of(&row).is_some_and(|cursor| cursor.generation == row.loading);
        let state = match failed {
            Failed::Unreached => Some("failing"),
            Failed::Refused => Some("stale"),
            Failed::NotAsked => None,
        };
        let mut after = feed::Model {
            cursor: None,
            checked_at: Some(now),
            // A worker that may not ask makes no promise for those that may.
            next_sync_at: self
                .tools
                .settings
                .feeds
                .as_ref()
                .map(|_| self.next(now, true)),
            sync_error: Some(why.clone()),
            ..row.clone()
        };
        if ours {
            after.loading = None;
        }
        if let Some(state) = state {
            after.state = state.to_owned();
            after.error = Some(why.clone());
        }
        // The same failure again every quarter of an hour is no news.
        let news = row.sync_error.as_ref() != Some(&why);
        let line = Line::info(
            "feed.failed",
            Source::Monitor,
            format!("It was not fetched: {why}"),
        )
        .warn();
        let lines: Vec<Line> = news.then_some(line).into_iter().collect();
        tracing::warn!(feed = self.feed.name(), why, "a feed was not fetched");
        match self.write(&row, after, &[], &lines).await? {
            Step::On(_) => Ok(Step::Over),
            step => Ok(step),
        }
    }

    fn next(&self, now: Instant, failed: bool) -> Instant {
        let install = &self.tools.settings.install;
        let pause = self.feed.pause(install, now, failed);
        now + TimeDelta::from_std(pause).unwrap_or_default()
    }
}

//! Fetching one feed of advisories from outside: documents are fetched, a large one in parts that lie on this worker's disk
//! until it is whole; each is read into pages, which are written with the place to go on from. A step is one transaction over
//! the row that was read; a visit takes as many as fit, and the next visit goes on, on any worker. What lies on a disk only
//! its own worker can go on with: another begins anew.

mod cursor;
mod document;
mod end;
mod outside;

use std::time::{Duration, Instant as Moment};

use ingot_domain::Instant;
use ingot_domain::advisory::feed::Feed;
use ingot_domain::event::{Line, Source};
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::feed;
use ingot_entity::store::{Claim, Then, feed_task};

use crate::case::VisitError;
use crate::tools::{FeedSettings, Tools};
use cursor::{Cursor, Stage};

/// How long a visit takes further steps. The last one may fetch and read a document, and a visit has 30 s.
const STEPS: Duration = Duration::from_secs(4);
/// What a worker says that may not ask outside.
const OFF: &str = "feeds over the network are off on this worker: start it with `--feeds network` (INGOT_FEEDS), or load a folder with `ingot advisories load`";

/// What became of a step.
enum Step {
    /// The next one follows.
    On(Box<feed::Model>),
    /// The next one follows at this instant.
    Wait(Instant),
    /// The sync has ended.
    Over,
}

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let name = claim.task.scope.as_deref().unwrap_or_default();
    let Some(feed) = Feed::parse(name) else {
        return Err(VisitError::Nonsense(format!("there is no feed `{name}`")));
    };
    let sync = Sync { tools, feed };
    let begun = Moment::now();
    let mut row = tools.ledger.feed_row(feed).await?;
    loop {
        let step = sync.step(row).await?;
        ingot_failpoint::hit!("feed.stepped").await;
        let until = match step {
            Step::On(next) if begun.elapsed() < STEPS => {
                row = *next;
                continue;
            }
            Step::On(_) => tools.ledger.now(),
            Step::Wait(until) => until,
            Step::Over => {
                // What came may fix what images lack; a visit that dies here leaves that to the next tick.
                let mut visit = Visit::only(Then::Done);
                visit.change.tasks = super::assess::fixes::due(tools, feed.os()).await?;
                return Ok(visit);
            }
        };
        let on = Wait::Batch;
        return Ok(Visit::only(Then::Wait { until, on }));
    }
}

/// Asks for the syncs that are due; a feed that is being fetched has its task already.
pub(super) async fn spread(tools: &Tools) -> Result<Visit, VisitError> {
    let mut visit = Visit::only(Then::Done);
    let settings = tools.settings.feeds.as_ref();
    if !settings.is_some_and(|feeds| feeds.by_itself) {
        return Ok(visit);
    }
    let now = tools.ledger.now();
    let rows = tools.ledger.feeds().await?;
    for feed in Feed::ALL {
        let row = rows.iter().find(|row| row.name == feed.name());
        let due = row.is_none_or(|row| row.enabled && row.next_sync_at.is_none_or(|at| at <= now));
        if due {
            visit.change.tasks.push(feed_task(feed, now));
        }
    }
    Ok(visit)
}

/// A task that was given up: its sync has failed, and the next one is as far away as after any failure.
pub(super) async fn failed(tools: &Tools, claim: &Claim, why: &str) -> Result<(), VisitError> {
    let name = claim.task.scope.as_deref().unwrap_or_default();
    if let Some(feed) = Feed::parse(name) {
        let row = tools.ledger.feed_row(feed).await?;
        let sync = Sync { tools, feed };
        sync.fail(row, end::Failed::Unreached, why).await?;
    }
    Ok(())
}

/// A sync of one feed.
struct Sync<'a> {
    tools: &'a Tools,
    feed: Feed,
}

impl Sync<'_> {
    async fn step(&self, row: feed::Model) -> Result<Step, VisitError> {
        let now = self.tools.ledger.now();
        let Some(cursor) = Cursor::of(&row) else {
            if !row.enabled || row.next_sync_at.is_some_and(|at| at > now) {
                return Ok(Step::Over);
            }
            let cursor = Cursor::begin(row.sources());
            if self.tools.settings.feeds.is_none() {
                return self.fail(row, end::Failed::NotAsked, OFF).await;
            }
            return self.keep(row, cursor, Vec::new()).await;
        };
        let Some(settings) = &self.tools.settings.feeds else {
            return self.fail(row, end::Failed::NotAsked, OFF).await;
        };
        if cursor.generation.is_some() && cursor.generation != row.loading {
            let why = "a load by hand came first";
            return self.fail(row, end::Failed::NotAsked, why).await;
        }
        if cursor.lies_elsewhere(&settings.spool) {
            let said = "Another worker begins anew: the parts lie on the disk of one that is gone";
            let line = Line::info("feed.anew", Source::Monitor, said);
            return self.keep(row, cursor.anew(), vec![line]).await;
        }
        match cursor.stage {
            Stage::Fetch if cursor.urls.is_empty() => self.finish(row, cursor).await,
            Stage::Fetch => self.fetch(settings, row, cursor).await,
            Stage::Read { .. } => self.read(settings, row, cursor).await,
            Stage::Pages { .. } => self.page(settings, row, cursor).await,
        }
    }

    /// Writes the place to go on from, with nothing else.
    async fn keep(
        &self,
        row: feed::Model,
        cursor: Cursor,
        lines: Vec<Line>,
    ) -> Result<Step, VisitError> {
        let after = feed::Model {
            cursor: Some(cursor.text()),
            ..row.clone()
        };
        self.write(&row, after, &[], &lines).await
    }

    async fn write(
        &self,
        row: &feed::Model,
        after: feed::Model,
        pages: &[ingot_domain::advisory::feed::Page],
        lines: &[Line],
    ) -> Result<Step, VisitError> {
        let written = self
            .tools
            .ledger
            .sync_step(row, after, pages, lines)
            .await?;
        Ok(match written {
            Some(row) => Step::On(Box::new(row)),
            // Another step or load came first: the row is read again.
            None => Step::Wait(self.tools.ledger.now() + chrono::TimeDelta::seconds(1)),
        })
    }

    /// Where this feed's parts lie.
    fn folder(&self, settings: &FeedSettings) -> std::path::PathBuf {
        settings.spool.join(self.feed.name())
    }
}

//! Syncs: a feed's load over the network, by a worker, in visits. Each step writes its pages, where to go on and what the
//! story says as one transaction, and only over the row that was read; so a step is done once, whatever dies or stalls. A
//! load by hand that begins meanwhile goes on, and the sync ends.

use ingot_domain::advisory::feed::{Feed, Page, may_replace};
use ingot_domain::event::{Line, Source};
use ingot_domain::task::TaskKind;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, TransactionTrait};
use serde_json::Value;

use super::super::engine::tasks;
use super::super::rows::{Column, Row, record};
use super::super::subject::{Stories, Subject, Write, move_all};
use super::super::{Ledger, LedgerError, NewTask};
use super::load::{MOST_DAMAGED, counted, known, one, write};
use super::stored::Load;
use crate::feed;

record! {
    /// What a step of a sync changes of a feed.
    CHANGED, changed of feed::Model {
        source: "text", etag: "text", cursor: "text", generation: "bigint", last_generation: "bigint", records: "bigint",
        newest: "timestamptz", fetched_at: "timestamptz", state: "text", error: "text", damaged: "jsonb",
        loading: "bigint", loading_pages: "bigint", loading_newest: "timestamptz", loading_since: "timestamptz",
        next_sync_at: "timestamptz", checked_at: "timestamptz", sync_error: "text",
    }
}

impl Subject for feed::Model {
    const TABLE: &'static str = "feed";
    const KEY: &'static str = "name";
    const CHANGED: &'static [Column] = CHANGED;

    fn id(&self) -> &str {
        &self.name
    }

    fn story(&self) -> String {
        format!("feed_{}", self.name)
    }

    fn row_version(&self) -> i64 {
        self.row_version
    }

    fn event_seq(&self) -> i64 {
        self.event_seq
    }

    fn changed(&self) -> Row {
        changed(self)
    }

    // How it stands follows from a load, whose own rules are kept where it ends.
    fn check(_: &Self, _: &Self) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// What became of a sync's end.
#[derive(Debug, Clone, PartialEq)]
pub enum Synced {
    /// Its generation is what is read.
    Done(Box<feed::Model>),
    /// It holds too few records; says so. The old ones are kept.
    Refused(String),
    /// Another step or load came first.
    Overtaken,
}

/// The task that syncs a feed; there is one at a time.
pub fn feed_task(feed: Feed, at: ingot_domain::Instant) -> NewTask {
    NewTask::about(TaskKind::Feed, feed.name(), key(feed), at)
}

fn key(feed: Feed) -> String {
    format!("{}:{}", TaskKind::Feed, feed.name())
}

impl Ledger {
    /// A feed's row, made if there is none.
    pub async fn feed_row(&self, feed: Feed) -> Result<feed::Model, LedgerError> {
        let tx = self.db.begin().await?;
        known(&tx, feed).await?;
        let row = one(&tx, feed).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Writes one step: the row as it shall be, pages of the load under way, and lines. None when another step or load came
    /// first; nothing is written then.
    pub async fn sync_step(
        &self,
        before: &feed::Model,
        mut after: feed::Model,
        pages: &[Page],
        lines: &[Line],
    ) -> Result<Option<feed::Model>, LedgerError> {
        let now = self.now();
        let newest = pages.iter().filter_map(|page| page.newest(now)).max();
        after.loading_newest = Ord::max(newest, after.loading_newest);
        after.loading_pages += i64::try_from(pages.len()).unwrap_or_default();
        let tx = self.db.begin().await?;
        if !moved(&tx, before, &after, lines, self.stories()).await? {
            return Ok(None);
        }
        if let (Some(feed), Some(generation)) = (after.feed(), after.loading) {
            let feed = feed.name();
            let load = Load { feed, generation };
            for page in pages {
                write(&tx, &after, load, page, self.calendar_now()).await?;
            }
        }
        tx.commit().await?;
        after.row_version = before.row_version + 1;
        after.event_seq = before.event_seq + i64::try_from(lines.len()).unwrap_or_default();
        Ok(Some(after))
    }

    /// Ends the sync whose load is under way: `after` with its generation flipped, unless it has too few records. `cursor`,
    /// `next_sync_at`, `source` and `etag` are the caller's.
    pub async fn end_sync(
        &self,
        before: &feed::Model,
        mut after: feed::Model,
        unread: &[String],
        many: usize,
    ) -> Result<Synced, LedgerError> {
        let now = self.now();
        let (Some(feed), Some(generation)) = (before.feed(), before.loading) else {
            return Ok(Synced::Overtaken);
        };
        let tx = self.db.begin().await?;
        let records = counted(&tx, feed, generation).await?;
        let held = u64::try_from(before.records).unwrap_or_default();
        after.loading = None;
        after.checked_at = Some(now);
        let refused = (!may_replace(held, records)).then(|| {
            format!(
                "the last sync had {records} records where there were {held} and was refused; the old ones are kept"
            )
        });
        let line = match &refused {
            Some(why) => {
                after.etag.clone_from(&before.etag);
                after.source.clone_from(&before.source);
                after.state = "stale".to_owned();
                after.error = Some(why.clone());
                after.sync_error = Some(why.clone());
                Line::info("feed.refused", Source::Monitor, sentence(why)).warn()
            }
            None => {
                after.generation = generation;
                after.records = i64::try_from(records).unwrap_or(i64::MAX);
                after.newest = before.loading_newest;
                after.fetched_at = Some(now);
                after.state = "ok".to_owned();
                after.error = None;
                after.sync_error = None;
                let kept = &unread[..unread.len().min(MOST_DAMAGED)];
                after.damaged = Value::from(kept.to_vec());
                let said = format!("{records} records from {}", after.source);
                match many {
                    0 => Line::info("feed.synced", Source::Monitor, said),
                    _ => {
                        let said = format!("{said}; {many} parts could not be read");
                        Line::info("feed.synced", Source::Monitor, said).warn()
                    }
                }
            }
        };
        if !moved(&tx, before, &after, &[line], self.stories()).await? {
            return Ok(Synced::Overtaken);
        }
        let row = one(&tx, feed).await?;
        tx.commit().await?;
        Ok(refused.map_or_else(|| Synced::Done(Box::new(row)), Synced::Refused))
    }

    /// Asks for a sync now: answers the row and its task, for which the caller rings. One that is under way is that sync.
    pub async fn ask_sync(&self, feed: Feed) -> Result<(feed::Model, NewTask), LedgerError> {
        let now = self.now();
        let tx = self.db.begin().await?;
        known(&tx, feed).await?;
        feed::Entity::update_many()
            .set(feed::ActiveModel {
                asked_at: Set(Some(now)),
                next_sync_at: Set(Some(now)),
                ..Default::default()
            })
            .filter(feed::Column::Name.eq(feed.name()))
            .exec(&tx)
            .await?;
        let task = tasks::ask(&tx, &feed_task(feed, now), now).await?;
        let row = one(&tx, feed).await?;
        tx.commit().await?;
        Ok((row, task))
    }

    /// Says whether and from where a feed is fetched; what is none stays, and no mirror means its publisher. A sync under
    /// way is over.
    pub async fn set_feed(
        &self,
        feed: Feed,
        enabled: Option<bool>,
        urls: Option<Vec<String>>,
        by: &str,
    ) -> Result<feed::Model, LedgerError> {
        use feed::Column;
        let tx = self.db.begin().await?;
        known(&tx, feed).await?;
        feed::Entity::update_many()
            .set(feed::ActiveModel {
                loading: Set(None),
                ..Default::default()
            })
            .filter(Column::Name.eq(feed.name()))
            .filter(Column::Cursor.is_not_null())
            .exec(&tx)
            .await?;
        let mut set = feed::ActiveModel {
            next_sync_at: Set(None),
            cursor: Set(None),
            ..Default::default()
        };
        let mut said = Vec::new();
        if let Some(enabled) = enabled {
            set.enabled = Set(enabled);
            let word = if enabled { "on" } else { "off" };
            said.push(format!("is {word} by {by}"));
        }
        if let Some(urls) = urls {
            said.push(match urls.is_empty() {
                true => format!("is fetched from its publisher, by {by}"),
                false => format!("is fetched from {}, by {by}", urls.join(", ")),
            });
            set.urls = Set((!urls.is_empty()).then(|| Value::from(urls)));
        }
        feed::Entity::update_many()
            .set(set)
            .col_expr(Column::RowVersion, Expr::col(Column::RowVersion).add(1))
            .col_expr(Column::EventSeq, Expr::col(Column::EventSeq).add(1))
            .filter(Column::Name.eq(feed.name()))
            .exec(&tx)
            .await?;
        let row = one(&tx, feed).await?;
        let said = format!("Feed `{}` {}", feed.name(), said.join(" and "));
        let mut stories = self.stories();
        let line = Line::info("feed.set", Source::Request, said);
        stories.say(&row.story(), row.event_seq - 1, &[line]);
        stories.append(&tx).await?;
        tx.commit().await?;
        Ok(row)
    }
}

async fn moved(
    tx: &sea_orm::DatabaseTransaction,
    before: &feed::Model,
    after: &feed::Model,
    lines: &[Line],
    mut stories: Stories,
) -> Result<bool, LedgerError> {
    let one = Write {
        before,
        after,
        lines,
    };
    if !move_all(tx, &[one], &mut stories).await? {
        return Ok(false);
    }
    stories.append(tx).await?;
    Ok(true)
}

fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

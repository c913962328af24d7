//! Loading a feed: begun, page by page, and ended by the flip to the new generation. Of two loads of one feed the one that
//! began last goes on; a page that comes again changes nothing.

use ingot_domain::Instant;
use ingot_domain::advisory::feed::{Feed, Page, may_replace};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    TransactionTrait,
};

use super::super::{Ledger, LedgerError};
use super::merge::{absorbed, joined};
use super::stored::{self, Load};
use crate::{advisory, feed, signal};

/// What is kept of the parts that could not be read.
pub(super) const MOST_DAMAGED: usize = 20;

/// What became of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paged {
    /// It is written down, now or before.
    Done,
    /// Another load of the feed has begun, or this one is over.
    Overtaken,
    /// Pages before it are missing; this one is next.
    Gap(i64),
}

/// What became of a load at its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Loaded {
    /// Its generation is what is read.
    Done(Box<feed::Model>),
    /// It holds too few records: the old ones are kept, and the feed is stale. Says so.
    Refused(String),
    /// Another load of the feed has begun, or there is none.
    Overtaken,
}

impl Ledger {
    /// Begins a load and answers its generation; one that was under way is over.
    pub async fn begin_load(&self, feed: Feed) -> Result<i64, LedgerError> {
        use feed::Column;
        let tx = self.db.begin().await?;
        known(&tx, feed).await?;
        let next = || Expr::col(Column::LastGeneration).add(1);
        feed::Entity::update_many()
            .col_expr(Column::LastGeneration, next())
            .col_expr(Column::Loading, next())
            .set(feed::ActiveModel {
                loading_pages: Set(0),
                loading_newest: Set(None),
                loading_since: Set(Some(self.now())),
                ..Default::default()
            })
            .col_expr(Column::RowVersion, Expr::col(Column::RowVersion).add(1))
            .filter(Column::Name.eq(feed.name()))
            .exec(&tx)
            .await?;
        let row = one(&tx, feed).await?;
        tx.commit().await?;
        Ok(row.last_generation)
    }

    /// Writes page number `number`, from 0 on, of a load.
    pub async fn add_page(
        &self,
        feed: Feed,
        generation: i64,
        number: i64,
        page: &Page,
    ) -> Result<Paged, LedgerError> {
        use feed::Column;
        let now = self.now();
        let tx = self.db.begin().await?;
        // The swap holds the row: pages of one feed are written one after the other.
        let taken = feed::Entity::update_many()
            .col_expr(Column::LoadingPages, Expr::value(number.saturating_add(1)))
            .col_expr(Column::RowVersion, Expr::col(Column::RowVersion).add(1))
            .filter(Column::Name.eq(feed.name()))
            .filter(Column::Loading.eq(generation))
            .filter(Column::LoadingPages.eq(number))
            .exec(&tx)
            .await?;
        if taken.rows_affected == 0 {
            let row = feed::Entity::find_by_id(feed.name()).one(&tx).await?;
            let ours = row.filter(|row| row.loading == Some(generation));
            return Ok(match ours {
                None => Paged::Overtaken,
                Some(row) if row.loading_pages > number => Paged::Done,
                Some(row) => Paged::Gap(row.loading_pages),
            });
        }
        let row = one(&tx, feed).await?;
        let load = Load {
            feed: feed.name(),
            generation,
        };
        write(&tx, &row, load, page, self.calendar_now()).await?;
        if let Some(newest) = Ord::max(page.newest(now), row.loading_newest) {
            feed::Entity::update_many()
                .set(feed::ActiveModel {
                    loading_newest: Set(Some(newest)),
                    ..Default::default()
                })
                .filter(Column::Name.eq(feed.name()))
                .exec(&tx)
                .await?;
        }
        tx.commit().await?;
        Ok(Paged::Done)
    }

    /// Ends a load. Its records become what is read, unless they are fewer than four of five of those before and `fewer`
    /// does not allow that. `source` says where they are from, `etag` what they are.
    pub async fn finish_load(
        &self,
        feed: Feed,
        generation: i64,
        source: &str,
        etag: Option<&str>,
        damaged: &[String],
        fewer: bool,
    ) -> Result<Loaded, LedgerError> {
        use feed::Column;
        let now = self.now();
        let tx = self.db.begin().await?;
        let held = feed::Entity::update_many()
            .col_expr(Column::RowVersion, Expr::col(Column::RowVersion).add(1))
            .filter(Column::Name.eq(feed.name()))
            .filter(Column::Loading.eq(generation))
            .exec(&tx)
            .await?;
        if held.rows_affected == 0 {
            let row = feed::Entity::find_by_id(feed.name()).one(&tx).await?;
            // The same end again: its answer was lost.
            let done = row.filter(|row| row.generation == generation);
            return Ok(done.map_or(Loaded::Overtaken, |row| Loaded::Done(Box::new(row))));
        }
        let row = one(&tx, feed).await?;
        let records = counted(&tx, feed, generation).await?;
        let before = u64::try_from(row.records).unwrap_or_default();
        let mut end = feed::ActiveModel {
            loading: Set(None),
            ..Default::default()
        };
        let refused = (!fewer && !may_replace(before, records)).then(|| {
            format!(
                "the last load had {records} records where there were {before} and was refused; the old ones are kept"
            )
        });
        match &refused {
            Some(why) => {
                end.state = Set("stale".to_owned());
                end.error = Set(Some(why.clone()));
            }
            None => {
                let most = damaged.len().min(MOST_DAMAGED);
                end.generation = Set(generation);
                end.records = Set(i64::try_from(records).unwrap_or(i64::MAX));
                end.newest = Set(row.loading_newest);
                end.fetched_at = Set(Some(now));
                end.source = Set(source.to_owned());
                end.etag = Set(etag.map(str::to_owned));
                end.state = Set("ok".to_owned());
                end.error = Set(None);
                end.damaged = Set(serde_json::Value::from(damaged[..most].to_vec()));
            }
        }
        feed::Entity::update_many()
            .set(end)
            .filter(Column::Name.eq(feed.name()))
            .exec(&tx)
            .await?;
        let row = one(&tx, feed).await?;
        tx.commit().await?;
        Ok(refused.map_or_else(|| Loaded::Done(Box::new(row)), Loaded::Refused))
    }

    /// Notes that the source still has what is loaded, as `etag` says; none if something else is loaded.
    pub async fn feed_unchanged(
        &self,
        feed: Feed,
        etag: &str,
    ) -> Result<Option<feed::Model>, LedgerError> {
        let seen = feed::ActiveModel {
            fetched_at: Set(Some(self.now())),
            state: Set("ok".to_owned()),
            error: Set(None),
            ..Default::default()
        };
        let noted = feed::Entity::update_many()
            .set(seen)
            .filter(feed::Column::Name.eq(feed.name()))
            .filter(feed::Column::Etag.eq(etag))
            .exec(&self.db)
            .await?;
        match noted.rows_affected {
            0 => Ok(None),
            _ => self.feed(feed).await,
        }
    }

    /// Notes that a fetch failed; what is loaded stays.
    pub async fn feed_failed(&self, feed: Feed, why: &str) -> Result<(), LedgerError> {
        let tx = self.db.begin().await?;
        known(&tx, feed).await?;
        let failed = feed::ActiveModel {
            state: Set("failing".to_owned()),
            error: Set(Some(why.to_owned())),
            ..Default::default()
        };
        feed::Entity::update_many()
            .set(failed)
            .filter(feed::Column::Name.eq(feed.name()))
            .exec(&tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

/// Writes a page's records under a load; `today` is what the calendar shows.
pub(super) async fn write(
    tx: &DatabaseTransaction,
    row: &feed::Model,
    load: Load<'_>,
    page: &Page,
    today: Instant,
) -> Result<(), LedgerError> {
    let advisories = joined(tx, row, load, page, today).await?;
    let (rows, cves) = stored::of_advisories(load, &advisories)?;
    if !rows.is_empty() {
        let again = "ON CONFLICT (feed, generation, release, id) DO UPDATE SET published = excluded.published, \
                     first_seen = excluded.first_seen, withdrawn = excluded.withdrawn, body = excluded.body";
        rows.insert(tx, "advisory", again).await?;
    }
    if !cves.is_empty() {
        let again = "ON CONFLICT DO NOTHING";
        cves.insert(tx, "advisory_cve", again).await?;
    }
    let signals = absorbed(tx, load, page).await?;
    let rows = stored::of_signals(load, &signals)?;
    if !rows.is_empty() {
        let again = "ON CONFLICT (cve, kind, feed, generation) DO UPDATE SET since = excluded.since, \
                     value = excluded.value";
        rows.insert(tx, "signal", again).await?;
    }
    Ok(())
}

/// Makes the feed's row when there is none.
pub(super) async fn known(tx: &DatabaseTransaction, feed: Feed) -> Result<(), LedgerError> {
    let row = feed::ActiveModel {
        name: Set(feed.name().to_owned()),
        source: Set(String::new()),
        damaged: Set(serde_json::json!([])),
        ..Default::default()
    };
    feed::Entity::insert(row)
        .on_conflict(
            OnConflict::column(feed::Column::Name)
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

pub(super) async fn one(tx: &DatabaseTransaction, feed: Feed) -> Result<feed::Model, LedgerError> {
    let row = feed::Entity::find_by_id(feed.name()).one(tx).await?;
    row.ok_or_else(|| LedgerError::Unknown {
        what: "feed",
        value: feed.name().to_owned(),
    })
}

/// How many records a generation has: advisories, or signals of a feed that has no advisories.
pub(super) async fn counted(
    tx: &DatabaseTransaction,
    feed: Feed,
    generation: i64,
) -> Result<u64, LedgerError> {
    let count = match feed.os() {
        Some(_) => {
            advisory::Entity::find()
                .filter(advisory::Column::Feed.eq(feed.name()))
                .filter(advisory::Column::Generation.eq(generation))
                .count(tx)
                .await
        }
        None => {
            signal::Entity::find()
                .filter(signal::Column::Feed.eq(feed.name()))
                .filter(signal::Column::Generation.eq(generation))
                .count(tx)
                .await
        }
    };
    Ok(count?)
}

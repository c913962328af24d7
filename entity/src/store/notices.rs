//! Notifications as people see them: lists, what is read, and the end of old ones.

use ingot_domain::Instant;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, TransactionTrait,
};

use super::retention::first_id;
use super::{Ledger, LedgerError};
use crate::{delivery, notification, reading};

/// Which notifications.
#[derive(Debug, Clone, Default)]
pub struct NoticeQuery {
    /// Only of these topics; all when there is none.
    pub topics: Vec<String>,
    /// Only what this reader has not read.
    pub unread_by: Option<String>,
    /// Only of this subject's story.
    pub subject: Option<String>,
    /// Only before this id.
    pub before: Option<String>,
}

/// The most that are marked as read at once.
const MARKED: u64 = 1_000;

fn read_by(reader: &str) -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .column(reading::Column::NotificationId)
        .from(reading::Entity)
        .and_where(Expr::col(reading::Column::Reader).eq(reader))
        .to_owned()
}

fn narrowed(query: &NoticeQuery) -> sea_orm::Select<notification::Entity> {
    use notification::Column;
    let mut select = notification::Entity::find();
    if !query.topics.is_empty() {
        select = select.filter(Column::Topic.is_in(&query.topics));
    }
    if let Some(subject) = &query.subject {
        select = select.filter(Column::Subject.eq(subject));
    }
    if let Some(before) = &query.before {
        select = select.filter(Column::Id.lt(before));
    }
    if let Some(reader) = &query.unread_by {
        select = select.filter(Column::Id.not_in_subquery(read_by(reader)));
    }
    select
}

impl Ledger {
    /// Notifications, newest first, each with when `reader` read it.
    pub async fn notifications(
        &self,
        query: &NoticeQuery,
        reader: &str,
        limit: u64,
    ) -> Result<Vec<(notification::Model, Option<Instant>)>, LedgerError> {
        let rows = narrowed(query)
            .order_by_desc(notification::Column::Id)
            .limit(limit)
            .all(&self.reader)
            .await?;
        let ids = rows.iter().map(|row| row.id.as_str());
        let read = reading::Entity::find()
            .filter(reading::Column::Reader.eq(reader))
            .filter(reading::Column::NotificationId.is_in(ids))
            .all(&self.reader)
            .await?;
        let at = |id: &str| {
            let row = read.iter().find(|row| row.notification_id == id);
            row.map(|row| row.at)
        };
        Ok(rows
            .into_iter()
            .map(|row| {
                let at = at(&row.id);
                (row, at)
            })
            .collect())
    }

    /// One notification, with when `reader` read it.
    pub async fn notification(
        &self,
        id: &str,
        reader: &str,
    ) -> Result<Option<(notification::Model, Option<Instant>)>, LedgerError> {
        let Some(row) = notification::Entity::find_by_id(id).one(&self.db).await? else {
            return Ok(None);
        };
        let key = (reader.to_owned(), id.to_owned());
        let read = reading::Entity::find_by_id(key).one(&self.db).await?;
        Ok(Some((row, read.map(|read| read.at))))
    }

    /// How many notifications a reader has not read.
    pub async fn unread(&self, reader: &str) -> Result<u64, LedgerError> {
        let query = NoticeQuery {
            unread_by: Some(reader.to_owned()),
            ..NoticeQuery::default()
        };
        Ok(narrowed(&query).count(&self.reader).await?)
    }

    /// Marks notifications as read, the newest thousand of those that are not where none are named; answers how many.
    pub async fn mark_read(
        &self,
        reader: &str,
        ids: Option<&[String]>,
    ) -> Result<u64, LedgerError> {
        let query = NoticeQuery {
            unread_by: Some(reader.to_owned()),
            ..NoticeQuery::default()
        };
        let mut select = narrowed(&query)
            .select_only()
            .column(notification::Column::Id)
            .order_by_desc(notification::Column::Id)
            .limit(MARKED);
        if let Some(ids) = ids {
            select = select.filter(notification::Column::Id.is_in(ids));
        }
        let unread: Vec<String> = select.into_tuple().all(&self.db).await?;
        if unread.is_empty() {
            return Ok(0);
        }
        let now = self.now();
        let count = unread.len() as u64;
        let rows = unread.into_iter().map(|id| reading::ActiveModel {
            reader: Set(reader.to_owned()),
            notification_id: Set(id),
            at: Set(now),
        });
        reading::Entity::insert_many(rows)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&self.db)
            .await?;
        Ok(count)
    }

    /// Deletes up to `batch` notifications from before an instant, with what was read and delivered of them.
    pub async fn prune_notifications(
        &self,
        before: Instant,
        batch: u64,
    ) -> Result<u64, LedgerError> {
        let ids: Vec<String> = notification::Entity::find()
            .select_only()
            .column(notification::Column::Id)
            .filter(notification::Column::Id.lt(first_id("ntf", before)))
            .order_by_asc(notification::Column::Id)
            .limit(batch)
            .into_tuple()
            .all(&self.db)
            .await?;
        if ids.is_empty() {
            return Ok(0);
        }
        let tx = self.db.begin().await?;
        reading::Entity::delete_many()
            .filter(reading::Column::NotificationId.is_in(&ids))
            .exec(&tx)
            .await?;
        delivery::Entity::delete_many()
            .filter(delivery::Column::NotificationId.is_in(&ids))
            .exec(&tx)
            .await?;
        let gone = notification::Entity::delete_many()
            .filter(notification::Column::Id.is_in(&ids))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(gone.rows_affected)
    }
}

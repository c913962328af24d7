//! The outbox: lines of stories that are notifications become rows, and deliveries with a task each, in the transaction that
//! writes the lines (DESIGN-2 section 2). What was told before, by its key, is not told again.

use std::collections::HashSet;

use ingot_domain::Instant;
use ingot_domain::ids::NotificationId;
use ingot_domain::notice::{Notice, Wishes};
use ingot_domain::task::TaskKind;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::LedgerError;
use super::engine::{NewTask, tasks};
use crate::{delivery, notification, receiver};

/// Rows of one statement. A receiver and a notification make a delivery each, and a database takes no more than some ten
/// thousand values in one statement (SQLite 32,766, Postgres 65,535).
const ROWS: usize = 500;

/// A notification to be written.
#[derive(Debug, Clone)]
pub(super) struct Telling {
    /// Whose story the line is from.
    pub(super) subject: String,
    /// The line's number.
    pub(super) seq: i64,
    /// Its sentence.
    pub(super) message: String,
    /// What makes it a notification.
    pub(super) notice: Notice,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of ids of this room"
)]
pub(super) fn new_id() -> String {
    NotificationId::new(Uuid::now_v7()).to_string()
}

/// The task of one delivery.
pub(super) fn task(notification: &str, receiver: &str, at: Instant) -> NewTask {
    let scope = format!("{notification}/{receiver}");
    let key = format!("{}:{scope}", TaskKind::Notify);
    NewTask::about(TaskKind::Notify, &scope, key, at)
}

/// Reads a receiver's preferences.
pub(super) fn wishes_of(row: &receiver::Model) -> Result<Wishes, LedgerError> {
    serde_json::from_value(row.wishes.clone()).map_err(|source| LedgerError::Json {
        what: "receiver's preferences",
        source,
    })
}

/// Writes notifications, their deliveries and the tasks of those.
pub(super) async fn write<C: ConnectionTrait>(
    tx: &C,
    told: &[Telling],
    now: Instant,
) -> Result<(), LedgerError> {
    if told.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<(notification::Model, &Notice)> = Vec::with_capacity(told.len());
    let mut keys = HashSet::new();
    for one in told {
        let notice = &one.notice;
        let key = notice.key(&one.subject, one.seq);
        if !keys.insert(key.clone()) {
            continue;
        }
        let facts = serde_json::to_value(&notice.facts).map_err(|source| LedgerError::Json {
            what: "notification's facts",
            source,
        })?;
        let row = notification::Model {
            id: new_id(),
            at: now,
            topic: notice.topic.to_string(),
            severity: notice.severity.to_string(),
            audience: notice.topic.audience().to_owned(),
            subject: one.subject.clone(),
            message: one.message.clone(),
            facts,
            until: notice.until,
            dedupe_key: key,
        };
        rows.push((row, notice));
    }
    let once = OnConflict::column(notification::Column::DedupeKey)
        .do_nothing()
        .to_owned();
    let mut new: HashSet<String> = HashSet::new();
    for some in rows.chunks(ROWS) {
        let models = some.iter().map(|(row, _)| active(row));
        notification::Entity::insert_many(models)
            .on_conflict(once.clone())
            .exec_without_returning(tx)
            .await?;
        let ids = some.iter().map(|(row, _)| row.id.as_str());
        let written: Vec<String> = notification::Entity::find()
            .select_only()
            .column(notification::Column::Id)
            .filter(notification::Column::Id.is_in(ids))
            .into_tuple()
            .all(tx)
            .await?;
        new.extend(written);
    }
    let receivers = receiver::Entity::find()
        .filter(receiver::Column::DisabledAt.is_null())
        .all(tx)
        .await?;
    let mut pairs = Vec::new();
    for receiver in &receivers {
        let wishes = wishes_of(receiver)?;
        for (row, notice) in &rows {
            if new.contains(&row.id) && wishes.wants(notice.topic, notice.severity) {
                pairs.push((row.id.as_str(), receiver.id.as_str()));
            }
        }
    }
    deliver(tx, &pairs, now).await
}

/// Writes deliveries of notifications to receivers, each with its task.
pub(super) async fn deliver<C: ConnectionTrait>(
    tx: &C,
    pairs: &[(&str, &str)],
    now: Instant,
) -> Result<(), LedgerError> {
    for some in pairs.chunks(ROWS) {
        let rows = some
            .iter()
            .map(|(notification, receiver)| delivery::ActiveModel {
                notification_id: Set((*notification).to_owned()),
                receiver_id: Set((*receiver).to_owned()),
                state: Set("waiting".to_owned()),
                attempts: Set(0),
                created_at: Set(now),
                first_at: Set(None),
                last_at: Set(None),
                delivered_at: Set(None),
                digest_at: Set(None),
                last_error: Set(None),
            });
        delivery::Entity::insert_many(rows)
            .exec_without_returning(tx)
            .await?;
        let new: Vec<NewTask> = some
            .iter()
            .map(|(notification, receiver)| task(notification, receiver, now))
            .collect();
        tasks::insert(tx, &new, now, false).await?;
    }
    Ok(())
}

pub(super) fn active(row: &notification::Model) -> notification::ActiveModel {
    use sea_orm::IntoActiveModel;
    row.clone().into_active_model()
}

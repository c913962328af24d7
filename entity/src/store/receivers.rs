//! Receivers of notifications: adding, changing, testing and removing them, and sealing their secrets anew.

use ingot_domain::event::{Line, Source};
use ingot_domain::ids::ReceiverId;
use ingot_domain::notice::{Channel, Notice, Topic, Wishes};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, TransactionTrait,
};
use serde_json::Value;
use uuid::Uuid;

use super::engine::NewTask;
use super::rows::record;
use super::subject::{Write, any_step, move_all, subject};
use super::{Ledger, LedgerError, outbox};
use crate::{delivery, notification, receiver};

record! {
    /// What people may change of a receiver.
    CHANGED, changed of receiver::Model {
        wishes: "jsonb", disabled_at: "timestamptz", disabled_reason: "text",
    }
}

subject!(receiver::Model, "receiver", CHANGED, changed, any_step);

/// How often a change is tried that another overtook.
const TRIES: usize = 5;

/// A receiver to be added. Its id is made first, because its secret is sealed for it.
#[derive(Debug, Clone)]
pub struct NewReceiver {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub channel: Channel,
    /// What people see of its address.
    pub address: String,
    /// What is not secret.
    pub settings: Value,
    /// What is, sealed.
    pub sealed: Option<String>,
    /// What it wishes to hear.
    pub wishes: Wishes,
    /// Who adds it.
    pub by: String,
}

/// A new receiver's id.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of ids of this room"
)]
pub fn receiver_id() -> String {
    ReceiverId::new(Uuid::now_v7()).to_string()
}

fn json(wishes: &Wishes) -> Result<Value, LedgerError> {
    serde_json::to_value(wishes).map_err(|source| LedgerError::Json {
        what: "receiver's preferences",
        source,
    })
}

impl Ledger {
    /// Every receiver, by name.
    pub async fn receivers(&self) -> Result<Vec<receiver::Model>, LedgerError> {
        Ok(receiver::Entity::find()
            .order_by_asc(receiver::Column::Name)
            .all(&self.db)
            .await?)
    }

    /// A receiver by its id or name.
    pub async fn receiver(&self, name: &str) -> Result<Option<receiver::Model>, LedgerError> {
        let either = Condition::any()
            .add(receiver::Column::Id.eq(name))
            .add(receiver::Column::Name.eq(name));
        Ok(receiver::Entity::find()
            .filter(either)
            .one(&self.db)
            .await?)
    }

    /// Adds a receiver; none when its name is taken.
    pub async fn add_receiver(
        &self,
        new: NewReceiver,
    ) -> Result<Option<receiver::Model>, LedgerError> {
        let tx = self.db.begin().await?;
        let mut stories = self.stories();
        let said = format!("{} added it", new.by);
        let lines = [Line::info("receiver.added", Source::Request, said)];
        let event_seq = stories.say(&new.id, 0, &lines);
        let row = receiver::Model {
            wishes: json(&new.wishes)?,
            id: new.id,
            name: new.name,
            channel: new.channel.to_string(),
            address: new.address,
            settings: new.settings,
            sealed: new.sealed,
            created_by: new.by,
            created_at: self.now(),
            paused_until: None,
            failing_since: None,
            failures: 0,
            last_error: None,
            last_ok_at: None,
            disabled_at: None,
            disabled_reason: None,
            digest_at: None,
            digest_by: None,
            row_version: 0,
            event_seq,
        };
        let once = sea_orm::sea_query::OnConflict::new()
            .do_nothing()
            .to_owned();
        let inserted = receiver::Entity::insert(row.clone().into_active_model())
            .on_conflict(once)
            .exec_without_returning(&tx)
            .await?;
        if inserted == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        stories.append(&tx).await?;
        tx.commit().await?;
        Ok(Some(row))
    }

    /// Removes a receiver with its deliveries; their tasks find nothing and end.
    pub async fn remove_receiver(&self, id: &str) -> Result<bool, LedgerError> {
        let tx = self.db.begin().await?;
        delivery::Entity::delete_many()
            .filter(delivery::Column::ReceiverId.eq(id))
            .exec(&tx)
            .await?;
        let gone = receiver::Entity::delete_by_id(id).exec(&tx).await?;
        tx.commit().await?;
        Ok(gone.rows_affected > 0)
    }

    /// Changes a receiver with a line of its story, again when another change came between; none when it is not there or
    /// `change` has nothing to do.
    pub(super) async fn change_receiver(
        &self,
        id: &str,
        change: impl Fn(&receiver::Model) -> Option<(receiver::Model, Line)>,
    ) -> Result<Option<receiver::Model>, LedgerError> {
        for _ in 0..TRIES {
            let found = receiver::Entity::find_by_id(id).one(&self.db).await?;
            let Some(before) = found else {
                return Ok(None);
            };
            let Some((after, line)) = change(&before) else {
                return Ok(None);
            };
            let lines = [line];
            let write = Write {
                before: &before,
                after: &after,
                lines: &lines,
            };
            let tx = self.db.begin().await?;
            let mut stories = self.stories();
            if move_all(&tx, &[write], &mut stories).await? {
                stories.append(&tx).await?;
                tx.commit().await?;
                return Ok(receiver::Entity::find_by_id(id).one(&self.db).await?);
            }
            tx.rollback().await?;
        }
        Ok(None)
    }

    /// Says what a receiver wishes to hear.
    pub async fn set_wishes(
        &self,
        id: &str,
        wishes: &Wishes,
        by: &str,
    ) -> Result<Option<receiver::Model>, LedgerError> {
        let value = json(wishes)?;
        let said = format!("{by} changed what it is told");
        self.change_receiver(id, |row| {
            let after = receiver::Model {
                wishes: value.clone(),
                ..row.clone()
            };
            let line = Line::info("receiver.changed", Source::Request, said.clone());
            Some((after, line))
        })
        .await
    }

    /// Lets a disabled receiver be tried again, from the beginning.
    pub async fn enable_receiver(
        &self,
        id: &str,
        by: &str,
    ) -> Result<Option<receiver::Model>, LedgerError> {
        use receiver::Column;
        let none = || Expr::value(Option::<ingot_domain::Instant>::None);
        receiver::Entity::update_many()
            .col_expr(Column::FailingSince, none())
            .col_expr(Column::PausedUntil, none())
            .col_expr(Column::Failures, Expr::value(0))
            .filter(Column::Id.eq(id))
            .exec(&self.db)
            .await?;
        let said = format!("{by} enabled it again");
        let changed = self
            .change_receiver(id, |row| {
                row.disabled_at?;
                let after = receiver::Model {
                    disabled_at: None,
                    disabled_reason: None,
                    ..row.clone()
                };
                Some((
                    after,
                    Line::info("receiver.enabled", Source::Request, said.clone()),
                ))
            })
            .await?;
        match changed {
            Some(row) => Ok(Some(row)),
            None => self.receiver(id).await,
        }
    }

    /// Sends a receiver nothing more of a topic, by a link of one of its letters.
    pub async fn mute(&self, id: &str, topic: Topic) -> Result<(), LedgerError> {
        self.change_receiver(id, |row| {
            let mut wishes = outbox::wishes_of(row).ok()?;
            if wishes.muted.contains(&topic) {
                return None;
            }
            wishes.muted.push(topic);
            let after = receiver::Model {
                wishes: json(&wishes).ok()?,
                ..row.clone()
            };
            let said = format!("a link of one of its letters ended `{topic}` for it");
            Some((after, Line::info("receiver.muted", Source::Request, said)))
        })
        .await?;
        Ok(())
    }

    /// Writes a test notification for one receiver alone; answers it and the task to ring for.
    pub async fn test_receiver(
        &self,
        row: &receiver::Model,
        by: &str,
    ) -> Result<(notification::Model, NewTask), LedgerError> {
        let (now, id) = (self.now(), outbox::new_id());
        let notice = Notice::of(Topic::Test);
        let told = notification::Model {
            at: now,
            topic: notice.topic.to_string(),
            severity: notice.severity.to_string(),
            audience: notice.topic.audience().to_owned(),
            subject: row.id.clone(),
            message: format!("{by} tests receiver `{}`", row.name),
            facts: serde_json::json!({ "receiver": row.name }),
            until: None,
            dedupe_key: format!("{}:{id}", notice.topic),
            id,
        };
        let tx = self.db.begin().await?;
        notification::Entity::insert(outbox::active(&told))
            .exec_without_returning(&tx)
            .await?;
        outbox::deliver(&tx, &[(&told.id, &row.id)], now).await?;
        tx.commit().await?;
        let task = outbox::task(&told.id, &row.id, now);
        Ok((told, task))
    }

    /// Puts a secret that was sealed anew in place of the one it was opened from; false when that changed meanwhile.
    pub async fn reseal(&self, id: &str, old: &str, new: &str) -> Result<bool, LedgerError> {
        let done = receiver::Entity::update_many()
            .col_expr(receiver::Column::Sealed, Expr::value(new))
            .filter(receiver::Column::Id.eq(id))
            .filter(receiver::Column::Sealed.eq(old))
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected == 1)
    }
}

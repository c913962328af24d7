//! Deliveries: what a visit needs to know of one, what becomes of it, and how its receiver stands. A receiver's standing is
//! written aside from the visit's end: it is a matter of pauses, and must never make a visit that sent something go twice.

use std::collections::HashMap;

use ingot_domain::Instant;
use ingot_domain::event::{Line, Source};
use ingot_domain::notice::Wishes;
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::rows::{Column, Rows, assignments, record};
use super::{Ledger, LedgerError, outbox};
use crate::{delivery, notification, receiver};

/// Letters of one digest.
const DIGEST: u64 = 500;

record! {
    /// What an attempt may change of a delivery.
    CHANGED, changed of delivery::Model {
        state: "text", attempts: "integer", first_at: "timestamptz", last_at: "timestamptz",
        delivered_at: "timestamptz", digest_at: "timestamptz", last_error: "text",
    }
}

const FOUND: &[Column] = &[("ntf", "text"), ("rcv", "text")];

/// A delivery with what it is of and whom it is for.
#[derive(Debug, Clone)]
pub struct DeliveryCase {
    /// The delivery.
    pub delivery: delivery::Model,
    /// What is told.
    pub notification: notification::Model,
    /// Whom.
    pub receiver: receiver::Model,
    /// What the receiver wishes.
    pub wishes: Wishes,
}

/// Writes deliveries as they shall be; only their own tasks do.
pub(super) async fn write<C: ConnectionTrait>(
    tx: &C,
    after: &[&delivery::Model],
) -> Result<(), LedgerError> {
    if after.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::of(&[FOUND, CHANGED]);
    for one in after {
        let row = changed(one)
            .with("ntf", &one.notification_id)
            .with("rcv", &one.receiver_id);
        rows.push(&row);
    }
    let set = assignments(&[CHANGED]);
    let rest = "WHERE delivery.notification_id = v.ntf AND delivery.receiver_id = v.rcv RETURNING notification_id";
    rows.update(tx, "delivery", &set, rest, []).await?;
    Ok(())
}

impl Ledger {
    /// A delivery with its notification and receiver; none when one of them is gone.
    pub async fn delivery_case(
        &self,
        notification: &str,
        receiver: &str,
    ) -> Result<Option<DeliveryCase>, LedgerError> {
        let key = (notification.to_owned(), receiver.to_owned());
        let Some(delivery) = delivery::Entity::find_by_id(key).one(&self.db).await? else {
            return Ok(None);
        };
        let receiver = receiver::Entity::find_by_id(receiver).one(&self.db).await?;
        let notification = notification::Entity::find_by_id(notification)
            .one(&self.db)
            .await?;
        let Some((notification, receiver)) = notification.zip(receiver) else {
            return Ok(None);
        };
        let wishes = outbox::wishes_of(&receiver)?;
        Ok(Some(DeliveryCase {
            delivery,
            notification,
            receiver,
            wishes,
        }))
    }

    /// The task that sends a receiver's digest of an instant: the first that asks, and it again.
    pub async fn claim_digest(
        &self,
        receiver: &str,
        at: Instant,
        task: &str,
    ) -> Result<bool, LedgerError> {
        use receiver::Column;
        let free = Condition::any()
            .add(Column::DigestAt.is_null())
            .add(Column::DigestAt.lt(at))
            .add(Column::DigestBy.is_null())
            .add(
                Condition::all()
                    .add(Column::DigestAt.eq(at))
                    .add(Column::DigestBy.eq(task)),
            );
        let claimed = receiver::Entity::update_many()
            .col_expr(Column::DigestAt, Expr::value(at))
            .col_expr(Column::DigestBy, Expr::value(task))
            .filter(Column::Id.eq(receiver))
            .filter(free)
            .exec(&self.db)
            .await?;
        Ok(claimed.rows_affected == 1)
    }

    /// Lets another task send the digest.
    pub async fn free_digest(&self, receiver: &str) -> Result<(), LedgerError> {
        receiver::Entity::update_many()
            .col_expr(
                receiver::Column::DigestBy,
                Expr::value(Option::<String>::None),
            )
            .filter(receiver::Column::Id.eq(receiver))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// What a receiver's digest of an instant carries, the oldest first.
    pub async fn digest(
        &self,
        receiver: &str,
        at: Instant,
    ) -> Result<Vec<(delivery::Model, notification::Model)>, LedgerError> {
        let held = delivery::Entity::find()
            .filter(delivery::Column::ReceiverId.eq(receiver))
            .filter(delivery::Column::State.eq("waiting"))
            .filter(delivery::Column::DigestAt.lte(at))
            .order_by_asc(delivery::Column::NotificationId)
            .limit(DIGEST)
            .all(&self.db)
            .await?;
        let ids = held.iter().map(|one| one.notification_id.as_str());
        let told = notification::Entity::find()
            .filter(notification::Column::Id.is_in(ids))
            .all(&self.db)
            .await?;
        let mut told: HashMap<String, notification::Model> =
            told.into_iter().map(|one| (one.id.clone(), one)).collect();
        Ok(held
            .into_iter()
            .filter_map(|one| {
                let told = told.remove(&one.notification_id)?;
                Some((one, told))
            })
            .collect())
    }

    /// One try of a receiver that fails: the first that asks while its pause is over, which then lasts until `until`.
    pub async fn probe_receiver(
        &self,
        id: &str,
        paused_until: Instant,
        until: Instant,
    ) -> Result<bool, LedgerError> {
        let probed = receiver::Entity::update_many()
            .col_expr(receiver::Column::PausedUntil, Expr::value(until))
            .filter(receiver::Column::Id.eq(id))
            .filter(receiver::Column::PausedUntil.eq(paused_until))
            .exec(&self.db)
            .await?;
        Ok(probed.rows_affected == 1)
    }

    /// A receiver took something. Written at most once a minute while all is well.
    pub async fn receiver_took(&self, row: &receiver::Model) -> Result<(), LedgerError> {
        use receiver::Column;
        let now = self.now();
        let lately = now - chrono::TimeDelta::seconds(60);
        let well = row.failing_since.is_none() && row.paused_until.is_none();
        if well && row.last_ok_at.is_some_and(|at| at > lately) {
            return Ok(());
        }
        let none = || Expr::value(Option::<Instant>::None);
        receiver::Entity::update_many()
            .col_expr(Column::FailingSince, none())
            .col_expr(Column::PausedUntil, none())
            .col_expr(Column::Failures, Expr::value(0))
            .col_expr(Column::LastError, Expr::value(Option::<String>::None))
            .col_expr(Column::LastOkAt, Expr::value(now))
            .filter(Column::Id.eq(&row.id))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// A receiver did not take something; with an instant, all of its deliveries wait until then.
    pub async fn receiver_failed(
        &self,
        id: &str,
        until: Option<Instant>,
        why: &str,
    ) -> Result<(), LedgerError> {
        use receiver::Column;
        let now = Expr::value(self.now());
        let since = Func::coalesce([Expr::col(Column::FailingSince), now]);
        let mut update = receiver::Entity::update_many()
            .col_expr(Column::FailingSince, since.into())
            .col_expr(Column::Failures, Expr::col(Column::Failures).add(1))
            .col_expr(Column::LastError, Expr::value(why));
        if let Some(until) = until {
            update = update.col_expr(Column::PausedUntil, Expr::value(until));
        }
        update.filter(Column::Id.eq(id)).exec(&self.db).await?;
        Ok(())
    }

    /// Disables a receiver with notice to the others; nothing happens when it is disabled already.
    pub async fn disable_receiver(
        &self,
        id: &str,
        told: &str,
        why: &str,
    ) -> Result<(), LedgerError> {
        let said = |row: &receiver::Model| {
            let text = format!("receiver `{}` is not tried any more: {told}", row.name);
            Line::info("receiver.disabled", Source::Monitor, text).warn()
        };
        self.change_receiver(id, |row| {
            row.disabled_at.is_none().then(|| {
                let after = receiver::Model {
                    disabled_at: Some(self.now()),
                    disabled_reason: Some(why.to_owned()),
                    ..row.clone()
                };
                (after, said(row))
            })
        })
        .await?;
        Ok(())
    }

    /// Deliveries that wait for each receiver, and those that were given up.
    pub async fn delivery_counts(&self) -> Result<Vec<(String, String, i64)>, LedgerError> {
        Ok(delivery::Entity::find()
            .select_only()
            .column(delivery::Column::ReceiverId)
            .column(delivery::Column::State)
            .column_as(delivery::Column::NotificationId.count(), "n")
            .group_by(delivery::Column::ReceiverId)
            .group_by(delivery::Column::State)
            .into_tuple()
            .all(&self.reader)
            .await?)
    }

    /// How each delivery of a notification stands.
    pub async fn deliveries_of(&self, id: &str) -> Result<Vec<delivery::Model>, LedgerError> {
        Ok(delivery::Entity::find()
            .filter(delivery::Column::NotificationId.eq(id))
            .order_by_asc(delivery::Column::ReceiverId)
            .all(&self.db)
            .await?)
    }

    /// Deliveries that wait, and since when the oldest of them.
    pub async fn outbox_depth(&self) -> Result<(u64, Option<Instant>), LedgerError> {
        let waiting = delivery::Entity::find().filter(delivery::Column::State.eq("waiting"));
        let count = waiting.clone().count(&self.reader).await?;
        let oldest = waiting
            .order_by_asc(delivery::Column::CreatedAt)
            .limit(1)
            .one(&self.reader)
            .await?;
        Ok((count, oldest.map(|row| row.created_at)))
    }
}

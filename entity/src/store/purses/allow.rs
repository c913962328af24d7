//! A person allows a budget more in its present period.

use ingot_domain::event::{Line, Source};
use ingot_domain::money::Money;
use ingot_domain::want::Purse;
use sea_orm::{EntityTrait, IntoActiveModel, TransactionTrait};

use super::book::Book;
use super::{Entry, Reservation, micros};
use crate::store::decisions::Decision;
use crate::store::subject::{Write, move_all};
use crate::store::{Ledger, LedgerError};
use crate::{purse, purse_entry};

impl Ledger {
    /// Allows a budget so much more in the calendar's day or month of now. One of this `id` that is written already is not written
    /// again, and answered with its purse; none: the `id` is that of an allowance of another amount, budget or reason.
    pub async fn allow_money(
        &self,
        id: &str,
        purse: Purse,
        more: Money,
        decision: &Decision,
    ) -> Result<Option<purse::Model>, LedgerError> {
        loop {
            let (active, at) = (self.policy().await?, self.calendar_now());
            let period = active.policy.period(purse, at);
            // A reservation of nothing: it opens and locks the purse, and is not entered.
            let opening = Entry::Reserve(Box::new(Reservation {
                build: id.to_owned(),
                run: 0,
                grant: None,
                policy: active.revision,
                periods: vec![period.clone()],
                money: Money::ZERO,
                at,
                beyond: false,
            }));
            let tx = self.db.begin().await?;
            let book = Book::open(&tx, &[&opening], at).await?;
            let Some(before) = book.found(&period.id()) else {
                tx.rollback().await?;
                continue;
            };
            if let Some(entry) = book.first(id, 0) {
                let of = book.found(&entry.purse).cloned();
                let same = entry.micros == micros(more)
                    && entry.decided_reason.as_deref() == Some(decision.reason.as_str());
                tx.rollback().await?;
                let of = of.filter(|of| same && of.budget == purse.to_string());
                return Ok(of);
            }
            let mut after = before.clone();
            after.keep(before.account().under(period.limit).allow(more));
            let said = format!(
                "{} allowed {more} USD more for the {purse} budget of {}, {} USD in all: {}",
                decision.by,
                period.name,
                after.account().budget(),
                decision.reason
            );
            let lines = [Line::info("budget.allowed", Source::Request, said)];
            let write = Write {
                before,
                after: &after,
                lines: &lines,
            };
            let mut stories = self.stories();
            if !move_all(&tx, &[write], &mut stories).await? {
                tx.rollback().await?;
                continue;
            }
            let entry = purse_entry::Model {
                build: id.to_owned(),
                run: 0,
                purse: after.id.clone(),
                kind: "allowance".to_owned(),
                micros: micros(more),
                grant_code: None,
                at,
                decided_by: Some(decision.by.clone()),
                decided_reason: Some(decision.reason.clone()),
            };
            purse_entry::Entity::insert(entry.into_active_model())
                .exec_without_returning(&tx)
                .await?;
            stories.append(&tx).await?;
            tx.commit().await?;
            return Ok(Some(after));
        }
    }
}

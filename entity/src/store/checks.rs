//! Checks of AWS accounts. A question and the task that answers it are one transaction; an answer takes the place of those
//! before it in the same account and region.

use ingot_domain::check::AccountCheck;
use ingot_domain::ids::CheckId;
use ingot_domain::task::TaskKind;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    TransactionTrait,
};
use uuid::Uuid;

use super::engine::tasks;
use super::{Ledger, LedgerError, NewTask};
use crate::account_check;

/// Questions that may wait for a worker at a time.
const OPEN: u64 = 100;

#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of ids of this room"
)]
fn new_id() -> CheckId {
    CheckId::new(Uuid::now_v7())
}

impl account_check::Model {
    /// What was found, once it is.
    pub fn parsed(&self) -> Result<Option<AccountCheck>, LedgerError> {
        let report = self.report.clone().map(serde_json::from_value);
        report.transpose().map_err(|source| LedgerError::Json {
            what: "check of an account",
            source,
        })
    }
}

impl Ledger {
    /// Asks for a check of a region; the caller rings for the task.
    pub async fn ask_check(
        &self,
        region: &str,
        by: &str,
    ) -> Result<(account_check::Model, NewTask), LedgerError> {
        let now = self.now();
        let id = new_id().to_string();
        let row = account_check::Model {
            id: id.clone(),
            region: region.to_owned(),
            asked_by: by.to_owned(),
            asked_at: now,
            account: None,
            report: None,
            error: None,
            done_at: None,
        };
        let task = NewTask::about(TaskKind::Check, &id, format!("check:{id}"), now);
        let tx = self.db.begin().await?;
        let made = account_check::ActiveModel::from(row.clone());
        account_check::Entity::insert(made)
            .exec_without_returning(&tx)
            .await?;
        tasks::insert(&tx, std::slice::from_ref(&task), now, true).await?;
        tx.commit().await?;
        Ok((row, task))
    }

    /// One check.
    pub async fn check(&self, id: &str) -> Result<Option<account_check::Model>, LedgerError> {
        Ok(account_check::Entity::find_by_id(id).one(&self.db).await?)
    }

    /// Every check that is kept, the newest question first.
    pub async fn checks(&self) -> Result<Vec<account_check::Model>, LedgerError> {
        Ok(account_check::Entity::find()
            .order_by_desc(account_check::Column::Id)
            .all(&self.db)
            .await?)
    }

    /// Writes down what a check found, or why it found nothing. One that was answered already stays as it is.
    pub async fn answer_check(
        &self,
        id: &str,
        found: Result<&AccountCheck, &str>,
    ) -> Result<(), LedgerError> {
        let Some(row) = self.check(id).await? else {
            return Ok(());
        };
        let mut answer = account_check::ActiveModel {
            done_at: Set(Some(self.now())),
            ..Default::default()
        };
        match found {
            Ok(check) => {
                let report = serde_json::to_value(check).map_err(|source| LedgerError::Json {
                    what: "check of an account",
                    source,
                })?;
                answer.account = Set(Some(check.account.clone()));
                answer.report = Set(Some(report));
            }
            Err(why) => answer.error = Set(Some(why.to_owned())),
        }
        let tx = self.db.begin().await?;
        let written = account_check::Entity::update_many()
            .set(answer)
            .filter(account_check::Column::Id.eq(id))
            .filter(account_check::Column::DoneAt.is_null())
            .exec(&tx)
            .await?;
        if written.rows_affected == 1 {
            // A failed check says nothing of the account, so it takes the place of failed ones only.
            let same = match found {
                Ok(check) => Condition::any()
                    .add(account_check::Column::Account.eq(&check.account))
                    .add(account_check::Column::Account.is_null()),
                Err(_) => Condition::all().add(account_check::Column::Account.is_null()),
            };
            account_check::Entity::delete_many()
                .filter(account_check::Column::Region.eq(&row.region))
                .filter(account_check::Column::DoneAt.is_not_null())
                .filter(account_check::Column::Id.lt(id))
                .filter(same)
                .exec(&tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Whether as many questions wait for a worker as may.
    pub async fn checks_are_too_many(&self) -> Result<bool, LedgerError> {
        let open = account_check::Entity::find()
            .filter(account_check::Column::DoneAt.is_null())
            .count(&self.db)
            .await?;
        Ok(open >= OPEN)
    }
}

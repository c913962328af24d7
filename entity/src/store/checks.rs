//! Checks of AWS accounts. A question and the task that answers it are one transaction; an answer takes the place of those
//! before it in the same account and region.

use ingot_domain::check::AccountCheck;
use ingot_domain::check::trial::{Trial, TrialOrder};
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

fn stored(found: &AccountCheck) -> Result<serde_json::Value, LedgerError> {
    serde_json::to_value(found).map_err(|source| LedgerError::Json {
        what: "check of an account",
        source,
    })
}

impl account_check::Model {
    /// The trial launch it was asked for.
    pub fn trial_order(&self) -> Result<Option<TrialOrder>, LedgerError> {
        let order = self.trial.clone().map(serde_json::from_value);
        order.transpose().map_err(|source| LedgerError::Json {
            what: "order of a trial launch",
            source,
        })
    }

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
    /// Asks for a check of a region, with a trial launch if there is an order for one; the caller rings for the task.
    pub async fn ask_check(
        &self,
        region: &str,
        by: &str,
        trial: Option<&TrialOrder>,
    ) -> Result<(account_check::Model, NewTask), LedgerError> {
        let now = self.now();
        let id = new_id().to_string();
        let trial = trial.map(serde_json::to_value).transpose();
        let trial = trial.map_err(|source| LedgerError::Json {
            what: "order of a trial launch",
            source,
        })?;
        let row = account_check::Model {
            id: id.clone(),
            region: region.to_owned(),
            asked_by: by.to_owned(),
            asked_at: now,
            account: None,
            report: None,
            error: None,
            done_at: None,
            trial,
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

    /// The check of a region whose trial launch is not over.
    pub async fn open_trial(
        &self,
        region: &str,
    ) -> Result<Option<account_check::Model>, LedgerError> {
        Ok(account_check::Entity::find()
            .filter(account_check::Column::Region.eq(region))
            .filter(account_check::Column::DoneAt.is_null())
            .filter(account_check::Column::Trial.is_not_null())
            .one(&self.db)
            .await?)
    }

    /// Writes down what a check has found so far.
    pub async fn note_check(&self, id: &str, found: &AccountCheck) -> Result<(), LedgerError> {
        let so_far = account_check::ActiveModel {
            report: Set(Some(stored(found)?)),
            ..Default::default()
        };
        account_check::Entity::update_many()
            .set(so_far)
            .filter(account_check::Column::Id.eq(id))
            .filter(account_check::Column::DoneAt.is_null())
            .exec(&self.db)
            .await?;
        Ok(())
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
        // A failed check says nothing of the account, so it takes the place of failed ones only.
        let same = match found {
            Ok(check) => Condition::any()
                .add(account_check::Column::Account.eq(&check.account))
                .add(account_check::Column::Account.is_null()),
            Err(_) => Condition::all().add(account_check::Column::Account.is_null()),
        };
        let before = Condition::all()
            .add(account_check::Column::Region.eq(&row.region))
            .add(account_check::Column::DoneAt.is_not_null())
            .add(account_check::Column::Id.lt(id))
            .add(same);
        match found {
            Ok(check) => {
                let mut check = check.clone();
                if check.trial.is_none() {
                    check.trial = self.last_trial(before.clone()).await?;
                }
                answer.account = Set(Some(check.account.clone()));
                answer.report = Set(Some(stored(&check)?));
            }
            Err(why) => {
                answer.error = Set(Some(why.to_owned()));
                answer.report = Set(None);
            }
        }
        let tx = self.db.begin().await?;
        let written = account_check::Entity::update_many()
            .set(answer)
            .filter(account_check::Column::Id.eq(id))
            .filter(account_check::Column::DoneAt.is_null())
            .exec(&tx)
            .await?;
        if written.rows_affected == 1 {
            account_check::Entity::delete_many()
                .filter(before)
                .exec(&tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The newest trial launch of some checks.
    async fn last_trial(&self, of: Condition) -> Result<Option<Trial>, LedgerError> {
        let rows = account_check::Entity::find()
            .filter(of)
            .order_by_desc(account_check::Column::Id)
            .all(&self.db)
            .await?;
        for row in rows {
            if let Some(trial) = row.parsed()?.and_then(|found| found.trial) {
                return Ok(Some(trial));
            }
        }
        Ok(None)
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

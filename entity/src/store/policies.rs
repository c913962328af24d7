//! The installation's policy: revisions that never change, and which of them is in force. That is a setting with a story, whose
//! lines lie under [`SUBJECT`]; of two who change it at the same moment the second looks again.

use std::sync::Arc;

use ingot_domain::Instant;
use ingot_domain::event::{Line, Source};
use ingot_domain::policy::Policy;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, TransactionTrait,
};
use serde::{Deserialize, Serialize};

use super::decisions::Decision;
use super::{Ledger, LedgerError};
use crate::{policy, setting};

/// The name of the one policy there is.
pub(super) const INSTALLATION: &str = "installation";
/// Under which its story is told.
pub const SUBJECT: &str = "pol_installation";
/// The setting that says which revision is in force.
const SETTING: &str = "policy";
/// Most differences that one line of the story tells.
const TOLD: usize = 8;

/// The setting's value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pointer {
    /// 0 stands for the defaults.
    revision: i32,
    event_seq: i64,
    /// Since when.
    since: Option<Instant>,
}

/// The policy in force.
#[derive(Debug, Clone)]
pub struct ActivePolicy {
    /// Its revision; 0 while none was imported, then every key has its default.
    pub revision: i32,
    /// What it says.
    pub policy: Arc<Policy>,
    /// The revision as it is stored; none of 0.
    pub row: Option<policy::Model>,
    /// Since when it is in force.
    pub since: Option<Instant>,
}

/// What came of an import.
#[derive(Debug, Clone)]
pub enum Imported {
    /// It is in force, as this revision; `new` unless the newest revision says the same, word by word.
    Stored {
        /// The revision.
        row: Box<policy::Model>,
        /// Whether the revision is new.
        new: bool,
    },
    /// Another revision is in force than the caller expected.
    Moved {
        /// Which; 0 stands for the defaults.
        is: i32,
    },
}

impl policy::Model {
    /// What it says.
    pub fn parsed(&self) -> Result<Policy, LedgerError> {
        serde_json::from_value(self.spec.clone()).map_err(|source| LedgerError::Json {
            what: "policy",
            source,
        })
    }
}

impl Ledger {
    /// The policy in force.
    pub async fn policy(&self) -> Result<ActivePolicy, LedgerError> {
        in_force(&self.db).await
    }

    /// A revision, if there is one.
    pub async fn policy_revision(
        &self,
        revision: i32,
    ) -> Result<Option<policy::Model>, LedgerError> {
        revision_of(&self.db, revision).await
    }

    /// The revisions, the newest first, at most `limit`; those before `before` where that is given.
    pub async fn policy_revisions(
        &self,
        before: Option<i32>,
        limit: u64,
    ) -> Result<Vec<policy::Model>, LedgerError> {
        let mut rows = policy::Entity::find().filter(policy::Column::Name.eq(INSTALLATION));
        if let Some(before) = before {
            rows = rows.filter(policy::Column::Revision.lt(before));
        }
        Ok(rows
            .order_by_desc(policy::Column::Revision)
            .limit(limit)
            .all(&self.db)
            .await?)
    }

    /// Stores a policy as the next revision and puts it in force, in one transaction. One that says what the newest revision says,
    /// word by word, becomes none: that one is put in force. With `expected`, only over that revision in force.
    pub async fn import_policy(
        &self,
        spec: &Policy,
        yaml: &str,
        by: &str,
        reason: Option<&str>,
        expected: Option<i32>,
    ) -> Result<Imported, LedgerError> {
        let json = serde_json::to_value(spec).map_err(|source| LedgerError::Json {
            what: "policy",
            source,
        })?;
        loop {
            let (was, text) = pointer(&self.db, false).await?;
            if expected.is_some_and(|expected| expected != was.revision) {
                return Ok(Imported::Moved { is: was.revision });
            }
            let before = active(&self.db, was).await?;
            let newest = self.policy_revisions(None, 1).await?.pop();
            let same = newest.clone().filter(|row| row.yaml == yaml);
            let new = same.is_none();
            let row = same.unwrap_or_else(|| policy::Model {
                name: INSTALLATION.to_owned(),
                revision: newest.as_ref().map_or(1, |row| row.revision + 1),
                spec: json.clone(),
                yaml: yaml.to_owned(),
                created_by: by.to_owned(),
                created_reason: reason.map(str::to_owned),
                created_at: self.now(),
            });
            if !new && was.revision == row.revision {
                return Ok(Imported::Stored {
                    row: Box::new(row),
                    new,
                });
            }
            let what = match new {
                true => "imported",
                false => "imported anew",
            };
            let line = told(what, by, reason, &before, spec, row.revision);
            let tx = self.db.begin().await?;
            let stored = match new {
                true => {
                    policy::Entity::insert(row.clone().into_active_model())
                        .on_conflict(OnConflict::new().do_nothing().to_owned())
                        .exec_without_returning(&tx)
                        .await?
                        > 0
                }
                false => true,
            };
            let moved = stored && self.point(&tx, was, &text, row.revision, &[line]).await?;
            if moved {
                tx.commit().await?;
                return Ok(Imported::Stored {
                    row: Box::new(row),
                    new,
                });
            }
            // Another import was first: look again.
            tx.rollback().await?;
        }
    }

    /// Puts a revision in force; answers it, or nothing if there is none of this number.
    pub async fn activate_policy(
        &self,
        revision: i32,
        decision: &Decision,
    ) -> Result<Option<policy::Model>, LedgerError> {
        let Some(row) = self.policy_revision(revision).await? else {
            return Ok(None);
        };
        let spec = row.parsed()?;
        loop {
            let (was, text) = pointer(&self.db, false).await?;
            if was.revision == revision {
                return Ok(Some(row));
            }
            let before = active(&self.db, was).await?;
            let (by, reason) = (decision.by.as_str(), Some(decision.reason.as_str()));
            let line = told("put in force", by, reason, &before, &spec, revision);
            let tx = self.db.begin().await?;
            if self.point(&tx, was, &text, revision, &[line]).await? {
                tx.commit().await?;
                return Ok(Some(row));
            }
            tx.rollback().await?;
        }
    }

    /// Swaps the setting and tells it; false when another transaction was first.
    async fn point<C: ConnectionTrait>(
        &self,
        tx: &C,
        was: Pointer,
        text: &Option<String>,
        revision: i32,
        lines: &[Line],
    ) -> Result<bool, LedgerError> {
        let mut stories = self.stories();
        let pointer = Pointer {
            revision,
            event_seq: stories.say(SUBJECT, was.event_seq, lines),
            since: Some(self.now()),
        };
        let what = "setting `policy`";
        let value = serde_json::to_string(&pointer);
        let value = value.map_err(|source| LedgerError::Json { what, source })?;
        let moved = match text {
            Some(text) => {
                let moved = setting::Entity::update_many()
                    .col_expr(setting::Column::Value, Expr::value(value))
                    .filter(setting::Column::Name.eq(SETTING))
                    .filter(setting::Column::Value.eq(text.as_str()))
                    .exec(tx)
                    .await?;
                moved.rows_affected
            }
            None => {
                let row = setting::ActiveModel {
                    name: Set(SETTING.to_owned()),
                    value: Set(value),
                };
                setting::Entity::insert(row)
                    .on_conflict(OnConflict::new().do_nothing().to_owned())
                    .exec_without_returning(tx)
                    .await?
            }
        };
        if moved != 1 {
            return Ok(false);
        }
        stories.append(tx).await?;
        Ok(true)
    }
}

/// The policy in force.
pub(super) async fn in_force<C: ConnectionTrait>(db: &C) -> Result<ActivePolicy, LedgerError> {
    let (pointer, _) = pointer(db, false).await?;
    active(db, pointer).await
}

async fn active<C: ConnectionTrait>(db: &C, pointer: Pointer) -> Result<ActivePolicy, LedgerError> {
    let row = match pointer.revision {
        0 => None,
        revision => revision_of(db, revision).await?,
    };
    let policy = match &row {
        Some(row) => row.parsed()?,
        None => Policy::default(),
    };
    Ok(ActivePolicy {
        revision: pointer.revision,
        policy: Arc::new(policy),
        row,
        since: pointer.since,
    })
}

async fn revision_of<C: ConnectionTrait>(
    db: &C,
    revision: i32,
) -> Result<Option<policy::Model>, LedgerError> {
    let key = (INSTALLATION.to_owned(), revision);
    Ok(policy::Entity::find_by_id(key).one(db).await?)
}

/// The setting, and its text, which a swap compares. With `held`, no other transaction changes it until
/// this one is over.
async fn pointer<C: ConnectionTrait>(
    db: &C,
    held: bool,
) -> Result<(Pointer, Option<String>), LedgerError> {
    let mut found = setting::Entity::find_by_id(SETTING);
    if held && db.get_database_backend() == DbBackend::Postgres {
        found = found.lock_shared();
    }
    let Some(row) = found.one(db).await? else {
        return Ok((Pointer::default(), None));
    };
    let pointer = serde_json::from_str(&row.value).map_err(|source| LedgerError::Json {
        what: "setting `policy`",
        source,
    })?;
    Ok((pointer, Some(row.value)))
}

/// The revision in force, which stays so until the transaction is over.
pub(super) async fn held_revision<C: ConnectionTrait>(tx: &C) -> Result<i32, LedgerError> {
    Ok(pointer(tx, true).await?.0.revision)
}

fn told(
    what: &str,
    by: &str,
    reason: Option<&str>,
    before: &ActivePolicy,
    after: &Policy,
    revision: i32,
) -> Line {
    let differs = before.policy.differs(after);
    let mut changes: Vec<String> = differs
        .iter()
        .take(TOLD)
        .map(|one| format!("{} {} → {}", one.key, one.before, one.after))
        .collect();
    if differs.len() > TOLD {
        changes.push(format!("and {} more", differs.len() - TOLD));
    }
    let changes = match changes.is_empty() {
        true => "nothing changes".to_owned(),
        false => changes.join("; "),
    };
    let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    let said = format!("{by}: revision {revision} {what}{reason}: {changes}");
    Line::info("policy.activated", Source::Request, said)
}

//! Findings: what a look saw is written over what the look before saw, in one transaction. Each scope (the scan, one
//! region's monitor) speaks for its own findings and clears those it sees no more.

use ingot_domain::Instant;
use ingot_domain::decide::scan::Sighting;
use ingot_domain::ids::FindingId;
use ingot_domain::invariant::WEATHER;
use ingot_domain::notice::{Notice, Topic};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, TransactionTrait,
};
use uuid::Uuid;

use super::outbox::{self, Telling};
use super::{Ledger, LedgerError};
use crate::finding;

/// Which findings.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each is an equality, `before` is the cursor")]
pub struct FindingQuery {
    pub invariant: Option<String>,
    pub deployment_id: Option<String>,
    /// Only open ones, or only cleared ones.
    pub open: Option<bool>,
    /// Only what a person said shall be kept, or only the rest.
    pub kept: Option<bool>,
    pub before: Option<String>,
}

/// How many open findings an invariant has.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Violations {
    /// The invariant's word.
    pub invariant: String,
    /// Seen twice or more.
    pub confirmed: i64,
    /// Seen once so far.
    pub suspected: i64,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of ids of this room"
)]
fn new_id() -> FindingId {
    FindingId::new(Uuid::now_v7())
}

impl Ledger {
    /// Writes a look down: what was seen before is seen again (a sighting counts when the last was before `apart`), what is
    /// new is inserted, what is seen no more is cleared.
    pub async fn sight(
        &self,
        scope: &str,
        seen: &[Sighting],
        apart: Instant,
    ) -> Result<(), LedgerError> {
        let now = self.now();
        let tx = self.db.begin().await?;
        let open = finding::Entity::find()
            .filter(finding::Column::Scope.eq(scope))
            .filter(finding::Column::ClearedAt.is_null())
            .all(&tx)
            .await?;
        let same = |row: &finding::Model, one: &Sighting| {
            row.invariant == one.invariant && row.subject == one.subject
        };
        for row in &open {
            let mut change = finding::ActiveModel::default();
            match seen.iter().find(|one| same(row, one)) {
                Some(one) => {
                    if row.last_seen_at <= apart {
                        change.sightings = Set(row.sightings.saturating_add(1));
                        change.last_seen_at = Set(now);
                    }
                    change.what = Set(one.what.clone());
                }
                None => {
                    change.cleared_at = Set(Some(now));
                    change.outcome = Set(Some(
                        row.outcome.clone().unwrap_or_else(|| "gone".to_owned()),
                    ));
                }
            }
            finding::Entity::update_many()
                .set(change)
                .filter(finding::Column::Id.eq(&row.id))
                .exec(&tx)
                .await?;
        }
        let mut told = Vec::new();
        for one in seen
            .iter()
            .filter(|one| !open.iter().any(|row| same(row, one)))
        {
            let id = new_id().to_string();
            let row = finding::ActiveModel {
                id: Set(id.clone()),
                invariant: Set(one.invariant.to_owned()),
                scope: Set(scope.to_owned()),
                subject: Set(one.subject.clone()),
                deployment_id: Set(one.deployment_id.clone()),
                what: Set(one.what.clone()),
                sightings: Set(1),
                first_seen_at: Set(now),
                last_seen_at: Set(now),
                outcome: Set(None),
                cleared_at: Set(None),
                ..Default::default()
            };
            let opened = finding::Entity::insert(row)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&tx)
                .await?;
            // Weather is waited out; an orphan or a broken rule is for a person.
            if opened > 0 && one.invariant != WEATHER {
                let notice = Notice::of(Topic::FindingOpened)
                    .with("invariant", one.invariant)
                    .with("about", one.subject.as_str());
                told.push(Telling {
                    subject: id,
                    seq: 1,
                    message: one.what.clone(),
                    notice,
                });
            }
        }
        outbox::write(&tx, &told, now).await?;
        Ok(tx.commit().await?)
    }

    /// Notes what is being done about an open finding; false when that was noted before.
    pub async fn note_outcome(&self, id: &str, outcome: &str) -> Result<bool, LedgerError> {
        let change = finding::ActiveModel {
            outcome: Set(Some(outcome.to_owned())),
            ..Default::default()
        };
        let noted = finding::Entity::update_many()
            .set(change)
            .filter(finding::Column::Id.eq(id))
            .filter(finding::Column::Outcome.is_null())
            .exec(&self.db)
            .await?;
        Ok(noted.rows_affected > 0)
    }

    /// Notes that EC2 refused for good to remove what an open finding is about.
    pub async fn note_refused(&self, id: &str, why: &str) -> Result<(), LedgerError> {
        let change = finding::ActiveModel {
            refused: Set(Some(why.to_owned())),
            ..Default::default()
        };
        finding::Entity::update_many()
            .set(change)
            .filter(finding::Column::Id.eq(id))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// Whether Ingot removed this object by itself once, and saw it gone: what is there again was restored by a person.
    pub async fn was_removed(&self, subject: &str) -> Result<bool, LedgerError> {
        let removed = finding::Entity::find()
            .filter(finding::Column::Subject.eq(subject))
            .filter(finding::Column::Outcome.eq("removed"))
            .filter(finding::Column::ClearedAt.is_not_null())
            .one(&self.db)
            .await?;
        Ok(removed.is_some())
    }

    /// The open findings of one scope.
    pub async fn open_findings(&self, scope: &str) -> Result<Vec<finding::Model>, LedgerError> {
        Ok(finding::Entity::find()
            .filter(finding::Column::Scope.eq(scope))
            .filter(finding::Column::ClearedAt.is_null())
            .all(&self.db)
            .await?)
    }

    /// Scopes with open findings.
    pub async fn open_scopes(&self) -> Result<Vec<String>, LedgerError> {
        #[derive(FromQueryResult)]
        struct Row {
            scope: String,
        }
        let rows: Vec<Row> = finding::Entity::find()
            .select_only()
            .column(finding::Column::Scope)
            .filter(finding::Column::ClearedAt.is_null())
            .distinct()
            .into_model()
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(|row| row.scope).collect())
    }

    /// What the open findings of an invariant are about.
    pub async fn open_subjects(&self, invariant: &str) -> Result<Vec<String>, LedgerError> {
        Ok(finding::Entity::find()
            .select_only()
            .column(finding::Column::Subject)
            .filter(finding::Column::Invariant.eq(invariant))
            .filter(finding::Column::ClearedAt.is_null())
            .limit(1_000)
            .into_tuple()
            .all(&self.db)
            .await?)
    }

    /// Findings, newest first.
    pub async fn list_findings(
        &self,
        query: &FindingQuery,
        limit: u64,
    ) -> Result<Vec<finding::Model>, LedgerError> {
        let mut select = finding::Entity::find();
        if let Some(invariant) = &query.invariant {
            select = select.filter(finding::Column::Invariant.eq(invariant));
        }
        if let Some(id) = &query.deployment_id {
            select = select.filter(finding::Column::DeploymentId.eq(id));
        }
        select = match query.open {
            Some(true) => select.filter(finding::Column::ClearedAt.is_null()),
            Some(false) => select.filter(finding::Column::ClearedAt.is_not_null()),
            None => select,
        };
        let kept = finding::Column::Settled.eq("keep");
        let told = Condition::any()
            .add(finding::Column::Settled.is_null())
            .add(finding::Column::Settled.ne("keep"));
        select = match query.kept {
            Some(true) => select.filter(kept),
            Some(false) => select.filter(told),
            None => select,
        };
        if let Some(before) = &query.before {
            select = select.filter(finding::Column::Id.lt(before));
        }
        Ok(select
            .order_by_desc(finding::Column::Id)
            .limit(limit)
            .all(&self.reader)
            .await?)
    }

    /// Open findings, counted by invariant.
    pub async fn violations(&self) -> Result<Vec<Violations>, LedgerError> {
        let sql = "SELECT invariant, \
             sum(CASE WHEN sightings >= 2 THEN 1 ELSE 0 END) AS confirmed, \
             sum(CASE WHEN sightings >= 2 THEN 0 ELSE 1 END) AS suspected \
             FROM finding WHERE cleared_at IS NULL AND COALESCE(settled, '') <> 'keep' GROUP BY invariant";
        let statement = sea_orm::Statement::from_string(self.db_backend(), sql);
        Ok(Violations::find_by_statement(statement)
            .all(&self.reader)
            .await?)
    }
}

//! Visits that do what the peers' tasks do, and nothing else.

use std::time::Duration;

use async_trait::async_trait;
use ingot_domain::task::TaskKind;
use ingot_engine::{Visit, VisitError, Visits};
use ingot_entity::Ledger;
use ingot_entity::store::{Beside, Claim, Then};
use ingot_migration::sea_orm::{DbBackend, Statement};

use super::record::Record;
use super::{Kind, now_micros};

const UPDATE: &str = "UPDATE bench_row SET n = n + 1, touched = now() WHERE id = $1";
const INSERT: &str =
    "INSERT INTO bench_event (row_id, at, message) VALUES ($1, now(), 'the task ran')";

/// Pays them.
#[derive(Debug)]
pub(super) struct BenchVisits {
    kind: Kind,
    ledger: Ledger,
    record: Option<Record>,
}

impl BenchVisits {
    pub(super) fn new(kind: Kind, ledger: Ledger, record: Option<Record>) -> Self {
        Self {
            kind,
            ledger,
            record,
        }
    }

    /// A task's row and the microsecond it was due.
    async fn subject(&self, claim: &Claim) -> Result<(i32, i64), VisitError> {
        let name = match (&claim.task.scope, &claim.task.deployment_id) {
            (Some(scope), _) => scope.clone(),
            (None, Some(id)) => {
                let row = self.ledger.deployment(id).await?;
                row.map(|row| row.job_name).unwrap_or_default()
            }
            (None, None) => String::new(),
        };
        let parsed = name
            .split_once([':', '-'])
            .and_then(|(row, due)| Some((row.parse().ok()?, due.parse().ok()?)));
        parsed.ok_or_else(|| VisitError::Nonsense(format!("`{name}` is not ROW:DUE")))
    }
}

#[async_trait]
impl Visits for BenchVisits {
    async fn pay(&self, claim: &Claim, _: TaskKind) -> Result<Visit, VisitError> {
        let started = now_micros();
        let mut visit = Visit::only(Then::Done);
        if self.record.is_some() || self.kind == Kind::Tx {
            let (row, due) = self.subject(claim).await?;
            if let Some(record) = &self.record {
                record.started(started, due, row);
            }
            if self.kind == Kind::Tx {
                let statement =
                    |sql| Statement::from_sql_and_values(DbBackend::Postgres, sql, [row.into()]);
                visit.beside = Beside(vec![statement(UPDATE), statement(INSERT)]);
            }
        }
        match self.kind {
            Kind::Wait20 => tokio::time::sleep(Duration::from_millis(20)).await,
            Kind::Hold => tokio::time::sleep(Duration::from_secs(600)).await,
            Kind::Tx | Kind::Noop => {}
        }
        Ok(visit)
    }

    async fn give_up(&self, _: &Claim, _: TaskKind, error: &str) -> Result<Visit, VisitError> {
        let error = error.to_owned();
        Ok(Visit::only(Then::Discard { error }))
    }
}

//! What a deployment, or a task, waits for at the moment.

use ingot_domain::Instant;
use ingot_domain::wait::Wait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{Ledger, LedgerError};
use crate::task;

/// A wait as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Whose.
    pub task_id: String,
    /// The task's kind.
    pub kind: String,
    /// The task's deployment, if it has one.
    pub deployment_id: Option<String>,
    /// For what.
    pub on: Wait,
    /// Since when the same has been waited for.
    pub since: Option<Instant>,
    /// When it looks again.
    pub next: Instant,
}

impl task::Model {
    /// What the task waits for, if it does. A binary before this one wrote the sentence alone.
    pub fn waiting(&self) -> Option<Waiting> {
        let sentence = self.waiting_for.as_deref()?;
        let lasting: Option<Wait> = self
            .wait
            .as_deref()
            .and_then(|wait| serde_json::from_str(wait).ok());
        let lasting = lasting.filter(|on| on.to_string() == sentence);
        let since = self.wait_since.filter(|_| lasting.is_some());
        let passing = || {
            Wait::all()
                .into_iter()
                .find(|on| on.to_string() == sentence)
        };
        Some(Waiting {
            task_id: self.id.clone(),
            kind: self.kind.clone(),
            deployment_id: self.deployment_id.clone(),
            on: lasting.or_else(passing)?,
            since,
            next: self.run_at,
        })
    }
}

impl Ledger {
    /// What the live tasks of a deployment wait for by themselves, the longest first.
    pub async fn waits_of(&self, deployment_id: &str) -> Result<Vec<Waiting>, LedgerError> {
        let rows = self.waiting_tasks(&[deployment_id.to_owned()]).await?;
        Ok(rows.iter().filter_map(task::Model::waiting).collect())
    }

    /// The same of several deployments, in one look, with the pauses of their queues.
    pub async fn waits_of_all(&self, deployments: &[String]) -> Result<Vec<Waiting>, LedgerError> {
        if deployments.is_empty() {
            return Ok(Vec::new());
        }
        let pauses = self.pauses().await?;
        let rows = self.waiting_tasks(deployments).await?;
        Ok(rows.iter().filter_map(|row| pauses.waiting(row)).collect())
    }

    async fn waiting_tasks(&self, deployments: &[String]) -> Result<Vec<task::Model>, LedgerError> {
        Ok(task::Entity::find()
            .filter(task::Column::DeploymentId.is_in(deployments))
            .filter(task::Column::State.is_in(["available", "scheduled", "retryable"]))
            .order_by_asc(task::Column::WaitSince)
            .all(&self.db)
            .await?)
    }
}

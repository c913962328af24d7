//! What the engine is given: something that pays visits, and what it answers.

use async_trait::async_trait;
use ingot_domain::task::TaskKind;
use ingot_entity::LedgerError;
use ingot_entity::store::{Beside, Change, Claim, Then};
use ingot_failpoint::Marks;

/// A visit's outcome.
#[derive(Debug)]
pub struct Visit {
    /// What it changes: large and mostly empty, so it is not carried about by value.
    pub change: Box<Change>,
    /// What it changes in tables of its own.
    pub beside: Beside,
    /// What becomes of its task.
    pub then: Then,
    /// The acts whose failpoints lie around its commit; nothing in a build without them.
    pub marks: Marks,
}

impl Visit {
    /// Nothing to write but the task's own end.
    pub fn only(then: Then) -> Self {
        Self {
            change: Box::default(),
            beside: Beside::default(),
            then,
            marks: Marks::default(),
        }
    }
}

/// Why a visit could not decide.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The world did not answer; another look may.
    #[error("{0}")]
    Undecided(String),
    /// The task's row makes no sense: no worker can do it.
    #[error("{0}")]
    Nonsense(String),
}

/// Pays visits. A visit takes at most [`ingot_domain::task::VISIT`] and writes nothing itself: what it answers is committed
/// in one transaction with the end of its task, or not at all.
#[async_trait]
pub trait Visits: Send + Sync + 'static {
    /// Pays the visit a task asks for.
    async fn pay(&self, claim: &Claim, kind: TaskKind) -> Result<Visit, VisitError>;

    /// What giving a task up means for whatever waits for it.
    async fn give_up(
        &self,
        claim: &Claim,
        kind: TaskKind,
        error: &str,
    ) -> Result<Visit, VisitError>;

    /// Sets gauges of its own, every ten seconds.
    fn gauge(&self) {}
}

/// An error with its sources on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        text.push_str(": ");
        text.push_str(&next.to_string());
        source = next.source();
    }
    text
}

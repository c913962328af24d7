//! One task at a time, by its id: what the engine does in batches, these tests do by hand.

use std::future::Future;

use ingot_entity::store::{Change, Claim, Committed, Outcome, Then};
use ingot_entity::{Ledger, LedgerError};

/// Claims and commits one task.
pub(crate) trait ByHand {
    /// Claims a task that is due, or takes it over when its lease ran out; whatever else was due is given back.
    fn claim(
        &self,
        id: &str,
        worker: &str,
    ) -> impl Future<Output = Result<Option<Claim>, LedgerError>> + Send;

    /// Commits one visit's end.
    fn end(
        &self,
        claim: &Claim,
        change: &Change,
        then: &Then,
    ) -> impl Future<Output = Result<Committed, LedgerError>> + Send;
}

impl ByHand for Ledger {
    async fn claim(&self, id: &str, worker: &str) -> Result<Option<Claim>, LedgerError> {
        let Some((task, _)) = self.task(id).await? else {
            return Ok(None);
        };
        let mut found = None;
        let due = self.claim_due(&task.queue, worker, 100).await?;
        let lapsed = self.claim_lapsed(&task.queue, worker, 100).await?;
        for claim in due.into_iter().chain(lapsed) {
            if claim.task.id == id {
                found = Some(claim);
            } else {
                self.release(&claim).await?;
            }
        }
        Ok(found)
    }

    async fn end(
        &self,
        claim: &Claim,
        change: &Change,
        then: &Then,
    ) -> Result<Committed, LedgerError> {
        self.commit(&Outcome::of(claim, change.clone(), then.clone()))
            .await
    }
}

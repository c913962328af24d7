//! Periodic work. A tick's task says which job; the job itself only spreads work or tidies up.

use std::time::Duration;

use chrono::TimeDelta;
use ingot_domain::task::TaskKind;
use ingot_engine::Visit;
use ingot_entity::store::{Claim, NewTask, Then};

use crate::case::VisitError;
use crate::hands::Hands;

/// Compares every region with EC2.
const RECONCILE: &str = "reconcile";
/// Deletes what nobody asks for any more.
const PRUNE: &str = "prune";

/// Every periodic job and its period in simulated time.
pub(super) const JOBS: [(&str, Duration); 2] = [
    (RECONCILE, Duration::from_secs(60)),
    (PRUNE, Duration::from_secs(3600)),
];

pub(crate) async fn visit(hands: &Hands, claim: &Claim) -> Result<Visit, VisitError> {
    match claim.task.scope.as_deref() {
        Some(RECONCILE) => {
            let mut visit = Visit::only(Then::Done);
            for region in hands.ledger.live_regions().await? {
                let key = format!("monitor:{region}");
                visit.change.tasks.push(NewTask::about(
                    TaskKind::Monitor,
                    &region,
                    key,
                    hands.ledger.now(),
                ));
            }
            Ok(visit)
        }
        Some(PRUNE) => {
            let now = hands.ledger.now();
            // An Idempotency-Key is answered for a day (FAULTS F33).
            let pruned = hands
                .ledger
                .prune(now - TimeDelta::hours(24), now - TimeDelta::hours(6))
                .await?;
            tracing::info!(pruned, "pruned what nobody asks for any more");
            Ok(Visit::only(Then::Done))
        }
        other => Err(VisitError::Nonsense(format!(
            "there is no periodic job `{}`",
            other.unwrap_or_default()
        ))),
    }
}

//! A step of an operation: the next thousand tasks of what people do to all that a filter finds. The ledger does it; AWS is not
//! asked.

use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{Claim, Then};

use crate::case::VisitError;
use crate::tools::Tools;

pub(super) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let id = claim.task.scope.as_deref().unwrap_or_default();
    let stepped = tools.ledger.step_operation(id).await?;
    // What is due because of it is rung for by the relay, within half a second.
    let goes_on = stepped.is_some_and(|stepped| stepped.row.state == "running");
    Ok(Visit::only(match goes_on {
        true => Then::Wait {
            until: tools.ledger.now(),
            on: Wait::Batch,
        },
        false => Then::Done,
    }))
}

/// Its steps were given up.
pub(super) async fn given_up(
    tools: &Tools,
    claim: &Claim,
    why: &str,
    then: Then,
) -> Result<Visit, VisitError> {
    let id = claim.task.scope.as_deref().unwrap_or_default();
    tools.ledger.fail_operation(id, why).await?;
    Ok(Visit::only(then))
}

//! Adds to a visit's outcome what its deployment should hear of the faults it met. Only visits that met one cost a look.

use ingot_domain::decide::story::{HELD_UP, View, lines};
use ingot_engine::Visit;
use ingot_entity::store::{Claim, Then};

use crate::case::{VisitError, then_for};
use crate::tools::Tools;

/// The visit's outcome, with the lines that are worth telling.
pub(crate) async fn told(
    tools: &Tools,
    claim: &Claim,
    paid: Result<Visit, VisitError>,
) -> Result<Visit, VisitError> {
    let Some(id) = claim.task.deployment_id.as_deref() else {
        return paid;
    };
    let cloud = match &paid {
        Ok(Visit {
            then: Then::Wait { on, .. },
            change,
            ..
        }) if on.is_weather() && change.lines.is_empty() => Some(on.to_string()),
        Ok(Visit {
            then: Then::Discard { .. },
            ..
        }) => return paid,
        Ok(_) => None,
        Err(VisitError::Cloud(error)) => match then_for(tools, claim, error) {
            Then::Wait { on, .. } => Some(on.to_string()),
            _ => return paid,
        },
        Err(_) => return paid,
    };
    let late = (claim.task.claimed_at - claim.task.run_at)
        .to_std()
        .unwrap_or_default();
    if !claim.after_crash && cloud.is_none() && late < HELD_UP {
        return paid;
    }
    let Some(row) = tools.ledger.deployment(id).await? else {
        return paid;
    };
    let last = tools.ledger.events(id, row.event_seq - 1, 1).await?;
    let last = last.first();
    let lines = lines(View {
        worker_lost: claim.after_crash,
        late,
        cloud: cloud.as_deref(),
        last: last.map(|event| (event.kind.as_str(), tools.since(event.at))),
    });
    if lines.is_empty() {
        return paid;
    }
    let mut visit = match paid {
        Err(VisitError::Cloud(error)) => {
            let class = [claim.task.kind.as_str(), error.kind.as_str()];
            tools.metrics.jobs_retried.with_label_values(&class).inc();
            tracing::warn!(%error, "a visit did not decide");
            Visit::only(then_for(tools, claim, &error))
        }
        paid => paid?,
    };
    visit.change.lines.splice(0..0, lines);
    if visit.change.deployment.is_none() {
        visit.change.deployment = Some((row.clone(), row));
    }
    Ok(visit)
}

//! Adds to a visit's outcome what its deployment should hear of the faults it met. Only visits that met one cost a look.

use std::time::Duration;

use ingot_domain::decide::story::{CLOUD, HELD_UP, Refusal, View, lines};
use ingot_engine::Visit;
use ingot_entity::event;
use ingot_entity::store::{Claim, Move, Moved, Then};

use crate::case::VisitError;
use crate::tools::Tools;

/// So many of the story's last events are looked at for a refusal that was told before.
const LATELY: u64 = 30;
/// A refusal that comes again after so long is told again.
const AGAIN: Duration = Duration::from_secs(30 * 60);

/// The visit's outcome, with the lines that are worth telling; `said` is what the refused call itself says.
pub(crate) async fn told(
    tools: &Tools,
    claim: &Claim,
    mut visit: Visit,
    said: Option<&str>,
) -> Result<Visit, VisitError> {
    let Some(id) = claim.task.deployment_id.as_deref() else {
        return Ok(visit);
    };
    let quiet = !says(&mut visit);
    let on = match &visit.then {
        Then::Discard { .. } => return Ok(visit),
        Then::Wait { on, .. } if on.is_weather() && quiet => Some(on.clone()),
        _ => None,
    };
    let late = (claim.task.claimed_at - claim.task.run_at)
        .to_std()
        .unwrap_or_default();
    let since = on.as_ref().and_then(|on| claim.task.waits_since(on));
    let waited = since.map_or(Duration::ZERO, |at| tools.since(at));
    let on = on.filter(|on| waited >= on.told_after());
    if !claim.after_crash && on.is_none() && late < HELD_UP {
        return Ok(visit);
    }
    let Some(row) = tools.ledger.deployment(id).await? else {
        return Ok(visit);
    };
    let few = i64::try_from(LATELY).unwrap_or(1);
    let lately = (row.event_seq - few).max(0);
    let lately = tools.ledger.events(id, lately, LATELY).await?;
    let told = |event: &event::Model| {
        let code = on.as_ref().and_then(|on| on.code()).unwrap_or_default();
        let this = event.kind == CLOUD && event.message.contains(&format!("({code})"));
        // Within this wait, or a little before it: some refusals come and go.
        this && (since.is_some_and(|since| event.at >= since) || tools.since(event.at) < AGAIN)
    };
    let lines = lines(View {
        worker_lost: claim.after_crash,
        late,
        cloud: on.as_ref().map(|on| Refusal {
            on,
            said,
            waited,
            told: lately.iter().any(told),
        }),
        last: lately.last().map(|event| event.kind.as_str()),
    });
    if lines.is_empty() {
        return Ok(visit);
    }
    match visit.change.deployment() {
        Some(one) => drop(one.lines.splice(0..0, lines)),
        None => visit.change.moved.push(Moved::Deployment(Box::new(Move {
            before: row.clone(),
            after: row,
            lines,
        }))),
    }
    Ok(visit)
}

/// Whether the visit itself has something to say.
fn says(visit: &mut Visit) -> bool {
    let one = visit.change.deployment();
    one.is_some_and(|one| !one.lines.is_empty())
}

//! What is told of the deadline of a build that waits, once each: that it is at risk, and that it was missed.

use ingot_domain::Instant;
use ingot_domain::event::{Line, Source};
use ingot_domain::plan::Build;
use ingot_domain::want::Urgency;
use ingot_entity::build;

use crate::case::VisitError;
use crate::tools::Tools;

const AT_RISK: &str = "build.deadline_at_risk";
const MISSED: &str = "build.deadline_missed";

/// The lines that are news. `planned`: what the plan says about it, if it is in the plan.
pub(super) async fn told(
    tools: &Tools,
    row: &build::Model,
    planned: Option<&Build>,
    now: Instant,
) -> Result<Vec<Line>, VisitError> {
    let deadline = planned.map_or(row.deadline, |one| one.deadline);
    let Some(deadline) = deadline else {
        return Ok(Vec::new());
    };
    let at = deadline.format("%Y-%m-%d %H:%M UTC");
    let late = planned.filter(|one| one.late && !row.late);
    let mut lines = Vec::new();
    if let Some(one) = late
        && !tools.ledger.has_told(&row.id, AT_RISK).await?
    {
        let said = format!("Its deadline {at} is at risk: it starts after the latest start");
        let line = Line::info(AT_RISK, Source::Monitor, said);
        lines.push(match one.urgency {
            Urgency::Critical => line.error(),
            _ => line.warn(),
        });
    }
    if now > deadline && !tools.ledger.has_told(&row.id, MISSED).await? {
        let said = format!("Its deadline {at} was missed");
        lines.push(Line::info(MISSED, Source::Monitor, said).error());
    }
    Ok(lines)
}

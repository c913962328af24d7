//! What is told of a build's deadline, once each: that it is at risk, and that it was missed.

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
    lines.extend(missed(tools, row, Some(deadline), now).await?);
    Ok(lines)
}

/// The line that a build's deadline was missed, if it was and no line has said so: it may be seen while the build waits and
/// when it ends.
pub(super) async fn missed(
    tools: &Tools,
    row: &build::Model,
    deadline: Option<Instant>,
    now: Instant,
) -> Result<Option<Line>, VisitError> {
    let Some(deadline) = deadline.filter(|deadline| now > *deadline) else {
        return Ok(None);
    };
    if tools.ledger.has_told(&row.id, MISSED).await? {
        return Ok(None);
    }
    let at = deadline.format("%Y-%m-%d %H:%M UTC");
    let said = format!("Its deadline {at} was missed");
    Ok(Some(Line::info(MISSED, Source::Monitor, said).error()))
}

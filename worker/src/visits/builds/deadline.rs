//! What is told of a build, once each: that it will start, that its deadline is at risk, and that it was missed.

use ingot_domain::Instant;
use ingot_domain::event::{Line, Source};
use ingot_domain::notice::{Notice, SECONDS, Topic};
use ingot_domain::plan::Build;
use ingot_domain::policy::Policy;
use ingot_domain::want::Urgency;
use ingot_entity::build;

use crate::case::VisitError;
use crate::tools::Tools;

const AT_RISK: &str = "build.deadline_at_risk";
const MISSED: &str = "build.deadline_missed";

const ANNOUNCED: &str = "build.announced";

/// That a build starts soon, where the policy says `notify_before_rebuild`: once per build, as long before its start as the
/// policy's lead says, or when it is planned, if that is later. A critical one is not announced (AUTO-AMI 3).
pub(super) async fn announced(
    tools: &Tools,
    row: &build::Model,
    one: &Build,
    policy: &Policy,
    now: Instant,
) -> Result<Option<Line>, VisitError> {
    let Some(at) = one.announced_at(policy).filter(|at| *at <= now) else {
        return Ok(None);
    };
    let Some(start) = one.scheduled_for else {
        return Ok(None);
    };
    if tools.ledger.has_told(&row.id, ANNOUNCED).await? {
        return Ok(None);
    }
    tracing::debug!(build = %row.id, %at, %start, "a rebuild is announced");
    let said = format!(
        "{} is rebuilt {} ({}): what runs is not touched, and what is launched after it starts from the new image",
        row.target(),
        match start > now {
            true => format!("at {}", start.format("%Y-%m-%d %H:%M UTC")),
            false => "now".to_owned(),
        },
        one.trigger,
    );
    let mut notice = Notice::of(Topic::RebuildAnnounced)
        .once("start")
        .with("template", &row.template)
        .with("region", &row.region)
        .with("trigger", one.trigger.to_string())
        .with("start", start.to_rfc3339_opts(SECONDS, true));
    // In the clock of deliveries: quiet hours do not hold it back past the start.
    notice.until = Some(tools.ledger.calendar().due(start));
    Ok(Some(
        Line::info(ANNOUNCED, Source::Monitor, said).telling(notice),
    ))
}

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

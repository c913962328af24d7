//! One look at all tracks that are watched in a region: few calls, and what they show written down in the commit that
//! ends the visit (heads, updates and the tasks that judge them). The task waits for the next look by itself; it ends when
//! no track is watched in the region any more.

pub(crate) mod ask;
mod found;
mod in_use;
mod tell;

use ingot_domain::task::TaskKind;
use ingot_domain::track;
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{Claim, NewTask, Then, track_task};

use crate::case::VisitError;
use crate::tools::Tools;
use ask::Asked;
use found::Found;

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let Some(region) = claim.task.scope.as_deref() else {
        let why = "a look at tracks without a region".to_owned();
        return Err(VisitError::Nonsense(why));
    };
    let mut watched = in_use::tracks_by_region(tools).await?;
    let Some(rows) = watched.remove(region) else {
        return Ok(Visit::only(Then::Done));
    };
    let (now, real) = (tools.ledger.calendar_now(), tools.ledger.now());
    let standing = tools.ledger.track_regions(None, Some(region)).await?;
    let asked = Asked::of(tools, region, &rows, &standing).await?;
    let mut visit = Visit::only(Then::Done);
    let mut seen = Vec::new();
    for one in &asked.tracks {
        let before = standing.iter().find(|row| row.track == one.row.id);
        let found = Found {
            region,
            now,
            before,
            one,
        };
        seen.extend(tell::findings(&found));
        for update in found.write(tools, &mut visit.change).await? {
            let key = format!("{}:{update}", TaskKind::Judge);
            let judge = NewTask::about(TaskKind::Judge, &update, key, real);
            visit.change.tasks.push(judge);
        }
    }
    let scope = format!("{region}/tracks");
    tools
        .ledger
        .sight(&scope, &seen, tools.sighted_before())
        .await?;
    ingot_failpoint::hit!("track.looked").await;
    let interval = tools.ledger.scan_interval().await?;
    if !claim.task.is_again() {
        visit.then = Then::Wait {
            until: tools.after(track::pause(region, now, interval)),
            on: Wait::Scan,
        };
    }
    Ok(visit)
}

/// Sees to it that every region with watched tracks is looked at. A region that is has its task already.
pub(super) async fn spread(tools: &Tools) -> Result<Visit, VisitError> {
    let mut visit = Visit::only(Then::Done);
    let now = tools.ledger.now();
    for region in in_use::tracks_by_region(tools).await?.keys() {
        visit.change.tasks.push(track_task(region, now));
    }
    Ok(visit)
}

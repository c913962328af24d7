//! Periodic work. A tick's task says which job; the job itself only spreads work or tidies up.

mod sweep;

use std::time::Duration;

use chrono::TimeDelta;
use ingot_domain::retention::{BATCH, PAUSE};
use ingot_domain::task::TaskKind;
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{Claim, NewTask, Then};

use crate::case::VisitError;
use crate::tools::Tools;

/// Compares every region with EC2.
const RECONCILE: &str = "reconcile";
/// Deletes what no request asks for any more.
const PRUNE: &str = "prune";
/// Looks for broken invariants (FAULTS section 2).
const SCAN: &str = "scan";

/// Ends instances whose time is over.
const ENDS: &str = "ends";

/// Asks for judgements of base images' updates that are due.
const ASSESS: &str = "assess";
/// Sees to it that feeds are fetched.
const FEEDS: &str = "feeds";
/// Sees to it that regions with watched base images are looked at.
const TRACKS: &str = "tracks";

/// Asks for what is wanted and starts what the plan says is due.
const PLAN: &str = "plan";

/// Every periodic job and its period in simulated time.
pub(super) const JOBS: [(&str, Duration); 8] = [
    (FEEDS, Duration::from_secs(60)),
    (PLAN, Duration::from_secs(60)),
    (ASSESS, Duration::from_secs(600)),
    (TRACKS, Duration::from_secs(60)),
    (RECONCILE, Duration::from_secs(60)),
    (SCAN, Duration::from_secs(60)),
    (ENDS, Duration::from_secs(60)),
    (PRUNE, Duration::from_secs(3600)),
];

/// How long notifications are kept.
const NOTIFICATIONS: TimeDelta = TimeDelta::days(90);

/// The scope of what the scan finds; regions are the others.
const SCAN_SCOPE: &str = "ledger";

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    match claim.task.scope.as_deref() {
        Some(RECONCILE) => {
            let mut visit = Visit::only(Then::Done);
            for region in regions(tools).await? {
                let key = format!("monitor:{region}");
                visit.change.tasks.push(NewTask::about(
                    TaskKind::Monitor,
                    &region,
                    key,
                    tools.ledger.now(),
                ));
            }
            Ok(visit)
        }
        Some(SCAN) => {
            let scan = tools.ledger.scan().await?;
            for one in &scan.seen {
                tracing::warn!(invariant = one.invariant, subject = %one.subject, "{}", one.what);
            }
            tools
                .ledger
                .sight(SCAN_SCOPE, &scan.seen, tools.sighted_before())
                .await?;
            Ok(Visit::only(Then::Done))
        }
        Some(FEEDS) => super::feed::spread(tools).await,
        Some(TRACKS) => super::track::spread(tools).await,
        Some(ASSESS) => super::assess::spread(tools).await,
        Some(PLAN) => super::builds::look(tools).await,
        Some(ENDS) => sweep::sweep(tools).await,
        Some(PRUNE) => prune(tools).await,
        other => Err(VisitError::Nonsense(format!(
            "there is no periodic job `{}`",
            other.unwrap_or_default()
        ))),
    }
}

/// Where there is something to reconcile: images and instances of the ledger, what was made lately and may have no row yet,
/// and what was found and is not cleared.
async fn regions(tools: &Tools) -> Result<Vec<String>, VisitError> {
    let mut regions = tools.ledger.live_regions().await?;
    regions.extend(tools.ledger.effect_regions().await?);
    let scopes = tools.ledger.open_scopes().await?;
    let found = scopes.iter().filter_map(|scope| scope.split_once('/'));
    regions.extend(found.map(|(region, _)| region.to_owned()));
    regions.sort_unstable();
    regions.dedup();
    Ok(regions)
}

/// Deletes what no request asks for any more: small things at once, finished tasks and cleared findings a batch per
/// visit.
async fn prune(tools: &Tools) -> Result<Visit, VisitError> {
    let now = tools.ledger.now();
    // An Idempotency-Key is answered for a day (FAULTS F33).
    let small = tools
        .ledger
        .prune(now - TimeDelta::hours(24), now - TimeDelta::hours(6))
        .await?;
    let kept = tools.ledger.retention().await?;
    let before = |span| now - TimeDelta::from_std(span).unwrap_or_default();
    let tasks = tools
        .ledger
        .prune_tasks(before(kept.finished_tasks()), BATCH)
        .await?;
    let findings = tools
        .ledger
        .prune_findings(before(kept.cleared_findings()), BATCH)
        .await?;
    let feeds = tools.ledger.sweep_feeds(BATCH).await?;
    let told = tools
        .ledger
        .prune_notifications(now - NOTIFICATIONS, BATCH)
        .await?;
    if small + feeds + tasks + findings + told > 0 {
        tracing::info!(
            small,
            feeds,
            tasks,
            findings,
            told,
            "pruned what no request asks for any more"
        );
    }
    if tasks < BATCH && findings < BATCH && feeds < BATCH && told < BATCH {
        return Ok(Visit::only(Then::Done));
    }
    let until = now + TimeDelta::from_std(PAUSE).unwrap_or_default();
    let on = Wait::Batch;
    Ok(Visit::only(Then::Wait { until, on }))
}

//! Instances whose end has come, or is announced: a look at the ledger every felt minute. A worker that dies between an end
//! and its termination leaves nothing behind that this does not see.

use ingot_domain::actor::Part;
use ingot_domain::event::{Line, Source};
use ingot_domain::lifetime::{Due, NOTICE, due};
use ingot_engine::Visit;
use ingot_entity::store::{Then, ami_status_of, status_of};
use ingot_entity::{Ledger, deployment};

use crate::case::VisitError;
use crate::lifetime::ending;
use crate::tools::Tools;

/// Rows of one look; the earliest ends come first.
const MOST: u64 = 500;

/// Ends what is due and announces what comes within the hour.
pub(super) async fn sweep(tools: &Tools) -> Result<Visit, VisitError> {
    let notice = tools.settings.pace.wait(NOTICE);
    let until = tools.after(NOTICE);
    for row in tools.ledger.ending_before(until, MOST).await? {
        let Some(at) = row.ends_at else { continue };
        if row.build_id.is_some() {
            builder(tools, &row, at).await?;
            continue;
        }
        let (ami, now) = (ami_status_of(&row)?, tools.ledger.now());
        let step = due(
            at,
            row.end_told,
            ami,
            row.instance_id.is_some(),
            now,
            notice,
        );
        match step {
            Due::Nothing => {}
            Due::Forget => {
                let after = deployment::Model {
                    ends_at: None,
                    ..row.clone()
                };
                tools.ledger.amend(&row, &after, &[]).await?;
            }
            Due::Tell => tell(tools, &row, at).await?,
            Due::End => end(tools, &row).await?,
        }
    }
    Ok(Visit::only(Then::Done))
}

/// A builder ends when its reserved hours are used up, whatever it does then (FEATURES F45); nothing moves that, so nothing is
/// announced.
async fn builder(
    tools: &Tools,
    row: &deployment::Model,
    at: ingot_domain::Instant,
) -> Result<(), VisitError> {
    if at <= tools.ledger.now() {
        let by = "Ingot: its reserved time is over";
        periodic(tools).end_builder(&row.id, by).await?;
    }
    Ok(())
}

async fn tell(
    tools: &Tools,
    row: &deployment::Model,
    at: ingot_domain::Instant,
) -> Result<(), VisitError> {
    let after = deployment::Model {
        end_told: Some(at),
        ..row.clone()
    };
    let said = format!(
        "Instance {} is terminated at {}; `ingot deployments extend {} --by 4h` moves that",
        row.instance_id.as_deref().unwrap_or_default(),
        at.format("%Y-%m-%d %H:%M:%S UTC"),
        row.id
    );
    let line = Line::info("deployment.ends_soon", Source::Monitor, said).warn();
    // A visit or a request that changes the row meanwhile knows more than this look; the next one comes again.
    periodic(tools).amend(row, &after, &[line]).await?;
    Ok(())
}

/// The end is forgotten in the transaction that causes its task.
async fn end(tools: &Tools, row: &deployment::Model) -> Result<(), VisitError> {
    let after = deployment::Model {
        ends_at: None,
        ..row.clone()
    };
    let instance = row.instance_id.as_deref().unwrap_or_default();
    let said = format!("The time of instance {instance} is over; it is terminated");
    let line = Line::info("deployment.expired", Source::Monitor, said);
    let task = ending(status_of(row)?, row.run).task(&row.id, tools.ledger.now());
    periodic(tools)
        .amend_causing(row, &after, &[line], &[task])
        .await?;
    Ok(())
}

/// The ledger in the hands of the scheduler: it writes what no person asked for, but whose time came.
fn periodic(tools: &Tools) -> Ledger {
    tools.ledger.as_actor(Part::Scheduler)
}

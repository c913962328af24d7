//! The register of visits: one handler per kind of task.

mod ami;
mod destroy;
mod imaging;
mod launch;
mod launching;
mod monitor;
mod polling;
mod readiness;
mod scheduler;
mod shape;

use ingot_domain::event::{Line, Source};
use ingot_domain::task::TaskKind;
use ingot_entity::store::{Claim, Ending, Then};

use crate::case::{Case, Visit, VisitError};
use crate::hands::Hands;

/// Pays the visit a task asks for.
pub(crate) async fn pay(hands: &Hands, claim: &Claim, kind: TaskKind) -> Result<Visit, VisitError> {
    match kind {
        TaskKind::Launch => launch::visit(hands, claim).await,
        TaskKind::Destroy => destroy::visit(hands, claim).await,
        TaskKind::Readiness => readiness::visit(hands, claim).await,
        TaskKind::Ami => ami::visit(hands, claim).await,
        TaskKind::Monitor => monitor::visit(hands, claim).await,
        TaskKind::Scheduler => scheduler::visit(hands, claim).await,
    }
}

/// What giving a task up means for its deployment: it must not be left waiting for work nobody will do.
pub(crate) async fn give_up(
    hands: &Hands,
    claim: &Claim,
    kind: TaskKind,
    error: &str,
) -> Result<Visit, VisitError> {
    let then = Then::Discard {
        error: error.to_owned(),
    };
    let why = format!("given up after {} attempts: {error}", claim.task.attempt);
    match kind {
        TaskKind::Launch | TaskKind::Readiness => {
            let mut case = Case::load(hands, claim).await?;
            if !case.status.is_final() {
                case.fail(hands, &why, Source::Deploy);
                // A launch nobody learnt the end of may have made an instance that no row would name.
                for effect in hands.ledger.open_launches(&case.row.id).await? {
                    let ending = Ending::Effect(effect);
                    case.change
                        .tasks
                        .push(ending.task(&case.row.id, hands.ledger.now()));
                }
            }
            Ok(case.end(then))
        }
        TaskKind::Ami => {
            let mut case = Case::load(hands, claim).await?;
            if let Some(image) = imaging::row_of(hands, &case).await?
                && image.parsed_status()?.holds_key()
                && image.ami_id.is_none()
            {
                let mut image = image.become_status(ingot_domain::image::ImageStatus::Failed)?;
                image.error = Some(why.clone());
                case.change.image = Some(image);
            }
            if case.ami.is_some_and(|ami| !ami.is_final()) {
                case.fail_ami(hands, &why);
            }
            Ok(case.end(then))
        }
        TaskKind::Destroy => {
            let mut case = Case::load(hands, claim).await?;
            let said = format!("✗ Its instance could not be terminated: {why}");
            case.say(Line::info("deployment.destroy_failed", Source::Deploy, said).error());
            Ok(case.end(then))
        }
        TaskKind::Monitor | TaskKind::Scheduler => Ok(Visit::only(then)),
    }
}

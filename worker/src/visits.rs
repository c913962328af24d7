//! The register of visits: one handler per kind of task.

mod destroy;
mod image;
mod launch;
mod monitor;
mod orphans;
mod readiness;
mod scheduler;

use std::pin::Pin;

use async_trait::async_trait;
use ingot_domain::event::{Line, Source};
use ingot_domain::pace::Pace;
use ingot_domain::task::TaskKind;
use ingot_engine::{Periodic, Visit, Visits, chain};
use ingot_entity::store::{Claim, Ending, Then};

use crate::case::{Case, VisitError, then_for};
use crate::story;
use crate::tools::Tools;

#[async_trait]
impl Visits for Tools {
    async fn pay(&self, claim: &Claim, kind: TaskKind) -> Result<Visit, ingot_engine::VisitError> {
        // On the heap: the visits' states are large, and a debug build would keep all of them on the thread's stack.
        type Paid<'a> = Pin<Box<dyn Future<Output = Result<Visit, VisitError>> + Send + 'a>>;
        let paid: Paid<'_> = match kind {
            TaskKind::Launch => Box::pin(launch::visit(self, claim)),
            TaskKind::Destroy => Box::pin(destroy::visit(self, claim)),
            TaskKind::Readiness => Box::pin(readiness::visit(self, claim)),
            TaskKind::Ami => Box::pin(image::visit(self, claim)),
            TaskKind::Monitor => Box::pin(monitor::visit(self, claim)),
            TaskKind::Scheduler => Box::pin(scheduler::visit(self, claim)),
        };
        let paid = paid.await;
        let visit = Box::pin(story::told(self, claim, paid)).await;
        match visit {
            // What the step itself did not know how to take, the kind of the answer decides.
            Err(VisitError::Cloud(error)) => {
                let labels = [kind.as_str(), error.kind.as_str()];
                self.metrics.jobs_retried.with_label_values(&labels).inc();
                let then = then_for(self, claim, &error);
                tracing::warn!(error = %chain(&error), ?then, "a visit did not decide");
                Ok(Visit::only(then))
            }
            Err(VisitError::Ledger(error)) => Err(error.into()),
            Err(VisitError::Nonsense(why)) => Err(ingot_engine::VisitError::Nonsense(why)),
            Ok(visit) => Ok(visit),
        }
    }

    async fn give_up(
        &self,
        claim: &Claim,
        kind: TaskKind,
        error: &str,
    ) -> Result<Visit, ingot_engine::VisitError> {
        give_up(self, claim, kind, error)
            .await
            .map_err(|error| match error {
                VisitError::Ledger(error) => error.into(),
                VisitError::Nonsense(why) => ingot_engine::VisitError::Nonsense(why),
                VisitError::Cloud(error) => ingot_engine::VisitError::Undecided(error.to_string()),
            })
    }

    #[expect(clippy::cast_precision_loss, reason = "counts for a gauge")]
    fn gauge(&self) {
        let stats = self.batcher.stats();
        self.metrics.describe_polls.set(stats.polls as f64);
        self.metrics.describe_calls.set(stats.calls as f64);
    }
}

/// The periodic jobs at a pace.
pub fn periodic(pace: Pace) -> Vec<Periodic> {
    scheduler::JOBS
        .iter()
        .map(|(job, period)| Periodic {
            job,
            period: pace.wait(*period),
        })
        .collect()
}

/// What giving a task up means for its deployment: it must not be left waiting for work nobody will do.
async fn give_up(
    tools: &Tools,
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
            let mut case = Case::load(tools, claim).await?;
            if !case.status.is_final() {
                case.fail(tools, &why, Source::Deploy);
                // A launch nobody learnt the end of may have made an instance that no row would name.
                for effect in tools.ledger.open_launches(&case.row.id).await? {
                    let ending = Ending::Effect(effect);
                    case.change
                        .tasks
                        .push(ending.task(&case.row.id, tools.ledger.now()));
                }
            }
            Ok(case.end(then))
        }
        TaskKind::Ami => {
            let mut case = Case::load(tools, claim).await?;
            if let Some(image) = image::row_of(tools, &case).await?
                && image.parsed_status()?.holds_key()
                && image.ami_id.is_none()
            {
                let mut image = image.become_status(ingot_domain::image::ImageStatus::Failed)?;
                image.error = Some(why.clone());
                case.change.image = Some(image);
            }
            if case.ami.is_some_and(|ami| !ami.is_final()) {
                case.fail_ami(tools, &why);
            }
            Ok(case.end(then))
        }
        TaskKind::Destroy => {
            let mut case = Case::load(tools, claim).await?;
            let said = format!("✗ Its instance could not be terminated: {why}");
            case.say(Line::info("deployment.destroy_failed", Source::Deploy, said).error());
            Ok(case.end(then))
        }
        TaskKind::Monitor | TaskKind::Scheduler => Ok(Visit::only(then)),
    }
}

//! The register of visits: one handler per kind of task.

mod assess;
mod builds;
mod check;
mod copy;
mod destroy;
mod feed;
mod image;
pub(crate) mod launch;
mod monitor;
mod notify;
mod operation;
mod orphans;
mod readiness;
mod scheduler;
pub(crate) mod track;

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use ingot_domain::event::{Line, Source};
use ingot_domain::pace::Pace;
use ingot_domain::task::TaskKind;
use ingot_domain::wait::Wait;
use ingot_engine::{Periodic, Visit, Visits, chain};
use ingot_entity::store::{Claim, Ending, Then};

use crate::case::{Case, VisitError};
use crate::judge::{self, Judgement};
use crate::story;
use crate::tools::Tools;

/// What the story says when an instance could not be terminated, once until something else happens.
const DESTROY_FAILED: &str = "deployment.destroy_failed";
/// The pause before what failed for good is tried again after all.
const RARELY: Duration = Duration::from_secs(15 * 60);

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
            TaskKind::Check => Box::pin(check::visit(self, claim)),
            TaskKind::Track => Box::pin(track::visit(self, claim)),
            TaskKind::Judge => Box::pin(assess::visit(self, claim)),
            TaskKind::Feed => Box::pin(feed::visit(self, claim)),
            TaskKind::Notify => Box::pin(notify::visit(self, claim)),
            TaskKind::Build => Box::pin(builds::visit(self, claim)),
            TaskKind::Copy => Box::pin(copy::visit(self, claim)),
            TaskKind::Operation => Box::pin(operation::visit(self, claim)),
        };
        let paid = paid.await;
        match Box::pin(settled(self, claim, kind, paid)).await {
            Err(VisitError::Cloud(error)) => {
                Err(ingot_engine::VisitError::Undecided(error.to_string()))
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

    fn gauge(&self) {
        let stats = self.batcher.stats();
        self.metrics.describes(stats.polls, stats.calls);
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

/// A visit's outcome after the judgement of what AWS refused it, and what its story should hear of that.
async fn settled(
    tools: &Tools,
    claim: &Claim,
    kind: TaskKind,
    paid: Result<Visit, VisitError>,
) -> Result<Visit, VisitError> {
    let error = match paid {
        Err(VisitError::Cloud(error)) => error,
        paid => {
            let visit = paid?;
            return match judge::outlasted(tools, claim, kind, &visit.then) {
                Some(why) => end(tools, claim, kind, &why, Then::Done).await,
                None => story::told(tools, claim, visit, None).await,
            };
        }
    };
    let labels = [kind.as_str(), error.kind.as_str()];
    tools.metrics.jobs_retried.with_label_values(&labels).inc();
    let judgement = judge::judged(tools, claim, kind, &error);
    tracing::warn!(error = ?chain(&error), ?judgement, "a visit did not decide");
    match judgement {
        Judgement::Wait(then) => {
            let said = error.told();
            story::told(tools, claim, Visit::only(then), Some(&said)).await
        }
        Judgement::End(why) => end(tools, claim, kind, &why, Then::Done).await,
    }
}

/// What giving a task up means for its deployment: it must not be left waiting for work that no worker will do.
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
    end(tools, claim, kind, &why, then).await
}

/// The end of a task without success, for whatever reason.
async fn end(
    tools: &Tools,
    claim: &Claim,
    kind: TaskKind,
    why: &str,
    then: Then,
) -> Result<Visit, VisitError> {
    match kind {
        TaskKind::Launch | TaskKind::Readiness => {
            let mut case = Case::load(tools, claim).await?;
            if !case.status.is_final() {
                case.fail(tools, why, Source::Deploy);
                // A launch without a recorded end may have made an instance that no row would name.
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
                image.error = Some(why.to_owned());
                case.image = Some(image);
            }
            if case.ami.is_some_and(|ami| !ami.is_final()) {
                case.fail_ami(tools, why);
            }
            Ok(case.end(then))
        }
        TaskKind::Destroy => {
            let mut case = Case::load(tools, claim).await?;
            let last = case.row.event_seq - 1;
            let last = tools.ledger.events(&case.row.id, last, 1).await?;
            if last
                .first()
                .is_none_or(|event| event.kind != DESTROY_FAILED)
            {
                let said = format!("✗ Its instance could not be terminated yet: {why}");
                case.say(Line::info(DESTROY_FAILED, Source::Deploy, said).error());
            }
            // While an instance runs there is no giving up, but for a task that kills its workers.
            if claim.poisoned {
                return Ok(case.end(then));
            }
            Ok(case.wait(tools, RARELY, Wait::GivingUp))
        }
        TaskKind::Check => {
            check::failed(tools, claim, why).await?;
            Ok(Visit::only(then))
        }
        TaskKind::Feed => {
            feed::failed(tools, claim, why).await?;
            Ok(Visit::only(then))
        }
        TaskKind::Notify => notify::given_up(tools, claim, why, then).await,
        TaskKind::Build => builds::given_up(tools, claim, why, then).await,
        TaskKind::Copy => copy::given_up(tools, claim, why, then).await,
        TaskKind::Operation => operation::given_up(tools, claim, why, then).await,
        TaskKind::Monitor | TaskKind::Scheduler | TaskKind::Track | TaskKind::Judge => {
            Ok(Visit::only(then))
        }
    }
}

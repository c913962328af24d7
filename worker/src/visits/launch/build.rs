//! A build before its launch (`--build-only`): the AMI of its key that is there, or is being made, is its answer, and then
//! nothing is launched.

use std::time::Duration;

use ingot_domain::base::ResolvedBase;
use ingot_domain::decide::build::{Next, next};
use ingot_domain::deployment::{AmiStatus, SkipReason, Status};
use ingot_domain::event::{Line, Source, ami};
use ingot_domain::image::ImageKey;
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::Then;

use super::source::may_launch;
use crate::case::{Case, VisitError};
use crate::tools::Tools;

/// How often an AMI that another deployment makes is looked at, in simulated seconds.
const LOOK: Duration = Duration::from_secs(15);
/// The line that is said once when a build begins to wait.
const WAITS: &str = "deployment.build_waits";

/// What a look came to.
pub(super) enum Look {
    /// The launch goes on.
    Launch(Box<Case>),
    /// The visit ends here.
    Over(Visit),
}

/// Looks for the AMI of a build's key.
pub(super) async fn look(
    tools: &Tools,
    mut case: Case,
    key: &ImageKey,
    base: &ResolvedBase,
) -> Result<Look, VisitError> {
    let Some(build) = case.order.build_only else {
        return Ok(Look::Launch(Box::new(case)));
    };
    let images = tools.ledger.images_of_key(key, base).await?;
    match next(images.begun(), build.again, case.row.created_at, false) {
        Next::Make => Ok(Look::Launch(Box::new(case))),
        Next::Answer => {
            let found = images.available().and_then(|image| image.ami_id.clone());
            let Some(ami_id) = found else {
                return Ok(Look::Launch(Box::new(case)));
            };
            // The ledger may not know yet that it is gone.
            let facts = tools.batcher.image(key.place(), &ami_id).await?;
            let there = facts.is_some_and(|facts| !facts.state.is_gone());
            match there && may_launch(tools, &mut case, key, &ami_id).await? {
                true => Ok(Look::Over(answered(tools, case, ami_id))),
                false => Ok(Look::Launch(Box::new(case))),
            }
        }
        Next::Wait => {
            let last = case.row.event_seq - 1;
            let last = tools.ledger.events(&case.row.id, last, 1).await?;
            let making = images
                .making()
                .and_then(|image| image.source_deployment_id.clone());
            if last.first().is_none_or(|event| event.kind != WAITS) {
                let by = making.unwrap_or_else(|| "another deployment".to_owned());
                let said = format!(
                    "The AMI of this key is being made by {by}: it is waited for, and nothing is launched"
                );
                case.say(Line::info(WAITS, Source::Deploy, said));
            }
            Ok(Look::Over(case.wait(tools, LOOK, Wait::Holder)))
        }
    }
}

/// The AMI is there: the deployment is over without an instance.
fn answered(tools: &Tools, mut case: Case, ami_id: String) -> Visit {
    case.say(ami::found_existing(&ami_id));
    case.say(ami::skipped_exists());
    case.row.created_ami_id = Some(ami_id);
    case.row.ami_skip_reason = Some(SkipReason::Exists.as_str().to_owned());
    case.become_ami(AmiStatus::Skipped);
    case.become_status(Status::Destroyed);
    case.row.finished_at = Some(tools.ledger.now());
    let said = "Build only: nothing was launched; `--again` makes the next generation";
    case.say(Line::info("deployment.build_over", Source::Deploy, said));
    let labels = ["deployment", "skipped", SkipReason::Exists.as_str()];
    tools.metrics.builds.with_label_values(&labels).inc();
    case.end(Then::Done)
}

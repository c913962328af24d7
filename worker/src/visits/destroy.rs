//! Terminating an instance: of a destroyed or cancelled deployment, or the one a retry leaves behind. Its AMI stays (F10).

use std::time::Duration;

use ingot_cloud::{ErrorKind, InstanceState};
use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::event::{Line, Source};
use ingot_domain::retry::YOUNG;
use ingot_entity::store::{CANCEL_SCOPE, Claim, EffectKind, Then};

use crate::case::{Case, Visit, VisitError};
use crate::hands::Hands;

/// How often a terminating instance is looked at, in simulated seconds.
const LOOK: Duration = Duration::from_secs(10);

pub(crate) async fn visit(hands: &Hands, claim: &Claim) -> Result<Visit, VisitError> {
    let case = Case::load(hands, claim).await?;
    let leftover = claim
        .task
        .scope
        .as_deref()
        .filter(|scope| scope.starts_with("i-"));
    if let Some(instance) = leftover {
        return drop_instance(hands, case, instance).await;
    }
    if case.ami == Some(AmiStatus::Creating) {
        return Ok(case.snooze(hands, Duration::from_secs(30), "its AMI is in the making"));
    }
    let instance = match case.row.instance_id.clone() {
        Some(id) => Some(id),
        None => match open_launch(hands, &case).await? {
            Launch::None => None,
            Launch::Made(id) => Some(id),
            Launch::Doubt => return Ok(in_doubt(hands, case)),
        },
    };
    if let Some(id) = &instance
        && !terminated(hands, &case, id).await?
    {
        return Ok(case.snooze(hands, LOOK, "the instance is terminating"));
    }
    if let Some(group) = case.row.security_group_id.clone() {
        match hands
            .cloud
            .delete_security_group(&case.row.region, &group)
            .await
        {
            Err(error) if error.kind == ErrorKind::Conflict => {
                return Ok(case.snooze(hands, LOOK, "the security group is still in use"));
            }
            deleted => deleted?,
        }
    }
    Ok(gone(hands, case, claim, instance))
}

/// A visit that was overtaken may still be sending its request: looked at again in real seconds, whatever the pace.
fn in_doubt(hands: &Hands, case: Case) -> Visit {
    let at = hands.ledger.now() + chrono::TimeDelta::seconds(1);
    case.end(Then::Snooze { at, why: "whether an instance was launched is in doubt".to_owned() })
}

fn gone(hands: &Hands, mut case: Case, claim: &Claim, instance: Option<String>) -> Visit {
    if let Some(id) = &instance {
        hands.batcher.forget_instance(&case.row.region, id);
        case.say(Line::info(
            "deployment.instance_terminated",
            Source::Deploy,
            format!("Instance {id} was terminated"),
        ));
    }
    case.row.instance_id = None;
    case.row.public_ip = None;
    case.row.private_ip = None;
    case.row.security_group_id = None;
    let keep_status = claim.task.scope.as_deref() == Some(CANCEL_SCOPE);
    if !keep_status && case.status != Status::Destroyed {
        case.become_status(Status::Destroyed);
        case.row.finished_at = Some(hands.ledger.now());
        case.say(Line::info(
            "deployment.destroyed",
            Source::Deploy,
            "Destroyed; its AMI, if any, was kept",
        ));
    }
    case.end(Then::Done)
}

enum Launch {
    None,
    Made(String),
    Doubt,
}

/// A launch whose outcome nobody recorded: it may have made an instance that EC2 does not show yet.
async fn open_launch(hands: &Hands, case: &Case) -> Result<Launch, VisitError> {
    let effect = hands
        .ledger
        .effect(&case.row.id, case.row.run, EffectKind::Launch)
        .await?;
    let Some(effect) = effect else {
        return Ok(Launch::None);
    };
    if let Some(id) = effect.cloud_id {
        return Ok(Launch::Made(id));
    }
    if effect.state != "intent" {
        return Ok(Launch::None);
    }
    let found = hands
        .cloud
        .find_instances_by_token(&case.row.region, &effect.id)
        .await?;
    Ok(match found.first() {
        Some(instance) => Launch::Made(instance.id.clone()),
        None if hands.doubt_is_over(effect.created_at) => Launch::None,
        None => Launch::Doubt,
    })
}

/// Terminates, and answers whether the instance is gone.
async fn terminated(hands: &Hands, case: &Case, id: &str) -> Result<bool, VisitError> {
    let young = case
        .row
        .launched_at
        .is_some_and(|at| hands.since(at) < YOUNG);
    match hands.cloud.terminate(&case.row.region, id).await {
        // An id EC2 does not know yet is no proof (EC2.md 18).
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(!young),
        answer => answer?,
    }
    let facts = hands.batcher.instance_now(&case.row.region, id).await?;
    Ok(match facts {
        Some(facts) => facts.state == InstanceState::Terminated,
        None => !young,
    })
}

async fn drop_instance(hands: &Hands, mut case: Case, id: &str) -> Result<Visit, VisitError> {
    match hands.cloud.terminate(&case.row.region, id).await {
        Err(error) if error.kind == ErrorKind::NotFound => {}
        answer => answer?,
    }
    hands.batcher.forget_instance(&case.row.region, id);
    let said = format!("Instance {id} of the earlier run is being terminated");
    case.say(Line::info(
        "deployment.instance_dropped",
        Source::Deploy,
        said,
    ));
    Ok(case.end(Then::Done))
}

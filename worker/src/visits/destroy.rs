//! Terminating an instance: of a destroyed or cancelled deployment, or what an earlier run left behind. Its AMI stays (F10).

use std::time::Duration;

use ingot_cloud::{ErrorKind, InstanceState};
use ingot_domain::decide::doubt::{Made, made};
use ingot_domain::decide::launch::Intent;
use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::event::{Line, Source};
use ingot_domain::image::{DEPLOYMENT_TAG, ImageStatus};
use ingot_domain::provenance::Kind;
use ingot_domain::retry::YOUNG;
use ingot_domain::task::TaskKind;
use ingot_domain::wait::Wait;
use ingot_entity::store::{Claim, EffectKind, Ending, Then};
use ingot_entity::{effect, image};

use super::launch;
use super::readiness::progress::console::{is_late, read_late};
use crate::acts::{DELETE_GROUP, TERMINATE};
use crate::case::{Case, VisitError};
use crate::provenance;
use crate::tools::Tools;
use ingot_engine::Visit;

/// How often a terminating instance is looked at, in simulated seconds.
const LOOK: Duration = Duration::from_secs(10);

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    TERMINATE.before_intent().await;
    DELETE_GROUP.before_intent().await;
    let case = Case::load(tools, claim).await?;
    let ending = claim.task.scope.as_deref().and_then(Ending::parse);
    match ending {
        Some(Ending::Instance(id)) => drop_instance(tools, claim, case, &id).await,
        Some(Ending::Effect(id)) => drop_effect(tools, claim, case, &id).await,
        // A later run's instance was not meant.
        Some(Ending::Destroy { run } | Ending::Cancel { run }) if run != case.row.run => {
            Ok(case.end(Then::Done))
        }
        Some(Ending::Destroy { .. }) => end(tools, case, true).await,
        Some(Ending::Cancel { .. }) => end(tools, case, false).await,
        None => Err(VisitError::Nonsense(
            "a destroy task that does not say what it ends".to_owned(),
        )),
    }
}

async fn end(tools: &Tools, mut case: Case, destroy: bool) -> Result<Visit, VisitError> {
    if case.ami == Some(AmiStatus::Creating) {
        let Some(row) = never_begun(tools, &case).await? else {
            return Ok(case.wait(tools, Duration::from_secs(30), Wait::Making));
        };
        let why = "it had not begun when the deployment's end was asked for";
        case.image = Some(image::Model {
            error: Some(why.to_owned()),
            ..row.become_status(ImageStatus::Failed)?
        });
        case.fail_ami(tools, why);
        return Ok(case.again(tools));
    }
    let instance = match case.row.instance_id.clone() {
        Some(id) => Some(id),
        None => match last_launch(tools, &mut case).await? {
            Launch::None => None,
            Launch::Made(id) => Some(id),
            Launch::Doubt => return Ok(in_doubt(tools, case)),
        },
    };
    let mut ended = instance.clone();
    if let Some(id) = &instance {
        match terminated(tools, &case, id).await? {
            // Only now EC2 keeps what the console had in the end.
            Ended::Gone => {
                if is_late(&case)
                    && let Some(failed) = read_late(tools, &mut case, id).await
                {
                    let said = format!("The installation ended before: {failed}");
                    case.say(Line::info("install.late", Source::Install, said).warn());
                }
            }
            Ended::NotYet => {
                return Ok(case.wait(tools, LOOK, Wait::Ending));
            }
            // The row names another's instance: told once and forgotten; what the launch itself made is ended next.
            Ended::NotOurs(why) if case.row.instance_id.is_some() => {
                left_alone(&mut case, why);
                case.row.instance_id = None;
                return Ok(case.again(tools));
            }
            Ended::NotOurs(why) => {
                left_alone(&mut case, why);
                ended = None;
            }
        }
    }
    let (groups, others) = groups(tools, &case).await?;
    for group in groups {
        DELETE_GROUP.after_intent().await;
        let deleted = tools.cloud.delete_security_group(case.row.place(), &group);
        match DELETE_GROUP.effect(deleted).await {
            Err(error) if error.kind == ErrorKind::Conflict => {
                return Ok(case.wait(tools, LOOK, Wait::Group));
            }
            deleted => deleted?,
        }
        case.marks.settle(&DELETE_GROUP);
    }
    for why in others {
        left_alone(&mut case, why);
    }
    Ok(gone(tools, case, destroy, ended))
}

/// Told, because a person asked for an end that leaves something.
fn left_alone(case: &mut Case, why: String) {
    case.say(Line::info("deployment.left_alone", Source::Deploy, why).warn());
}

/// The image row of an AMI that is claimed and that AWS has refused so far: there is nothing to wait for. A call that may
/// have done something is no refusal.
async fn never_begun(tools: &Tools, case: &Case) -> Result<Option<image::Model>, VisitError> {
    let Some(row) = super::image::row_of(tools, case).await? else {
        return Ok(None);
    };
    if row.ami_id.is_some() || !tools.doubt_is_over(row.created_at) {
        return Ok(None);
    }
    let waits = tools.ledger.waits_of(&case.row.id).await?;
    let refused = waits.iter().any(|waiting| {
        let on = &waiting.on;
        let surely = on.is_weather() && !matches!(on, Wait::Unknown { .. });
        waiting.kind == TaskKind::Ami.as_str() && (surely || *on == Wait::State)
    });
    Ok(refused.then_some(row))
}

/// The deployment's own security groups. A launching visit that died after making one, or was overtaken by a cancellation, left
/// no id behind, so without one it is looked for by its tag, as are those of several subnets, which may lie in several VPCs;
/// what only carries the tag is another's, and comes second as a sentence to tell.
async fn groups(tools: &Tools, case: &Case) -> Result<(Vec<String>, Vec<String>), VisitError> {
    let (region, id) = (&case.row.region, &case.row.id);
    let cloud = &tools.cloud;
    let recorded = case.row.security_group_id.as_ref();
    let several = !case.order.subnet_ids.is_empty();
    let mut found = Vec::new();
    if launch::wants_group(case) && (several || recorded.is_none()) {
        let by_tag = cloud.find_security_groups_by_tag(case.row.place(), DEPLOYMENT_TAG, id);
        found = by_tag.await?;
    }
    if let Some(group) = recorded.filter(|id| found.iter().all(|group| group.id != **id)) {
        found.extend(
            cloud
                .describe_security_group(case.row.place(), group)
                .await?,
        );
    }
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for group in found {
        let whose = provenance::of_group(tools, region, &group).await?;
        if provenance::may_change(&whose) {
            ours.push(group.id);
        } else {
            others.push(provenance::not_ours(Kind::SecurityGroup, &group.id, &whose));
        }
    }
    Ok((ours, others))
}

/// A visit that was overtaken may still be sending its request: looked at again in real seconds, whatever the pace.
fn in_doubt(tools: &Tools, case: Case) -> Visit {
    let until = tools.ledger.now() + chrono::TimeDelta::seconds(1);
    case.end(Then::Wait {
        until,
        on: Wait::Doubt,
    })
}

fn gone(tools: &Tools, mut case: Case, destroy: bool, instance: Option<String>) -> Visit {
    if let Some(id) = &instance {
        case.marks.settle(&TERMINATE);
        tools.batcher.forget_instance(case.row.place(), id);
        let said = format!("Instance {id} was terminated");
        case.say(Line::info(
            "deployment.instance_terminated",
            Source::Deploy,
            said,
        ));
    }
    case.row.instance_id = None;
    case.row.public_ip = None;
    case.row.private_ip = None;
    case.row.security_group_id = None;
    case.row.ends_at = None;
    if destroy && case.status != Status::Destroyed {
        case.become_status(Status::Destroyed);
        case.row.finished_at = Some(tools.ledger.now());
        let said = "Destroyed; its AMI, if any, was kept";
        case.say(Line::info("deployment.destroyed", Source::Deploy, said));
    }
    case.end(Then::Done)
}

enum Launch {
    None,
    Made(String),
    Doubt,
}

/// What this run's launch made: its outcome may never have been recorded, and EC2 may not show it yet.
async fn last_launch(tools: &Tools, case: &mut Case) -> Result<Launch, VisitError> {
    let effect = tools
        .ledger
        .effect(&case.row.id, case.row.run, EffectKind::Launch)
        .await?;
    let Some(effect) = effect else {
        return Ok(Launch::None);
    };
    if let Some(id) = effect.cloud_id {
        return Ok(Launch::Made(id));
    }
    if !effect.is_open() {
        return Ok(Launch::None);
    }
    // A launch that waited long for capacity may have been sent just before the end was asked for.
    let last_sent = case
        .row
        .finished_at
        .map_or(effect.created_at, |ended| ended.max(effect.created_at));
    let found = tools
        .cloud
        .find_instances_by_token(case.row.place(), &effect.id)
        .await?;
    let now = tools.ledger.now();
    let over = tools.doubt_is_over(last_sent);
    Ok(
        match (made(Intent::Open, !found.is_empty(), over), found.first()) {
            (Made::Instance, Some(instance)) => {
                case.change.outcome = Some(effect.done(&instance.id, now));
                Launch::Made(instance.id.clone())
            }
            (Made::Nothing, _) => {
                case.change.outcome = Some(effect.not_done("the deployment ended before it", now));
                Launch::None
            }
            (Made::Doubt | Made::Instance, _) => Launch::Doubt,
        },
    )
}

/// What became of an instance that was to end.
enum Ended {
    Gone,
    NotYet,
    NotOurs(String),
}

/// Terminates, and answers whether the instance is gone. EC2 is asked first whose it is: the id may be another's by now.
async fn terminated(tools: &Tools, case: &Case, id: &str) -> Result<Ended, VisitError> {
    let young = case
        .row
        .launched_at
        .is_some_and(|at| tools.since(at) < YOUNG);
    // An id EC2 does not know yet is no proof (EC2.md 18).
    let unseen = if young { Ended::NotYet } else { Ended::Gone };
    let Some(facts) = tools.batcher.instance(case.row.place(), id).await? else {
        return Ok(unseen);
    };
    let whose = provenance::of_instance_for(tools, &facts, &case.row).await?;
    if !provenance::may_change(&whose) {
        return Ok(Ended::NotOurs(provenance::not_ours(
            Kind::Instance,
            id,
            &whose,
        )));
    }
    TERMINATE.after_intent().await;
    let ended = tools.cloud.terminate(case.row.place(), id);
    match TERMINATE.effect(ended).await {
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(unseen),
        answer => answer?,
    }
    let facts = tools.batcher.instance_now(case.row.place(), id).await?;
    Ok(match facts {
        Some(facts) if facts.state == InstanceState::Terminated => Ended::Gone,
        Some(_) => Ended::NotYet,
        None => unseen,
    })
}

async fn drop_instance(
    tools: &Tools,
    claim: &Claim,
    mut case: Case,
    id: &str,
) -> Result<Visit, VisitError> {
    let Some(facts) = tools.batcher.instance_now(case.row.place(), id).await? else {
        if tools.since(claim.task.created_at) < YOUNG {
            let code = "InvalidInstanceID.NotFound".to_owned();
            return Ok(case.wait(tools, LOOK, Wait::Young { code }));
        }
        return Ok(case.end(Then::Done));
    };
    let whose = provenance::of_instance_for(tools, &facts, &case.row).await?;
    if !provenance::may_change(&whose) {
        left_alone(&mut case, provenance::not_ours(Kind::Instance, id, &whose));
        return Ok(case.end(Then::Done));
    }
    TERMINATE.after_intent().await;
    let ended = tools.cloud.terminate(case.row.place(), id);
    match TERMINATE.effect(ended).await {
        Err(error) if error.kind == ErrorKind::NotFound => {}
        answer => answer?,
    }
    tools.batcher.forget_instance(case.row.place(), id);
    case.marks.settle(&TERMINATE);
    let said = format!("Instance {id} of the earlier run is being terminated");
    case.say(Line::info(
        "deployment.instance_dropped",
        Source::Deploy,
        said,
    ));
    Ok(case.end(Then::Done))
}

/// An earlier run's launch whose outcome no worker recorded: whatever its token made is terminated.
async fn drop_effect(
    tools: &Tools,
    claim: &Claim,
    mut case: Case,
    id: &str,
) -> Result<Visit, VisitError> {
    let effect = tools
        .ledger
        .effect_by_id(id)
        .await?
        .filter(effect::Model::is_open);
    let Some(effect) = effect else {
        return Ok(case.end(Then::Done));
    };
    let found = tools
        .cloud
        .find_instances_by_token(case.row.place(), id)
        .await?;
    let now = tools.ledger.now();
    let Some(first) = found.first().map(|instance| instance.id.clone()) else {
        // The run ended when this task was made; until then its visits may have sent an intention of any age.
        if !tools.doubt_is_over(effect.created_at.max(claim.task.created_at)) {
            return Ok(in_doubt(tools, case));
        }
        case.change.outcome = Some(effect.not_done("the run ended before it", now));
        return Ok(case.end(Then::Done));
    };
    for instance in found.iter().filter(|instance| !instance.state.is_ending()) {
        let whose = provenance::of_instance_for(tools, instance, &case.row).await?;
        if !provenance::may_change(&whose) {
            left_alone(
                &mut case,
                provenance::not_ours(Kind::Instance, &instance.id, &whose),
            );
            continue;
        }
        TERMINATE.after_intent().await;
        let ended = tools.cloud.terminate(case.row.place(), &instance.id);
        TERMINATE.effect(ended).await?;
        case.marks.settle(&TERMINATE);
        let said = format!(
            "Instance {} of the earlier run is being terminated",
            instance.id
        );
        case.say(Line::info(
            "deployment.instance_dropped",
            Source::Deploy,
            said,
        ));
    }
    case.change.outcome = Some(effect.done(&first, now));
    Ok(case.end(Then::Done))
}

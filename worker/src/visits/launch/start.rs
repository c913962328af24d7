//! Starting the instance: what `prepare` wrote down is looked for by its token, then made, and after any doubt looked for
//! before it is made again (EC2.md, the recipe).

use ingot_cloud::{CloudError, ErrorKind, InstanceFacts, LaunchSpec, SecurityGroupSpec};
use ingot_domain::base::ResolvedBase;
use ingot_domain::event::{Line, Source};
use ingot_domain::image::ImageStatus;
use ingot_domain::place::Place;
use ingot_domain::provenance::Kind;
use ingot_domain::wait::Wait;
use ingot_entity::effect;
use ingot_entity::store::Then;
use serde::{Deserialize, Serialize};

use super::choice::{self, Choice};
use crate::acts::{CREATE_GROUP, LAUNCH};
use crate::case::{Case, VisitError};
use crate::provenance;
use crate::tools::Tools;
use ingot_engine::Visit;

/// The stored parameters of a launch.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::visits) struct Params {
    pub(super) spec: LaunchSpec,
    /// The ledger's image it starts from, if any.
    pub(super) image_row: Option<String>,
    /// The deployment's own security group, if it has one: made by the visit that launches, so that whatever ends the
    /// deployment knows from this row that a group may be there.
    #[serde(default)]
    pub(super) own_group: Option<SecurityGroupSpec>,
    /// The id of that group, once it was made.
    #[serde(default)]
    pub(super) group: Option<String>,
    /// The template's base as it was resolved for this launch; none in a launch of the version before.
    #[serde(default)]
    pub(in crate::visits) base: Option<ResolvedBase>,
    /// It starts from an image of another build of that base.
    #[serde(default)]
    pub(in crate::visits) stale: bool,
    /// Which of the order's places and types this launch is for, and what the next one does otherwise.
    #[serde(default)]
    pub(super) choice: Choice,
}

impl Params {
    /// The type it launches.
    pub(in crate::visits) fn instance_type(&self) -> &str {
        &self.spec.instance_type
    }

    /// Reads a launch effect's.
    pub(in crate::visits) fn read(effect: &effect::Model) -> Result<Self, VisitError> {
        serde_json::from_value(effect.params.clone()).map_err(|source| {
            VisitError::Nonsense(format!("launch parameters do not read back: {source}"))
        })
    }
}

/// The security group a launch was to make for itself, for the reconciler to know it by.
#[derive(Debug)]
pub(crate) struct GroupIntention {
    pub(crate) name: String,
    /// The subnet whose VPC it was to be made in.
    pub(crate) subnet_id: Option<String>,
    /// Its id, if that was written down.
    pub(crate) made: Option<String>,
}

impl GroupIntention {
    /// That of a launch effect; `None` for other effects and for launches without a group of their own.
    pub(crate) fn of(effect: &effect::Model) -> Option<Self> {
        let params: Params = serde_json::from_value(effect.params.clone()).ok()?;
        let group = params.own_group?;
        Some(Self {
            name: group.name,
            subnet_id: group.subnet_id,
            made: params.group,
        })
    }
}

/// Looks for what the effect made; makes it when it surely is not there.
pub(super) async fn look_then_launch(
    tools: &Tools,
    mut case: Case,
    effect: effect::Model,
) -> Result<Visit, VisitError> {
    let mut params = Params::read(&effect)?;
    if let Some(spec) = &params.own_group {
        // Looked for and made under its name, which a repeat finds again: before the look for the instance, because
        // the visit that adopts one must know its group, too.
        let made = tools.cloud.ensure_security_group(case.row.place(), spec);
        let group = CREATE_GROUP.effect(made).await?;
        params.spec.security_group_ids = vec![group.clone()];
        params.group = Some(group.clone());
        case.row.security_group_id = Some(group);
        case.marks.settle(&CREATE_GROUP);
    }
    let place = case.row.place();
    let found = tools
        .cloud
        .find_instances_by_token(place, &params.spec.token)
        .await?;
    if let Some(instance) = found.iter().find(|instance| !instance.state.is_ending()) {
        let whose = provenance::of_instance_for(tools, instance, &case.row).await?;
        if !provenance::may_change(&whose) {
            let why = provenance::not_ours(Kind::Instance, &instance.id, &whose);
            return Ok(failed(tools, case, &why));
        }
        tools
            .metrics
            .unknown_resolved
            .with_label_values(&["launch", "adopted"])
            .inc();
        let line = Line::info(
            "deployment.adopted",
            Source::Deploy,
            format!("Found the instance launched before: {}", instance.id),
        );
        case.say(line);
        return launched(tools, case, effect, &params, &instance.id.clone());
    }
    match LAUNCH.effect(tools.cloud.launch(place, &params.spec)).await {
        Ok(id) => launched(tools, case, effect, &params, &id),
        Err(error) => refused(tools, case, effect, params, &error).await,
    }
}

fn launched(
    tools: &Tools,
    mut case: Case,
    mut effect: effect::Model,
    params: &Params,
    instance_id: &str,
) -> Result<Visit, VisitError> {
    if params.group.is_some() {
        effect.params = stored(params)?;
    }
    let now = tools.ledger.now();
    tools
        .metrics
        .step_attempts
        .with_label_values(&["launch", "done"])
        .inc();
    case.marks.settle(&LAUNCH);
    case.row.instance_id = Some(instance_id.to_owned());
    case.row.launched_at = Some(now);
    case.change.outcome = Some(effect.done(instance_id, now));
    case.say(Line::info(
        "deployment.instance_created",
        Source::Deploy,
        format!("EC2 instance created ({instance_id})"),
    ));
    Ok(case.wait(tools, ingot_domain::decide::launch::WATCH, Wait::Instance))
}

async fn refused(
    tools: &Tools,
    mut case: Case,
    effect: effect::Model,
    mut params: Params,
    error: &CloudError,
) -> Result<Visit, VisitError> {
    let outcome = if error.kind.is_unknown() {
        "unknown"
    } else {
        "not_done"
    };
    tools
        .metrics
        .step_attempts
        .with_label_values(&["launch", outcome])
        .inc();
    let now = tools.ledger.now();
    match error.kind {
        // This attempt is over; the next one has another token (EC2.md 8).
        ErrorKind::TokenSpent | ErrorKind::TokenMismatch => {
            case.change.outcome = Some(effect.not_done(&error.to_string(), now));
            Ok(case.again(tools))
        }
        _ if choice::lacks_room(error) && params.choice.may_move(&case.order, error) => {
            choice::onward(tools, case, effect, params, error)
        }
        // Whatever EC2 refuses about the image of a cached launch: a fresh install does without it.
        _ if params.image_row.is_some() && choice::is_about_image(error) => {
            let ami = params.spec.image_id.clone();
            let gone = error.is_about_image() && is_gone(tools, case.row.place(), &ami).await?;
            if gone {
                mark_missing(tools, &mut case, params.image_row.as_deref()).await?;
                let said = format!("The cached AMI {ami} is gone: falling back to a fresh install");
                case.say(Line::info("deployment.image_missing", Source::Deploy, said).warn());
            } else {
                without_image(&mut case, &mut params, &error.told());
            }
            case.change.outcome = Some(effect::Model {
                params: stored(&params)?,
                ..effect.not_done(&error.to_string(), now)
            });
            Ok(case.again(tools))
        }
        _ if error.is_about_image() => {
            case.change.outcome = Some(effect.not_done(&error.to_string(), now));
            let why = format!(
                "image `{}` cannot be launched: {}",
                params.spec.image_id, error.message
            );
            Ok(failed(tools, case, &why))
        }
        ErrorKind::Invalid | ErrorKind::Duplicate => {
            case.change.outcome = Some(effect.not_done(&error.to_string(), now));
            Ok(failed(tools, case, &error.told()))
        }
        _ => Err(error.clone().into()),
    }
}

/// Whether EC2 has the image no more. One that is there and not available at this moment (pending, disabled) is not gone.
async fn is_gone(tools: &Tools, place: Place<'_>, ami: &str) -> Result<bool, VisitError> {
    let ids = [ami.to_owned()];
    let facts = tools.cloud.describe_images(place, &ids).await?;
    Ok(facts.first().is_none_or(|facts| facts.state.is_gone()))
}

/// The ledger's image is missing from now on.
async fn mark_missing(tools: &Tools, case: &mut Case, row: Option<&str>) -> Result<(), VisitError> {
    let Some(id) = row else {
        return Ok(());
    };
    if let Some(image) = tools.ledger.image(id).await?
        && image.parsed_status()? == ImageStatus::Available
    {
        let drift = &tools.metrics.drift;
        drift.with_label_values(&["image_missing"]).inc();
        case.image = Some(image.become_status(ImageStatus::Missing)?);
    }
    Ok(())
}

/// The next launch is a fresh install, and the story says why.
fn without_image(case: &mut Case, params: &mut Params, why: &str) {
    params.choice.fresh = true;
    let said = format!(
        "The cached AMI {} cannot be launched this way ({why}): falling back to a fresh install",
        params.spec.image_id
    );
    case.say(Line::info("deployment.image_refused", Source::Deploy, said).warn());
}

/// EC2 ended the instance for a reason of its own before it had an address: the next generation is launched, elsewhere if
/// there was no room.
pub(super) fn ended_by_aws(
    tools: &Tools,
    mut case: Case,
    effect: effect::Model,
    facts: &InstanceFacts,
) -> Result<Visit, VisitError> {
    let why = facts.ended("EC2 ended the instance before it had an address");
    let mut params = Params::read(&effect)?;
    if facts.lacked_room() {
        params.choice = params.choice.moved_on(&case.order);
    }
    let said = format!("{why}: launching again");
    case.say(Line::info("deployment.relaunched", Source::Deploy, said).warn());
    again(tools, case, effect, &params, &why)
}

/// EC2 ended the instance before it had an address for what it was launched from: if that is a cached image, a fresh install
/// does without it.
pub(super) fn ended_by_image(
    tools: &Tools,
    mut case: Case,
    effect: effect::Model,
    facts: &InstanceFacts,
    why: &str,
) -> Result<Visit, VisitError> {
    let mut params = Params::read(&effect)?;
    case.instance_ended = facts.state.is_ending();
    let why = facts.ended(why);
    if params.image_row.is_none() {
        return Ok(failed(tools, case, &why));
    }
    without_image(&mut case, &mut params, &why);
    again(tools, case, effect, &params, &why)
}

/// What the launch made has ended; the next generation follows.
fn again(
    tools: &Tools,
    mut case: Case,
    effect: effect::Model,
    params: &Params,
    why: &str,
) -> Result<Visit, VisitError> {
    case.change.outcome = Some(effect::Model {
        params: stored(params)?,
        ..effect.not_done(why, tools.ledger.now())
    });
    case.row.instance_id = None;
    case.row.launched_at = None;
    Ok(case.again(tools))
}

pub(super) fn stored(params: &Params) -> Result<serde_json::Value, VisitError> {
    serde_json::to_value(params).map_err(|source| {
        VisitError::Nonsense(format!("launch parameters cannot be stored: {source}"))
    })
}

pub(super) fn failed(tools: &Tools, mut case: Case, why: &str) -> Visit {
    case.fail(tools, why, Source::Deploy);
    case.end(Then::Done)
}

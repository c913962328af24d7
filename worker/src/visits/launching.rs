//! The effect of launching: what to launch is written down first, then made, and after any doubt looked for before it is
//! made again (EC2.md, the recipe).

use std::time::Duration;

use ingot_cloud::{BaseImageFacts, CloudError, ErrorKind, LaunchSpec, SecurityGroupSpec};
use ingot_domain::Instant;
use ingot_domain::deployment::{ImageChoice, Status};
use ingot_domain::event::{Line, Source};
use ingot_domain::image::{ImageKey, ImageStatus};
use ingot_domain::retry::YOUNG;
use ingot_domain::template::BaseImage;
use ingot_domain::userdata;
use ingot_entity::effect;
use ingot_entity::store::{Claim, EffectKind, Intention, Then};
use serde::{Deserialize, Serialize};

use super::shape;
use crate::case::{Case, VisitError, then_for};
use crate::tools::Tools;
use crate::steps::{CREATE_GROUP, LAUNCH};
use ingot_engine::Visit;

/// Launches tried in one run: a spent token or a vanished image makes the next one.
const MAX_GENERATIONS: i32 = 4;
/// How long a full region is asked again before the deployment fails.
const LONGEST_SHORTAGE: Duration = Duration::from_secs(60 * 60);

/// The stored parameters of a launch.
#[derive(Debug, Serialize, Deserialize)]
struct Params {
    spec: LaunchSpec,
    /// The ledger's image it starts from, if any.
    image_row: Option<String>,
    /// The deployment's own security group, if it has one: made by the visit that launches, so that whatever ends the
    /// deployment knows from this row that a group may be there.
    #[serde(default)]
    own_group: Option<SecurityGroupSpec>,
    /// Since when EC2 has said that it does not know something the launch names.
    #[serde(default)]
    unknown_since: Option<Instant>,
}

/// Chooses the image and writes the request down.
pub(super) async fn prepare(
    tools: &Tools,
    mut case: Case,
    last: Option<effect::Model>,
) -> Result<Visit, VisitError> {
    let generation = last.as_ref().map_or(0, |effect| effect.generation) + 1;
    if generation > MAX_GENERATIONS {
        let why = last
            .and_then(|effect| effect.error)
            .unwrap_or_else(|| "no launch succeeded".to_owned());
        case.fail(tools, &why, Source::Deploy);
        return Ok(case.end(Then::Done));
    }
    let region = case.row.region.clone();
    let account = tools.account().await?;
    let base = match tools.base_image(&region, &case.recipe.base_image).await {
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid) => {
            return Ok(failed(
                tools,
                case,
                &format!("the template's base image: {}", error.message),
            ));
        }
        base => base?,
    };
    let open = tools
        .cloud
        .groups_open_to_ssh(&region, &case.order.security_group_ids)
        .await?;
    if let Some(group) = open.first() {
        let why = format!(
            "security group `{group}` opens port 22 to the world; close it or name another group"
        );
        return Ok(failed(tools, case, &why));
    }
    case.row.account = Some(account.clone());
    case.row.base_image_id = Some(base.id.clone());
    case.row.base_image_description = Some(base.description.clone());
    let key = key(&case, &account, &base);
    let cached = shape::choose_image(tools, &mut case, &key).await?;
    // A given AMI need not be of the template's family, so its root volume has its own name.
    let given = match (&cached, case.order.image_choice) {
        (Some((ami, _)), ImageChoice::Given) => BaseImage::Ami(ami.clone()),
        _ => case.recipe.base_image.clone(),
    };
    let root_device_name = match tools.base_image(&region, &given).await {
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid) => {
            let why = format!("the requested AMI: {}", error.message);
            return Ok(failed(tools, case, &why));
        }
        facts => facts?.root_device_name,
    };
    let image_id = cached
        .as_ref()
        .map_or(base.id.clone(), |(ami, _)| ami.clone());
    case.row.launch_path = Some(if cached.is_some() { "cached" } else { "fresh" }.to_owned());
    case.row.source_ami_id = cached.as_ref().map(|(ami, _)| ami.clone());
    let script = shape::script(&case, cached.is_some());
    if let Err(error) = userdata::check_size("user_data", &script) {
        return Ok(failed(tools, case, &error.message));
    }
    let user_data = shape::packed(&script);
    let effect_id = case.effect_id(EffectKind::Launch, generation)?;
    let said = format!(
        "Launching {} from {image_id} ({}), {} GB {}, user data {} bytes raw, {} bytes sent",
        case.order.instance_type,
        case.row.launch_path.as_deref().unwrap_or_default(),
        case.order.volume_size_gb,
        case.recipe.volume.volume_type,
        script.len(),
        user_data.len()
    );
    let spec = LaunchSpec {
        token: effect_id.to_string(),
        image_id,
        instance_type: case.order.instance_type.clone(),
        user_data,
        root_device_name,
        volume_size_gb: case.order.volume_size_gb,
        volume_type: case.recipe.volume.volume_type.clone(),
        encrypted: case.recipe.volume.encrypted,
        subnet_id: case.order.subnet_id.clone(),
        security_group_ids: case.order.security_group_ids.clone(),
        instance_profile: case.recipe.instance_profile.clone(),
        tags: shape::instance_tags(tools, &case, effect_id.as_str()),
    };
    let params = Params {
        spec,
        image_row: cached.and_then(|(_, row)| row),
        own_group: shape::own_group(tools, &case),
        unknown_since: None,
    };
    case.marks.intend(&LAUNCH);
    if params.own_group.is_some() {
        case.marks.intend(&CREATE_GROUP);
    }
    let params = stored(&params)?;
    let (id, run, now) = (case.row.id.clone(), case.row.run, tools.ledger.now());
    let intention = Intention {
        deployment_id: &id,
        run,
        kind: EffectKind::Launch,
        generation,
        region: &region,
        params,
    };
    case.change.intend = Some(effect::Model::intention(&effect_id, intention, now));
    if case.status == Status::Queued {
        case.become_status(Status::Deploying);
    }
    case.say(Line::info("deployment.launching", Source::Deploy, said));
    Ok(case.again(tools, "launching"))
}

/// Looks for what the effect made; makes it when it surely is not there.
pub(super) async fn look_then_launch(
    tools: &Tools,
    claim: &Claim,
    mut case: Case,
    effect: effect::Model,
) -> Result<Visit, VisitError> {
    let mut params: Params = serde_json::from_value(effect.params.clone()).map_err(|source| {
        VisitError::Nonsense(format!("launch parameters do not read back: {source}"))
    })?;
    if let Some(spec) = &params.own_group {
        // Looked for and made under its name, which a repeat finds again: before the look for the instance, because
        // whoever adopts one must know its group, too.
        let made = tools.cloud.ensure_security_group(&case.row.region, spec);
        let group = CREATE_GROUP.effect(made).await?;
        params.spec.security_group_ids = vec![group.clone()];
        case.row.security_group_id = Some(group);
        case.marks.settle(&CREATE_GROUP);
    }
    let region = &case.row.region;
    let found = tools
        .cloud
        .find_instances_by_token(region, &params.spec.token)
        .await?;
    if let Some(instance) = found.iter().find(|instance| !instance.state.is_ending()) {
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
        return Ok(launched(tools, case, effect, &instance.id.clone()));
    }
    match LAUNCH
        .effect(tools.cloud.launch(region, &params.spec))
        .await
    {
        Ok(id) => Ok(launched(tools, case, effect, &id)),
        Err(error) => refused(tools, claim, case, effect, params, &error).await,
    }
}

fn launched(tools: &Tools, mut case: Case, effect: effect::Model, instance_id: &str) -> Visit {
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
    case.snooze(
        tools,
        ingot_domain::decide::launch::WATCH,
        "the instance is starting",
    )
}

async fn refused(
    tools: &Tools,
    claim: &Claim,
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
            Ok(case.again(tools, "launching again"))
        }
        ErrorKind::NotFound | ErrorKind::WrongState if error.code.starts_with("InvalidAMIID") => {
            case.change.outcome = Some(effect.not_done(&error.to_string(), now));
            if let Some(row) = &params.image_row {
                if let Some(image) = tools.ledger.image(row).await?
                    && image.parsed_status()? == ImageStatus::Available
                {
                    tools
                        .metrics
                        .drift
                        .with_label_values(&["image_missing"])
                        .inc();
                    case.change.image = Some(image.become_status(ImageStatus::Missing)?);
                }
                let said = format!(
                    "The cached AMI {} is gone: falling back to a fresh install",
                    params.spec.image_id
                );
                case.say(Line::info("deployment.image_missing", Source::Deploy, said).warn());
                return Ok(case.again(tools, "launching afresh"));
            }
            Ok(failed(
                tools,
                case,
                &format!(
                    "image `{}` cannot be launched: {}",
                    params.spec.image_id, error.message
                ),
            ))
        }
        ErrorKind::NoCapacity | ErrorKind::Quota
            if tools.since(effect.created_at) >= LONGEST_SHORTAGE =>
        {
            case.change.outcome = Some(effect.not_done(&error.to_string(), now));
            Ok(failed(
                tools,
                case,
                &format!("AWS had no room for an hour: {}", error.message),
            ))
        }
        // A group made a moment ago may not be known everywhere yet (EC2.md 17). Its age counts from the first refusal: the
        // intention may have waited long, for a rate or a worker, before the group was made.
        ErrorKind::NotFound
            if params
                .unknown_since
                .is_none_or(|at| tools.since(at) < YOUNG) =>
        {
            if params.unknown_since.is_none() {
                params.unknown_since = Some(now);
                case.change.outcome = Some(effect::Model {
                    params: stored(&params)?,
                    ..effect
                });
            }
            let why = format!("AWS: {}", error.code);
            Ok(case.snooze(tools, Duration::from_secs(5), &why))
        }
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Duplicate => {
            case.change.outcome = Some(effect.not_done(&error.to_string(), now));
            Ok(failed(
                tools,
                case,
                &format!("{}: {}", error.code, error.message),
            ))
        }
        _ => {
            // Said once per kind of trouble, not once per visit.
            if claim.task.last_error.as_deref() != Some(&error.to_string())
                && claim.task.visits <= 3
            {
                let said = format!("AWS did not launch yet ({}): {}", error.code, error.message);
                case.say(Line::info("deployment.launch_delayed", Source::Deploy, said).warn());
            }
            Ok(case.end(then_for(tools, claim, error)))
        }
    }
}

fn stored(params: &Params) -> Result<serde_json::Value, VisitError> {
    serde_json::to_value(params).map_err(|source| {
        VisitError::Nonsense(format!("launch parameters cannot be stored: {source}"))
    })
}

fn failed(tools: &Tools, mut case: Case, why: &str) -> Visit {
    case.fail(tools, why, Source::Deploy);
    case.end(Then::Done)
}

/// The key an image of this deployment has or would have.
pub(super) fn key(case: &Case, account: &str, base: &BaseImageFacts) -> ImageKey {
    ImageKey {
        template: case.row.template.clone(),
        version: case.order.version.clone(),
        mode: case.row.mode.clone(),
        arch: case.order.arch,
        account: account.to_owned(),
        region: case.row.region.clone(),
        base_image: base.id.clone(),
        fingerprint: case.row.fingerprint.clone(),
    }
}

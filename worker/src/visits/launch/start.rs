//! Starting the instance: what `prepare` wrote down is looked for by its token, then made, and after any doubt looked for
//! before it is made again (EC2.md, the recipe).

use std::time::Duration;

use ingot_cloud::{CloudError, ErrorKind, LaunchSpec, SecurityGroupSpec};
use ingot_domain::Instant;
use ingot_domain::event::{Line, Source};
use ingot_domain::image::ImageStatus;
use ingot_domain::retry::YOUNG;
use ingot_domain::wait::Wait;
use ingot_entity::effect;
use ingot_entity::store::{Claim, Then};
use serde::{Deserialize, Serialize};

use crate::acts::{CREATE_GROUP, LAUNCH};
use crate::case::{Case, VisitError, then_for};
use crate::tools::Tools;
use ingot_engine::Visit;

/// How long a full region is asked again before the deployment fails.
const LONGEST_SHORTAGE: Duration = Duration::from_secs(60 * 60);

/// The stored parameters of a launch.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Params {
    pub(super) spec: LaunchSpec,
    /// The ledger's image it starts from, if any.
    pub(super) image_row: Option<String>,
    /// The deployment's own security group, if it has one: made by the visit that launches, so that whatever ends the
    /// deployment knows from this row that a group may be there.
    #[serde(default)]
    pub(super) own_group: Option<SecurityGroupSpec>,
    /// Since when EC2 has said that it does not know something the launch names.
    #[serde(default)]
    pub(super) unknown_since: Option<Instant>,
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
    case.wait(tools, ingot_domain::decide::launch::WATCH, Wait::Instance)
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
            Ok(case.again(tools))
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
                return Ok(case.again(tools));
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
            Ok(case.wait(
                tools,
                Duration::from_secs(5),
                Wait::Young {
                    code: error.code.clone(),
                },
            ))
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

pub(super) fn stored(params: &Params) -> Result<serde_json::Value, VisitError> {
    serde_json::to_value(params).map_err(|source| {
        VisitError::Nonsense(format!("launch parameters cannot be stored: {source}"))
    })
}

pub(super) fn failed(tools: &Tools, mut case: Case, why: &str) -> Visit {
    case.fail(tools, why, Source::Deploy);
    case.end(Then::Done)
}

//! A copy of an image in another region: intended, begun under a token that is derived from its row (looked for by name and
//! tag before it is repeated), watched until EC2 has decided, and removed with its snapshots when it failed or was given up.

mod remove;
mod watch;

use std::time::Duration;

use ingot_cloud::{CloudError, CopySpec, ErrorKind, ImageQuery, ImageState};
use ingot_domain::decide::ami::POLL;
use ingot_domain::event::product;
use ingot_domain::ids::EffectId;
use ingot_domain::image::{EFFECT_TAG, INSTALL_TAG, ImageStatus};
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{Change, Claim, EffectKind, Intention, Moved, Then, image_id};
use ingot_entity::{LedgerError, effect, image};
use ingot_failpoint::Marks;

use crate::acts::COPY_IMAGE;
use crate::case::VisitError;
use crate::provenance;
use crate::tools::Tools;

/// The tags that say what it is a copy of, beside those of the image itself.
const SOURCE_TAG: &str = "ingot:source-image";
const SOURCE_REGION_TAG: &str = "ingot:source-region";
/// How often a copy that is given up is looked for while its beginning is in doubt, felt.
const LOOK: Duration = Duration::from_secs(10);

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let id = claim.task.scope.as_deref().unwrap_or_default();
    let Some(row) = tools.ledger.image(id).await? else {
        return Err(VisitError::Nonsense(format!("there is no image `{id}`")));
    };
    let effect = tools
        .ledger
        .effect(&row.id, 1, EffectKind::CopyImage)
        .await?;
    match (row.parsed_status()?, effect) {
        (ImageStatus::Pending, _) => watch::watch(tools, row).await,
        (ImageStatus::Claimed, None) => intend(tools, row).await,
        (ImageStatus::Claimed, Some(effect)) if effect.is_open() => {
            look_then_copy(tools, claim, row, effect).await
        }
        (ImageStatus::Claimed, Some(_)) => Err(VisitError::Nonsense(
            "a copy is claimed and its effect is over".to_owned(),
        )),
        _ => Ok(Visit::only(Then::Done)),
    }
}

/// What becomes of a copy whose task is given up: its key is free; what EC2 may have made of it is an orphan of ours.
pub(crate) async fn given_up(
    tools: &Tools,
    claim: &Claim,
    why: &str,
    then: Then,
) -> Result<Visit, VisitError> {
    let id = claim.task.scope.as_deref().unwrap_or_default();
    let row = tools.ledger.image(id).await?;
    let making = |row: &image::Model| row.parsed_status().is_ok_and(|is| is.is_in_the_making());
    match row.filter(making) {
        Some(row) => failed(row, why, Change::default(), Marks::default(), then),
        None => Ok(Visit::only(then)),
    }
}

/// The image that is copied, while it can be.
async fn source_of(tools: &Tools, row: &image::Model) -> Result<Option<image::Model>, VisitError> {
    let id = row.source_image_id.as_deref().unwrap_or_default();
    let source = tools.ledger.image(id).await?;
    let usable = |row: &image::Model| {
        row.status == "available" && row.disabled_at.is_none() && row.ami_id.is_some()
    };
    Ok(source.filter(usable))
}

/// Writes the whole request down.
async fn intend(tools: &Tools, row: image::Model) -> Result<Visit, VisitError> {
    let (change, marks) = (Change::default(), Marks::default());
    if let Some(why) = row.error.clone() {
        return failed(row, &why, change, marks, Then::Done);
    }
    let Some(source) = source_of(tools, &row).await? else {
        return failed(row, GONE, change, marks, Then::Done);
    };
    let (ami, region) = (source.ami_id.clone().unwrap_or_default(), &source.region);
    let now = tools.ledger.now();
    let id = EffectId::of_copy(&image_id(&row)?);
    let wish = row.wish();
    let mut tags: std::collections::BTreeMap<String, String> =
        serde_json::from_value(source.tags.clone()).unwrap_or_default();
    // Only AWS itself may set its own.
    tags.retain(|name, _| !name.starts_with("aws:"));
    for (name, value) in [
        ("Name", row.name.as_str()),
        ("BaseImage", row.base_image.as_str()),
        (EFFECT_TAG, id.as_str()),
        (INSTALL_TAG, tools.settings.install.as_str()),
        (SOURCE_TAG, ami.as_str()),
        (SOURCE_REGION_TAG, region.as_str()),
    ] {
        tags.insert(name.to_owned(), value.to_owned());
    }
    let spec = CopySpec {
        token: id.to_string(),
        source_region: region.clone(),
        source_image_id: ami.clone(),
        name: row.name.clone(),
        description: format!(
            "{} {} ({}), a copy of {ami} in {region}",
            product(&row.template),
            row.version,
            row.mode
        ),
        encrypted: wish.encrypted,
        kms_key_id: wish.kms_key_id,
        tags: tags.clone(),
    };
    let params = serde_json::to_value(&spec).map_err(unreadable)?;
    let intention = Intention {
        deployment_id: &row.id,
        run: 1,
        kind: EffectKind::CopyImage,
        generation: 1,
        region: &row.region,
        params,
    };
    let mut visit = again(tools);
    visit.change.intend = Some(effect::Model::intention(&id, intention, now));
    visit.marks.intend(&COPY_IMAGE);
    let row = image::Model {
        tags: serde_json::json!(tags),
        ..row
    };
    visit.change.moved.push(Moved::Image(Box::new(row)));
    Ok(visit)
}

/// Why a copy ends whose source cannot be copied any more.
const GONE: &str = "the image that it is a copy of is not available any more";

async fn look_then_copy(
    tools: &Tools,
    claim: &Claim,
    row: image::Model,
    effect: effect::Model,
) -> Result<Visit, VisitError> {
    let spec: CopySpec = serde_json::from_value(effect.params.clone()).map_err(unreadable)?;
    let query = ImageQuery {
        name: Some(spec.name.clone()),
        ..ImageQuery::default()
    };
    let found = tools.cloud.find_images(row.place(), &query).await?;
    let there = found
        .iter()
        .filter(|image| image.state != ImageState::Deregistered);
    for image in there {
        let whose = provenance::of_image_for(tools, image, &effect).await?;
        if provenance::may_change(&whose) {
            let labels = ["copy_image", "adopted"];
            tools
                .metrics
                .unknown_resolved
                .with_label_values(&labels)
                .inc();
            let id = image.id.clone();
            return begun(tools, row, effect, &id);
        }
    }
    if let Some(why) = row.error.clone() {
        return doubted(tools, row, effect, &why);
    }
    let doubtful = row.requested_at.is_some() || claim.task.crashes > 0;
    if source_of(tools, &row).await?.is_none() {
        return give_up(tools, row, effect, GONE, doubtful);
    }
    match COPY_IMAGE
        .effect(tools.cloud.copy_image(row.place(), &spec))
        .await
    {
        Ok(id) => begun(tools, row, effect, &id),
        Err(error) => refused(tools, row, effect, error, doubtful),
    }
}

fn begun(
    tools: &Tools,
    row: image::Model,
    effect: effect::Model,
    ami: &str,
) -> Result<Visit, VisitError> {
    let now = tools.ledger.now();
    let labels = ["copy_image", "done"];
    tools.metrics.step_attempts.with_label_values(&labels).inc();
    let mut visit = wait(tools, POLL, Wait::Image);
    visit.marks.settle(&COPY_IMAGE);
    visit.change.outcome = Some(effect.done(ami, now));
    let row = image::Model {
        ami_id: Some(ami.to_owned()),
        requested_at: Some(now),
        ..row.become_status(ImageStatus::Pending)?
    };
    visit.change.moved.push(Moved::Image(Box::new(row)));
    Ok(visit)
}

fn refused(
    tools: &Tools,
    row: image::Model,
    effect: effect::Model,
    error: CloudError,
    doubtful: bool,
) -> Result<Visit, VisitError> {
    let unknown = error.kind.is_unknown();
    let outcome = if unknown { "unknown" } else { "not_done" };
    let labels = ["copy_image", outcome];
    tools.metrics.step_attempts.with_label_values(&labels).inc();
    match error.kind {
        // Written down: a later refusal says nothing about this call.
        ErrorKind::Unknown if !doubtful => {
            let code = error.code.clone();
            let mut visit = wait(tools, Duration::from_secs(2), Wait::Unknown { code });
            let row = image::Model {
                requested_at: Some(tools.ledger.now()),
                ..row
            };
            visit.change.moved.push(Moved::Image(Box::new(row)));
            Ok(visit)
        }
        // One region's own matter, which a person mends and tries again; the other regions' copies go on.
        ErrorKind::Denied => {
            let why = format!("{} does not allow it: {}", row.region, error.told());
            give_up(tools, row, effect, &why, doubtful)
        }
        ErrorKind::Invalid | ErrorKind::TokenMismatch | ErrorKind::Duplicate => {
            let why = error.told();
            give_up(tools, row, effect, &why, doubtful)
        }
        // Waited out by the one judgement of refusals.
        _ => Err(error.into()),
    }
}

/// No copy: at once if surely none was begun, else when none has turned up for as long as one might.
fn give_up(
    tools: &Tools,
    row: image::Model,
    effect: effect::Model,
    why: &str,
    doubtful: bool,
) -> Result<Visit, VisitError> {
    let now = tools.ledger.now();
    if doubtful {
        let mut visit = wait(tools, LOOK, Wait::Doubt);
        let row = image::Model {
            error: Some(why.to_owned()),
            decided_at: Some(now),
            ..row
        };
        visit.change.moved.push(Moved::Image(Box::new(row)));
        return Ok(visit);
    }
    let change = Change {
        outcome: Some(effect.not_done(why, now)),
        ..Change::default()
    };
    failed(row, why, change, Marks::default(), Then::Done)
}

/// It is given up, and EC2 shows none: believed when it would show it by now.
fn doubted(
    tools: &Tools,
    row: image::Model,
    effect: effect::Model,
    why: &str,
) -> Result<Visit, VisitError> {
    let since = row.decided_at.unwrap_or(row.created_at);
    match tools.doubt_is_over(since) {
        true => give_up(tools, row, effect, why, false),
        false => Ok(wait(tools, LOOK, Wait::Doubt)),
    }
}

/// The row fails, with what else is to be written.
fn failed(
    row: image::Model,
    why: &str,
    change: Change,
    marks: Marks,
    then: Then,
) -> Result<Visit, VisitError> {
    let mut visit = Visit {
        change: Box::new(change),
        marks,
        ..Visit::only(then)
    };
    let row = image::Model {
        error: Some(why.to_owned()),
        ..row.become_status(ImageStatus::Failed)?
    };
    visit.change.moved.push(Moved::Image(Box::new(row)));
    Ok(visit)
}

fn wait(tools: &Tools, after: Duration, on: Wait) -> Visit {
    let until = tools.after(after);
    Visit::only(Then::Wait { until, on })
}

fn again(tools: &Tools) -> Visit {
    wait(tools, Duration::ZERO, Wait::Next)
}

fn unreadable(source: serde_json::Error) -> VisitError {
    LedgerError::Json {
        what: "copy parameters",
        source,
    }
    .into()
}

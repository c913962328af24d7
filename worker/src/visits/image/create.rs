//! CreateImage, with its name fixed before the call: looked for under that name before it is made, and after any doubt.

use std::time::Duration;

use ingot_cloud::{CloudError, ErrorKind, ImageFacts, ImageQuery, ImageSpec, ImageState};
use ingot_domain::decide::doubt::{NameSight, Naming, naming};
use ingot_domain::event::{Line, Source, ami};
use ingot_domain::image::{EFFECT_TAG, ImageStatus, with_end};
use ingot_domain::provenance::Kind;
use ingot_domain::wait::Wait;
use ingot_entity::store::EffectKind;
use ingot_entity::{LedgerError, effect, image};

use super::{poll, scrub};
use crate::acts::CREATE_IMAGE;
use crate::case::{Case, VisitError};
use crate::provenance;
use crate::tools::Tools;
use ingot_engine::Visit;

pub(super) fn stored(spec: &ImageSpec) -> Result<serde_json::Value, VisitError> {
    serde_json::to_value(spec).map_err(|source| {
        LedgerError::Json {
            what: "image parameters",
            source,
        }
        .into()
    })
}

/// The image is claimed or in the making.
pub(super) async fn visit(
    tools: &Tools,
    case: Case,
    row: image::Model,
) -> Result<Visit, VisitError> {
    match row.parsed_status()? {
        ImageStatus::Claimed => {
            let effect = tools
                .ledger
                .effect(&case.row.id, case.row.run, EffectKind::CreateImage)
                .await?;
            let Some(effect) = effect.filter(effect::Model::is_open) else {
                return Err(VisitError::Nonsense(
                    "an image is claimed without an intention".to_owned(),
                ));
            };
            look_then_create(tools, case, row, effect).await
        }
        _ => poll::poll(tools, case, row).await,
    }
}

async fn look_then_create(
    tools: &Tools,
    mut case: Case,
    mut row: image::Model,
    effect: effect::Model,
) -> Result<Visit, VisitError> {
    let spec: ImageSpec =
        serde_json::from_value(effect.params.clone()).map_err(|source| LedgerError::Json {
            what: "image parameters",
            source,
        })?;
    let query = ImageQuery {
        name: Some(spec.name.clone()),
        ..ImageQuery::default()
    };
    let found = tools.cloud.find_images(case.row.place(), &query).await?;
    let there = |image: &&ImageFacts| image.state != ImageState::Deregistered;
    let there: Vec<&ImageFacts> = found.iter().filter(there).collect();
    let mut adopted = None;
    for image in &there {
        let whose = provenance::of_image_for(tools, image, &effect).await?;
        if provenance::may_change(&whose) {
            adopted = Some(image.id.clone());
            break;
        }
    }
    // What carries our effect and does not say yet what it was made of may turn out to be ours.
    let bare = |image: &&ImageFacts| {
        let ours = image.tags.get(EFFECT_TAG) == Some(&effect.id);
        image.tags.is_empty() || (ours && image.source_instance_id.is_none())
    };
    let sight = match (&adopted, there.is_empty()) {
        (Some(_), _) => NameSight::Ours,
        (None, true) => NameSight::Nobody,
        (None, false) if there.iter().all(bare) => NameSight::Untagged,
        (None, false) => NameSight::Foreign,
    };
    match (naming(sight, met(tools, &row)), adopted) {
        (Naming::Adopt, Some(id)) => {
            tools
                .metrics
                .unknown_resolved
                .with_label_values(&["create_image", "adopted"])
                .inc();
            return initiated(tools, case, row, effect, &id);
        }
        (Naming::Wait, _) => {
            return Ok(taken(tools, case, row, Duration::from_secs(5)));
        }
        (Naming::Rename, _) => return rename(tools, case, row, effect, spec),
        (Naming::Create | Naming::Adopt, _) => {}
    }
    // CreateImage restarts its instance: none but the deployment's own is imaged.
    if let Some(facts) = tools
        .batcher
        .instance(case.row.place(), &spec.instance_id)
        .await?
    {
        let whose = provenance::of_instance_for(tools, &facts, &case.row).await?;
        if !provenance::may_change(&whose) {
            let why = provenance::not_ours(Kind::Instance, &facts.id, &whose);
            return poll::fail(tools, case, row, &why);
        }
    }
    if row.scrub.is_none()
        && let Some(wait) = scrub::prepare(tools, &mut case, &mut row).await?
    {
        return Ok(case.wait(tools, wait, Wait::Scrub));
    }
    match CREATE_IMAGE
        .effect(tools.cloud.create_image(case.row.place(), &spec))
        .await
    {
        Ok(id) => initiated(tools, case, row, effect, &id),
        Err(error) => refused(tools, case, row, effect, spec, &error).await,
    }
}

fn initiated(
    tools: &Tools,
    mut case: Case,
    row: image::Model,
    effect: effect::Model,
    ami_id: &str,
) -> Result<Visit, VisitError> {
    let now = tools.ledger.now();
    tools
        .metrics
        .step_attempts
        .with_label_values(&["create_image", "done"])
        .inc();
    case.row.created_ami_id = Some(ami_id.to_owned());
    case.say(ami::initiated(ami_id));
    if !case.order.no_reboot {
        case.say(ami::downtime());
    }
    case.say(ami::waiting());
    case.marks.settle(&CREATE_IMAGE);
    case.change.outcome = Some(effect.done(ami_id, now));
    let row = row.become_status(ImageStatus::Pending)?;
    case.image = Some(image::Model {
        ami_id: Some(ami_id.to_owned()),
        requested_at: Some(now),
        ..row
    });
    Ok(case.wait(tools, ingot_domain::decide::ami::POLL, Wait::Image))
}

async fn refused(
    tools: &Tools,
    case: Case,
    row: image::Model,
    effect: effect::Model,
    spec: ImageSpec,
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
        .with_label_values(&["create_image", outcome])
        .inc();
    match error.kind {
        // After five minutes it is a deregistered image's name that has not propagated, and another name is taken.
        ErrorKind::Duplicate => match naming(NameSight::Taken, met(tools, &row)) {
            Naming::Rename => rename(tools, case, row, effect, spec),
            _ => Ok(taken(tools, case, row, Duration::from_secs(10))),
        },
        ErrorKind::NotFound => {
            poll::fail(tools, case, row, "the instance disappeared during imaging")
        }
        ErrorKind::WrongState => {
            let id = case.row.instance_id.clone().unwrap_or_default();
            let facts = tools.batcher.instance_now(case.row.place(), &id).await?;
            if facts.is_none_or(|facts| facts.state.is_ending()) {
                return poll::fail(tools, case, row, "the instance disappeared during imaging");
            }
            Ok(case.wait(tools, Duration::from_secs(15), Wait::State))
        }
        ErrorKind::Invalid | ErrorKind::TokenMismatch | ErrorKind::TokenSpent => {
            poll::fail(tools, case, row, &error.told())
        }
        _ => Err(error.clone().into()),
    }
}

/// How long the name has been found taken.
fn met(tools: &Tools, row: &image::Model) -> Duration {
    let at = row.requested_at;
    at.map_or(Duration::ZERO, |at| tools.since(at))
}

/// The name is taken, perhaps by our own image: since when is written down, then it is looked for again.
fn taken(tools: &Tools, mut case: Case, row: image::Model, after: Duration) -> Visit {
    if row.requested_at.is_none() {
        case.image = Some(image::Model {
            requested_at: Some(tools.ledger.now()),
            ..row
        });
    }
    case.wait(tools, after, Wait::Name)
}

/// An image of another maker has the name: take the next suffix (F38).
fn rename(
    tools: &Tools,
    mut case: Case,
    row: image::Model,
    effect: effect::Model,
    mut spec: ImageSpec,
) -> Result<Visit, VisitError> {
    let (stem, number) = match spec.name.rsplit_once('-') {
        Some((stem, number)) if number.len() <= 2 && number.parse::<u32>().is_ok() => {
            (stem.to_owned(), number.parse::<u32>().unwrap_or(1))
        }
        _ => (spec.name.clone(), 1),
    };
    spec.name = with_end(&stem, &format!("-{}", number + 1));
    spec.tags.insert("Name".to_owned(), spec.name.clone());
    let said = format!(
        "The name {} belongs to another image: using {}",
        row.name, spec.name
    );
    case.say(Line::info("ami.renamed", Source::AmiCreation, said).warn());
    case.say(ami::creating(&spec.name));
    case.image = Some(image::Model {
        name: spec.name.clone(),
        tags: serde_json::json!(spec.tags),
        requested_at: None,
        ..row
    });
    case.change.outcome = Some(effect::Model {
        params: stored(&spec)?,
        ..effect
    });
    Ok(case.again(tools))
}

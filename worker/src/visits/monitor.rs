//! Reconciling one region: what the ledger believes of images and instances against what EC2 says. "Not found" counts only
//! for what is old enough to be known (F39), and only for what we made.

use std::collections::HashMap;

use ingot_cloud::{ImageFacts, ImageState, InstanceFacts};
use ingot_domain::Instant;
use ingot_domain::decide::scan::{self, Sighting};
use ingot_domain::decide::standing::{Sight, View, follow};
use ingot_domain::event::{Line, Source};
use ingot_domain::image::ImageStatus;
use ingot_domain::lifetime::keeps_status;
use ingot_domain::place::Place;
use ingot_domain::provenance::{Provenance, Use};
use ingot_domain::retry::YOUNG;
use ingot_entity::store::{Claim, Then, status_of};
use ingot_entity::{deployment, image};

use super::orphans;
use crate::case::VisitError;
use crate::lifetime::ending;
use crate::provenance;
use crate::tools::Tools;
use ingot_engine::Visit;

/// Ids of one Describe call: EC2's limit of filter values.
const CHUNK: usize = 200;

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let Some(region) = claim.task.scope.as_deref() else {
        return Err(VisitError::Nonsense(
            "a monitor task without a region".to_owned(),
        ));
    };
    let account = tools.account().await?;
    let place = Place::of(Some(&account), region);
    images(tools, place).await?;
    instances(tools, place).await?;
    Box::pin(orphans::look(tools, region)).await?;
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    tools
        .metrics
        .reconciler_last
        .set(tools.ledger.now().timestamp() as f64);
    Ok(Visit::only(Then::Done))
}

/// Rows of another account are left as they are: these credentials cannot see what became of them.
async fn images(tools: &Tools, place: Place<'_>) -> Result<(), VisitError> {
    let mut rows = tools.ledger.images_to_reconcile(place.region()).await?;
    rows.retain(|row| place.is_of(&row.account));
    let newest = newest_of_keys(&rows);
    let mut seen = Vec::new();
    for chunk in rows.chunks(CHUNK) {
        let ids: Vec<String> = chunk.iter().filter_map(|row| row.ami_id.clone()).collect();
        let known = tools.cloud.describe_images(place, &ids).await?;
        let older = chunk.iter().filter(|row| newer_of(row, &newest).is_some());
        let older: Vec<&str> = older.map(|row| row.id.as_str()).collect();
        let back = tools.ledger.came_back(&older).await?;
        for row in chunk {
            let facts = known
                .iter()
                .find(|facts| Some(&facts.id) == row.ami_id.as_ref());
            let making = being_made(tools, row).await?;
            let whose = match facts {
                Some(facts) => Some(provenance::of_recorded_image(tools, facts, Some(row)).await?),
                None => None,
            };
            if let Some(whose) = &whose {
                let class = whose.class.as_str();
                tools.ledger.note_class(row, class, &whose.why).await?;
            }
            seen.extend(to_decide(row, facts, whose.as_ref(), &newest, &back)?);
            if let Some(changed) = image_change(tools, row, facts, making)?
                && tools.ledger.amend_image(row, &changed).await?
            {
                tools.metrics.drift.with_label_values(&["image"]).inc();
                tracing::warn!(image = %row.id, ami = ?row.ami_id, from = %row.status, to = %changed.status, "an image differs from the ledger");
            }
        }
    }
    let scope = format!("{}/images", place.region());
    tools
        .ledger
        .sight(&scope, &seen, tools.sighted_before())
        .await?;
    Ok(())
}

/// Of each key the newest image that can be launched from.
fn newest_of_keys(rows: &[image::Model]) -> HashMap<&str, &image::Model> {
    let mut newest: HashMap<&str, &image::Model> = HashMap::new();
    let usable = |row: &&image::Model| row.status == "available" && row.disabled_at.is_none();
    for row in rows.iter().filter(usable) {
        let known = newest.entry(key_of(row)).or_insert(row);
        if row.generation > known.generation {
            *known = row;
        }
    }
    newest
}

/// A row of the version before knows its key by the base's id only.
fn key_of(row: &image::Model) -> &str {
    row.content_digest.as_deref().unwrap_or(&row.key_digest)
}

/// What a person should decide about a recorded image: one that is not ours by its own facts, and one that is back while a
/// newer generation of its key can be launched from.
fn to_decide(
    row: &image::Model,
    facts: Option<&ImageFacts>,
    whose: Option<&Provenance>,
    newest: &HashMap<&str, &image::Model>,
    back: &HashMap<String, Instant>,
) -> Result<Option<Sighting>, VisitError> {
    let (Some(facts), Some(whose)) = (facts, whose) else {
        return Ok(None);
    };
    let status = row.parsed_status()?;
    let held = status.holds_key();
    if held && row.origin != image::AUTO && !whose.allows(Use::Launch) {
        return Ok(Some(scan::unproven(&facts.id, whose)));
    }
    if facts.state != ImageState::Available {
        return Ok(None);
    }
    // An older generation that was there all the time is what every rebuild leaves.
    let returns = matches!(status, ImageStatus::Missing | ImageStatus::Deleted);
    let returns = returns || row.disabled_at.is_some();
    let newer = newer_of(row, newest)
        .filter(|newer| returns || back.get(&row.id).is_some_and(|at| *at >= newer.created_at));
    Ok(newer.map(|newer| {
        let ami = newer.ami_id.as_deref().unwrap_or(&newer.name);
        scan::outrun(&facts.id, ami, newer.generation)
    }))
}

/// The newer generation of an image's key that can be launched from.
fn newer_of<'a>(
    row: &image::Model,
    newest: &HashMap<&str, &'a image::Model>,
) -> Option<&'a image::Model> {
    let newer = newest.get(key_of(row)).copied();
    newer.filter(|newer| {
        newer.account == row.account && newer.generation > row.generation && newer.id != row.id
    })
}

/// Whether a deployment's task, or a copy's own, is making the image: then it is that task's business.
async fn being_made(tools: &Tools, row: &image::Model) -> Result<bool, VisitError> {
    if row.source_image_id.is_some() && row.status == "pending" {
        return Ok(true);
    }
    let Some(id) = row
        .source_deployment_id
        .as_deref()
        .filter(|_| row.status == "pending")
    else {
        return Ok(false);
    };
    let source = tools.ledger.deployment(id).await?;
    Ok(source.is_some_and(|source| source.ami_status.as_deref() == Some("creating")))
}

/// What a row becomes by what EC2 says.
fn image_change(
    tools: &Tools,
    row: &image::Model,
    facts: Option<&ImageFacts>,
    being_made: bool,
) -> Result<Option<image::Model>, VisitError> {
    if being_made {
        return Ok(None);
    }
    let now = tools.ledger.now();
    let view = View {
        status: row.parsed_status()?,
        disabled_at: row.disabled_at,
        sight: sight(facts),
        young: row.requested_at.is_some_and(|at| tools.since(at) < YOUNG),
    };
    let (status, disabled_at) = follow(view, now);
    let turned = status == ImageStatus::Available && view.status != status;
    let deprecated_at = match facts {
        Some(facts) => facts.deprecated_at,
        None => row.deprecated_at,
    };
    let changed = image::Model {
        available_at: row.available_at.or(turned.then_some(now)),
        disabled_at,
        deprecated_at,
        ..row.clone().become_status(status)?
    };
    Ok((changed != *row).then_some(changed))
}

fn sight(facts: Option<&ImageFacts>) -> Sight {
    match facts.map(|facts| facts.state) {
        None => Sight::Gone,
        Some(state) if state.is_gone() => Sight::Gone,
        Some(ImageState::Available) => Sight::Available,
        Some(ImageState::Disabled) => Sight::Disabled,
        Some(_) => Sight::Pending,
    }
}

async fn instances(tools: &Tools, place: Place<'_>) -> Result<(), VisitError> {
    let mut rows = tools
        .ledger
        .deployments_with_instances(place.region())
        .await?;
    rows.retain(|row| {
        row.account
            .as_ref()
            .is_none_or(|account| place.is_of(account))
    });
    for chunk in rows.chunks(CHUNK) {
        let ids: Vec<String> = chunk
            .iter()
            .filter_map(|row| row.instance_id.clone())
            .collect();
        let known = tools.cloud.describe_instances(place, &ids).await?;
        for row in chunk {
            let facts = known
                .iter()
                .find(|facts| Some(&facts.id) == row.instance_id.as_ref());
            if lost(tools, row, facts) {
                record_lost(tools, row).await?;
            }
        }
    }
    Ok(())
}

fn lost(tools: &Tools, row: &deployment::Model, facts: Option<&InstanceFacts>) -> bool {
    match facts {
        Some(facts) => facts.state.is_ending(),
        None => row.launched_at.is_some_and(|at| tools.since(at) >= YOUNG),
    }
}

/// The instance was terminated outside of Ingot (FAULTS F27): told, and what it leaves is cleaned up as for any destroyed
/// deployment. One that a destroy task is ending, or whose AMI is in the making, is that task's business.
async fn record_lost(tools: &Tools, row: &deployment::Model) -> Result<(), VisitError> {
    let making = matches!(row.ami_status.as_deref(), Some("pending" | "creating"));
    if making || tools.ledger.is_ending(&row.id).await? {
        return Ok(());
    }
    let id = row.instance_id.as_deref().unwrap_or_default();
    let status = status_of(row)?;
    let line = if keeps_status(status) {
        // Perhaps its end is why the deployment failed; the story has said that.
        let said = format!("Instance {id} is gone: nothing of it runs on");
        Line::info("deployment.instance_gone", Source::Monitor, said)
    } else {
        tools.metrics.drift.with_label_values(&["instance"]).inc();
        let said = format!("Instance {id} was terminated outside of Ingot");
        Line::info("deployment.instance_lost", Source::Monitor, said).warn()
    };
    let ending = ending(status, row.run).task(&row.id, tools.ledger.now());
    // A visit or a request that changes the row meanwhile knows more than we do; the next tick looks again.
    tools
        .ledger
        .amend_causing(row, row, &[line], &[ending])
        .await?;
    Ok(())
}

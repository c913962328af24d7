//! Reconciling one region: what the ledger believes of images and instances against what EC2 says. "Not found" counts only
//! for what is old enough to be known (F39), and only for what we made.

use ingot_cloud::{ImageFacts, ImageState, InstanceFacts};
use ingot_domain::decide::scan::{self, Sighting};
use ingot_domain::event::{Line, Source};
use ingot_domain::image::ImageStatus;
use ingot_domain::provenance::{Provenance, Use};
use ingot_domain::retry::YOUNG;
use ingot_entity::store::{Claim, Ending, Then};
use ingot_entity::{deployment, image};

use super::orphans;
use crate::case::VisitError;
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
    images(tools, region).await?;
    instances(tools, region).await?;
    Box::pin(orphans::look(tools, region)).await?;
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    tools
        .metrics
        .reconciler_last
        .set(tools.ledger.now().timestamp() as f64);
    Ok(Visit::only(Then::Done))
}

async fn images(tools: &Tools, region: &str) -> Result<(), VisitError> {
    let rows = tools.ledger.images_to_reconcile(region).await?;
    let mut seen = Vec::new();
    for chunk in rows.chunks(CHUNK) {
        let ids: Vec<String> = chunk.iter().filter_map(|row| row.ami_id.clone()).collect();
        let known = tools.cloud.describe_images(region, &ids).await?;
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
            seen.extend(to_decide(tools, row, facts, whose.as_ref()).await?);
            if let Some(changed) = image_change(tools, row, facts, making)?
                && tools.ledger.amend_image(row, &changed).await?
            {
                tools.metrics.drift.with_label_values(&["image"]).inc();
                tracing::warn!(image = %row.id, ami = ?row.ami_id, from = %row.status, to = %changed.status, "an image differs from the ledger");
            }
        }
    }
    let scope = format!("{region}/images");
    tools
        .ledger
        .sight(&scope, &seen, tools.sighted_before())
        .await?;
    Ok(())
}

/// What a person should decide about a recorded image: one that is not ours by its own facts, and one that is back while
/// another has taken its key.
async fn to_decide(
    tools: &Tools,
    row: &image::Model,
    facts: Option<&ImageFacts>,
    whose: Option<&Provenance>,
) -> Result<Option<Sighting>, VisitError> {
    let (Some(facts), Some(whose)) = (facts, whose) else {
        return Ok(None);
    };
    let status = row.parsed_status()?;
    if status.holds_key() {
        let refused = row.origin != image::AUTO && !whose.allows(Use::Launch);
        let what = || scan::unproven(&facts.id, whose);
        return Ok(refused.then(what));
    }
    if facts.state != ImageState::Available {
        return Ok(None);
    }
    let holder = tools.ledger.holder_of(row).await?;
    Ok(holder.map(|holder| {
        let newer = holder.ami_id.as_deref().unwrap_or(&holder.name);
        scan::outrun(&facts.id, newer, holder.generation)
    }))
}

/// Whether a deployment's task is making the image: then it is that task's business.
async fn being_made(tools: &Tools, row: &image::Model) -> Result<bool, VisitError> {
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
    let status = row.parsed_status()?;
    let gone = facts.is_none_or(|facts| facts.state.is_gone());
    let available = facts.is_some_and(|facts| facts.state == ImageState::Available);
    let young = row.requested_at.is_some_and(|at| tools.since(at) < YOUNG);
    Ok(match status {
        _ if being_made => None,
        ImageStatus::Available | ImageStatus::Pending if gone && !young => {
            Some(row.clone().become_status(ImageStatus::Missing)?)
        }
        ImageStatus::Pending | ImageStatus::Missing | ImageStatus::Deleted if available => {
            let available_at = row.available_at.or(Some(tools.ledger.now()));
            let row = row.clone().become_status(ImageStatus::Available)?;
            Some(image::Model {
                available_at,
                ..row
            })
        }
        _ => None,
    })
}

async fn instances(tools: &Tools, region: &str) -> Result<(), VisitError> {
    let rows = tools.ledger.deployments_with_instances(region).await?;
    for chunk in rows.chunks(CHUNK) {
        let ids: Vec<String> = chunk
            .iter()
            .filter_map(|row| row.instance_id.clone())
            .collect();
        let known = tools.cloud.describe_instances(region, &ids).await?;
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
    tools.metrics.drift.with_label_values(&["instance"]).inc();
    let id = row.instance_id.as_deref().unwrap_or_default();
    let said = format!("Instance {id} was terminated outside of Ingot");
    let line = Line::info("deployment.instance_lost", Source::Monitor, said).warn();
    let ending = Ending::Destroy { run: row.run }.task(&row.id, tools.ledger.now());
    // A visit or a request that changes the row meanwhile knows more than we do; the next tick looks again.
    tools
        .ledger
        .amend_causing(row, row, &[line], &[ending])
        .await?;
    Ok(())
}

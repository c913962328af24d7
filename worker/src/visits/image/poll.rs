//! The image in the making: polls until EC2 has decided, what it decided, and the instance asked again after its reboot.

use std::time::Duration;

use ingot_cloud::{ImageFacts, ImageState};
use ingot_domain::decide::ami::{
    Back, ImageSight, Making, MakingNext, POLL, REVERIFY_AFTER, TOO_LATE, back, making,
};
use ingot_domain::deployment::AmiStatus;
use ingot_domain::event::{Line, Source, ami};
use ingot_domain::image::ImageStatus;
use ingot_domain::probe::{ProbeClass, ProbeOutcome};
use ingot_domain::provenance::{Kind, Provenance};
use ingot_domain::wait::{Wait, span};
use ingot_entity::image;
use ingot_entity::store::{EffectKind, Then};

use super::scrub;
use crate::acts::{DELETE_SNAPSHOT, DEREGISTER};
use crate::case::{Case, VisitError};
use crate::provenance;
use crate::tools::Tools;
use crate::visits::readiness::{self, command};
use ingot_engine::Visit;

/// Looks at the image in the making and does what `decide` says.
pub(super) async fn poll(
    tools: &Tools,
    mut case: Case,
    row: image::Model,
) -> Result<Visit, VisitError> {
    let ami_id = row.ami_id.clone().unwrap_or_default();
    let facts = tools.batcher.image(case.row.place(), &ami_id).await?;
    let age = age(tools, &row);
    let sight = facts
        .as_ref()
        .map_or(ImageSight::Absent, |facts| sight(facts.state));
    let instance = match sight {
        ImageSight::Broken => {
            let id = case.row.instance_id.clone().unwrap_or_default();
            tools.batcher.instance_now(case.row.place(), &id).await?
        }
        _ => None,
    };
    let instance_gone = sight == ImageSight::Broken
        && instance
            .as_ref()
            .is_none_or(|instance| instance.state.is_ending());
    // Tries of this run: images the key had before are not its failures.
    let tries = tools
        .ledger
        .effect(&case.row.id, case.row.run, EffectKind::CreateImage)
        .await?;
    let generation = tries.map_or(1, |effect| u32::try_from(effect.generation).unwrap_or(1));
    // A try that was marked broken stays so, whatever its clean-up has changed in EC2 since.
    let sight = match row.error.as_deref() {
        Some(TOO_LATE) => ImageSight::GivenUp,
        Some(_) => ImageSight::Broken,
        None => sight,
    };
    let step = making(Making {
        sight,
        age,
        generation,
        instance_gone,
    });
    let gives_up = sight == ImageSight::Pending && matches!(step, MakingNext::Fail(_));
    if (sight == ImageSight::Broken || gives_up) && row.error.is_none() {
        // Written down before anything is cleaned up: a crash in between must not make it "deregistered outside of Ingot", and
        // EC2 tells its snapshots no more once it is deregistered.
        let reason = facts.as_ref().and_then(|facts| facts.state_reason.clone());
        let snapshots = snapshot_ids(facts.as_ref());
        let error = match step {
            MakingNext::Fail(why) if gives_up => why.to_owned(),
            _ => reason.unwrap_or_else(|| "EC2 gave no reason".to_owned()),
        };
        case.marks.intend(&DEREGISTER);
        if !snapshots.is_empty() {
            case.marks.intend(&DELETE_SNAPSHOT);
        }
        case.image = Some(image::Model {
            error: Some(error),
            snapshots: serde_json::json!(snapshots),
            ..row
        });
        return Ok(case.again(tools));
    }
    match step {
        MakingNext::Poll { after, slow } => {
            if age >= REVERIFY_AFTER {
                reverify(tools, &mut case).await?;
            }
            let mut kept = row.clone();
            if age >= REVERIFY_AFTER {
                scrub::look(tools, &mut case, &mut kept, age, false).await?;
            }
            if slow && row.slow_at.is_none() {
                let said = "The AMI takes longer than an hour; EC2 is still working on it";
                case.say(Line::info("ami.slow", Source::AmiCreation, said).warn());
                kept.slow_at = Some(tools.ledger.now());
            }
            // Known before the image is given up or vanishes, or they would stay behind (FAULTS F07, I1).
            let snapshots = snapshot_ids(facts.as_ref());
            if !snapshots.is_empty() && row.snapshot_ids() != snapshots {
                kept.snapshots = serde_json::json!(snapshots);
            }
            if kept != row {
                case.image = Some(kept);
            }
            Ok(case.wait(tools, after, Wait::Image))
        }
        MakingNext::Complete => {
            reverify(tools, &mut case).await?;
            let mut row = row;
            if let Some(wait) = scrub::look(tools, &mut case, &mut row, age, true).await? {
                return Ok(case.wait(tools, wait, Wait::Scrub));
            }
            complete(tools, case, row, facts)
        }
        MakingNext::NextGeneration => next_generation(tools, case, row, generation).await,
        MakingNext::Fail(why) => {
            clean_up(tools, &mut case, &row).await?;
            let why = instance.map_or_else(|| why.to_owned(), |instance| instance.ended(why));
            let reason = row
                .error
                .as_deref()
                .filter(|reason| *reason != why)
                .map_or(String::new(), |reason| format!(": {reason}"));
            fail(tools, case, row, &format!("{why}{reason}"))
        }
    }
}

fn snapshot_ids(facts: Option<&ImageFacts>) -> Vec<String> {
    facts
        .iter()
        .flat_map(|facts| &facts.snapshots)
        .map(|snapshot| snapshot.id.clone())
        .collect()
}

/// Deregisters what EC2 made of an image and deletes its snapshots; what is gone already is fine, and what is not ours by
/// EC2's own word of this moment is left alone.
async fn clean_up(tools: &Tools, case: &mut Case, row: &image::Model) -> Result<(), VisitError> {
    let place = row.place();
    if let Some(ami_id) = &row.ami_id
        && let Some(facts) = tools.batcher.image_now(place, ami_id).await?
        && ours(
            case,
            Kind::Image,
            ami_id,
            &provenance::of_image(tools, &facts).await?,
        )
    {
        let deregistered = tools.cloud.deregister_image(place, ami_id);
        DEREGISTER.effect(deregistered).await?;
        case.marks.settle(&DEREGISTER);
        tools.batcher.forget_image(place, ami_id);
    }
    for snapshot in row.snapshot_ids() {
        let Some(facts) = tools.cloud.describe_snapshot(place, &snapshot).await? else {
            continue;
        };
        let whose = provenance::of_snapshot(tools, &facts, Some(row)).await?;
        if !ours(case, Kind::Snapshot, &snapshot, &whose) {
            continue;
        }
        let deleted = tools.cloud.delete_snapshot(place, &snapshot);
        DELETE_SNAPSHOT.effect(deleted).await?;
        case.marks.settle(&DELETE_SNAPSHOT);
    }
    Ok(())
}

/// Whether it may be removed; what may not is told in the story.
fn ours(case: &mut Case, kind: Kind, id: &str, whose: &Provenance) -> bool {
    let ours = provenance::may_change(whose);
    if !ours {
        let said = provenance::not_ours(kind, id, whose);
        case.say(Line::info("ami.left_alone", Source::AmiCreation, said).warn());
    }
    ours
}

fn sight(state: ImageState) -> ImageSight {
    match state {
        ImageState::Pending | ImageState::Transient => ImageSight::Pending,
        ImageState::Available | ImageState::Disabled => ImageSight::Available,
        ImageState::Invalid | ImageState::Failed | ImageState::Error => ImageSight::Broken,
        ImageState::Deregistered => ImageSight::Deregistered,
    }
}

fn complete(
    tools: &Tools,
    mut case: Case,
    row: image::Model,
    facts: Option<ImageFacts>,
) -> Result<Visit, VisitError> {
    let now = tools.ledger.now();
    let ami_id = row.ami_id.clone().unwrap_or_default();
    let size = facts.as_ref().map_or(0, ImageFacts::size_gb);
    let snapshots = snapshot_ids(facts.as_ref());
    case.row.created_ami_id = Some(ami_id.clone());
    case.row.ami_created_at = Some(now);
    case.become_ami(AmiStatus::Completed);
    case.say(ami::available(size));
    case.say(ami::created(&ami_id));
    let took = tools.since(row.created_at);
    tools
        .metrics
        .builds
        .with_label_values(&["deployment", "completed", ""])
        .inc();
    tools
        .metrics
        .build_duration
        .with_label_values(&["deployment", "completed"])
        .observe(took.as_secs_f64());
    tools.batcher.forget_image(case.row.place(), &ami_id);
    let row = row.become_status(ImageStatus::Available)?;
    case.image = Some(image::Model {
        size_gb: i32::try_from(size).ok(),
        snapshots: serde_json::json!(snapshots),
        available_at: Some(now),
        ..row
    });
    // What it has not heard of the instance yet is asked after the image is there for others.
    match owes(&case) && case.order.build_only.is_none() {
        true => Ok(case.wait(tools, Duration::ZERO, Wait::Back)),
        false => Ok(case.end(Then::Done)),
    }
}

/// The AMI is there and its instance has not answered since the reboot: it is asked until it does, or is lost. The image is
/// what it is.
pub(super) async fn watch(
    tools: &Tools,
    mut case: Case,
    row: &image::Model,
) -> Result<Visit, VisitError> {
    let age = age(tools, row);
    let answer = match back(case.status, owes(&case), age) {
        Back::Over => return Ok(case.end(Then::Done)),
        Back::Asked | Back::Lost => reverify(tools, &mut case).await?,
    };
    match back(case.status, owes(&case), age) {
        Back::Over => {}
        Back::Asked => return Ok(case.wait(tools, POLL, Wait::Back)),
        Back::Lost => {
            let said = format!(
                "✗ The instance has not come back in {} after the reboot for its image ({}); the AMI is not touched by that. Look at the instance, or `ingot deployments destroy` it",
                span(age),
                answer.as_deref().unwrap_or("it has no address")
            );
            case.say(Line::info("readiness.lost_after_reboot", Source::Readiness, said).error());
            tools.metrics.lost_after_reboot.inc();
        }
    }
    Ok(case.end(Then::Done))
}

/// Whether it was rebooted and has not answered since.
fn owes(case: &Case) -> bool {
    !case.order.no_reboot && case.row.reverified_at.is_none()
}

/// Simulated time since CreateImage.
fn age(tools: &Tools, row: &image::Model) -> Duration {
    row.requested_at
        .map_or(Duration::ZERO, |at| tools.since(at))
}

/// EC2 gave the image up: what it left is cleaned up, then the next generation is tried (F40).
async fn next_generation(
    tools: &Tools,
    mut case: Case,
    row: image::Model,
    tries: u32,
) -> Result<Visit, VisitError> {
    clean_up(tools, &mut case, &row).await?;
    let ami_id = row.ami_id.as_deref().unwrap_or_default();
    let reason = row.error.as_deref().unwrap_or_default();
    let said = format!("EC2 failed {ami_id} ({reason}); it was cleaned up and another try follows");
    case.say(Line::info("ami.retried", Source::AmiCreation, said).warn());
    case.row.created_ami_id = None;
    case.image = Some(row.become_status(ImageStatus::Failed)?);
    Ok(case.wait(tools, Duration::from_secs(60) * tries, Wait::Retry))
}

/// No image, and no further try.
pub(super) fn fail(
    tools: &Tools,
    mut case: Case,
    row: image::Model,
    why: &str,
) -> Result<Visit, VisitError> {
    if let Some(ami_id) = &row.ami_id {
        tools.batcher.forget_image(case.row.place(), ami_id);
    }
    let row = row.become_status(ImageStatus::Failed)?;
    case.image = Some(image::Model {
        error: Some(why.to_owned()),
        ..row
    });
    case.row.created_ami_id = None;
    case.fail_ami(tools, why);
    Ok(case.end(Then::Done))
}

/// A rebooted instance is asked again whether it answers (F31); said once, and no reason to spoil the image. What it said
/// instead, if anything.
async fn reverify(tools: &Tools, case: &mut Case) -> Result<Option<String>, VisitError> {
    if !owes(case) {
        return Ok(None);
    }
    if let Some(text) = case.recipe.probe.command.clone() {
        return Ok(match command::probe(tools, case, &text).await? {
            command::Probed::Answered(answer) => back_again(tools, case, answer),
            command::Probed::Listen(_) => None,
            command::Probed::Hopeless(why) => Some(why),
        });
    }
    let id = case.row.instance_id.clone().unwrap_or_default();
    let facts = tools.batcher.instance(case.row.place(), &id).await?;
    let Some(address) = facts
        .as_ref()
        .and_then(|facts| readiness::address(tools, facts))
    else {
        return Ok(None);
    };
    let answer = tools.prober.probe(address, &case.recipe.probe).await;
    Ok(back_again(tools, case, answer))
}

/// Writes down that it answers; else what it said.
fn back_again(tools: &Tools, case: &mut Case, answer: ProbeOutcome) -> Option<String> {
    if answer.class == ProbeClass::Ready {
        case.row.reverified_at = Some(tools.ledger.now());
        case.say(Line::info(
            "readiness.reverified",
            Source::Readiness,
            "The instance answers again after the reboot",
        ));
        return None;
    }
    Some(answer.detail)
}

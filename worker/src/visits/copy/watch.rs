//! A copy in the making: polled until EC2 has decided.

use ingot_cloud::{ImageFacts, ImageState};
use ingot_domain::decide::ami::{
    ImageSight, MAX_GENERATIONS, Making, MakingNext, TOO_LATE, making,
};
use ingot_domain::image::ImageStatus;
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::image;
use ingot_entity::store::{Change, Moved, Then};
use ingot_failpoint::Marks;

use super::{again, failed, remove, wait};
use crate::acts::{DELETE_SNAPSHOT, DEREGISTER};
use crate::case::VisitError;
use crate::tools::Tools;

/// What its story says of one that EC2 failed without a word.
const NO_REASON: &str = "EC2 failed the copy and gave no reason";

pub(super) async fn watch(tools: &Tools, row: image::Model) -> Result<Visit, VisitError> {
    let ami = row.ami_id.clone().unwrap_or_default();
    let facts = match row.error {
        // Only what is true at this moment may be removed.
        Some(_) => tools.batcher.image_now(row.place(), &ami).await?,
        None => tools.batcher.image(row.place(), &ami).await?,
    };
    let snapshots = snapshot_ids(facts.as_ref());
    let news = !snapshots.is_empty() && row.snapshot_ids() != snapshots;
    if let Some(why) = row.error.clone() {
        if news {
            return Ok(broken(tools, row, &why, &snapshots));
        }
        let marks = remove::remove(tools, &row, facts.as_ref()).await?;
        tools.batcher.forget_image(row.place(), &ami);
        return failed(row, &why, Change::default(), marks, Then::Done);
    }
    let asked = row.requested_at;
    let age = asked.map_or(std::time::Duration::ZERO, |at| tools.since(at));
    let sight = facts
        .as_ref()
        .map_or(ImageSight::Absent, |facts| sight(facts.state));
    let step = making(Making {
        sight,
        age,
        // Of a copy this row is the only try: the next one is another row.
        generation: MAX_GENERATIONS,
        instance_gone: false,
    });
    match step {
        MakingNext::Poll { after, slow } => {
            let mut visit = wait(tools, after, Wait::Image);
            let slow = slow && row.slow_at.is_none();
            if news || slow {
                let kept = image::Model {
                    snapshots: match news {
                        true => serde_json::json!(snapshots),
                        false => row.snapshots.clone(),
                    },
                    slow_at: row.slow_at.or(slow.then(|| tools.ledger.now())),
                    ..row
                };
                visit.change.moved.push(Moved::Image(Box::new(kept)));
            }
            Ok(visit)
        }
        MakingNext::Complete => complete(tools, row, facts, &snapshots),
        MakingNext::NextGeneration | MakingNext::Fail(_) if sight == ImageSight::Broken => {
            let reason = facts.as_ref().and_then(|facts| facts.state_reason.clone());
            let why = reason.map_or(NO_REASON.to_owned(), |why| format!("EC2 failed it: {why}"));
            Ok(broken(tools, row, &why, &snapshots))
        }
        MakingNext::Fail(why) if why == TOO_LATE => Ok(broken(tools, row, why, &snapshots)),
        MakingNext::Fail(why) => {
            tools.batcher.forget_image(row.place(), &ami);
            failed(row, why, Change::default(), Marks::default(), Then::Done)
        }
        MakingNext::NextGeneration => Ok(broken(tools, row, NO_REASON, &snapshots)),
    }
}

/// Written down before anything is removed: EC2 tells its snapshots no more once it is deregistered.
fn broken(tools: &Tools, row: image::Model, why: &str, snapshots: &[String]) -> Visit {
    let mut visit = again(tools);
    visit.marks.intend(&DEREGISTER);
    if !snapshots.is_empty() {
        visit.marks.intend(&DELETE_SNAPSHOT);
    }
    let kept = image::Model {
        error: Some(why.to_owned()),
        snapshots: match snapshots.is_empty() {
            true => row.snapshots.clone(),
            false => serde_json::json!(snapshots),
        },
        ..row
    };
    visit.change.moved.push(Moved::Image(Box::new(kept)));
    visit
}

fn complete(
    tools: &Tools,
    row: image::Model,
    facts: Option<ImageFacts>,
    snapshots: &[String],
) -> Result<Visit, VisitError> {
    let ami = row.ami_id.clone().unwrap_or_default();
    let size = facts.as_ref().map_or(0, ImageFacts::size_gb);
    tools.batcher.forget_image(row.place(), &ami);
    let row = image::Model {
        size_gb: i32::try_from(size).ok(),
        snapshots: serde_json::json!(snapshots),
        available_at: Some(tools.ledger.now()),
        ..row.become_status(ImageStatus::Available)?
    };
    let mut visit = Visit::only(Then::Done);
    visit.change.moved.push(Moved::Image(Box::new(row)));
    Ok(visit)
}

fn snapshot_ids(facts: Option<&ImageFacts>) -> Vec<String> {
    let all = facts.iter().flat_map(|facts| &facts.snapshots);
    all.map(|snapshot| snapshot.id.clone()).collect()
}

fn sight(state: ImageState) -> ImageSight {
    match state {
        ImageState::Pending | ImageState::Transient => ImageSight::Pending,
        ImageState::Available | ImageState::Disabled => ImageSight::Available,
        ImageState::Invalid | ImageState::Failed | ImageState::Error => ImageSight::Broken,
        ImageState::Deregistered => ImageSight::Deregistered,
    }
}

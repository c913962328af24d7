//! What EC2 made of a copy that failed or was given up is removed: what is gone already is fine, and what is not ours by EC2's
//! own word of this moment is left alone.

use ingot_cloud::{ImageFacts, ImageState};
use ingot_domain::provenance::Kind;
use ingot_entity::image;
use ingot_failpoint::Marks;

use crate::acts::{DELETE_SNAPSHOT, DEREGISTER};
use crate::case::VisitError;
use crate::provenance;
use crate::tools::Tools;

pub(super) async fn remove(
    tools: &Tools,
    row: &image::Model,
    facts: Option<&ImageFacts>,
) -> Result<Marks, VisitError> {
    let mut marks = Marks::default();
    let place = row.place();
    let there = facts.filter(|facts| facts.state != ImageState::Deregistered);
    if let Some(facts) = there {
        let whose = provenance::of_image(tools, facts).await?;
        if provenance::may_change(&whose) {
            let deregistered = tools.cloud.deregister_image(place, &facts.id);
            DEREGISTER.effect(deregistered).await?;
            marks.settle(&DEREGISTER);
        } else {
            let why = provenance::not_ours(Kind::Image, &facts.id, &whose);
            tracing::warn!(image = %row.id, "{why}");
        }
    }
    for snapshot in row.snapshot_ids() {
        let Some(facts) = tools.cloud.describe_snapshot(place, &snapshot).await? else {
            continue;
        };
        let whose = provenance::of_snapshot(tools, &facts, Some(row)).await?;
        if !provenance::may_change(&whose) {
            let why = provenance::not_ours(Kind::Snapshot, &snapshot, &whose);
            tracing::warn!(image = %row.id, "{why}");
            continue;
        }
        let deleted = tools.cloud.delete_snapshot(place, &snapshot);
        DELETE_SNAPSHOT.effect(deleted).await?;
        marks.settle(&DELETE_SNAPSHOT);
    }
    Ok(marks)
}

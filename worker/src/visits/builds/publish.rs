//! A build whose image is there goes on to the other regions: a copy each, begun together and watched side by side. One
//! region's failure does not take the others along; the build ends when no region is worked on any more, and pays for what was
//! copied.

use std::time::Duration;

use ingot_domain::Instant;
use ingot_domain::build::BuildStatus;
use ingot_domain::build::publish::{Copied, Step, step};
use ingot_domain::decide::copy::Wish;
use ingot_domain::event::{Line, Source};
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{Copying, Entry, Move, Moved, New, Then};
use ingot_entity::{build, deployment, image};

use super::watch::LOOK;
use super::{deadline, paid, watch};
use crate::acts;
use crate::case::VisitError;
use crate::tools::Tools;

/// How one of the wanted regions stands.
struct Place {
    region: String,
    copied: Copied,
    row: Option<image::Model>,
}

/// The image is there: it is copied to the regions that its build was started with. False when there is no image on record.
pub(super) async fn begin(
    tools: &Tools,
    visit: &mut Visit,
    before: &build::Model,
    builder: &deployment::Model,
    now: Instant,
) -> Result<bool, VisitError> {
    let ami = builder.created_ami_id.as_deref().unwrap_or_default();
    let Some(image) = tools.ledger.image(ami).await? else {
        return Ok(false);
    };
    let to = before.copied_to().join(", ");
    let said = format!("{ami} in {} is there; it is copied to {to}", before.region);
    let mut lines = vec![Line::info("build.publishing", Source::AmiCreation, said)];
    lines.extend(deadline::missed(tools, before, before.deadline, now).await?);
    let after = build::Model {
        status: BuildStatus::Publishing.as_str().to_owned(),
        image_id: Some(image.id),
        ..before.clone()
    };
    visit.change.moved.push(Moved::Build(Box::new(Move {
        before: before.clone(),
        after,
        lines,
    })));
    visit.then = come_back(tools, Duration::ZERO);
    Ok(true)
}

/// One look at a build that is publishing.
pub(super) async fn look(
    tools: &Tools,
    before: &build::Model,
    builder: &deployment::Model,
    now: Instant,
) -> Result<Visit, VisitError> {
    let mut visit = Visit::only(come_back(tools, LOOK));
    let Some(source) = source(tools, before).await? else {
        end(tools, &mut visit, before, builder, &[], now).await?;
        return Ok(visit);
    };
    let places = places(tools, before, &source).await?;
    let states: Vec<Copied> = places.iter().map(|one| one.copied.clone()).collect();
    match step(&states, before.cancelling) {
        Step::Watch => {}
        Step::Begin(due) => {
            for at in due {
                let Some(place) = places.get(at) else {
                    continue;
                };
                // What the index refuses is looked at again.
                let wish = place
                    .row
                    .as_ref()
                    .map_or_else(Wish::default, image::Model::wish);
                let copying = tools.ledger.copy_into(&source, &place.region, &wish);
                if let Copying::Begun(row) = copying.await? {
                    let task = row.copy_task(tools.ledger.now());
                    visit.change.tasks.push(task);
                    visit.change.new.push(New::Image(row));
                }
            }
        }
        Step::GiveUp(making) => {
            let by = before.decided_by.as_deref().unwrap_or("Ingot");
            let why = format!("its build was cancelled by {by}");
            for row in making.iter().filter_map(|at| places.get(*at)?.row.as_ref()) {
                tools.ledger.give_up_copy(row, &why).await?;
            }
        }
        Step::Over => end(tools, &mut visit, before, builder, &places, now).await?,
    }
    Ok(visit)
}

/// Its task was given up: the build ends with what is there; copies in the making go on by themselves.
pub(super) async fn cut_short(
    tools: &Tools,
    visit: &mut Visit,
    before: &build::Model,
    builder: &deployment::Model,
    now: Instant,
) -> Result<(), VisitError> {
    let places = match source(tools, before).await? {
        Some(source) => places(tools, before, &source).await?,
        None => Vec::new(),
    };
    let then = std::mem::replace(&mut visit.then, Then::Done);
    end(tools, visit, before, builder, &places, now).await?;
    visit.then = then;
    Ok(())
}

async fn source(tools: &Tools, of: &build::Model) -> Result<Option<image::Model>, VisitError> {
    Ok(match &of.image_id {
        Some(id) => tools.ledger.image(id).await?,
        None => None,
    })
}

async fn places(
    tools: &Tools,
    of: &build::Model,
    source: &image::Model,
) -> Result<Vec<Place>, VisitError> {
    let copies = tools.ledger.copies_of(&source.id).await?;
    let mut places = Vec::new();
    for region in of.copied_to() {
        let (copied, row) = tools.ledger.copied(source, &region, &copies).await?;
        places.push(Place {
            region,
            copied,
            row,
        });
    }
    Ok(places)
}

fn come_back(tools: &Tools, after: Duration) -> Then {
    Then::Wait {
        until: tools.after(after),
        on: Wait::Build,
    }
}

/// The build ends: with its image, whatever became of the copies, unless a person has cancelled it.
async fn end(
    tools: &Tools,
    visit: &mut Visit,
    before: &build::Model,
    builder: &deployment::Model,
    places: &[Place],
    now: Instant,
) -> Result<(), VisitError> {
    visit.then = Then::Done;
    // What EC2 has copied is paid, whatever became of it.
    let ours = |row: &&image::Model| {
        row.ami_id.is_some() && row.source_image_id.as_deref() == before.image_id.as_deref()
    };
    let rows = places.iter().filter_map(|place| place.row.as_ref());
    let copied = u32::try_from(rows.filter(ours).count()).unwrap_or_default();
    let cost = paid::cost_of(tools, before, builder, copied, now).await?;
    visit.change.money.push(Entry::Settle {
        build: before.id.clone(),
        run: before.run,
        cost,
    });
    visit.marks.step(&acts::BUILD_END);
    let paid = watch::paid(before, cost);
    let ami = builder.created_ami_id.as_deref().unwrap_or_default();
    let there: Vec<String> = places
        .iter()
        .filter(|place| place.copied == Copied::There)
        .map(|place| {
            let ami = place.row.as_ref().and_then(|row| row.ami_id.as_deref());
            format!(
                "{} ({})",
                place.region,
                ami.unwrap_or("an image of its own")
            )
        })
        .collect();
    let copies = match there.is_empty() {
        true => "no copy".to_owned(),
        false => format!("copies in {}", there.join(", ")),
    };
    let (status, first) = match before.cancelling {
        true => {
            let said = format!(
                "Cancelled: {ami} in {} stays, {copies}; {paid}",
                before.region
            );
            let line = Line::info("build.cancelled", Source::Request, said);
            (BuildStatus::Cancelled, line)
        }
        false => {
            let said = format!("Completed: {ami} in {}, {copies}, {paid}", before.region);
            let line = Line::info("build.completed", Source::AmiCreation, said);
            (BuildStatus::Completed, line)
        }
    };
    let mut lines = Vec::new();
    for place in places {
        let Copied::Failed { why, .. } = &place.copied else {
            continue;
        };
        let image = before.image_id.as_deref().unwrap_or_default();
        let said = format!(
            "{} has no copy: {why}; `ingot images copy {image} --to {}` tries it again",
            place.region, place.region
        );
        lines.push(Line::info("build.copy_failed", Source::AmiCreation, said).warn());
    }
    lines.push(first);
    let after = build::Model {
        status: status.as_str().to_owned(),
        actual: i64::try_from(cost.micros()).ok(),
        ended_at: Some(now),
        ..before.clone()
    };
    visit.change.moved.push(Moved::Build(Box::new(Move {
        before: before.clone(),
        after,
        lines,
    })));
    Ok(())
}

//! Which tracks are watched where: those that a template asks for or an image stands on, in the regions in use, and those
//! that a person asked for.

use std::collections::BTreeMap;

use ingot_domain::track::Track;
use ingot_entity::track;

use crate::case::VisitError;
use crate::tools::Tools;

/// The watched tracks of each region. Paused ones are passed over.
pub(super) async fn tracks_by_region(
    tools: &Tools,
) -> Result<BTreeMap<String, Vec<track::Model>>, VisitError> {
    let rows = tools.ledger.tracks().await?;
    let mut known: Vec<(track::Model, Track)> = Vec::new();
    for row in rows.into_iter().filter(|row| row.paused_at.is_none()) {
        let track = row.parsed()?;
        known.push((row, track));
    }
    let mut pairs: Vec<(String, usize)> = Vec::new();
    let live = tools.ledger.live_regions().await?;
    for row in tools.ledger.templates().await? {
        let template = row.parsed()?;
        let regions = match template.regions.is_empty() {
            true => &live,
            false => &template.regions,
        };
        for (at, (_, track)) in known.iter().enumerate() {
            if track.is_asked_for_by(&template.base_image) {
                pairs.extend(regions.iter().map(|region| (region.clone(), at)));
            }
        }
    }
    for (region, mark) in tools.ledger.image_bases().await? {
        for (at, (_, track)) in known.iter().enumerate() {
            let of_owner = track.owners.all().any(|owner| owner == mark.owner);
            if of_owner
                && track
                    .rule()
                    .is_ok_and(|rule| rule.read(&mark.name).is_some())
            {
                pairs.push((region.clone(), at));
            }
        }
    }
    for wanted in tools.ledger.track_regions(None, None).await? {
        if let Some(at) = known.iter().position(|(row, _)| row.id == wanted.track)
            && wanted.wanted
        {
            pairs.push((wanted.region, at));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    let mut watched: BTreeMap<String, Vec<track::Model>> = BTreeMap::new();
    for (region, at) in pairs {
        watched.entry(region).or_default().push(known[at].0.clone());
    }
    Ok(watched)
}

//! What people are told of looks at tracks.

use ingot_domain::decide::scan::Sighting;
use ingot_domain::event::{Line, Source};
use ingot_domain::invariant::BASE;
use ingot_domain::track::newest::Candidate;
use ingot_domain::track::{Alarm, Look, Verdict};
use ingot_entity::track;

use super::found::Found;

/// A newer build.
pub(super) fn updated(row: &track::Model, new: &Candidate, region: &str) -> Line {
    let said = format!(
        "Build {} follows {} ({} in {region})",
        new.version.build.name,
        row.head_build.as_deref().unwrap_or("none"),
        new.image.id
    );
    Line::info("base.update", Source::Monitor, said)
}

/// The recorded build is gone, or its vendor went back.
pub(super) fn alarm(
    row: &track::Model,
    state: &str,
    here: Option<&Candidate>,
    region: &str,
) -> Line {
    let said = gone(row, state, here, region);
    Line::info(&format!("base.{state}"), Source::Monitor, said).warn()
}

/// The recorded build was gone and is listed again.
pub(super) fn back(here: &Candidate, was: &str, region: &str) -> Line {
    let said = format!(
        "Build {} is back in {region} ({}), where it was {}: launches use it again",
        here.version.build.name,
        here.image.id,
        was.replace('_', " ")
    );
    Line::info("base.back", Source::Monitor, said)
}

fn gone(row: &track::Model, state: &str, here: Option<&Candidate>, region: &str) -> String {
    let build = row.head_build.as_deref().unwrap_or_default();
    let how = match state {
        "withdrawn" => "is gone from",
        _ => "is not listed any more in",
    };
    let rest = match here {
        Some(here) => format!("build {} is the newest there", here.version.build.name),
        None => "no other build is there".to_owned(),
    };
    format!("Build {build} {how} {region}, {rest}: nothing is rebuilt for it")
}

/// Sentences for what a person should see besides.
pub(super) fn alarms(look: &Look, region: &str) -> Vec<String> {
    let said = look.alarms.iter().map(|alarm| match alarm {
        Alarm::Stranger { id, owner, name, why } => {
            let owner = owner.as_deref().unwrap_or("unknown");
            format!(
                "The track's parameter leads to {id} in {region}, which is none of the track: {why} (owner {owner}, name `{name}`)"
            )
        }
        Alarm::Foreign { id, owner, name } => format!(
            "Account {owner} has an image under a name of the track in {region} ({id}, `{name}`): it is passed over"
        ),
        Alarm::PointsBack { from, to } => {
            format!("The track's parameter points back in {region}, from `{from}` to `{to}`")
        }
        Alarm::OwnerChanged { from, to } => format!(
            "The recorded build in {region} belongs to account {from}, the track to account {to}"
        ),
    });
    let mut said: Vec<String> = said.collect();
    said.sort_unstable();
    said.dedup();
    said
}

/// What stays a finding as long as looks see it.
pub(super) fn findings(found: &Found<'_>) -> Vec<Sighting> {
    let row = &found.one.row;
    let sighting = |what: String| Sighting {
        invariant: BASE,
        subject: format!("{}/{}", row.name, found.region),
        deployment_id: None,
        what,
    };
    match &found.one.look {
        Err(why) => {
            let what = format!(
                "{} cannot be looked at in {}: {why}",
                row.name, found.region
            );
            vec![sighting(what)]
        }
        Ok(look) => {
            let mut what = alarms(look, found.region);
            match &look.verdict {
                Verdict::Withdrawn(here) => {
                    what.push(gone(row, "withdrawn", here.as_ref(), found.region));
                }
                Verdict::RolledBack(here) => {
                    what.push(gone(row, "rolled_back", here.as_ref(), found.region));
                }
                _ => {}
            }
            // One finding per track and region: its subject is what tells findings apart.
            match what.is_empty() {
                true => Vec::new(),
                false => vec![sighting(format!("{}: {}", row.name, what.join("; ")))],
            }
        }
    }
}

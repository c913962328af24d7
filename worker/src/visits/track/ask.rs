//! What a region is asked about its tracks: one listing for all owners together, the parameters, and one look by id for
//! what a listing does not show. Where the listing fails as a whole each owner is asked by itself, so that one that fails
//! stops no other.

use std::collections::{BTreeMap, BTreeSet};

use ingot_cloud::{BaseQuery, CloudError, ErrorKind};
use ingot_domain::place::Place;
use ingot_domain::track::{Look, Mark, Recorded, Rule, Seen, Shown, Track, absent, newest};
use ingot_entity::{track, track_region};

use crate::case::VisitError;
use crate::tools::Tools;

/// One track with what the region said.
#[derive(Debug)]
pub(super) struct OfTrack {
    pub(super) row: track::Model,
    /// What it means, or why its source could not be asked.
    pub(super) look: Result<Look, String>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) tracks: Vec<OfTrack>,
}

/// A track on its way through the questions.
struct Open<'a> {
    row: &'a track::Model,
    track: Track,
    rule: Rule,
    owner: String,
    head: Option<Mark>,
    here: Option<String>,
    before: Option<Mark>,
    pointed: Option<String>,
    trouble: Option<String>,
}

impl Open<'_> {
    fn recorded(&self) -> Recorded<'_> {
        Recorded {
            head: self.head.as_ref(),
            here: self.here.as_deref(),
            pointed: self.before.as_ref(),
        }
    }
}

impl Asked {
    pub(super) async fn of(
        tools: &Tools,
        region: &str,
        rows: &[track::Model],
        standing: &[track_region::Model],
    ) -> Result<Self, VisitError> {
        let mut open = Vec::new();
        for row in rows {
            let track = row.parsed()?;
            // No owner in this partition: no builds here.
            let (Some(owner), Ok(rule)) = (track.owners.of(region), track.rule()) else {
                continue;
            };
            let head = row.head();
            let ami = match &head {
                Some(head) => tools.ledger.base_ami(head, region).await?,
                None => None,
            };
            let before = standing.iter().find(|one| one.track == row.id);
            let before = before.and_then(|one| {
                Some(Mark {
                    owner: one.pointed_owner.clone()?,
                    name: one.pointed_name.clone()?,
                })
            });
            open.push(Open {
                owner: owner.to_owned(),
                here: ami.map(|ami| ami.ami_id),
                row,
                track,
                rule,
                head,
                before,
                pointed: None,
                trouble: None,
            });
        }
        let mut images = listed(tools, region, &mut open).await?;
        for one in &mut open {
            let Some(parameter) = &one.track.parameter else {
                continue;
            };
            match tools
                .cloud
                .base_parameter(Place::own(region), parameter)
                .await
            {
                Ok(id) => one.pointed = id,
                Err(error) if of_all(&error) => return Err(error.into()),
                // The listing says enough; a parameter that cannot be read moves nothing.
                Err(error) => {
                    tracing::warn!(track = %one.track.name, region, %error, "a track's parameter was not read");
                }
            }
        }
        let ids: BTreeSet<&str> = open
            .iter()
            .flat_map(|one| absent(one.recorded(), seen(one, &images)))
            .collect();
        if !ids.is_empty() {
            let ids = BaseQuery::Ids(ids.into_iter().map(str::to_owned).collect());
            images.extend(
                tools
                    .cloud
                    .list_base_images(Place::own(region), &ids)
                    .await?,
            );
        }
        let now = tools.ledger.calendar_now();
        let tracks = open.iter().map(|one| OfTrack {
            row: one.row.clone(),
            look: match &one.trouble {
                Some(why) => Err(why.clone()),
                None => {
                    let both = (one.recorded(), seen(one, &images));
                    Ok(newest(&one.track, &one.rule, &one.owner, both, now))
                }
            },
        });
        Ok(Self {
            tracks: tracks.collect(),
        })
    }
}

fn seen<'a>(one: &'a Open<'_>, images: &'a [Shown]) -> Seen<'a> {
    Seen {
        images,
        pointed: one.pointed.as_deref(),
    }
}

/// Whether an error says nothing about one source: then the visit waits and asks again.
fn of_all(error: &CloudError) -> bool {
    matches!(
        error.kind,
        ErrorKind::Throttled
            | ErrorKind::Credentials
            | ErrorKind::NotSent
            | ErrorKind::Verification
    )
}

/// The listing of all owners; if it fails, of each that answers.
async fn listed(
    tools: &Tools,
    region: &str,
    open: &mut [Open<'_>],
) -> Result<Vec<Shown>, VisitError> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in open.iter() {
        let of_owner = names.entry(one.owner.clone()).or_default();
        of_owner.insert(one.track.filter.clone());
    }
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let all = BaseQuery::Named {
        owners: names.keys().cloned().collect(),
        names: names.values().flatten().cloned().collect(),
    };
    match tools.cloud.list_base_images(Place::own(region), &all).await {
        Ok(images) => return Ok(images),
        Err(error) if of_all(&error) => return Err(error.into()),
        Err(error) => {
            tracing::warn!(region, %error, "the listing of base images failed; each owner is asked by itself");
        }
    }
    let mut images = Vec::new();
    for (owner, names) in names {
        let own = BaseQuery::Named {
            owners: vec![owner.clone()],
            names: names.into_iter().collect(),
        };
        match tools.cloud.list_base_images(Place::own(region), &own).await {
            Ok(found) => images.extend(found),
            Err(error) if of_all(&error) => return Err(error.into()),
            Err(error) => {
                let told = error.told();
                tracing::warn!(region, owner, %error, "an owner's base images were not listed");
                for one in open.iter_mut().filter(|one| one.owner == owner) {
                    one.trouble = Some(told.to_string());
                }
            }
        }
    }
    Ok(images)
}

/// What a launch of a template that names a track starts from, where no look has recorded it: the newest by the same rule.
pub(crate) async fn now(
    tools: &Tools,
    region: &str,
    track: &Track,
) -> Result<Option<Shown>, CloudError> {
    use ingot_domain::track::Verdict;
    let (Some(owner), Ok(rule)) = (track.owners.of(region), track.rule()) else {
        return Ok(None);
    };
    let query = BaseQuery::Named {
        owners: vec![owner.to_owned()],
        names: vec![track.filter.clone()],
    };
    let images = tools
        .cloud
        .list_base_images(Place::own(region), &query)
        .await?;
    let pointed = match &track.parameter {
        Some(parameter) => {
            tools
                .cloud
                .base_parameter(Place::own(region), parameter)
                .await?
        }
        None => None,
    };
    let seen = Seen {
        images: &images,
        pointed: pointed.as_deref(),
    };
    let both = (Recorded::default(), seen);
    let look = newest(track, &rule, owner, both, tools.ledger.calendar_now());
    Ok(match look.verdict {
        Verdict::Baseline(found) => Some(found.image),
        _ => None,
    })
}

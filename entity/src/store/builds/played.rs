//! The days that a policy is played over (`ingot_domain::play`): what the ledger tells of launches, updates, images and requests.

use std::collections::{BTreeMap, BTreeSet};

use ingot_domain::Instant;
use ingot_domain::arch::Arch;
use ingot_domain::build::cost;
use ingot_domain::build::wants::{Aim, Lacked, POPULAR};
use ingot_domain::money::Money;
use ingot_domain::play::{self, Made, Played};
use ingot_domain::template::Create;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::ask;
use super::facts::{Launch, Place, judged, lacked};
use super::planned::{CopiedTo, Prices, count, machine};
use crate::store::{Ledger, LedgerError};
use crate::{build, build_request, deployment, image};

/// Images and requests that are read, at most.
const MOST: u64 = 20_000;

/// The days of the ledger.
#[derive(Debug, Clone)]
pub struct Days {
    /// What a policy is played over.
    pub days: play::Days,
    /// What would be built but has no price, or no order, with the way out.
    pub unpriced: Vec<(Aim, String)>,
}

/// The versions of a place, each since when it was the newest.
type Versions = BTreeMap<Instant, String>;

impl Ledger {
    /// What happened between two instants of the calendar. Images of builds within the days are left out: the play makes its own.
    pub async fn days(&self, from: Instant, to: Instant) -> Result<Days, LedgerError> {
        let security = self.security_facts().await?;
        let launched = self.launched_since(from - POPULAR).await?;
        let launched: Vec<Launch> = launched.into_iter().filter(|one| one.at < to).collect();
        // The last image of a place before the days, and those in them.
        let mut places: BTreeMap<Place, Vec<Made>> = BTreeMap::new();
        let mut versions: BTreeMap<Place, Versions> = BTreeMap::new();
        let built = self.built_images().await?;
        for row in self.images_made().await? {
            let (Some(arch), at) = (Arch::parse(&row.arch), self.calendar().at(row.created_at))
            else {
                continue;
            };
            let place = (
                row.template.clone(),
                row.mode.clone(),
                arch,
                row.region.clone(),
            );
            if at < to {
                // Those of builds were there, too: they are the newest of their days.
                let of_place = versions.entry(place.clone()).or_default();
                of_place.insert(at, row.version.clone());
            }
            let within = at >= from;
            let by_build = row
                .source_deployment_id
                .as_ref()
                .is_some_and(|id| built.contains(id));
            if at >= to || within && by_build {
                continue;
            }
            let ids = lacked(&security.updates, &row)?
                .into_iter()
                .map(|one| one.id);
            let lacks = ids.collect();
            let id = row.id;
            let images = places.entry(place).or_default();
            images.push(Made { id, at, lacks });
        }
        let asked = self.asked_by_hand(from, to).await?;
        for one in &asked {
            let aim = &one.aim;
            let place = (
                aim.template.clone(),
                aim.mode.clone(),
                aim.arch,
                aim.region.clone(),
            );
            places.entry(place.clone()).or_default();
            let of_place = versions.entry(place).or_default();
            of_place.insert(one.at, aim.version.clone());
        }
        let imaged: BTreeMap<Place, Option<Instant>> = versions
            .iter()
            .map(|(place, of)| (place.clone(), of.keys().next().copied()))
            .collect();
        for one in &launched {
            places.entry(one.place.clone()).or_default();
            // Without an image it is the version that was launched last.
            let first = imaged.get(&one.place).copied().flatten();
            if first.is_none_or(|first| one.at < first) {
                let of_place = versions.entry(one.place.clone()).or_default();
                of_place.insert(one.at, one.version.clone());
            }
        }
        let mut tracks: BTreeMap<&str, Vec<Lacked>> = BTreeMap::new();
        for seen in security.updates.iter().rev() {
            let of_track = tracks.entry(&seen.track).or_default();
            of_track.extend(judged(seen)?.filter(|one| one.detected < to));
        }
        let track_of = |template: &str| {
            let mut all = security.following.iter();
            all.find(|(_, names)| names.contains(template))
                .map(|(track, _)| track.as_str())
        };
        let (queue, own) = (self.build_queue().await?, self.all_own().await?);
        let policy = self.policy().await?.policy;
        let (regions, mut prices) = (self.build_regions().await?, Prices::default());
        let names = places.keys().map(|place| place.0.as_str()).collect();
        let recipes = self.buildable(names).await?;
        let (mut aims, mut unpriced) = (Vec::new(), Vec::new());
        for (place, images) in places {
            let (template, mode, arch, region) = place.clone();
            if regions.as_ref().is_some_and(|all| !all.contains(&region)) {
                continue;
            }
            let Some((recipe, revision)) = recipes.get(template.as_str()) else {
                continue;
            };
            let known = versions.remove(&place).unwrap_or_default();
            let versions: Vec<(Instant, String)> = known.into_iter().collect();
            let newest = versions.last().map(|(_, version)| version.clone());
            let aim = Aim {
                template,
                version: newest.unwrap_or_default(),
                mode,
                arch,
                region,
            };
            let row = ask::new(&aim, from, self.now());
            let expected = queue.expected(&row);
            let to = CopiedTo {
                priority: policy.region_priority.as_deref(),
                installation: regions.as_deref(),
            };
            let priced = self.price_of(&row, (recipe, revision), to, expected, &mut prices);
            let priced = match priced.await? {
                Ok(priced) => priced,
                Err(why) => {
                    unpriced.push((aim, why));
                    continue;
                }
            };
            let track = track_of(&aim.template);
            let here = launched.iter().filter(|one| one.place == place);
            let mut launches: Vec<Instant> = here.map(|one| one.at).collect();
            launches.sort_unstable();
            let copies = count(&priced.copied_to);
            let machine = machine(&priced.order, priced.hourly, copies);
            aims.push(Played {
                expected,
                reserved: priced.reserved,
                cost: cost::actual(&machine, expected, false, machine.copies),
                updates: track
                    .and_then(|track| tracks.get(track))
                    .cloned()
                    .unwrap_or_default(),
                images,
                versions,
                launches,
                imaged: recipe.images.create.is_made(),
                built: recipe.images.create == Create::Build,
                threshold: own
                    .get(&aim.template)
                    .and_then(|own| own.popularity_threshold),
                rebuild: recipe.rebuild.clone(),
                aim,
            });
        }
        let mut launches: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
        for one in &launched {
            launches
                .entry(one.place.0.clone())
                .or_default()
                .push(one.at);
        }
        let known = |one: &play::Asked| {
            aims.iter()
                .any(|played: &Played| played.aim.is_beside(&one.aim))
        };
        let asked: Vec<play::Asked> = asked.into_iter().filter(known).collect();
        // The play knows a place by one aim: which version a build is of follows from when it starts.
        let asked = asked.into_iter().map(|one| {
            let played = aims.iter().find(|played| played.aim.is_beside(&one.aim));
            let aim = played.map_or_else(|| one.aim.clone(), |played| played.aim.clone());
            play::Asked { aim, ..one }
        });
        let asked = asked.collect();
        let days = play::Days {
            from,
            to,
            aims,
            launches,
            asked,
            refused: self.refused(from, to).await?,
        };
        Ok(Days { days, unpriced })
    }

    /// Images that came to be, whatever became of them, the oldest first.
    async fn images_made(&self) -> Result<Vec<image::Model>, LedgerError> {
        use image::Column;
        let mut rows = image::Entity::find()
            .filter(Column::AmiId.is_not_null())
            .filter(Column::Status.is_not_in(["claimed", "pending", "failed"]))
            .order_by_desc(Column::CreatedAt)
            .limit(MOST)
            .all(&self.reader)
            .await?;
        rows.reverse();
        Ok(rows)
    }

    /// Builders.
    async fn built_images(&self) -> Result<BTreeSet<String>, LedgerError> {
        let ids: Vec<String> = deployment::Entity::find()
            .select_only()
            .column(deployment::Column::Id)
            .filter(deployment::Column::BuildId.is_not_null())
            .order_by_desc(deployment::Column::CreatedAt)
            .limit(MOST)
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(ids.into_iter().collect())
    }

    async fn asked_by_hand(
        &self,
        from: Instant,
        to: Instant,
    ) -> Result<Vec<play::Asked>, LedgerError> {
        use build_request::Column;
        let requests = build_request::Entity::find()
            .filter(Column::Trigger.eq("manual"))
            .filter(Column::RequestedAt.gte(from))
            .filter(Column::RequestedAt.lt(to))
            .order_by_asc(Column::RequestedAt)
            .limit(MOST)
            .all(&self.reader)
            .await?;
        let ids: BTreeSet<&str> = requests.iter().map(|one| one.build_id.as_str()).collect();
        let mut builds: BTreeMap<String, build::Model> = BTreeMap::new();
        let ids: Vec<&str> = ids.into_iter().collect();
        for some in ids.chunks(500) {
            let rows = build::Entity::find()
                .filter(build::Column::Id.is_in(some.iter().copied()))
                .all(&self.reader)
                .await?;
            builds.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        }
        let mut asked = Vec::new();
        for one in requests {
            if let Some(row) = builds.get(&one.build_id) {
                let most = one.max_cost.and_then(|micros| u64::try_from(micros).ok());
                asked.push(play::Asked {
                    aim: row.aim()?,
                    at: one.requested_at,
                    urgent: one.urgent,
                    max_cost: most.map(Money::from_micros),
                    said: one.said,
                });
            }
        }
        Ok(asked)
    }

    /// What people refused while it waited, by a rejection or by ending the build that had not begun.
    async fn refused(&self, from: Instant, to: Instant) -> Result<Vec<play::Refused>, LedgerError> {
        use build::Column;
        let rows = build::Entity::find()
            .filter(Column::Status.is_in(["rejected", "cancelled"]))
            .filter(Column::DecidedBy.is_not_null())
            .filter(Column::StartedAt.is_null())
            .filter(Column::EndedAt.gte(from))
            .filter(Column::EndedAt.lt(to))
            .order_by_desc(Column::EndedAt)
            .limit(MOST)
            .all(&self.reader)
            .await?;
        let mut refused = Vec::new();
        for rows in rows.chunks(500) {
            let ids = rows.iter().map(|row| row.id.as_str());
            let requests = build_request::Entity::find()
                .filter(build_request::Column::BuildId.is_in(ids))
                .all(&self.reader)
                .await?;
            for one in requests {
                let row = rows.iter().find(|row| row.id == one.build_id);
                if let Some((row, at)) = row.and_then(|row| Some((row, row.ended_at?))) {
                    refused.push(play::Refused {
                        aim: row.aim()?,
                        about: one.about,
                        said: one.said,
                        requested: one.requested_at,
                        at,
                    });
                }
            }
        }
        Ok(refused)
    }
}

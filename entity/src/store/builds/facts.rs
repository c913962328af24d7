//! The facts that wants follow from: newest images, the updates they lack, and how often templates were launched.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use ingot_domain::Instant;
use ingot_domain::arch::Arch;
use ingot_domain::build::wants::{
    Aim, Facts, Lacked, Newest, POPULAR, Parent, Subject, UpdateKind,
};
use ingot_domain::fingerprint;
use ingot_domain::request::Order;
use ingot_domain::template::inherit::Pin;
use ingot_domain::template::{Create, Template};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::again::{keep, keep_text};
use crate::store::assessments::level_of;
use crate::store::updates::UpdateSeen;
use crate::store::{Ledger, LedgerError};
use crate::{build, build_request, deployment, image};

/// The setting that holds when the scheduler looked last.
const LOOK: &str = "builds_looked";
/// The setting that holds the installation's regions.
const REGIONS: &str = "regions";
/// Launches that are counted at most; a popular template has far fewer in a week.
const LAUNCHES: u64 = 50_000;

/// What is built, as a key without its version: template, mode, architecture, region.
pub(super) type Place = (String, String, Arch, String);

/// A successful launch that was no build.
pub(super) struct Launch {
    pub(super) place: Place,
    pub(super) version: String,
    /// By the calendar.
    pub(super) at: Instant,
    /// Its image is to come, or in the making.
    leaves_an_image: bool,
}

impl Ledger {
    /// The facts at this moment. `looked` is the calendar's instant of the look before.
    pub async fn build_facts(&self, looked: Instant) -> Result<Facts, LedgerError> {
        let mut templates = HashMap::new();
        for row in self.templates().await? {
            let template = row.parsed()?;
            templates.insert(row.name, (fingerprint::of_recipe(&template), template));
        }
        let security = self.security_facts().await?;
        let week = self.calendar_now() - POPULAR;
        let launched = self.launched_since(week).await?;
        let mut newest: BTreeMap<Place, (image::Model, Arch)> = BTreeMap::new();
        for row in self.available_images().await? {
            let Some(arch) = Arch::parse(&row.arch) else {
                continue;
            };
            let place = (
                row.template.clone(),
                row.mode.clone(),
                arch,
                row.region.clone(),
            );
            // The oldest come first, so the last one stays.
            newest.insert(place, (row, arch));
        }
        let mut counts: HashMap<&str, u32> = HashMap::new();
        let mut used: BTreeSet<&Place> = BTreeSet::new();
        for Launch { place, .. } in &launched {
            used.insert(place);
            *counts.entry(place.0.as_str()).or_default() += 1;
        }
        // A template without an image is asked for where it was launched last, in the version it was launched in last.
        let mut places: BTreeMap<&Place, (&str, Option<&image::Model>)> = newest
            .iter()
            .map(|(place, (row, _))| (place, (row.version.as_str(), Some(row))))
            .collect();
        for Launch { place, version, .. } in &launched {
            places.entry(place).or_insert((version, None));
        }
        let (asked, own) = (self.popular_lately().await?, self.all_own().await?);
        let mut coming = self.places_in_the_making().await?;
        let making = launched.iter().filter(|one| one.leaves_an_image);
        coming.extend(making.map(|one| one.place.clone()));
        let regions = self.build_regions().await?;
        let fed = self
            .fed_places(&newest, &templates, regions.as_deref())
            .await?;
        let parents = self
            .parents(templates.values().map(|(_, template)| template))
            .await?;
        let mut subjects = Vec::new();
        for (place, (version, image)) in places {
            let (name, mode, arch, region) = place;
            // Images of an installation with other regions may still be there.
            if regions.as_ref().is_some_and(|all| !all.contains(region)) {
                continue;
            }
            if fed.contains(place) {
                continue;
            }
            let Some((recipe, template)) = templates.get(name) else {
                continue;
            };
            let lacks = match image {
                Some(image) => lacked(&security.updates, image)?,
                None => Vec::new(),
            };
            subjects.push(Subject {
                aim: Aim {
                    template: name.clone(),
                    version: version.to_owned(),
                    mode: mode.clone(),
                    arch: *arch,
                    region: region.clone(),
                },
                newest: image.map(|row| Newest {
                    id: row.id.clone(),
                    // Ages are the calendar's.
                    made: self.calendar().at(row.created_at),
                    current: row.fingerprint == *recipe,
                }),
                lacks,
                coming: coming.contains(place),
                imaged: template.images.create.is_made(),
                built: template.images.create == Create::Build,
                launches: counts.get(name.as_str()).copied().unwrap_or_default(),
                launched_here: used.contains(place),
                threshold: own.get(name).and_then(|own| own.popularity_threshold),
                popular: asked.get(name).copied(),
                rebuild: template.rebuild.clone(),
                parent: template
                    .inherits
                    .as_ref()
                    .and_then(|pin| parents.get(pin).cloned()),
            });
        }
        Ok(Facts { subjects, looked })
    }

    /// The revisions that these templates go on from, by their pins.
    async fn parents(
        &self,
        templates: impl Iterator<Item = &Template>,
    ) -> Result<HashMap<String, Parent>, LedgerError> {
        let pins: BTreeSet<&str> = templates
            .filter_map(|one| one.inherits.as_deref())
            .collect();
        let mut found = HashMap::new();
        for pin in pins {
            let Ok(Pin {
                name,
                revision: Some(revision),
            }) = pin.parse()
            else {
                continue;
            };
            if let Some(row) = self.template_revision(&name, revision).await? {
                let since = self.calendar().at(row.created_at);
                let pin = pin.to_owned();
                found.insert(pin.clone(), Parent { pin, since });
            }
        }
        Ok(found)
    }

    /// The regions that the API was started with, where alone builds start; none before it said so.
    pub async fn build_regions(&self) -> Result<Option<Vec<String>>, LedgerError> {
        let kept = self.setting(REGIONS).await?;
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Keeps the regions that the API is started with: workers plan by them, and are told of them by no option of theirs.
    pub async fn keep_regions(&self, regions: &[String]) -> Result<(), LedgerError> {
        let value = serde_json::to_string(regions).map_err(|source| LedgerError::Json {
            what: "setting `regions`",
            source,
        })?;
        keep_text(&self.db, REGIONS, value).await
    }

    /// The calendar's instant of the look before, for the lines of cron that fired since; none: there was none.
    pub async fn last_look(&self) -> Result<Option<Instant>, LedgerError> {
        let kept = self.setting(LOOK).await?;
        Ok(kept.and_then(|text| text.parse().ok()))
    }

    /// Keeps the calendar's instant of a look whose asks are made.
    pub async fn keep_look(&self, at: Instant) -> Result<(), LedgerError> {
        keep(&self.db, LOOK, at).await
    }

    /// Where an image is in the making.
    async fn places_in_the_making(&self) -> Result<BTreeSet<Place>, LedgerError> {
        use image::Column;
        let rows = image::Entity::find()
            .filter(Column::Status.is_in(["claimed", "pending"]))
            .all(&self.reader)
            .await?;
        let place = |row: image::Model| {
            let arch = Arch::parse(&row.arch)?;
            Some((row.template, row.mode, arch, row.region))
        };
        Ok(rows.into_iter().filter_map(place).collect())
    }

    /// Images that can be launched from, the oldest first.
    pub(in crate::store) async fn available_images(
        &self,
    ) -> Result<Vec<image::Model>, LedgerError> {
        use image::Column;
        Ok(image::Entity::find()
            .filter(Column::Status.eq("available"))
            .filter(Column::DisabledAt.is_null())
            .order_by_asc(Column::CreatedAt)
            .order_by_asc(Column::Id)
            .all(&self.reader)
            .await?)
    }

    /// Successful launches since an instant of the calendar that were not builds, the newest first. Builds make images of the
    /// default values alone, so a launch with others is none of those that ask for one.
    pub(super) async fn launched_since(&self, since: Instant) -> Result<Vec<Launch>, LedgerError> {
        use deployment::Column;
        let since = self.calendar().due(since);
        let rows = deployment::Entity::find()
            .filter(Column::ReadyAt.gte(since))
            .filter(Column::BuildId.is_null())
            .order_by_desc(Column::ReadyAt)
            .limit(LAUNCHES)
            .all(&self.reader)
            .await?;
        let (mut found, mut templates) = (Vec::new(), HashMap::new());
        for row in rows {
            // An order of a version that is newer than this binary is another's to count.
            let Ok(order) = serde_json::from_value::<Order>(row.order) else {
                continue;
            };
            if order.build_only.is_none() {
                let given = &order.parameters;
                if self
                    .is_unbuilt(&mut templates, &row.template, given)
                    .await?
                {
                    continue;
                }
                let ami = row.ami_status.as_deref();
                let at = row.ready_at.unwrap_or(row.created_at);
                found.push(Launch {
                    at: self.calendar().at(at),
                    leaves_an_image: matches!(ami, Some("pending" | "creating")),
                    place: (row.template, row.mode, order.arch, row.region),
                    version: row.version,
                });
            }
        }
        Ok(found)
    }

    /// Whether no build makes the image of a launch with these values. Templates that were read are kept in `known`.
    async fn is_unbuilt(
        &self,
        known: &mut HashMap<String, Option<Template>>,
        name: &str,
        given: &BTreeMap<String, String>,
    ) -> Result<bool, LedgerError> {
        if given.is_empty() {
            return Ok(false);
        }
        let template = match known.entry(name.to_owned()) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(unread) => {
                let row = self.template(name).await?;
                unread.insert(row.map(|row| row.parsed()).transpose()?)
            }
        };
        let other = |it: &Template| it.is_of_another_image(given);
        Ok(template.as_ref().is_some_and(other))
    }

    /// By template, when popularity last asked for a build of it. What was skipped counts while its template is still off.
    async fn popular_lately(&self) -> Result<HashMap<String, Instant>, LedgerError> {
        let since = self.calendar_now() - POPULAR;
        let off = self.all_switched_off().await?;
        let off: BTreeSet<String> = off.into_iter().map(|row| row.name).collect();
        let found: Vec<(String, Instant, String)> = build_request::Entity::find()
            .select_only()
            .column(build::Column::Template)
            .column(build_request::Column::RequestedAt)
            .column(build::Column::Status)
            .inner_join_build()
            .filter(build_request::Column::Trigger.eq("popularity"))
            .filter(build_request::Column::RequestedAt.gt(since))
            .order_by_asc(build_request::Column::RequestedAt)
            .into_tuple()
            .all(&self.reader)
            .await?;
        let counts = |(name, at, status): (String, Instant, String)| {
            (status != "skipped" || off.contains(&name)).then_some((name, at))
        };
        Ok(found.into_iter().filter_map(counts).collect())
    }
}

/// The join of requests with their builds, which no relation declares.
trait WithBuild {
    fn inner_join_build(self) -> Self;
}

impl WithBuild for sea_orm::Select<build_request::Entity> {
    fn inner_join_build(mut self) -> Self {
        let of = Expr::col((build::Entity, build::Column::Id))
            .equals((build_request::Entity, build_request::Column::BuildId));
        sea_orm::QuerySelect::query(&mut self).inner_join(build::Entity, of);
        self
    }
}

/// The judged updates that an image does not have, oldest first: those that followed its base on the track.
pub(super) fn lacked(
    updates: &[UpdateSeen],
    image: &image::Model,
) -> Result<Vec<Lacked>, LedgerError> {
    let (Some(owner), Some(name)) = (&image.base_owner, &image.base_name) else {
        return Ok(Vec::new());
    };
    let is_base = |base: &Option<crate::base::Model>| {
        base.as_ref()
            .is_some_and(|base| base.owner == *owner && base.name == *name)
    };
    // The newest come first. The base is the old side of the first update it lacks; one that is the new side of an update
    // lacks those after that.
    let Some(track) = updates
        .iter()
        .find(|one| is_base(&one.old) || is_base(&one.new))
        .map(|one| one.row.track.as_str())
    else {
        return Ok(Vec::new());
    };
    let of_track = || updates.iter().filter(|one| one.row.track == track);
    let from = of_track()
        .filter(|one| is_base(&one.new))
        .map(|one| one.row.seq + 1)
        .chain(
            of_track()
                .filter(|one| is_base(&one.old))
                .map(|one| one.row.seq),
        )
        .max();
    let after = |one: &&UpdateSeen| from.is_some_and(|from| one.row.seq >= from);
    let found = of_track()
        .filter(after)
        .filter_map(|one| judged(one).transpose());
    let mut found: Vec<Lacked> = found.collect::<Result<_, _>>()?;
    found.reverse();
    Ok(found)
}

/// An update that was judged and is not withdrawn.
pub(super) fn judged(one: &UpdateSeen) -> Result<Option<Lacked>, LedgerError> {
    let (false, Some(level)) = (one.withdrawn, one.row.level.as_deref()) else {
        return Ok(None);
    };
    let level = level_of(level)?;
    let kind = one.row.update_type.as_deref().unwrap_or("unknown");
    let build = |base: &Option<crate::base::Model>| {
        base.as_ref()
            .map_or("?".to_owned(), |base| base.build.clone())
    };
    let headline = one
        .stands
        .as_ref()
        .and_then(|stands| stands.summary.as_ref()?.get("headline")?.get("advisory"))
        .and_then(serde_json::Value::as_str);
    let why = headline.map_or(String::new(), |why| format!(", {why}"));
    Ok(Some(Lacked {
        id: one.row.id.clone(),
        detected: one.row.detected_at,
        kind: UpdateKind::of(kind, level),
        said: format!(
            "{} {} → {} is {kind}, {level}{why}",
            one.track,
            build(&one.old),
            build(&one.new)
        ),
    }))
}

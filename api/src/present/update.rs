//! Updates of base images as the API shows them.

use std::collections::{BTreeMap, BTreeSet};

use ingot_client::affected::{
    Affected, AffectedBase, AffectedByList, AffectedDeployment, AffectedImage,
};
use ingot_client::base_update::{
    AffectedTemplate, BaseUpdate, Evidence, ImageSecurity, Judgement, SecurityEntry, SecurityStatus,
};
use ingot_client::held::ImageByList;
use ingot_domain::Instant;
use ingot_domain::advisory::affected::{Affected as Behind, affected};
use ingot_domain::advisory::base::Base;
use ingot_domain::advisory::feed::{Feed, Standing};
use ingot_domain::advisory::level::SecurityLevel;
use ingot_domain::advisory::standing::gravest;
use ingot_entity::store::{
    ByList, Exposed, ExposedBase, ExposedImage, ExposedInstance, ImageStanding, Judged,
    SecurityFacts, UpdateSeen,
};
use ingot_entity::{assessment, feed, image};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::rebuilds::Rebuilds;

/// Updates that no template lacks, at most.
const RECENT: usize = 10;

/// A part of a stored judgement; one that does not read is as if it were not there.
fn part<T: DeserializeOwned>(of: Option<&Value>, key: &str) -> Option<T> {
    serde_json::from_value(of?.get(key)?.clone()).ok()
}

/// One update.
pub(crate) fn update(seen: &UpdateSeen) -> BaseUpdate {
    let (row, stands) = (&seen.row, seen.stands.as_ref());
    let summary = |one: &'_ Option<Judged>| one.as_ref().and_then(|one| one.summary.clone());
    // A person's word has no evidence of its own: that of the rules is shown beside it.
    let summary = summary(&seen.stands).or_else(|| summary(&seen.judged));
    let summary = summary.as_ref();
    let build = |base: &Option<ingot_entity::base::Model>| {
        base.as_ref()
            .map(|base| base.build.clone())
            .unwrap_or_default()
    };
    let made = seen
        .new
        .as_ref()
        .map(|new| new.created_at.unwrap_or(new.built_on));
    BaseUpdate {
        id: row.id.clone(),
        base: seen.track.clone(),
        from: build(&seen.old),
        to: build(&seen.new),
        image_id: seen.ids.1.clone(),
        previous_image_id: seen.ids.0.clone(),
        update_type: row.update_type.clone(),
        security_level: row.level.clone(),
        updated_at: made.unwrap_or(row.detected_at),
        changelog_url: part(summary, "changelog_url"),
        detected_at: row.detected_at,
        judged_at: row.judged_at,
        confidence: stands.map(|one| one.confidence.clone()),
        upper_bound: stands.map(|one| one.upper_bound.clone()),
        headline: part(summary, "headline"),
        reasons: part(summary, "reasons").unwrap_or_default(),
        tags: tags(seen, summary),
        set_by: stands.and_then(|one| one.decided_by.clone()),
        set_reason: stands.and_then(|one| one.decided_reason.clone()),
    }
}

fn tags(seen: &UpdateSeen, summary: Option<&Value>) -> Vec<String> {
    let mut tags: Vec<String> = part(summary, "tags").unwrap_or_default();
    if seen.withdrawn {
        tags.push("withdrawn".to_owned());
    }
    tags
}

/// The evidence of a whole judgement, and the advisories that concern other packages.
pub(crate) fn evidence(body: Option<&Value>) -> (Vec<Evidence>, Vec<String>) {
    let rows = part(body, "evidence").unwrap_or_default();
    (rows, part(body, "outside").unwrap_or_default())
}

/// One judgement.
pub(crate) fn judgement(row: &assessment::Model) -> Judgement {
    Judgement {
        seq: row.seq,
        at: row.at,
        ruleset: row.ruleset.clone(),
        update_type: row.update_type.clone(),
        security_level: row.level.clone(),
        confidence: row.confidence.clone(),
        stands: row.stands,
        by: row.decided_by.clone(),
        reason: row.decided_reason.clone(),
    }
}

/// A template that an update concerns, with the build that will make its image anew.
pub(crate) fn template(one: &Behind, rebuilds: &Rebuilds) -> AffectedTemplate {
    AffectedTemplate {
        planned: rebuilds.of(one),
        template: one.template.clone(),
        version: one.version.clone(),
        ami_id: one.ami_id.clone(),
        region: one.region.clone(),
        build: one.build.clone(),
        builds_behind: one.builds_behind as u64,
        days_behind: one.days_behind,
    }
}

/// The templates behind a track's newest build.
pub(crate) fn templates(facts: &SecurityFacts, track: &str) -> Vec<Behind> {
    let none = Default::default();
    let following = facts.following.get(track).unwrap_or(&none);
    let steps = facts
        .steps
        .get(track)
        .map(Vec::as_slice)
        .unwrap_or_default();
    affected(steps, &facts.images, following)
}

/// The screen's facts: per track with templates behind it its newest update, and what else came lately.
pub(crate) fn security_status(
    facts: &SecurityFacts,
    rebuilds: &Rebuilds,
    feeds: Vec<String>,
    at: Instant,
) -> SecurityStatus {
    let (mut available, mut recent) = (Vec::new(), Vec::new());
    // By track, how many of its newest updates stand above as one.
    let mut covered: BTreeMap<&str, usize> = BTreeMap::new();
    for seen in &facts.updates {
        if let Some(left) = covered.get_mut(seen.track.as_str()) {
            // The others that no template lacks came lately, too.
            match *left {
                _ if seen.withdrawn => recent.push(seen),
                0 => recent.push(seen),
                _ => *left -= 1,
            }
            continue;
        }
        let found = templates(facts, &seen.track);
        let furthest = found.iter().map(|one| one.builds_behind).max();
        match furthest.filter(|behind| *behind > 0) {
            // Said below; there is nothing to rebuild on.
            _ if seen.withdrawn => recent.push(seen),
            Some(behind) => {
                available.push(entry(facts, rebuilds, seen, &found, behind));
                covered.insert(&seen.track, behind - 1);
            }
            None => {
                recent.push(seen);
                covered.insert(&seen.track, 0);
            }
        }
    }
    available.sort_by_key(|entry| {
        let level = SecurityLevel::parse(&entry.security_level);
        let order = [
            SecurityLevel::Critical,
            SecurityLevel::High,
            SecurityLevel::Unknown,
            SecurityLevel::Medium,
            SecurityLevel::Low,
            SecurityLevel::None,
        ];
        order.iter().position(|one| Some(*one) == level)
    });
    SecurityStatus {
        at,
        available,
        recent: recent.into_iter().take(RECENT).map(update).collect(),
        feeds,
    }
}

fn entry(
    facts: &SecurityFacts,
    rebuilds: &Rebuilds,
    newest: &UpdateSeen,
    found: &[Behind],
    behind: usize,
) -> SecurityEntry {
    // The updates that the template furthest behind lacks.
    let lacked: Vec<&UpdateSeen> = facts
        .updates
        .iter()
        .filter(|seen| seen.track == newest.track && !seen.withdrawn)
        .take(behind)
        .collect();
    let level = |seen: &&&UpdateSeen| {
        let word = seen.row.level.as_deref();
        word.and_then(SecurityLevel::parse)
            .unwrap_or(SecurityLevel::Unknown)
    };
    let worst = gravest(lacked.iter().map(|seen| level(&seen)));
    let worst = worst.unwrap_or(SecurityLevel::Unknown);
    let shown = lacked.iter().find(|seen| level(seen) == worst);
    let shown = shown.copied().unwrap_or(newest);
    let mut update = update(newest);
    // From the build that the template furthest behind stands on.
    if let Some(first) = lacked.last().and_then(|seen| seen.old.as_ref()) {
        update.from.clone_from(&first.build);
    }
    if shown.row.id != newest.row.id {
        // The gravest one is what people must know of; the newest one brings it, too.
        update.headline = self::update(shown).headline;
    }
    let templates: Vec<AffectedTemplate> =
        found.iter().map(|one| template(one, rebuilds)).collect();
    SecurityEntry {
        security_level: worst.to_string(),
        update,
        gravest: shown.row.id.clone(),
        plan: rebuilds.plan(&templates),
        templates,
    }
}

/// The feeds of the systems of some tracks, and the signs of exploitation, that cannot be relied on, each in a sentence.
pub(crate) fn feeds_in_doubt<'a>(
    rows: &[feed::Model],
    tracks: impl Iterator<Item = &'a String>,
    now: Instant,
    today: Instant,
) -> Vec<String> {
    let systems: BTreeSet<Feed> = tracks
        .filter_map(|name| Base::parse(name).ok())
        .map(|base| Feed::Vendor(base.os))
        .chain([Feed::Kev])
        .collect();
    let mut said = Vec::new();
    for one in systems {
        let row = rows.iter().find(|row| row.name == one.name());
        let facts = row.map(feed::Model::facts).unwrap_or_default();
        let (standing, why) = one.standing(facts, now, today);
        if standing != Standing::Ok {
            let why = why.join("; ");
            said.push(format!("{} is {}: {why}", one.name(), standing.as_str()));
        }
    }
    said
}

/// How an image stands.
pub(crate) fn image(
    row: &image::Model,
    standing: ImageStanding,
    by_list: ImageByList,
) -> ImageSecurity {
    let (base, steps) = match standing.line {
        Some((track, steps)) => (Some(track), steps),
        None => (None, Vec::new()),
    };
    let own = steps.iter().find(|step| {
        Some(&step.owner) == row.base_owner.as_ref() && Some(&step.name) == row.base_name.as_ref()
    });
    let (builds, days) = standing.behind.unwrap_or_default();
    ImageSecurity {
        base,
        build: own.map(|step| step.build.clone()),
        newest_build: steps.last().map(|step| step.build.clone()),
        builds_behind: builds as u64,
        days_behind: days,
        lacks: standing.lacks,
        predecessor: standing.predecessor,
        fixed: standing.fixed,
        open: standing.open,
        by_list: Some(by_list),
    }
}

/// What has a vulnerability.
pub(crate) fn affected_by(cve: String, told: Exposed) -> Affected {
    let base = |one: &ExposedBase| AffectedBase {
        base: one.track.clone(),
        build: one.build.clone(),
        fixed_in: one.fixed_in.clone(),
        advisory: one.advisory.clone(),
        package: one.package.clone(),
        grade: one.grade.clone(),
    };
    let list = |one: &ByList| {
        let part = one.part.as_ref();
        AffectedByList {
            holding: one.holding.as_str().to_owned(),
            advisory: one.advisory.clone(),
            package: part.map(|part| part.package.clone()),
            installed: part.and_then(|part| part.installed.clone()),
            fixed: part.and_then(|part| part.fixed.clone()),
            taken_at: one.taken_at,
        }
    };
    let image = |one: &ExposedImage| AffectedImage {
        id: one.row.id.clone(),
        ami_id: one.row.ami_id.clone(),
        template: one.row.template.clone(),
        version: one.row.version.clone(),
        region: one.row.region.clone(),
        on: one.base.as_ref().map(base),
        by_list: one.list.as_ref().map(list),
    };
    let deployment = |one: &ExposedInstance| AffectedDeployment {
        id: one.id.clone(),
        instance_id: one.instance_id.clone(),
        template: one.template.clone(),
        version: one.version.clone(),
        region: one.region.clone(),
        on: one.base.as_ref().map(base),
        by_list: one.list.as_ref().map(list),
    };
    Affected {
        cve,
        bases: told.bases.iter().map(base).collect(),
        images: told.images.iter().map(image).collect(),
        deployments: told.instances.iter().map(deployment).collect(),
        cleared: told.cleared,
        unknown: told.silent,
    }
}

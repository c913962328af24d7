//! A track of base images as the API shows it.

use std::collections::BTreeMap;

use ingot_client::base_image::{BaseImage, BaseImageRegion, BaseImageUpdate};
use ingot_domain::Instant;
use ingot_domain::advisory::base::{Base, Build};
use ingot_domain::advisory::link;
use ingot_domain::template::BaseImage as Asked;
use ingot_entity::store::UpdateSeen;
use ingot_entity::{LedgerError, track, track_region};

/// What tracks are shown with.
pub(crate) struct Facts {
    pub(crate) regions: Vec<track_region::Model>,
    /// The next look at each region.
    pub(crate) next: BTreeMap<String, Instant>,
    pub(crate) templates: Vec<(String, Asked)>,
    pub(crate) updates: Vec<UpdateSeen>,
}

/// A track with its regions and its history.
pub(crate) fn shown(row: &track::Model, facts: &Facts) -> Result<BaseImage, LedgerError> {
    let track = row.parsed()?;
    let own = facts.regions.iter().filter(|one| one.track == row.id);
    let next = |region: &str| match row.paused_at {
        Some(_) => None,
        None => facts.next.get(region).copied(),
    };
    let regions: Vec<BaseImageRegion> = own
        .map(|one| BaseImageRegion {
            next_check: next(&one.region),
            region: one.region.clone(),
            state: state(row, one),
            build: one.build.clone(),
            image_id: one.ami_id.clone(),
            last_checked: one.checked_at,
            error: one.error.clone(),
            alarms: texts(&one.alarms),
        })
        .collect();
    let base = Base::parse(track.like.as_deref().unwrap_or(&row.name)).ok();
    let mut history = facts.updates.iter().filter(|one| one.row.track == row.id);
    let history: Vec<BaseImageUpdate> = history
        .by_ref()
        .map(|one| update(base.as_ref(), one))
        .collect();
    let current = regions
        .iter()
        .find(|one| one.state == "current" && one.build == row.head_build);
    let dependents = facts.templates.iter();
    Ok(BaseImage {
        name: row.name.clone(),
        architecture: track.arch.as_str().to_owned(),
        like: track.like.clone(),
        builtin: row.builtin,
        owner: track.owners.aws.clone().unwrap_or_default(),
        aws_filter: track.filter.clone(),
        pattern: track.pattern.clone(),
        parameter: track.parameter.clone(),
        current_build: row.head_build.clone(),
        current_name: row.head_name.clone(),
        current_image_id: current.and_then(|one| one.image_id.clone()),
        last_checked: regions.iter().filter_map(|one| one.last_checked).max(),
        next_check: regions.iter().filter_map(|one| one.next_check).min(),
        pending_region: regions
            .iter()
            .filter(|one| one.state == "pending")
            .map(|one| one.region.clone())
            .collect(),
        dependent_templates: dependents
            .filter(|(_, asked)| track.is_asked_for_by(asked))
            .map(|(name, _)| name.clone())
            .collect(),
        last_update: history.first().map(|newest| newest.updated_at),
        update_history: history,
        regions,
        paused_at: row.paused_at,
        paused_by: row.paused_by.clone(),
        paused_reason: row.paused_reason.clone(),
    })
}

/// A region whose last look was before another region showed a newer build has not got that build yet.
fn state(row: &track::Model, one: &track_region::Model) -> String {
    let behind = one.state == "current" && one.build != row.head_build;
    if behind { "pending" } else { &one.state }.to_owned()
}

fn update(base: Option<&Base>, seen: &UpdateSeen) -> BaseImageUpdate {
    let row = &seen.row;
    BaseImageUpdate {
        id: row.id.clone(),
        name: seen.track.clone(),
        number: row.seq,
        kind: row.kind.clone(),
        previous_build: seen.old.as_ref().map(|base| base.build.clone()),
        build: seen.new.as_ref().map(|base| base.build.clone()),
        previous_image_id: seen.ids.0.clone(),
        image_id: seen.ids.1.clone(),
        region: row.region.clone(),
        updated_at: row.detected_at,
        created_at: seen.new.as_ref().and_then(|base| base.created_at),
        update_type: row.update_type.clone(),
        security_level: row.level.clone(),
        changelog_url: changes(base, seen),
        tags: texts(&row.tags),
    }
}

/// The vendor's page about the new build.
fn changes(base: Option<&Base>, update: &UpdateSeen) -> Option<String> {
    let (old, new) = (update.old.as_ref()?, update.new.as_ref()?);
    let (old, new) = (
        Build::parse(&old.build).ok()?,
        Build::parse(&new.build).ok()?,
    );
    link::changelog(base?, &old, &new, None)
}

fn texts(list: &serde_json::Value) -> Vec<String> {
    serde_json::from_value(list.clone()).unwrap_or_default()
}

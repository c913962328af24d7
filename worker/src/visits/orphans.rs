//! Whatever carries our installation's tag, held against the ledger (FAULTS I1, F29, F41): what a row wants is left alone,
//! and what is not ours by its own facts (`crate::provenance`); the rest is told, and after two sightings and the grace period
//! removed, if this ledger made it. Each kind of object has its own scope of findings, so that a kind that cannot be listed
//! clears nothing.

mod owned;
mod remove;

use std::collections::HashMap;

use ingot_cloud::{CloudError, ErrorKind, ImageQuery, ImageState};
use ingot_domain::decide::orphan::{self, Behind, Settled, Verdict, View};
use ingot_domain::decide::scan::{self, Sighting};
use ingot_domain::image::INSTALL_TAG;
use ingot_domain::invariant::Invariant;
use ingot_domain::place::Place;
use ingot_domain::provenance::{Class, Kind};

use self::owned::{Ledgers, Object};
use crate::case::VisitError;
use crate::tools::Tools;

pub(super) async fn look(tools: &Tools, region: &str) -> Result<(), VisitError> {
    // The cloud first, the rows after: what was written meanwhile is known, what was made meanwhile is not looked at.
    let install = &tools.settings.install;
    let cloud = &tools.cloud;
    let place = Place::own(region);
    let instances = cloud
        .find_instances_by_tag(place, INSTALL_TAG, install)
        .await?;
    let query = ImageQuery {
        tags: [(INSTALL_TAG.to_owned(), install.clone())].into(),
        ..ImageQuery::default()
    };
    let images = cloud.find_images(place, &query).await?;
    let snapshots = cloud
        .find_snapshots_by_tag(place, INSTALL_TAG, install)
        .await;
    let groups = cloud
        .find_security_groups_by_tag(place, INSTALL_TAG, install)
        .await;
    let mut lists = vec![
        (
            Kind::Instance,
            Some(
                instances
                    .into_iter()
                    .filter(|one| !one.state.is_ending())
                    .map(Object::instance)
                    .collect::<Vec<_>>(),
            ),
        ),
        (
            Kind::Image,
            Some(
                images
                    .into_iter()
                    .filter(|one| one.state != ImageState::Deregistered)
                    .map(Object::image)
                    .collect(),
            ),
        ),
    ];
    for (kind, listed) in [(Kind::Snapshot, snapshots), (Kind::SecurityGroup, groups)] {
        let listed = permitted(kind, region, listed)?;
        let objects = listed.map(|list| {
            let object = |facts| Object::tagged(kind, facts);
            list.into_iter().map(object).collect()
        });
        lists.push((kind, objects));
    }
    let ledgers = Ledgers::load(tools, region, &lists).await?;
    for (kind, list) in &lists {
        if let Some(list) = list {
            judge(tools, region, *kind, list, &ledgers).await?;
        }
    }
    Ok(())
}

/// An account that does not let us list a kind is told so in the log and goes on without it; other failures end the visit.
fn permitted<T>(
    kind: Kind,
    region: &str,
    listed: Result<T, CloudError>,
) -> Result<Option<T>, CloudError> {
    match listed {
        Err(error) if error.kind == ErrorKind::Denied => {
            tracing::warn!(%kind, region, %error, "orphans of this kind cannot be looked for: the credentials may not list it");
            Ok(None)
        }
        listed => listed.map(Some),
    }
}

async fn judge(
    tools: &Tools,
    region: &str,
    kind: Kind,
    list: &[Object],
    ledgers: &Ledgers,
) -> Result<(), VisitError> {
    let scope = format!("{region}/{kind}");
    let open = tools.ledger.open_findings(&scope).await?;
    let (mut seen, mut doomed) = (Vec::new(), Vec::new());
    let (mut ours, mut strangers) = (Vec::new(), Vec::new());
    for object in list {
        let owner = ledgers.owner(tools, region, object).await?;
        let behind = owner.behind();
        match behind {
            Behind::Foreign => strangers.push(object.id.clone()),
            _ if owner.class == Class::Ours => ours.push(object),
            _ => {}
        }
        let found = open.iter().find(|row| row.subject == object.id);
        let view = View {
            behind,
            age: tools.cloud_age(object.made_at),
            seen: found.map(|row| {
                let sightings = u32::try_from(row.sightings).unwrap_or(0);
                (tools.since(row.first_seen_at), sightings)
            }),
            reap: tools.settings.reap,
            settled: found.and_then(|row| settled(row.settled.as_deref())),
            refused: found.is_some_and(|row| row.refused.is_some()),
        };
        let verdict = orphan::judge(view);
        if verdict == Verdict::Leave {
            if let Some(row) = found {
                tools.ledger.note_outcome(&row.id, "adopted").await?;
            }
            continue;
        }
        let refused = found.and_then(|row| row.refused.as_deref());
        seen.push(sighting(tools, object, behind, ledgers, refused));
        if let (Verdict::Remove, Some(row)) = (verdict, found) {
            doomed.push((object, row.clone()));
        }
    }
    seen.extend(doubles(kind, &ours));
    if !strangers.is_empty() {
        seen.push(scan::strangers(region, kind, &strangers));
    }
    for one in &seen {
        tracing::warn!(invariant = one.invariant, subject = %one.subject, region, "{}", one.what);
    }
    tools
        .ledger
        .sight(&scope, &seen, tools.sighted_before())
        .await?;
    for (object, row) in doomed {
        remove::remove(tools, region, object, &row, ledgers).await?;
    }
    Ok(())
}

fn settled(word: Option<&str>) -> Option<Settled> {
    match word {
        Some("keep") => Some(Settled::Keep),
        Some("remove") => Some(Settled::Remove),
        _ => None,
    }
}

fn sighting(
    tools: &Tools,
    object: &Object,
    behind: Behind,
    ledgers: &Ledgers,
    refused: Option<&str>,
) -> Sighting {
    let owner = object.owner_in_words();
    let what = match refused {
        Some(why) => format!(
            "{} {} of {owner} is needed no more, and AWS refuses to remove it ({why}); it is not asked again",
            object.kind.said(),
            object.id
        ),
        None => orphan::said(object.kind, &object.id, behind, &owner, tools.settings.reap),
    };
    Sighting::of(Invariant::I1, &object.id, what).about(ledgers.deployment_of(object))
}

/// I2 as the cloud shows it: one effect made one object of its kind. What only carries an effect's tag is not counted.
fn doubles(kind: Kind, list: &[&Object]) -> Vec<Sighting> {
    if !matches!(kind, Kind::Instance | Kind::Image) {
        return Vec::new();
    }
    let mut made: HashMap<&str, Vec<&str>> = HashMap::new();
    for object in list {
        if let Some(effect) = &object.effect {
            made.entry(effect).or_default().push(&object.id);
        }
    }
    let mut doubles: Vec<Sighting> = made
        .into_iter()
        .filter(|(_, ids)| ids.len() > 1)
        .map(|(effect, ids)| {
            let thing = kind.said();
            let what = format!(
                "effect {effect} made more than one {thing}: {}",
                ids.join(", ")
            );
            Sighting::of(Invariant::I2, effect, what)
        })
        .collect();
    doubles.sort_by(|a, b| a.subject.cmp(&b.subject));
    doubles
}

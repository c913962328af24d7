//! The facts from which builds for the archive's fixes are wanted (`ingot_domain::build::fixes`): newest images with lists of
//! their own, by the system they are of.

use std::collections::{BTreeMap, BTreeSet};

use ingot_domain::Instant;
use ingot_domain::advisory::base::Base;
use ingot_domain::advisory::held::Carried;
use ingot_domain::arch::Arch;
use ingot_domain::build::fixes::{Head, Imaged};
use ingot_domain::build::wants::Aim;
use ingot_domain::ids::BaseId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::named;
use crate::store::{Ledger, LedgerError};
use crate::{build, image};

/// The newest image of one aim, which has a list of its own.
#[derive(Debug, Clone)]
pub struct ImagedHere {
    /// The image.
    pub row: image::Model,
    /// What would be built.
    pub aim: Aim,
    /// Its list's digest.
    digest: String,
    /// When that was taken.
    taken_at: Instant,
}

/// What is known of one of them.
#[derive(Debug, Clone)]
pub struct FixFacts {
    /// What it carries, and when that was listed.
    pub imaged: Imaged,
    /// The newest build of its base.
    pub head: Head,
}

impl Ledger {
    /// By their system, the newest images that have lists of their own, each by its id; not those of which a build runs, whose
    /// template is switched off, or is none any more.
    pub async fn listed_newest(&self) -> Result<BTreeMap<String, Vec<ImagedHere>>, LedgerError> {
        let mut newest = BTreeMap::new();
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
            newest.insert(place, row);
        }
        let known: BTreeSet<String> = self
            .templates()
            .await?
            .into_iter()
            .map(|row| row.name)
            .collect();
        let off: BTreeSet<String> = self
            .all_switched_off()
            .await?
            .into_iter()
            .map(|row| row.name)
            .collect();
        let running = self.places_of_builds().await?;
        newest.retain(|place, _| {
            known.contains(&place.0) && !off.contains(&place.0) && !running.contains(place)
        });
        let makers = newest
            .values()
            .filter_map(|row| row.source_deployment_id.as_deref());
        let heads = self.heads(&makers.collect::<Vec<_>>()).await?;
        let listed: Vec<_> = newest
            .into_iter()
            .filter_map(|(place, row)| {
                let head = heads.of_image(&row)?;
                let (digest, taken_at) = (head.digest.clone()?, head.taken_at);
                Some((place, row, digest, taken_at))
            })
            .collect();
        if listed.is_empty() {
            return Ok(BTreeMap::new());
        }
        let digests: Vec<&str> = listed
            .iter()
            .map(|(.., digest, _)| digest.as_str())
            .collect();
        let releases = self.releases(&digests).await?;
        let systems = self.systems().await?;
        let mut found: BTreeMap<String, Vec<ImagedHere>> = BTreeMap::new();
        for ((template, mode, arch, region), row, digest, taken_at) in listed {
            let release = releases.get(&digest).and_then(Option::as_deref);
            let of_base = || {
                let (owner, name) = (row.base_owner.as_ref()?, row.base_name.as_ref()?);
                systems.get(&BaseId::of(owner, name).to_string()).cloned()
            };
            let Some(of) = named(release, &row.arch).or_else(of_base) else {
                continue;
            };
            let aim = Aim {
                template,
                version: row.version.clone(),
                mode,
                arch,
                region,
            };
            found.entry(of.to_string()).or_default().push(ImagedHere {
                row,
                aim,
                digest,
                taken_at,
            });
        }
        for images in found.values_mut() {
            images.sort_by(|a, b| a.row.id.cmp(&b.row.id));
        }
        Ok(found)
    }

    /// What one of them carries, and what the newest build of its base does.
    pub async fn fix_facts(
        &self,
        of: &Base,
        here: &ImagedHere,
    ) -> Result<Option<FixFacts>, LedgerError> {
        let Some(listed) = self.list(&here.digest).await? else {
            return Ok(None);
        };
        let row = &here.row;
        let imaged = Imaged {
            aim: here.aim.clone(),
            image: row.id.clone(),
            ami: row.ami_id.clone(),
            listed: self.calendar().at(here.taken_at),
            carried: Carried::new(of.clone(), listed),
        };
        let (Some(owner), Some(name)) = (&row.base_owner, &row.base_name) else {
            let head = Head::Unwatched;
            return Ok(Some(FixFacts { imaged, head }));
        };
        let line = self.line_of(owner, name).await?;
        let head = match line.and_then(|(_, steps)| steps.into_iter().next_back()) {
            None => Head::Unwatched,
            Some(step) => {
                let own = step.owner == *owner && step.name == *name;
                match self.packages_of_base(&step.owner, &step.name).await? {
                    Some(listed) => Head::Listed {
                        build: step.build,
                        carried: Box::new(Carried::new(of.clone(), listed)),
                    },
                    None => Head::Made {
                        build: step.build,
                        at: step.at,
                        own,
                    },
                }
            }
        };
        Ok(Some(FixFacts { imaged, head }))
    }

    /// Where a build runs.
    async fn places_of_builds(
        &self,
    ) -> Result<BTreeSet<(String, String, Arch, String)>, LedgerError> {
        use build::Column;
        let rows = build::Entity::find()
            .filter(Column::Status.is_in(["building", "testing", "publishing"]))
            .all(&self.reader)
            .await?;
        let place = |row: build::Model| {
            let arch = Arch::parse(&row.arch)?;
            Some((row.template, row.mode, arch, row.region))
        };
        Ok(rows.into_iter().filter_map(place).collect())
    }
}

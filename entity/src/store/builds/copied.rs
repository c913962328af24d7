//! Copies of what builds make: which places have their images from another region's builds, and how the copies of a build
//! stand.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ingot_domain::arch::Arch;
use ingot_domain::build::publish::regions;
use ingot_domain::template::Template;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::facts::Place;
use crate::store::{Ledger, LedgerError};
use crate::{build, image};

/// Ids that one statement names.
const AT_ONCE: usize = 500;

impl Ledger {
    /// Of these places those whose newest image is a copy from a place that goes on copying to them: what their images lack is
    /// built there, once.
    pub(super) async fn fed_places(
        &self,
        newest: &BTreeMap<Place, (image::Model, Arch)>,
        templates: &HashMap<String, (String, Template)>,
        installation: Option<&[String]>,
    ) -> Result<BTreeSet<Place>, LedgerError> {
        let copies: Vec<(&Place, &str)> = newest
            .iter()
            .filter_map(|(place, (row, _))| Some((place, row.source_image_id.as_deref()?)))
            .collect();
        if copies.is_empty() {
            return Ok(BTreeSet::new());
        }
        let policy = self.policy().await?.policy;
        let ids: Vec<&str> = copies.iter().map(|(_, source)| *source).collect();
        let sources = self.images_by_id(&ids).await?;
        let is_fed = |(place, source): &(&Place, &str)| {
            let source = sources.get(*source)?;
            let from = (
                place.0.clone(),
                place.1.clone(),
                place.2,
                source.region.clone(),
            );
            let (_, template) = templates.get(&place.0)?;
            let order = policy.region_priority.as_deref();
            let to = regions(&source.region, &template.regions, order, installation);
            (newest.contains_key(&from) && to.contains(&place.3)).then(|| (*place).clone())
        };
        Ok(copies.iter().filter_map(is_fed).collect())
    }

    /// Images by their ids.
    async fn images_by_id(
        &self,
        ids: &[&str],
    ) -> Result<HashMap<String, image::Model>, LedgerError> {
        let mut found = HashMap::new();
        for some in ids.chunks(AT_ONCE) {
            let rows = image::Entity::find()
                .filter(image::Column::Id.is_in(some.iter().copied()))
                .all(&self.reader)
                .await?;
            found.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        }
        Ok(found)
    }

    /// The newest copy of each of these builds' images in each region, by build.
    pub(super) async fn copies_of_builds(
        &self,
        rows: &[build::Model],
    ) -> Result<HashMap<String, Vec<image::Model>>, LedgerError> {
        let copied = rows.iter().filter(|row| row.regions.is_some());
        let of: Vec<(&str, &str)> = copied
            .filter_map(|row| Some((row.image_id.as_deref()?, row.id.as_str())))
            .collect();
        let mut found: HashMap<String, Vec<image::Model>> = HashMap::new();
        for some in of.chunks(AT_ONCE) {
            let ids = some.iter().map(|(image, _)| *image);
            let rows = image::Entity::find()
                .filter(image::Column::SourceImageId.is_in(ids))
                .all(&self.db)
                .await?;
            for row in rows {
                let source = row.source_image_id.as_deref();
                for (_, build) in some.iter().filter(|(image, _)| Some(*image) == source) {
                    let copies = found.entry((*build).to_owned()).or_default();
                    match copies.iter_mut().find(|one| one.region == row.region) {
                        Some(known) if known.generation >= row.generation => {}
                        Some(known) => *known = row.clone(),
                        None => copies.push(row.clone()),
                    }
                }
            }
        }
        Ok(found)
    }
}

//! Where base images and the templates' images stand: the facts of the security status, and the line a base belongs to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ingot_domain::Instant;
use ingot_domain::advisory::affected::{Standing, Step};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::updates::{MOST, UpdateSeen};
use super::{Ledger, LedgerError};
use crate::{base, base_ami, base_update, image, track};

/// The facts of the security status.
#[derive(Debug, Clone, Default)]
pub struct SecurityFacts {
    /// Updates that are updates, the newest first.
    pub updates: Vec<UpdateSeen>,
    /// By track's name, its builds in the order in which they became its head.
    pub steps: BTreeMap<String, Vec<Step>>,
    /// Images that can be launched from.
    pub images: Vec<Standing>,
    /// By track's name, the templates that name it.
    pub following: BTreeMap<String, BTreeSet<String>>,
}

impl Ledger {
    /// The facts of the security status.
    pub async fn security_facts(&self) -> Result<SecurityFacts, LedgerError> {
        let rows = base_update::Entity::find()
            .filter(base_update::Column::Kind.eq("update"))
            .order_by_desc(base_update::Column::DetectedAt)
            .order_by_desc(base_update::Column::Seq)
            .limit(MOST)
            .all(&self.db)
            .await?;
        let updates = self.seen(rows).await?;
        let mut steps: BTreeMap<String, Vec<Step>> = BTreeMap::new();
        let mut in_order: Vec<&UpdateSeen> = updates.iter().collect();
        in_order.sort_by_key(|one| one.row.seq);
        for one in in_order {
            let line = steps.entry(one.track.clone()).or_default();
            let first = one.old.as_ref().filter(|_| line.is_empty());
            line.extend(first.map(step));
            // No image can stand on a build that is gone.
            line.extend(one.new.as_ref().filter(|_| !one.withdrawn).map(step));
        }
        Ok(SecurityFacts {
            updates,
            steps,
            images: self.standing_images().await?,
            following: self.following().await?,
        })
    }

    /// The builds of the line that a base belongs to, in the order in which they became its head.
    pub async fn line_of(
        &self,
        owner: &str,
        name: &str,
    ) -> Result<Option<(String, Vec<Step>)>, LedgerError> {
        let found = base::Entity::find()
            .filter(base::Column::Owner.eq(owner))
            .filter(base::Column::Name.eq(name))
            .one(&self.db)
            .await?;
        let Some(found) = found else { return Ok(None) };
        let Some(track) = track::Entity::find_by_id(&found.track)
            .one(&self.db)
            .await?
        else {
            return Ok(None);
        };
        let updates = base_update::Entity::find()
            .filter(base_update::Column::Kind.eq("update"))
            .filter(base_update::Column::Track.eq(&track.id))
            .order_by_asc(base_update::Column::Seq)
            .all(&self.db)
            .await?;
        let gone = self.withdrawn_bases(&track.id).await?;
        let bases = base::Entity::find()
            .filter(base::Column::Track.eq(&track.id))
            .all(&self.db)
            .await?;
        let by_id: HashMap<&str, &base::Model> =
            bases.iter().map(|base| (base.id.as_str(), base)).collect();
        let mut ids: Vec<&str> = Vec::new();
        for update in &updates {
            let first = update.old_base.as_deref().filter(|_| ids.is_empty());
            ids.extend(first);
            let new = update.new_base.as_deref();
            ids.extend(new.filter(|id| !gone.contains(*id)));
        }
        let steps: Vec<Step> = ids
            .into_iter()
            .filter_map(|id| by_id.get(id).map(|base| step(base)))
            .collect();
        let steps = if steps.is_empty() {
            vec![step(&found)]
        } else {
            steps
        };
        Ok(Some((track.name, steps)))
    }

    /// Builds of a track that their vendor took back in every region that had them.
    pub(super) async fn withdrawn_bases(
        &self,
        track: &str,
    ) -> Result<BTreeSet<String>, LedgerError> {
        let of_track = base::Entity::find()
            .select_only()
            .column(base::Column::Id)
            .filter(base::Column::Track.eq(track))
            .into_query();
        let amis = base_ami::Entity::find()
            .filter(base_ami::Column::Base.in_subquery(of_track))
            .all(&self.db)
            .await?;
        let there: BTreeSet<&String> = amis
            .iter()
            .filter(|ami| ami.withdrawn_at.is_none())
            .map(|ami| &ami.base)
            .collect();
        let gone = amis.iter().map(|ami| &ami.base);
        Ok(gone.filter(|id| !there.contains(id)).cloned().collect())
    }

    /// By track's name, the templates whose newest revision names it.
    async fn following(&self) -> Result<BTreeMap<String, BTreeSet<String>>, LedgerError> {
        let mut following: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut tracks = Vec::new();
        for row in self.tracks().await? {
            tracks.push(row.parsed()?);
        }
        for row in self.templates().await? {
            let template = row.parsed()?;
            for track in &tracks {
                if track.is_asked_for_by(&template.base_image) {
                    let templates = following.entry(track.name.clone()).or_default();
                    templates.insert(row.name.clone());
                }
            }
        }
        Ok(following)
    }

    /// Images that can be launched from and whose base is known by name.
    async fn standing_images(&self) -> Result<Vec<Standing>, LedgerError> {
        #[derive(FromQueryResult)]
        struct Found {
            template: String,
            version: String,
            ami_id: Option<String>,
            region: String,
            base_owner: Option<String>,
            base_name: Option<String>,
            created_at: Instant,
        }
        use image::Column;
        let found: Vec<Found> = image::Entity::find()
            .select_only()
            .columns([
                Column::Template,
                Column::Version,
                Column::AmiId,
                Column::Region,
                Column::BaseOwner,
                Column::BaseName,
                Column::CreatedAt,
            ])
            .filter(Column::Status.eq("available"))
            .filter(Column::DisabledAt.is_null())
            .filter(Column::BaseName.is_not_null())
            .into_model()
            .all(&self.db)
            .await?;
        let images = found.into_iter().filter_map(|row| {
            Some(Standing {
                template: row.template,
                version: row.version,
                ami_id: row.ami_id?,
                region: row.region,
                owner: row.base_owner?,
                base: row.base_name?,
                created_at: row.created_at,
            })
        });
        Ok(images.collect())
    }
}

fn step(base: &base::Model) -> Step {
    Step {
        owner: base.owner.clone(),
        name: base.name.clone(),
        build: base.build.clone(),
        at: base.created_at.unwrap_or(base.built_on),
    }
}

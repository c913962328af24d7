//! What is known of tracks, for looks and for people.

use std::collections::BTreeMap;

use ingot_domain::Instant;
use ingot_domain::ids::BaseId;
use ingot_domain::invariant::BASE;
use ingot_domain::task::TaskKind;
use ingot_domain::track::Mark;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};

use crate::store::{Ledger, LedgerError};
use crate::{base, base_ami, base_update, image, task, track, track_region};

/// A track whose last look at a region failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// Its name.
    pub track: String,
    /// The region.
    pub region: String,
    /// Why.
    pub why: String,
    /// Since when looks fail, in real time, where a finding tells.
    pub since: Option<Instant>,
}

/// Tracks in regions that are told at once.
const MOST_UNSEEN: u64 = 100;

impl Ledger {
    /// Tracks that are watched and whose last look at a region failed.
    pub async fn tracks_unseen(&self) -> Result<Vec<Unseen>, LedgerError> {
        let failed = track_region::Entity::find()
            .filter(track_region::Column::Error.is_not_null())
            .order_by_asc(track_region::Column::Track)
            .order_by_asc(track_region::Column::Region)
            .limit(MOST_UNSEEN)
            .all(&self.db)
            .await?;
        if failed.is_empty() {
            return Ok(Vec::new());
        }
        let tracks = self.tracks().await?;
        let findings = self.open_of(BASE).await?;
        let unseen = failed.into_iter().filter_map(|one| {
            let track = tracks.iter().find(|row| row.id == one.track)?;
            if track.paused_at.is_some() {
                return None;
            }
            let subject = format!("{}/{}", track.name, one.region);
            let finding = findings.iter().find(|row| row.subject == subject);
            Some(Unseen {
                track: track.name.clone(),
                since: finding.map(|row| row.first_seen_at),
                region: one.region,
                why: one.error?,
            })
        });
        Ok(unseen.collect())
    }

    /// Every track that was not removed, by name.
    pub async fn tracks(&self) -> Result<Vec<track::Model>, LedgerError> {
        Ok(track::Entity::find()
            .filter(track::Column::RemovedAt.is_null())
            .order_by_asc(track::Column::Name)
            .all(&self.db)
            .await?)
    }

    /// One track that was not removed.
    pub async fn track(&self, name: &str) -> Result<Option<track::Model>, LedgerError> {
        Ok(track::Entity::find()
            .filter(track::Column::RemovedAt.is_null())
            .filter(track::Column::Name.eq(name))
            .one(&self.db)
            .await?)
    }

    /// How tracks stand in regions: one track's, one region's, or all.
    pub async fn track_regions(
        &self,
        track: Option<&str>,
        region: Option<&str>,
    ) -> Result<Vec<track_region::Model>, LedgerError> {
        let mut select = track_region::Entity::find();
        if let Some(track) = track {
            select = select.filter(track_region::Column::Track.eq(track));
        }
        if let Some(region) = region {
            select = select.filter(track_region::Column::Region.eq(region));
        }
        Ok(select
            .order_by_asc(track_region::Column::Region)
            .all(&self.db)
            .await?)
    }

    /// Where a build lies, if a look has seen it there and not seen it go.
    pub async fn base_ami(
        &self,
        mark: &Mark,
        region: &str,
    ) -> Result<Option<base_ami::Model>, LedgerError> {
        let id = BaseId::of(&mark.owner, &mark.name).to_string();
        Ok(base_ami::Entity::find_by_id((id, region.to_owned()))
            .one(&self.db)
            .await?)
    }

    /// A build that was seen.
    pub async fn base(&self, id: &str) -> Result<Option<base::Model>, LedgerError> {
        Ok(base::Entity::find_by_id(id).one(&self.db).await?)
    }

    /// One update.
    pub async fn base_update(&self, id: &str) -> Result<Option<base_update::Model>, LedgerError> {
        Ok(base_update::Entity::find_by_id(id).one(&self.db).await?)
    }

    /// When regions are looked at next.
    pub async fn next_looks(&self) -> Result<BTreeMap<String, Instant>, LedgerError> {
        let live = Condition::all()
            .add(task::Column::Kind.eq(TaskKind::Track.as_str()))
            .add(task::Column::State.is_in(["available", "scheduled", "running", "retryable"]));
        let rows = task::Entity::find().filter(live).all(&self.db).await?;
        let next = rows
            .into_iter()
            .filter_map(|row| Some((row.scope?, row.run_at)));
        Ok(next.collect())
    }

    /// What available images are built on: region, owner and name, each once.
    pub async fn image_bases(&self) -> Result<Vec<(String, Mark)>, LedgerError> {
        #[derive(FromQueryResult)]
        struct Row {
            region: String,
            base_owner: Option<String>,
            base_name: Option<String>,
        }
        let rows: Vec<Row> = image::Entity::find()
            .select_only()
            .column(image::Column::Region)
            .column(image::Column::BaseOwner)
            .column(image::Column::BaseName)
            .filter(image::Column::Status.eq("available"))
            .distinct()
            .into_model()
            .all(&self.db)
            .await?;
        let named = rows.into_iter().filter_map(|row| {
            let mark = Mark {
                owner: row.base_owner?,
                name: row.base_name?,
            };
            Some((row.region, mark))
        });
        Ok(named.collect())
    }
}

//! Updates of base images with what lists show of them: a bounded number of questions, however many there are.

use std::collections::{BTreeSet, HashMap};

use ingot_domain::Instant;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;

use super::{Ledger, LedgerError};
use crate::{assessment, base, base_ami, base_update, track};

/// Updates that are looked at for the status and for judgements that are due, the newest first.
pub(super) const MOST: u64 = 1_000;

/// Which updates to list.
#[derive(Debug, Clone, Default)]
pub struct UpdateQuery {
    /// Of the track with this name.
    pub base: Option<String>,
    /// Of this level.
    pub level: Option<String>,
    /// Older than this one.
    pub before: Option<String>,
}

/// A judgement without its evidence.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Judged {
    /// Of which update.
    pub update_id: String,
    /// Its number.
    pub seq: i64,
    /// By the calendar.
    pub at: Instant,
    /// How far it can be relied on.
    pub confidence: String,
    /// What it might be.
    pub upper_bound: String,
    /// Headline, reasons, tags, changelog_url.
    pub summary: Option<Value>,
    /// The person who said it.
    pub decided_by: Option<String>,
    /// Why.
    pub decided_reason: Option<String>,
}

/// An update with what is shown of it.
#[derive(Debug, Clone)]
pub struct UpdateSeen {
    /// The update.
    pub row: base_update::Model,
    /// Its track's name.
    pub track: String,
    /// The build left behind.
    pub old: Option<base::Model>,
    /// The build that came.
    pub new: Option<base::Model>,
    /// Their ids in the region where the update was seen first.
    pub ids: (Option<String>, Option<String>),
    /// Its vendor took the new build back, in every region that had it.
    pub withdrawn: bool,
    /// The judgement that stands.
    pub stands: Option<Judged>,
    /// The last one by rules.
    pub judged: Option<Judged>,
}

impl Ledger {
    /// Updates of base images, the newest first.
    pub async fn list_updates(
        &self,
        query: &UpdateQuery,
        limit: u64,
    ) -> Result<Vec<UpdateSeen>, LedgerError> {
        let mut select = base_update::Entity::find();
        if let Some(name) = &query.base {
            let row = track::Entity::find()
                .filter(track::Column::Name.eq(name))
                .one(&self.db)
                .await?;
            let Some(row) = row else {
                return Ok(Vec::new());
            };
            select = select.filter(base_update::Column::Track.eq(row.id));
        }
        if let Some(level) = &query.level {
            select = select.filter(base_update::Column::Level.eq(level));
        }
        if let Some(before) = &query.before {
            let Some(last) = base_update::Entity::find_by_id(before)
                .one(&self.db)
                .await?
            else {
                return Ok(Vec::new());
            };
            let (at, id) = (base_update::Column::DetectedAt, base_update::Column::Id);
            let same = Condition::all()
                .add(at.eq(last.detected_at))
                .add(id.lt(before));
            select = select.filter(Condition::any().add(at.lt(last.detected_at)).add(same));
        }
        let rows = select
            .order_by_desc(base_update::Column::DetectedAt)
            .order_by_desc(base_update::Column::Id)
            .limit(limit)
            .all(&self.db)
            .await?;
        self.seen(rows).await
    }

    /// One update.
    pub async fn update(&self, id: &str) -> Result<Option<UpdateSeen>, LedgerError> {
        let row = base_update::Entity::find_by_id(id).one(&self.db).await?;
        Ok(self.seen(row.into_iter().collect()).await?.pop())
    }

    /// Updates that wait for a judgement: those that the clock or a changed feed asks for, the newest first.
    pub async fn updates_since(
        &self,
        since: Instant,
    ) -> Result<Vec<base_update::Model>, LedgerError> {
        Ok(base_update::Entity::find()
            .filter(base_update::Column::Kind.eq("update"))
            .filter(base_update::Column::DetectedAt.gte(since))
            .order_by_desc(base_update::Column::DetectedAt)
            .order_by_desc(base_update::Column::Id)
            .limit(MOST)
            .all(&self.db)
            .await?)
    }

    pub(super) async fn seen(
        &self,
        rows: Vec<base_update::Model>,
    ) -> Result<Vec<UpdateSeen>, LedgerError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let tracks = track::Entity::find().all(&self.db).await?;
        let names: HashMap<String, String> =
            tracks.into_iter().map(|row| (row.id, row.name)).collect();
        let ids: BTreeSet<&str> = rows
            .iter()
            .flat_map(|row| [row.old_base.as_deref(), row.new_base.as_deref()])
            .flatten()
            .collect();
        let bases = base::Entity::find()
            .filter(base::Column::Id.is_in(ids.iter().copied()))
            .all(&self.db)
            .await?;
        let bases: HashMap<&str, &base::Model> =
            bases.iter().map(|base| (base.id.as_str(), base)).collect();
        let amis = base_ami::Entity::find()
            .filter(base_ami::Column::Base.is_in(ids.iter().copied()))
            .all(&self.db)
            .await?;
        // Builds whose images are on record, and whether one of them is still there.
        let mut kept: HashMap<&str, bool> = HashMap::new();
        for ami in &amis {
            *kept.entry(&ami.base).or_default() |= ami.withdrawn_at.is_none();
        }
        let there = |id: &Option<String>| {
            let known = id.as_deref().and_then(|id| kept.get(id));
            known.copied().unwrap_or(true)
        };
        let by_region: HashMap<(&str, &str), &str> = amis
            .iter()
            .map(|ami| ((&*ami.base, &*ami.region), &*ami.ami_id))
            .collect();
        let judged = self.judgements(&rows).await?;
        let judged: HashMap<(&str, i64), &Judged> = judged
            .iter()
            .map(|one| ((&*one.update_id, one.seq), one))
            .collect();
        let seen = rows.iter().map(|row| {
            let of = |id: &Option<String>| id.as_deref().and_then(|id| bases.get(id).copied());
            let ami = |id: &Option<String>| {
                let key = (id.as_deref()?, row.region.as_str());
                by_region.get(&key).map(|ami| (*ami).to_owned())
            };
            let judgement = |seq: Option<i64>| {
                let key = (row.id.as_str(), seq?);
                judged.get(&key).map(|one| (*one).clone())
            };
            UpdateSeen {
                track: names.get(&row.track).cloned().unwrap_or_default(),
                old: of(&row.old_base).cloned(),
                new: of(&row.new_base).cloned(),
                ids: (ami(&row.old_base), ami(&row.new_base)),
                withdrawn: !there(&row.new_base),
                stands: judgement(row.standing),
                judged: judgement(row.judged),
                row: row.clone(),
            }
        });
        Ok(seen.collect())
    }

    /// The judgements that stand and the last ones by rules, without their evidence.
    async fn judgements(&self, rows: &[base_update::Model]) -> Result<Vec<Judged>, LedgerError> {
        use assessment::Column;
        let wanted: BTreeSet<(&str, i64)> = rows
            .iter()
            .flat_map(|row| {
                [row.standing, row.judged]
                    .into_iter()
                    .flatten()
                    .map(|seq| (row.id.as_str(), seq))
            })
            .collect();
        let ids: BTreeSet<&str> = wanted.iter().map(|(id, _)| *id).collect();
        let found: Vec<Judged> = assessment::Entity::find()
            .select_only()
            .columns([
                Column::UpdateId,
                Column::Seq,
                Column::At,
                Column::Confidence,
                Column::UpperBound,
                Column::Summary,
                Column::DecidedBy,
                Column::DecidedReason,
            ])
            .filter(Column::UpdateId.is_in(ids))
            .into_model()
            .all(&self.db)
            .await?;
        Ok(found
            .into_iter()
            .filter(|one| wanted.contains(&(one.update_id.as_str(), one.seq)))
            .collect())
    }
}

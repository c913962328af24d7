//! Where base images and the templates' images stand: updates with what lists show of them, and the facts of the security
//! status. A bounded number of questions, however many updates there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ingot_domain::Instant;
use ingot_domain::advisory::affected::{Standing, Step};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;

use super::{Ledger, LedgerError};
use crate::{assessment, base, base_ami, base_update, image, track};

/// Updates that are looked at for the status, the newest first.
const MOST: u64 = 1_000;

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
    /// The judgement that stands.
    pub stands: Option<Judged>,
    /// The last one by rules.
    pub judged: Option<Judged>,
}

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

    /// The facts of the security status.
    pub async fn security_facts(&self) -> Result<SecurityFacts, LedgerError> {
        let rows = base_update::Entity::find()
            .filter(base_update::Column::Kind.eq("update"))
            .order_by_desc(base_update::Column::DetectedAt)
            .order_by_desc(base_update::Column::Id)
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
            line.extend(one.new.as_ref().map(step));
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
            ids.extend(update.new_base.as_deref());
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

    async fn seen(&self, rows: Vec<base_update::Model>) -> Result<Vec<UpdateSeen>, LedgerError> {
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
        let amis: HashMap<(&str, &str), &str> = amis
            .iter()
            .map(|ami| ((&*ami.base, &*ami.region), &*ami.ami_id))
            .collect();
        let judged = self.judgements(&rows).await?;
        let seen = rows.iter().map(|row| {
            let of = |id: &Option<String>| id.as_deref().and_then(|id| bases.get(id).copied());
            let ami = |id: &Option<String>| {
                let key = (id.as_deref()?, row.region.as_str());
                amis.get(&key).map(|ami| (*ami).to_owned())
            };
            let judgement = |seq: Option<i64>| {
                let seq = seq?;
                judged
                    .iter()
                    .find(|one| one.update_id == row.id && one.seq == seq)
                    .cloned()
            };
            UpdateSeen {
                track: names.get(&row.track).cloned().unwrap_or_default(),
                old: of(&row.old_base).cloned(),
                new: of(&row.new_base).cloned(),
                ids: (ami(&row.old_base), ami(&row.new_base)),
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

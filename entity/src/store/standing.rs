//! How one image stands against the builds of its base: what it lacks, and what it brought.

use std::collections::BTreeSet;

use ingot_domain::advisory::affected::{Step, behind};
use ingot_domain::advisory::standing::gravest;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::assessments::level_of;
use super::{Ledger, LedgerError};
use crate::{assessment, base_update, image, track};

/// Images of a template that are looked at for the predecessor.
const EARLIER: u64 = 50;

/// How an image stands.
#[derive(Debug, Clone, Default)]
pub struct ImageStanding {
    /// Its base's track and that track's builds, the last one its head; none for a base of no track.
    pub line: Option<(String, Vec<Step>)>,
    /// Builds and whole days behind the head.
    pub behind: Option<(usize, i64)>,
    /// The gravest level among the updates it lacks.
    pub lacks: Option<String>,
    /// The image of the same template before it, on an older build.
    pub predecessor: Option<String>,
    /// CVEs fixed since that one.
    pub fixed: Vec<String>,
    /// CVEs that the updates it lacks have fixed.
    pub open: Vec<String>,
}

impl Ledger {
    /// How an image stands against the builds of its base.
    pub async fn image_standing(&self, row: &image::Model) -> Result<ImageStanding, LedgerError> {
        let mut standing = ImageStanding::default();
        let (Some(owner), Some(name)) = (&row.base_owner, &row.base_name) else {
            return Ok(standing);
        };
        let Some((track, steps)) = self.line_of(owner, name).await? else {
            return Ok(standing);
        };
        let place = |owner: &str, name: &str| {
            let of = |step: &Step| step.owner == owner && step.name == name;
            steps.iter().position(of)
        };
        standing.behind = behind(&steps, owner, name);
        let updates = self.updates_of(&track).await?;
        if let Some(at) = place(owner, name) {
            // The update that led to a build has its number: the first one leads to the second build.
            let lacked: Vec<&base_update::Model> = updates.iter().skip(at).collect();
            let mut levels = Vec::new();
            for update in &lacked {
                let word = update.level.as_deref();
                levels.extend(word.map(level_of).transpose()?);
            }
            standing.lacks = gravest(levels).map(|level| level.to_string());
            standing.open = self.cves_of(&lacked).await?;
            for earlier in self.earlier_images(row).await? {
                let (Some(owner), Some(name)) = (&earlier.base_owner, &earlier.base_name) else {
                    continue;
                };
                if let Some(before) = place(owner, name).filter(|before| *before < at) {
                    let between: Vec<&base_update::Model> =
                        updates.iter().skip(before).take(at - before).collect();
                    standing.fixed = self.cves_of(&between).await?;
                    standing.predecessor = earlier.ami_id.or(Some(earlier.id));
                    break;
                }
            }
        }
        standing.line = Some((track, steps));
        Ok(standing)
    }

    async fn updates_of(&self, name: &str) -> Result<Vec<base_update::Model>, LedgerError> {
        let row = track::Entity::find()
            .filter(track::Column::Name.eq(name))
            .one(&self.db)
            .await?;
        let Some(row) = row else {
            return Ok(Vec::new());
        };
        let gone = self.withdrawn_bases(&row.id).await?;
        let mut updates = base_update::Entity::find()
            .filter(base_update::Column::Kind.eq("update"))
            .filter(base_update::Column::Track.eq(row.id))
            .order_by_asc(base_update::Column::Seq)
            .all(&self.db)
            .await?;
        updates.retain(|one| one.new_base.as_ref().is_none_or(|new| !gone.contains(new)));
        Ok(updates)
    }

    /// Images of the same template, mode, architecture and region made before one, the newest first.
    pub(super) async fn earlier_images(
        &self,
        row: &image::Model,
    ) -> Result<Vec<image::Model>, LedgerError> {
        use image::Column;
        Ok(image::Entity::find()
            .filter(Column::Template.eq(&row.template))
            .filter(Column::Mode.eq(&row.mode))
            .filter(Column::Arch.eq(&row.arch))
            .filter(Column::Region.eq(&row.region))
            .filter(Column::CreatedAt.lt(row.created_at))
            .filter(Column::AmiId.is_not_null())
            .order_by_desc(Column::CreatedAt)
            .limit(EARLIER)
            .all(&self.db)
            .await?)
    }

    /// The CVEs that the last judgements of some updates counted as fixed.
    async fn cves_of(&self, updates: &[&base_update::Model]) -> Result<Vec<String>, LedgerError> {
        let mut cves = BTreeSet::new();
        for update in updates {
            let Some(seq) = update.judged else { continue };
            let key = (update.id.clone(), seq);
            let row = assessment::Entity::find_by_id(key).one(&self.db).await?;
            let body = row.and_then(|row| row.body);
            let rows = body.as_ref().and_then(|body| body.get("evidence"));
            for row in rows.and_then(Value::as_array).into_iter().flatten() {
                let status = row.get("status").and_then(Value::as_str);
                let cve = row.get("cve").and_then(Value::as_str);
                if matches!(status, Some("fixed" | "likely")) {
                    cves.extend(cve.map(str::to_owned));
                }
            }
        }
        Ok(cves.into_iter().collect())
    }
}

//! Images: their rows, claiming a key, and moving a row on. Unique indexes decide every race, and row versions every other.

mod back;
mod by_key;
mod story;

use ingot_domain::Instant;
use ingot_domain::base::{BaseIdentity, ResolvedBase};
use ingot_domain::given::Told;
use ingot_domain::ids::ImageId;
use ingot_domain::image::{ImageKey, ImageStatus};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, SqlErr,
    TransactionTrait,
};
use uuid::Uuid;

use super::{Ledger, LedgerError};
use crate::image;

pub use by_key::OfKey;
pub(super) use story::{begin, move_on};

/// An image that another run or another installation made, found in the account.
#[derive(Debug, Clone)]
pub struct Found {
    /// `ami-…`
    pub ami_id: String,
    /// Its name.
    pub name: String,
    /// Available, or still pending.
    pub available: bool,
    /// Size in GB.
    pub size_gb: u32,
    /// Snapshot ids.
    pub snapshots: Vec<String>,
    /// Tags.
    pub tags: std::collections::BTreeMap<String, String>,
}

impl image::Model {
    /// A row that claims `key` for `deployment_id`, whose instance was installed on `base`.
    pub fn claim(
        key: &ImageKey,
        base: &ResolvedBase,
        generation: i32,
        name: String,
        deployment_id: &str,
        instance_id: &str,
        now: Instant,
    ) -> Self {
        Self {
            id: new_id().to_string(),
            key_digest: key.digest_by_id(),
            content_digest: Some(key.content()),
            template: key.template.clone(),
            version: key.version.to_string(),
            mode: key.mode.clone(),
            arch: key.arch.to_string(),
            account: key.account.clone(),
            region: key.region.clone(),
            base_image: key.base_image.clone(),
            base_owner: base.owner.clone(),
            base_name: base.name.clone(),
            base_line: Some(base.line.clone()).filter(|line| !line.is_empty()),
            base_created_at: base.created_at,
            base_asked_at: Some(base.asked_at),
            fingerprint: key.fingerprint.clone(),
            generation,
            name,
            status: ImageStatus::Claimed.as_str().to_owned(),
            origin: image::AUTO.to_owned(),
            ami_id: None,
            size_gb: None,
            snapshots: serde_json::json!([]),
            tags: serde_json::json!({}),
            source_deployment_id: Some(deployment_id.to_owned()),
            source_instance_id: Some(instance_id.to_owned()),
            error: None,
            created_at: now,
            requested_at: None,
            available_at: None,
            slow_at: None,
            class: None,
            class_why: None,
            decided_by: None,
            decided_reason: None,
            decided_at: None,
            dropped_at: None,
            disabled_at: None,
            deprecated_at: None,
            row_version: 0,
            scrub: None,
            scrub_reason: None,
            event_seq: 0,
            source_image_id: None,
            copy_wish: None,
        }
    }

    /// A row for an image found in the account.
    pub fn found(
        key: &ImageKey,
        base: &ResolvedBase,
        generation: i32,
        found: &Found,
        now: Instant,
    ) -> Self {
        let status = if found.available {
            ImageStatus::Available
        } else {
            ImageStatus::Pending
        };
        Self {
            status: status.as_str().to_owned(),
            origin: image::FOUND.to_owned(),
            ami_id: Some(found.ami_id.clone()),
            size_gb: i32::try_from(found.size_gb).ok(),
            snapshots: serde_json::json!(found.snapshots),
            tags: serde_json::json!(found.tags),
            source_deployment_id: None,
            source_instance_id: found.tags.get("CreatedFrom").cloned(),
            requested_at: Some(now),
            available_at: found.available.then_some(now),
            ..Self::claim(key, base, generation, found.name.clone(), "", "", now)
        }
    }

    /// Its status.
    pub fn parsed_status(&self) -> Result<ImageStatus, LedgerError> {
        ImageStatus::parse(&self.status).ok_or_else(|| LedgerError::Unknown {
            what: "image.status",
            value: self.status.clone(),
        })
    }

    /// The row in another status; the transition table is asked.
    pub fn become_status(mut self, to: ImageStatus) -> Result<Self, LedgerError> {
        let from = self.parsed_status()?;
        if from != to && !from.may_become(to) {
            return Err(LedgerError::Transition {
                what: "image",
                from: from.to_string(),
                to: to.to_string(),
            });
        }
        self.status = to.as_str().to_owned();
        Ok(self)
    }

    /// The base it was made on, as far as the row tells.
    pub fn base(&self) -> ResolvedBase {
        ResolvedBase {
            owner: self.base_owner.clone(),
            name: self.base_name.clone(),
            ami_id: self.base_image.clone(),
            created_at: self.base_created_at,
            asked_at: self.base_asked_at.unwrap_or(self.created_at),
            line: self.base_line.clone().unwrap_or_default(),
        }
    }

    /// Which build of its base that is.
    pub fn base_identity(&self) -> BaseIdentity {
        self.base().identity(&self.region)
    }

    /// What it is. The row of an image that was found has the mode of the deployment that found it, which the image itself
    /// need not say (N12 of FIELD).
    fn told(&self) -> Told {
        let made_here = self.origin == image::AUTO;
        let tags = serde_json::from_value(self.tags.clone()).unwrap_or_default();
        let mode = Some(self.mode.clone()).filter(|_| made_here);
        let by_tags = Told::by_tags(&tags);
        let fingerprint = Some(self.fingerprint.clone()).filter(|_| made_here);
        Told {
            template: Some(self.template.clone()),
            version: Some(self.version.clone()),
            mode: mode.or(by_tags.mode),
            fingerprint: fingerprint.or(by_tags.fingerprint),
            values: None,
        }
    }

    /// The ids of its snapshots.
    pub fn snapshot_ids(&self) -> Vec<String> {
        serde_json::from_value(self.snapshots.clone()).unwrap_or_default()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of ids of this room"
)]
fn new_id() -> ImageId {
    ImageId::new(Uuid::now_v7())
}

/// Writes columns of a row over the version that was read.
pub(super) async fn swap<C: ConnectionTrait>(
    db: &C,
    row: &image::Model,
    active: image::ActiveModel,
) -> Result<bool, LedgerError> {
    let written = image::Entity::update_many()
        .set(active)
        .filter(image::Column::Id.eq(&row.id))
        .filter(image::Column::RowVersion.eq(row.row_version))
        .exec(db)
        .await?;
    Ok(written.rows_affected > 0)
}

/// Whether an index has said no: what was to be written is another row's by now.
fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

impl Ledger {
    /// What an image is, with the values it was made with where its deployment still has the recipe.
    pub async fn told(&self, row: &image::Model) -> Result<Told, LedgerError> {
        let told = row.told();
        let source = match &row.source_deployment_id {
            Some(id) => self.deployment(id).await?,
            None => None,
        };
        let Some(source) = source.filter(|it| it.fingerprint == row.fingerprint) else {
            return Ok(told);
        };
        match self.recipe(&source).await {
            Ok(recipe) => Ok(told.made_by(&recipe)),
            Err(LedgerError::Unknown { .. } | LedgerError::Json { .. }) => Ok(told),
            Err(error) => Err(error),
        }
    }

    /// Records an image found in the account, unless its key or name is taken.
    pub async fn record_found(&self, row: &image::Model) -> Result<bool, LedgerError> {
        let tx = self.db.begin().await?;
        let mut stories = self.stories();
        if !begin(&tx, row, &mut stories).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        stories.append(&tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Moves an image row on outside of a deployment's visit (reconciling): false when it was written meanwhile, or when it
    /// would be in the making again and another image holds its key by now. An available one may come back beside a newer
    /// generation: launches take the newest.
    pub async fn amend_image(
        &self,
        before: &image::Model,
        after: &image::Model,
    ) -> Result<bool, LedgerError> {
        if after.parsed_status()?.is_in_the_making()
            && !before.parsed_status()?.holds_key()
            && self.holder_of(before).await?.is_some()
        {
            return Ok(false);
        }
        let after = image::Model {
            row_version: before.row_version,
            ..after.clone()
        };
        match self.move_image(&after).await {
            Err(LedgerError::Database(error)) if is_taken(&error) => Ok(false),
            written => written,
        }
    }

    /// Moves a row on by itself, over the version it carries; false when it was written meanwhile.
    pub(super) async fn move_image(&self, after: &image::Model) -> Result<bool, LedgerError> {
        let tx = self.db.begin().await?;
        let mut stories = self.stories();
        if !move_on(&tx, &[after], &mut stories).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        stories.append(&tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// An image by `img_…` or `ami-…`.
    pub async fn image(&self, id: &str) -> Result<Option<image::Model>, LedgerError> {
        let column = if id.starts_with("ami-") {
            image::Column::AmiId
        } else {
            image::Column::Id
        };
        Ok(image::Entity::find()
            .filter(column.eq(id))
            .one(&self.db)
            .await?)
    }

    /// Whether a person said that this AMI shall be forgotten.
    pub async fn is_dropped(&self, ami_id: &str) -> Result<bool, LedgerError> {
        let row = self.image(ami_id).await?;
        Ok(row.is_some_and(|row| row.dropped_at.is_some()))
    }

    /// Writes down whose an image is by its own facts; false when nothing changed.
    pub async fn note_class(
        &self,
        row: &image::Model,
        class: &str,
        why: &str,
    ) -> Result<bool, LedgerError> {
        if row.class.as_deref() == Some(class) && row.class_why.as_deref() == Some(why) {
            return Ok(false);
        }
        let change = image::ActiveModel {
            class: Set(Some(class.to_owned())),
            class_why: Set(Some(why.to_owned())),
            ..Default::default()
        };
        let written = image::Entity::update_many()
            .set(change)
            .filter(image::Column::Id.eq(&row.id))
            .exec(&self.db)
            .await?;
        Ok(written.rows_affected > 0)
    }

    /// Images of a region that EC2 should know (pending and available ones), and those that may come back to it: missing
    /// ones, and deleted ones that are in the Recycle Bin. What a person dropped is forgotten.
    pub async fn images_to_reconcile(
        &self,
        region: &str,
    ) -> Result<Vec<image::Model>, LedgerError> {
        Ok(image::Entity::find()
            .filter(image::Column::Region.eq(region))
            .filter(image::Column::Status.is_in(["pending", "available", "missing", "deleted"]))
            .filter(image::Column::AmiId.is_not_null())
            .filter(image::Column::DroppedAt.is_null())
            .all(&self.db)
            .await?)
    }
}

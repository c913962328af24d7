//! Images: who holds a key, and claiming one. The partial unique index decides every race.

use ingot_domain::Instant;
use ingot_domain::ids::ImageId;
use ingot_domain::image::{ImageKey, ImageStatus};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter,
};
use uuid::Uuid;

use super::{Ledger, LedgerError};
use crate::image;

const HELD: [&str; 3] = ["claimed", "pending", "available"];

/// An image somebody else's run or another installation made, found in the account.
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
    /// A row that claims `key` for `deployment_id`.
    pub fn claim(
        key: &ImageKey,
        generation: i32,
        name: String,
        deployment_id: &str,
        instance_id: &str,
        now: Instant,
    ) -> Self {
        Self {
            id: new_id().to_string(),
            key_digest: key.digest(),
            template: key.template.clone(),
            version: key.version.to_string(),
            mode: key.mode.clone(),
            arch: key.arch.to_string(),
            account: key.account.clone(),
            region: key.region.clone(),
            base_image: key.base_image.clone(),
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
        }
    }

    /// A row for an image found in the account.
    pub fn found(key: &ImageKey, generation: i32, found: &Found, now: Instant) -> Self {
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
            ..Self::claim(key, generation, found.name.clone(), "", "", now)
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

/// Inserts a claiming row; false when an index says that key or name are taken.
pub(super) async fn insert_claim<C: ConnectionTrait>(
    tx: &C,
    row: &image::Model,
) -> Result<bool, LedgerError> {
    let inserted = image::Entity::insert(row.clone().into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    Ok(inserted > 0)
}

/// Writes what may change of a row.
pub(super) async fn write<C: ConnectionTrait>(
    tx: &C,
    row: &image::Model,
) -> Result<(), LedgerError> {
    let active = image::ActiveModel {
        name: Set(row.name.clone()),
        status: Set(row.status.clone()),
        ami_id: Set(row.ami_id.clone()),
        size_gb: Set(row.size_gb),
        snapshots: Set(row.snapshots.clone()),
        tags: Set(row.tags.clone()),
        error: Set(row.error.clone()),
        requested_at: Set(row.requested_at),
        available_at: Set(row.available_at),
        slow_at: Set(row.slow_at),
        ..Default::default()
    };
    image::Entity::update_many()
        .set(active)
        .filter(image::Column::Id.eq(&row.id))
        .exec(tx)
        .await?;
    Ok(())
}

impl Ledger {
    /// The row that holds a key, if any.
    pub async fn key_holder(&self, key: &ImageKey) -> Result<Option<image::Model>, LedgerError> {
        self.holder_of(&key.digest()).await
    }

    /// The same, by the key's digest.
    pub async fn holder_of(&self, digest: &str) -> Result<Option<image::Model>, LedgerError> {
        Ok(image::Entity::find()
            .filter(image::Column::KeyDigest.eq(digest))
            .filter(image::Column::Status.is_in(HELD))
            .one(&self.db)
            .await?)
    }

    /// The number the next image of a key gets.
    pub async fn next_generation(&self, key: &ImageKey) -> Result<i32, LedgerError> {
        let before = image::Entity::find()
            .filter(image::Column::KeyDigest.eq(key.digest()))
            .count(&self.db)
            .await?;
        Ok(i32::try_from(before).unwrap_or(i32::MAX - 1) + 1)
    }

    /// Records an image found in the account, unless its key or name is taken.
    pub async fn record_found(&self, row: &image::Model) -> Result<bool, LedgerError> {
        insert_claim(&self.db, row).await
    }

    /// Moves an image row on outside of a deployment's visit (reconciling): false when its status changed meanwhile, or
    /// when another row holds its key by now.
    pub async fn amend_image(
        &self,
        before: &image::Model,
        after: &image::Model,
    ) -> Result<bool, LedgerError> {
        if after.parsed_status()?.holds_key() && !before.parsed_status()?.holds_key() {
            let holder = image::Entity::find()
                .filter(image::Column::KeyDigest.eq(&after.key_digest))
                .filter(image::Column::Status.is_in(HELD))
                .one(&self.db)
                .await?;
            if holder.is_some() {
                return Ok(false);
            }
        }
        let active = image::ActiveModel {
            status: Set(after.status.clone()),
            available_at: Set(after.available_at),
            error: Set(after.error.clone()),
            ..Default::default()
        };
        let written = image::Entity::update_many()
            .set(active)
            .filter(image::Column::Id.eq(&after.id))
            .filter(image::Column::Status.eq(&before.status))
            .exec(&self.db)
            .await?;
        Ok(written.rows_affected > 0)
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

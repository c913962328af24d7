//! Looks at the images of a key, of all its generations, and at those that differ from it in the base build alone.

use ingot_domain::base::ResolvedBase;
use ingot_domain::decide::build::Images;
use ingot_domain::image::ImageKey;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{is_taken, swap};
use crate::store::{Ledger, LedgerError};
use crate::{image, setting};

/// Builds of one base that are looked at: vendors publish one or two a month.
const MOST_BUILDS: u64 = 100;

/// The images of one key as they are, the newest generation first.
#[derive(Debug, Clone, Default)]
pub struct OfKey {
    rows: Vec<image::Model>,
}

impl OfKey {
    /// The newest one that can be launched from.
    pub fn available(&self) -> Option<&image::Model> {
        let usable = |row: &&image::Model| row.status == "available" && row.disabled_at.is_none();
        self.rows.iter().find(usable)
    }

    /// The newest one that is there and disabled. It holds no key: EC2 launches nothing from it.
    pub fn disabled(&self) -> Option<&image::Model> {
        let disabled = |row: &&image::Model| row.status == "available" && row.disabled_at.is_some();
        self.rows.iter().find(disabled)
    }

    /// The one in the making, if any.
    pub fn making(&self) -> Option<&image::Model> {
        let making = |row: &&image::Model| matches!(row.status.as_str(), "claimed" | "pending");
        self.rows.iter().find(making)
    }

    /// All of them.
    pub(in crate::store) fn rows(&self) -> &[image::Model] {
        &self.rows
    }

    /// Why an ordinary deployment makes no image of this key: one is available, or is being made.
    pub fn holder(&self) -> Option<&image::Model> {
        self.available().or_else(|| self.making())
    }

    /// When the newest available one and the one in the making were begun, for a build's decision.
    pub fn begun(&self) -> Images {
        Images {
            available: self.available().map(|row| row.created_at),
            making: self.making().map(|row| row.created_at),
        }
    }

    /// The number the next image of the key gets. It is taken from the look that found no holder: if another image was
    /// made in between, it has the number, and the index refuses the claim.
    pub fn next_generation(&self) -> i32 {
        let last = self.rows.iter().map(|row| row.generation).max();
        last.unwrap_or(0).saturating_add(1)
    }
}

/// Rows of this content, and rows of the version before, which know only the base's id.
fn of_key(key: &ImageKey, content: &str) -> Condition {
    let by_content = Condition::all()
        .add(image::Column::Account.eq(&key.account))
        .add(image::Column::Region.eq(&key.region))
        .add(image::Column::ContentDigest.eq(content));
    Condition::any()
        .add(by_content)
        .add(image::Column::KeyDigest.eq(key.digest_by_id()))
}

impl Ledger {
    /// The images of a key. `base` is what the key was made of: rows of the version before, which are found by the base's
    /// id, are given the build that this id is, so that they are found after the id has changed.
    pub async fn images_of_key(
        &self,
        key: &ImageKey,
        base: &ResolvedBase,
    ) -> Result<OfKey, LedgerError> {
        let content = key.content();
        let mut rows = image::Entity::find()
            .filter(of_key(key, &content))
            .order_by_desc(image::Column::Generation)
            .all(&self.db)
            .await?;
        for row in &mut rows {
            if row.content_digest.is_none() && row.base_image == base.ami_id {
                self.identify(row, &content, base).await?;
            }
        }
        Ok(OfKey { rows })
    }

    /// Another image that holds the key of a row: the newest that is available and not disabled, or in the making.
    pub async fn holder_of(&self, row: &image::Model) -> Result<Option<image::Model>, LedgerError> {
        let mut same = Condition::any().add(image::Column::KeyDigest.eq(&row.key_digest));
        if let Some(content) = &row.content_digest {
            let by_content = Condition::all()
                .add(image::Column::Account.eq(&row.account))
                .add(image::Column::Region.eq(&row.region))
                .add(image::Column::ContentDigest.eq(content));
            same = same.add(by_content);
        }
        Ok(image::Entity::find()
            .filter(same)
            .filter(image::Column::Id.ne(&row.id))
            .filter(image::Column::Status.is_in(["claimed", "pending", "available"]))
            .filter(image::Column::DisabledAt.is_null())
            .order_by_desc(image::Column::Generation)
            .one(&self.db)
            .await?)
    }

    /// Writes the build of its base into a row of the version before. A row that moves on meanwhile, or whose generation
    /// of this content is another's, stays as it is and is found by its id.
    async fn identify(
        &self,
        row: &mut image::Model,
        content: &str,
        base: &ResolvedBase,
    ) -> Result<(), LedgerError> {
        let line = Some(base.line.clone()).filter(|line| !line.is_empty());
        let active = image::ActiveModel {
            content_digest: Set(Some(content.to_owned())),
            base_owner: Set(base.owner.clone()),
            base_name: Set(base.name.clone()),
            base_line: Set(line),
            base_created_at: Set(base.created_at),
            base_asked_at: Set(Some(base.asked_at)),
            row_version: Set(row.row_version + 1),
            ..Default::default()
        };
        match swap(&self.db, row, active).await {
            Ok(false) => Ok(()),
            Err(LedgerError::Database(error)) if is_taken(&error) => Ok(()),
            Err(error) => Err(error),
            Ok(true) => {
                let now = image::Entity::find_by_id(&row.id).one(&self.db).await?;
                if let Some(now) = now {
                    *row = now;
                }
                Ok(())
            }
        }
    }

    /// Available images that equal a key in everything but the base, the newest first, whatever their line: which line an
    /// image of the version before is of, its row does not say.
    async fn images_of_other_bases(
        &self,
        key: &ImageKey,
    ) -> Result<Vec<image::Model>, LedgerError> {
        let content = image::Column::ContentDigest;
        Ok(image::Entity::find()
            .filter(image::Column::Fingerprint.eq(&key.fingerprint))
            .filter(image::Column::Region.eq(&key.region))
            .filter(image::Column::Version.eq(key.version.to_string()))
            .filter(image::Column::Status.eq("available"))
            .filter(image::Column::DisabledAt.is_null())
            .filter(image::Column::Template.eq(&key.template))
            .filter(image::Column::Mode.eq(&key.mode))
            .filter(image::Column::Arch.eq(key.arch.as_str()))
            .filter(image::Column::Account.eq(&key.account))
            .filter(image::Column::AmiId.is_not_null())
            .filter(image::Column::KeyDigest.ne(key.digest_by_id()))
            .filter(
                Condition::any()
                    .add(content.is_null())
                    .add(content.ne(key.content())),
            )
            .order_by_desc(image::Column::CreatedAt)
            .order_by_desc(image::Column::Id)
            .limit(MOST_BUILDS)
            .all(&self.db)
            .await?)
    }

    /// The newest available image that equals a key in everything but the base build: the same line led to another build
    /// when it was made.
    pub async fn newest_of_other_build(
        &self,
        key: &ImageKey,
        base: &ResolvedBase,
    ) -> Result<Option<image::Model>, LedgerError> {
        for image in self.images_of_other_bases(key).await? {
            if self.base_line_of(&image).await?.as_deref() == Some(base.line.as_str()) {
                return Ok(Some(image));
            }
        }
        Ok(None)
    }

    /// The line of bases an image was made on, in the template's words. A row of the version before does not tell it, but
    /// the deployment it was made of does.
    async fn base_line_of(&self, image: &image::Model) -> Result<Option<String>, LedgerError> {
        if image.base_line.is_some() {
            return Ok(image.base_line.clone());
        }
        let source = match image.source_deployment_id.as_deref() {
            None | Some("") => None,
            Some(id) => self.deployment(id).await?,
        };
        Ok(match source {
            Some(source) => Some(self.recipe(&source).await?.base_image.describe()),
            None => None,
        })
    }

    /// Remembers what a line of bases led to in a region, for requests: the API asks no cloud.
    pub async fn remember_base(
        &self,
        account: &str,
        region: &str,
        base: &ResolvedBase,
    ) -> Result<(), LedgerError> {
        let value = serde_json::to_string(&(account, base)).map_err(unreadable)?;
        let row = setting::ActiveModel {
            name: Set(setting_of(region, &base.line)),
            value: Set(value),
        };
        let newer = OnConflict::column(setting::Column::Name)
            .update_column(setting::Column::Value)
            .to_owned();
        setting::Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }

    /// What a line of bases led to in a region when a launch last asked, and the account that asked.
    pub async fn last_base(
        &self,
        region: &str,
        line: &str,
    ) -> Result<Option<(String, ResolvedBase)>, LedgerError> {
        let stored = setting::Entity::find_by_id(setting_of(region, line))
            .one(&self.db)
            .await?;
        stored
            .map(|row| serde_json::from_str(&row.value).map_err(unreadable))
            .transpose()
    }
}

fn setting_of(region: &str, line: &str) -> String {
    format!("base {region} {line}")
}

fn unreadable(source: serde_json::Error) -> LedgerError {
    LedgerError::Json {
        what: "resolved base",
        source,
    }
}

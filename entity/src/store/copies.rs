//! Copies of images in other regions. A copy is an image row of its own key, which names the row it is a copy of; it is begun
//! with the task that makes it, in one transaction, under the key's own lock.

use ingot_domain::Instant;
use ingot_domain::arch::Arch;
use ingot_domain::base::BaseIdentity;
use ingot_domain::build::publish::Copied;
use ingot_domain::decide::copy::{Begin, There, Wish, begin};
use ingot_domain::ids::ImageId;
use ingot_domain::image::{ImageKey, ImageStatus, name};
use ingot_domain::task::TaskKind;
use ingot_domain::track::Mark;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, TransactionTrait};

use super::engine::NewTask;
use super::engine::tasks;
use super::{Ledger, LedgerError, images};
use crate::image;

/// What a copy into a region is, or would be.
#[derive(Debug, Clone)]
pub enum Copying {
    /// This row, which is new.
    Begun(Box<image::Model>),
    /// The region has this one, or makes it: a copy of the same image, or an image of the same key begun after it.
    There(Box<image::Model>),
    /// The region makes this other image of the key.
    Busy(Box<image::Model>),
}

/// How often a beginning that another transaction outran looks again.
const TRIES: i64 = 5;

impl image::Model {
    /// The key that its copy in a region has; `base` is the id that the base has there.
    pub fn key_in(&self, region: &str, base: &str) -> Result<ImageKey, LedgerError> {
        let unknown = |what: &'static str, value: &str| LedgerError::Unknown {
            what,
            value: value.to_owned(),
        };
        Ok(ImageKey {
            template: self.template.clone(),
            version: self
                .version
                .parse()
                .map_err(|_| unknown("image.version", &self.version))?,
            mode: self.mode.clone(),
            arch: Arch::parse(&self.arch).ok_or_else(|| unknown("image.arch", &self.arch))?,
            account: self.account.clone(),
            region: region.to_owned(),
            base: self.base_identity(),
            base_image: base.to_owned(),
            fingerprint: self.fingerprint.clone(),
        })
    }

    /// How the copy that it is was wanted.
    pub fn wish(&self) -> Wish {
        let wish = self.copy_wish.clone().map(serde_json::from_value);
        wish.and_then(Result::ok).unwrap_or_default()
    }

    /// The row of a copy of it under a key, with the key's next generation: begun now, and named as of another instant.
    fn copied(
        &self,
        key: &ImageKey,
        generation: i32,
        wish: &Wish,
        (now, named): (Instant, Instant),
    ) -> Result<Self, LedgerError> {
        let wish = serde_json::to_value(wish).map_err(|source| LedgerError::Json {
            what: "image.copy_wish",
            source,
        })?;
        let chosen = name(key, named, u32::try_from(generation).unwrap_or(1), 1);
        let claimed = Self::claim(key, &self.base(), generation, chosen, "", "", now);
        Ok(Self {
            source_deployment_id: self.source_deployment_id.clone(),
            source_instance_id: self.source_instance_id.clone(),
            scrub: self.scrub.clone(),
            scrub_reason: self.scrub_reason.clone(),
            source_image_id: Some(self.id.clone()),
            copy_wish: Some(wish),
            ..claimed
        })
    }

    fn there(&self, source: &Self) -> Result<There, LedgerError> {
        Ok(There {
            status: self.parsed_status()?,
            disabled: self.disabled_at.is_some(),
            of_this: self.source_image_id.as_deref() == Some(source.id.as_str()),
            begun: self.created_at,
        })
    }

    /// The task that makes the copy which this row is.
    pub fn copy_task(&self, at: Instant) -> NewTask {
        let key = format!("{}:{}", TaskKind::Copy, self.id);
        NewTask::about(TaskKind::Copy, &self.id, key, at)
    }
}

impl Ledger {
    /// What a copy of an image into a region would be; nothing is written.
    pub async fn copy_into(
        &self,
        source: &image::Model,
        region: &str,
        wish: &Wish,
    ) -> Result<Copying, LedgerError> {
        self.copy_named(source, region, wish, 0).await
    }

    /// The same; the document's names carry the second, and another image may have that of this one.
    async fn copy_named(
        &self,
        source: &image::Model,
        region: &str,
        wish: &Wish,
        seconds: i64,
    ) -> Result<Copying, LedgerError> {
        let mut base = source.base_image.clone();
        if let BaseIdentity::Named { owner, name } = source.base_identity() {
            let there = self.base_ami(&Mark { owner, name }, region).await?;
            base = there.map_or(base, |there| there.ami_id);
        }
        let key = source.key_in(region, &base)?;
        let of_key = self.images_of_key(&key, &source.base()).await?;
        let rows = of_key.rows();
        let there: Vec<There> = rows
            .iter()
            .map(|row| row.there(source))
            .collect::<Result<_, _>>()?;
        let at = |at: usize| rows.get(at).cloned().map(Box::new);
        let found = match begin(&there, source.created_at) {
            Begin::Make => None,
            Begin::There(place) => at(place).map(Copying::There),
            Begin::Busy(place) => at(place).map(Copying::Busy),
        };
        Ok(match found {
            Some(found) => found,
            None => {
                let now = self.now();
                let at = (now, now + chrono::TimeDelta::seconds(seconds));
                let new = source.copied(&key, of_key.next_generation(), wish, at)?;
                Copying::Begun(Box::new(new))
            }
        })
    }

    /// Begins a copy of an image in a region, unless the region has it or makes one of its key. Answers the tasks to ring for.
    pub async fn begin_copy(
        &self,
        source: &image::Model,
        region: &str,
        wish: &Wish,
    ) -> Result<(Copying, Vec<NewTask>), LedgerError> {
        for seconds in 0..TRIES {
            let copying = self.copy_named(source, region, wish, seconds).await?;
            let Copying::Begun(row) = &copying else {
                return Ok((copying, Vec::new()));
            };
            let tx = self.db.begin().await?;
            let mut stories = self.stories();
            if !images::begin(&tx, row, &mut stories).await? {
                // Another image of the key was claimed at the same moment, or has the name.
                tx.rollback().await?;
                continue;
            }
            let task = row.copy_task(self.now());
            tasks::insert(&tx, std::slice::from_ref(&task), self.now(), true).await?;
            stories.append(&tx).await?;
            tx.commit().await?;
            return Ok((copying, vec![task]));
        }
        Err(LedgerError::Connect(format!(
            "the image's key in {region} is claimed and freed all the time"
        )))
    }

    /// The copies of an image, the newest first.
    pub async fn copies_of(&self, source: &str) -> Result<Vec<image::Model>, LedgerError> {
        Ok(image::Entity::find()
            .filter(image::Column::SourceImageId.eq(source))
            .order_by_desc(image::Column::Id)
            .all(&self.db)
            .await?)
    }

    /// How a region stands to which an image is to be copied, by the copies of it and by what else the region has of its key;
    /// with the row that says so.
    pub async fn copied(
        &self,
        source: &image::Model,
        region: &str,
        copies: &[image::Model],
    ) -> Result<(Copied, Option<image::Model>), LedgerError> {
        let here = || copies.iter().filter(|row| row.region == region);
        let failed = |row: &&image::Model| row.status == ImageStatus::Failed.as_str();
        let newest = here().next();
        if let Some(row) = newest {
            let status = row.parsed_status()?;
            let copied = match status {
                ImageStatus::Claimed | ImageStatus::Pending => Copied::Making { ours: true },
                ImageStatus::Available => Copied::There,
                ImageStatus::Failed => Copied::Failed {
                    why: row.error.clone().unwrap_or_default(),
                    taken: row.ami_id.is_some(),
                    times: here().filter(failed).count(),
                },
                // Removed since: that was meant.
                ImageStatus::Deleted | ImageStatus::Missing => Copied::Failed {
                    why: format!("its copy is {status}"),
                    taken: false,
                    times: 1,
                },
            };
            return Ok((copied, Some(row.clone())));
        }
        let wish = Wish::default();
        Ok(match self.copy_into(source, region, &wish).await? {
            Copying::Begun(_) => (Copied::Not, None),
            Copying::There(row) if row.parsed_status()?.is_in_the_making() => {
                (Copied::Making { ours: false }, Some(*row))
            }
            Copying::There(row) => (Copied::There, Some(*row)),
            Copying::Busy(row) => (Copied::Making { ours: false }, Some(*row)),
        })
    }

    /// Gives a copy in the making up: its task removes what EC2 made of it. False when it was written meanwhile.
    pub async fn give_up_copy(&self, row: &image::Model, why: &str) -> Result<bool, LedgerError> {
        if row.error.is_some() || !row.parsed_status()?.is_in_the_making() {
            return Ok(true);
        }
        let after = image::Model {
            error: Some(why.to_owned()),
            decided_at: Some(self.now()),
            ..row.clone()
        };
        let tx = self.db.begin().await?;
        let mut stories = self.stories();
        if !images::move_on(&tx, &[&after], &mut stories).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        stories.append(&tx).await?;
        tasks::ask(&tx, &row.copy_task(self.now()), self.now()).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// The id of an image, as what its copy's effect is derived from.
pub fn image_id(row: &image::Model) -> Result<ImageId, LedgerError> {
    row.id.parse().map_err(|_| LedgerError::Unknown {
        what: "image.id",
        value: row.id.clone(),
    })
}

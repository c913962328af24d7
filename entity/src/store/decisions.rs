//! What a person decided about one image or one finding: by whom, why and when. The ledger changes, AWS does not.

use ingot_domain::image::ImageStatus;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::{Ledger, LedgerError};
use crate::{finding, image};

/// Who decides, and why.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The caller's name.
    pub by: String,
    /// The reason given.
    pub reason: String,
}

/// What came of a decision.
#[derive(Debug)]
pub enum Decided<T> {
    /// It is so now.
    Done(Box<T>),
    /// There is no such thing.
    Unknown,
    /// It cannot be decided so; the sentence says why and what can.
    Refused(String),
}

impl finding::Model {
    /// Whether it tells of one object in AWS, which a person can decide about.
    fn is_of_one_object(&self) -> bool {
        ingot_domain::provenance::Kind::of(&self.subject).is_some() && self.scope.contains('/')
    }

    /// How it can be settled: not at all once it is cleared or when it clears by itself, and by removal only if the object
    /// is ours.
    pub fn verdicts(&self) -> &'static [&'static str] {
        match self.cleared_at {
            None if self.is_of_one_object() && self.invariant == "I1" => &["keep", "remove"],
            None if self.is_of_one_object() => &["keep"],
            _ => &[],
        }
    }
}

impl Ledger {
    /// Adopts an image: its key is served by it, new deployments launch from it, and nothing of Ingot changes it. A dropped
    /// one is taken back.
    pub async fn adopt_image(
        &self,
        id: &str,
        decision: &Decision,
    ) -> Result<Decided<image::Model>, LedgerError> {
        let Some(row) = self.image(id).await? else {
            return Ok(Decided::Unknown);
        };
        let ami = row.ami_id.clone().unwrap_or_else(|| row.id.clone());
        if row.origin == image::AUTO && row.dropped_at.is_none() {
            return Ok(Decided::Refused(format!(
                "{ami} was made by this installation; there is nothing to adopt"
            )));
        }
        let mut status = row.parsed_status()?;
        if row.dropped_at.is_some() {
            if let Some(holder) = self.holder_of(&row).await? {
                let holder = holder.ami_id.unwrap_or(holder.id);
                return Ok(Decided::Refused(format!(
                    "{holder} has its key by now; `ingot deploy … --image {ami}` launches from it all the same"
                )));
            }
            status = ImageStatus::Available;
        }
        let after = image::Model {
            origin: image::ADOPTED.to_owned(),
            status: status.as_str().to_owned(),
            dropped_at: None,
            ..self.decided(row, decision)
        };
        let decided = self.decide_image(&after).await?;
        if let Decided::Done(row) = &decided {
            let why = "a person adopted it";
            self.note_class(row, "adopted", why).await?;
        }
        match decided {
            Decided::Done(_) => self.standing(&after.id).await,
            refused => Ok(refused),
        }
    }

    /// Forgets an image: its key is free, nothing is launched from it and nothing is looked for again. The AMI stays.
    pub async fn drop_image(
        &self,
        id: &str,
        decision: &Decision,
    ) -> Result<Decided<image::Model>, LedgerError> {
        let Some(row) = self.image(id).await? else {
            return Ok(Decided::Unknown);
        };
        if row.dropped_at.is_some() {
            return Ok(Decided::Done(Box::new(row)));
        }
        let status = row.parsed_status()?;
        let ami = row.ami_id.clone().unwrap_or_else(|| row.id.clone());
        let gone = matches!(status, ImageStatus::Missing | ImageStatus::Deleted);
        // One that is back beside a newer generation, was restored or is disabled is not what launches take.
        let back = status == ImageStatus::Available
            && (row.disabled_at.is_some() || row.class.as_deref() == Some("restored") || {
                let holder = self.holder_of(&row).await?;
                holder.is_some_and(|holder| holder.generation > row.generation)
            });
        if row.origin == image::AUTO && !gone && !back {
            return Ok(Decided::Refused(format!(
                "{ami} was made by this installation and is `{status}`: only what was found, adopted, is missing, disabled or \
                 back can be dropped"
            )));
        }
        let after = image::Model {
            status: ImageStatus::Deleted.as_str().to_owned(),
            dropped_at: Some(self.now()),
            ..self.decided(row, decision)
        };
        self.decide_image(&after).await
    }

    fn decided(&self, row: image::Model, decision: &Decision) -> image::Model {
        image::Model {
            decided_by: Some(decision.by.clone()),
            decided_reason: Some(decision.reason.clone()),
            decided_at: Some(self.now()),
            ..row
        }
    }

    async fn decide_image(
        &self,
        after: &image::Model,
    ) -> Result<Decided<image::Model>, LedgerError> {
        if !self.move_image(after).await? {
            return Ok(Decided::Refused(
                "it changed at the same moment; look and try again".to_owned(),
            ));
        }
        self.standing(&after.id).await
    }

    async fn standing(&self, id: &str) -> Result<Decided<image::Model>, LedgerError> {
        Ok(match self.image(id).await? {
            Some(row) => Decided::Done(Box::new(row)),
            None => Decided::Unknown,
        })
    }

    /// Settles an open finding about one object: it is kept and told no more, or removed by the next look of the monitor.
    pub async fn settle_finding(
        &self,
        id: &str,
        remove: bool,
        decision: &Decision,
    ) -> Result<Decided<finding::Model>, LedgerError> {
        let Some(row) = finding::Entity::find_by_id(id).one(&self.db).await? else {
            return Ok(Decided::Unknown);
        };
        if row.cleared_at.is_some() {
            return Ok(Decided::Refused(format!("finding {id} is cleared already")));
        }
        if !row.is_of_one_object() {
            return Ok(Decided::Refused(format!(
                "finding {id} is not about one object in AWS; it clears itself when what it tells of is over"
            )));
        }
        if remove && row.invariant != "I1" {
            return Ok(Decided::Refused(format!(
                "{} is not ours to remove; `--keep` settles the finding, or remove it in AWS",
                row.subject
            )));
        }
        let word = if remove { "remove" } else { "keep" };
        let change = finding::ActiveModel {
            settled: Set(Some(word.to_owned())),
            settled_by: Set(Some(decision.by.clone())),
            settled_reason: Set(Some(decision.reason.clone())),
            settled_at: Set(Some(self.now())),
            refused: Set(None),
            ..Default::default()
        };
        finding::Entity::update_many()
            .set(change)
            .filter(finding::Column::Id.eq(id))
            .filter(finding::Column::ClearedAt.is_null())
            .exec(&self.db)
            .await?;
        Ok(match finding::Entity::find_by_id(id).one(&self.db).await? {
            Some(row) => Decided::Done(Box::new(row)),
            None => Decided::Unknown,
        })
    }
}

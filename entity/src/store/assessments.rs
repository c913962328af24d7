//! Judgements of base images' updates: what the judge needs to know of one, what came of it, and what a person says.

use std::collections::BTreeSet;

use ingot_domain::Instant;
use ingot_domain::advisory::level::SecurityLevel;
use ingot_domain::advisory::standing::Standing;
use ingot_domain::event::{Line, Source};
use ingot_domain::track::Track;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, TransactionTrait,
};
use serde_json::Value;

use super::decisions::{Decided, Decision};
use super::rows::record;
use super::subject::{Write, any_step, move_all, subject};
use super::{Ledger, LedgerError};
use crate::{assessment, base, base_ami, base_update, track};

/// Updates of a track before this one whose advisories count as attributed.
const BEFORE: u64 = 20;

record! {
    /// What a judgement may change of an update.
    CHANGED, changed of base_update::Model {
        update_type: "text", level: "text", assessed: "bigint", standing: "bigint", judged: "bigint",
        judged_at: "timestamptz", judged_feeds: "jsonb",
    }
}

// Any level may follow any other; which one does is decided by `ingot_domain::advisory::standing`.
subject!(
    base_update::Model,
    "base_update",
    CHANGED,
    changed,
    any_step
);

/// An update with what the judge needs to know of it.
#[derive(Debug, Clone)]
pub struct UpdateCase {
    /// The update.
    pub update: base_update::Model,
    /// Its track.
    pub track: Track,
    /// The build left behind.
    pub old: Option<base::Model>,
    /// The build that came.
    pub new: Option<base::Model>,
    /// When the new build appeared first, in any region.
    pub appeared: Option<Instant>,
    /// Advisories that earlier updates of the track already brought.
    pub earlier: BTreeSet<String>,
    /// What stands.
    pub standing: Option<Standing>,
    /// The last judgement by rules.
    pub last: Option<assessment::Model>,
}

/// Reads a level's word.
pub fn level_of(word: &str) -> Result<SecurityLevel, LedgerError> {
    SecurityLevel::parse(word).ok_or_else(|| LedgerError::Unknown {
        what: "assessment.level",
        value: word.to_owned(),
    })
}

impl Ledger {
    /// An update of a base image, with what its judgement needs.
    pub async fn update_case(&self, id: &str) -> Result<Option<UpdateCase>, LedgerError> {
        let Some(update) = base_update::Entity::find_by_id(id).one(&self.db).await? else {
            return Ok(None);
        };
        let Some(row) = track::Entity::find_by_id(&update.track)
            .one(&self.db)
            .await?
        else {
            return Ok(None);
        };
        let track = row.parsed()?;
        let old = self.base_by_id(update.old_base.as_deref()).await?;
        let new = self.base_by_id(update.new_base.as_deref()).await?;
        let appeared = match &new {
            Some(new) => self.appeared(new).await?,
            None => None,
        };
        let last = self.assessment(id, update.judged).await?;
        let stands = self.assessment(id, update.standing).await?;
        let standing = match &stands {
            Some(stands) => Some(Standing {
                level: level_of(&stands.level)?,
                judged: match &last {
                    Some(last) => level_of(&last.level)?,
                    None => SecurityLevel::Unknown,
                },
                by_person: stands.decided_by.is_some(),
                // Builds come with the planning of rebuilds; nothing answers to an update yet.
                answered: false,
            }),
            None => None,
        };
        let earlier = self.attributed(&update).await?;
        Ok(Some(UpdateCase {
            update,
            track,
            old,
            new,
            appeared,
            earlier,
            standing,
            last,
        }))
    }

    async fn base_by_id(&self, id: Option<&str>) -> Result<Option<base::Model>, LedgerError> {
        Ok(match id {
            Some(id) => base::Entity::find_by_id(id).one(&self.db).await?,
            None => None,
        })
    }

    /// When a build appeared first, in any region, as far as EC2 told.
    async fn appeared(&self, new: &base::Model) -> Result<Option<Instant>, LedgerError> {
        let amis = base_ami::Entity::find()
            .filter(base_ami::Column::Base.eq(&new.id))
            .all(&self.db)
            .await?;
        let first = amis.iter().filter_map(|ami| ami.created_at).min();
        Ok(first.or(new.created_at))
    }

    async fn assessment(
        &self,
        id: &str,
        seq: Option<i64>,
    ) -> Result<Option<assessment::Model>, LedgerError> {
        Ok(match seq {
            Some(seq) => {
                let key = (id.to_owned(), seq);
                assessment::Entity::find_by_id(key).one(&self.db).await?
            }
            None => None,
        })
    }

    /// The ids of advisories that the judgements of the track's earlier updates counted.
    async fn attributed(
        &self,
        update: &base_update::Model,
    ) -> Result<BTreeSet<String>, LedgerError> {
        let before = base_update::Entity::find()
            .filter(base_update::Column::Track.eq(&update.track))
            .filter(base_update::Column::Seq.lt(update.seq))
            .order_by_desc(base_update::Column::Seq)
            .limit(BEFORE)
            .all(&self.db)
            .await?;
        let mut ids = BTreeSet::new();
        for one in before {
            let Some(judged) = self.assessment(&one.id, one.judged).await? else {
                continue;
            };
            let rows = judged.body.as_ref().and_then(|body| body.get("evidence"));
            for row in rows.and_then(Value::as_array).into_iter().flatten() {
                let counts = matches!(
                    row.get("status").and_then(Value::as_str),
                    Some("fixed" | "likely")
                );
                let id = row.get("advisory").and_then(Value::as_str);
                ids.extend(id.filter(|_| counts).map(str::to_owned));
            }
        }
        Ok(ids)
    }

    /// Every judgement of an update, the newest first.
    pub async fn assessments(&self, id: &str) -> Result<Vec<assessment::Model>, LedgerError> {
        Ok(assessment::Entity::find()
            .filter(assessment::Column::UpdateId.eq(id))
            .order_by_desc(assessment::Column::Seq)
            .all(&self.db)
            .await?)
    }

    /// Sets the level of an update by a person's word, which is kept as a judgement.
    pub async fn set_level(
        &self,
        id: &str,
        level: SecurityLevel,
        decision: &Decision,
    ) -> Result<Decided<base_update::Model>, LedgerError> {
        let Some(before) = base_update::Entity::find_by_id(id).one(&self.db).await? else {
            return Ok(Decided::Unknown);
        };
        if before.kind != "update" {
            return Ok(Decided::Refused(format!(
                "{id} is no update but a build that was {}: nothing is rebuilt for it",
                before.kind.replace('_', " ")
            )));
        }
        let seq = before.assessed + 1;
        let update_type = match (level, before.update_type.as_deref()) {
            (SecurityLevel::None, Some(kind)) if kind != "security" => kind.to_owned(),
            (SecurityLevel::None, _) => "maintenance".to_owned(),
            _ => "security".to_owned(),
        };
        let row = assessment::Model {
            update_id: id.to_owned(),
            seq,
            at: self.calendar_now(),
            ruleset: assessment::PERSON.to_owned(),
            update_type: update_type.clone(),
            level: level.to_string(),
            confidence: "high".to_owned(),
            upper_bound: level.to_string(),
            stands: true,
            feeds: serde_json::json!({}),
            summary: None,
            body: None,
            decided_by: Some(decision.by.clone()),
            decided_reason: Some(decision.reason.clone()),
        };
        let after = base_update::Model {
            update_type: Some(update_type),
            level: Some(level.to_string()),
            assessed: seq,
            standing: Some(seq),
            ..before.clone()
        };
        let said = format!(
            "{} set the level to {level}: {}",
            decision.by, decision.reason
        );
        let lines = [Line::info("update.level_set", Source::Request, said)];
        let write = Write {
            before: &before,
            after: &after,
            lines: &lines,
        };
        // The track's own story tells what a person decided about its builds, too.
        let of = track::Entity::find_by_id(&before.track)
            .one(&self.db)
            .await?;
        let build = self.base_by_id(before.new_base.as_deref()).await?;
        let build = build.map_or_else(|| id.to_owned(), |build| format!("build {}", build.build));
        let said = format!(
            "{} set the level of {build} to {level}: {}",
            decision.by, decision.reason
        );
        let told = [Line::info("base.level_set", Source::Request, said)];
        let of: Vec<Write<'_, track::Model>> = of
            .iter()
            .map(|row| Write {
                before: row,
                after: row,
                lines: &told,
            })
            .collect();
        let tx = self.db.begin().await?;
        let mut stories = self.stories();
        let moved = move_all(&tx, &[write], &mut stories).await?
            && move_all(&tx, &of, &mut stories).await?;
        if !moved {
            tx.rollback().await?;
            return Ok(Decided::Refused(
                "it was judged or looked at in the same moment; look and try again".to_owned(),
            ));
        }
        begin(&tx, &row).await?;
        stories.append(&tx).await?;
        tx.commit().await?;
        Ok(Decided::Done(Box::new(after)))
    }
}

/// Inserts a judgement; the update's swap in the same transaction makes its number its own.
pub(super) async fn begin<C: ConnectionTrait>(
    tx: &C,
    row: &assessment::Model,
) -> Result<(), LedgerError> {
    assessment::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

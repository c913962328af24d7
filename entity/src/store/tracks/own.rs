//! Tracks of one's own: added and removed by a person, and bounded in number, because each is looked at everywhere.

use ingot_domain::event::{Line, Source};
use ingot_domain::track::Track;
use ingot_domain::track::add::MOST_OWN;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::store::subject::Move;
use crate::store::{Decided, Decision, Ledger, LedgerError};
use crate::track as row;

/// How often a row is read again that a look moved meanwhile.
const TRIES: usize = 5;

impl Ledger {
    /// Adds a track that a person describes. One that was removed begins anew, and its story goes on.
    pub async fn add_track(
        &self,
        track: &Track,
        by: &str,
    ) -> Result<Decided<row::Model>, LedgerError> {
        let name = &track.name;
        let own = row::Entity::find()
            .filter(row::Column::Builtin.eq(false))
            .filter(row::Column::RemovedAt.is_null())
            .count(&self.db)
            .await?;
        if self.track(name).await?.is_none() && own >= MOST_OWN {
            return Ok(Decided::Refused(format!(
                "there are {own} tracks of your own, and an installation watches {MOST_OWN} at most: \
                 `ingot base-images remove NAME` takes one out that is not needed any more"
            )));
        }
        for _ in 0..TRIES {
            if self.insert_track(track, false, Some(by)).await? {
                break;
            }
            let known = row::Entity::find()
                .filter(row::Column::Name.eq(name))
                .one(&self.db)
                .await?;
            let Some(before) = known.filter(|row| row.removed_at.is_some()) else {
                return Ok(Decided::Refused(format!(
                    "there is a track `{name}` already; add this one under another name"
                )));
            };
            if self
                .move_track(&self.anew(before, track, by)?, true)
                .await?
            {
                break;
            }
        }
        Ok(match self.track(name).await? {
            Some(row) => Decided::Done(Box::new(row)),
            None => Decided::Unknown,
        })
    }

    /// A removed track as if it were new: its first sighting is a baseline again.
    fn anew(
        &self,
        before: row::Model,
        track: &Track,
        by: &str,
    ) -> Result<Move<row::Model>, LedgerError> {
        let definition = serde_json::to_value(track).map_err(|source| LedgerError::Json {
            what: "track",
            source,
        })?;
        let after = row::Model {
            definition,
            created_by: Some(by.to_owned()),
            created_at: self.now(),
            removed_at: None,
            head_owner: None,
            head_name: None,
            head_build: None,
            head_at: None,
            paused_at: None,
            paused_by: None,
            paused_reason: None,
            ..before.clone()
        };
        let said = format!("{by} added it again");
        let lines = vec![Line::info("base.added", Source::Request, said)];
        Ok(Move {
            before,
            after,
            lines,
        })
    }

    /// Takes a track of one's own out of what is watched; its story and its updates stay. It is refused while templates
    /// start from it, and for those that every installation has.
    pub async fn remove_track(
        &self,
        name: &str,
        decision: &Decision,
    ) -> Result<Decided<row::Model>, LedgerError> {
        for _ in 0..TRIES {
            let Some(before) = self.track(name).await? else {
                return Ok(Decided::Unknown);
            };
            if before.builtin {
                return Ok(Decided::Refused(format!(
                    "every installation has track `{name}`: it can be paused, `ingot base-images pause {name} --reason …`"
                )));
            }
            let track = before.parsed()?;
            let mut standing = Vec::new();
            for row in self.templates().await? {
                let template = row.parsed()?;
                if track.is_asked_for_by(&template.base_image) {
                    standing.push(template.name.to_string());
                }
            }
            if !standing.is_empty() {
                let names = standing.join(", ");
                return Ok(Decided::Refused(format!(
                    "{} templates start from track `{name}`: {names}; let them start from another base image first",
                    standing.len()
                )));
            }
            let after = row::Model {
                removed_at: Some(self.calendar_now()),
                ..before.clone()
            };
            let said = format!("{} removed it: {}", decision.by, decision.reason);
            let moved = Move {
                before,
                after,
                lines: vec![Line::info("base.removed", Source::Request, said)],
            };
            if self.move_track(&moved, true).await? {
                return Ok(Decided::Done(Box::new(moved.after)));
            }
        }
        let busy = format!("track `{name}` is being looked at; try again");
        Ok(Decided::Refused(busy))
    }
}

//! Tracks of base images: their rows, who looks at which where, and what a look found. A look's head, update and task to
//! judge it are one transaction (`commit`); the head moves by compare-and-swap, so each move is judged once.

mod commit;
mod own;
mod read;

use std::time::Duration;

use ingot_domain::event::{Line, Source};
use ingot_domain::ids::TrackId;
use ingot_domain::task::{Queue, TaskKind};
use ingot_domain::track::{self, INTERVAL, Mark, Track, known};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, TransactionTrait};

use super::engine::tasks;
use super::subject::{Move, Write, move_all};
use super::{Decided, Decision, Ledger, LedgerError, NewTask};
use crate::{setting, track as row, track_region};

pub use commit::Sighted;
pub(super) use commit::{begin, forget};
pub use read::Unseen;

impl row::Model {
    /// What is watched. Of a track that every installation has, this binary's own rule counts.
    pub fn parsed(&self) -> Result<Track, LedgerError> {
        if let Some(track) = known::find(&self.name).filter(|_| self.builtin) {
            return Ok(track);
        }
        serde_json::from_value(self.definition.clone()).map_err(|source| LedgerError::Json {
            what: "track",
            source,
        })
    }

    /// Its newest build that any region has shown.
    pub fn head(&self) -> Option<Mark> {
        Some(Mark {
            owner: self.head_owner.clone()?,
            name: self.head_name.clone()?,
        })
    }
}

impl Ledger {
    /// Makes sure that the tracks which every installation has are there.
    pub async fn store_tracks(&self) -> Result<(), LedgerError> {
        for track in known::all() {
            self.insert_track(&track, true, None).await?;
        }
        Ok(())
    }

    pub(super) async fn insert_track(
        &self,
        track: &Track,
        builtin: bool,
        by: Option<&str>,
    ) -> Result<bool, LedgerError> {
        let definition = serde_json::to_value(track).map_err(|source| LedgerError::Json {
            what: "track",
            source,
        })?;
        let new = row::ActiveModel {
            id: Set(TrackId::of(&track.name).to_string()),
            name: Set(track.name.clone()),
            definition: Set(definition),
            builtin: Set(builtin),
            created_by: Set(by.map(str::to_owned)),
            created_at: Set(self.now()),
            updates: Set(0),
            row_version: Set(0),
            event_seq: Set(0),
            ..Default::default()
        };
        let inserted = row::Entity::insert(new)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&self.db)
            .await?;
        Ok(inserted > 0)
    }

    /// Pauses a track, or lets it go on: looks pass it over meanwhile.
    pub async fn pause_track(
        &self,
        name: &str,
        pause: bool,
        decision: &Decision,
    ) -> Result<Decided<row::Model>, LedgerError> {
        // A look may move it meanwhile: then it is read again.
        for _ in 0..5 {
            let Some(before) = self.track(name).await? else {
                return Ok(Decided::Unknown);
            };
            if before.paused_at.is_some() == pause {
                let state = if pause {
                    "paused already"
                } else {
                    "not paused"
                };
                return Ok(Decided::Refused(format!("track `{name}` is {state}")));
            }
            let set = |value: String| pause.then_some(value);
            let after = row::Model {
                paused_at: pause.then(|| self.calendar_now()),
                paused_by: set(decision.by.clone()),
                paused_reason: set(decision.reason.clone()),
                ..before.clone()
            };
            let (kind, verb) = match pause {
                true => ("base.paused", "paused"),
                false => ("base.resumed", "resumed"),
            };
            let said = format!("{} {verb} it: {}", decision.by, decision.reason);
            let lines = vec![Line::info(kind, Source::Request, said)];
            let moved = Move {
                before,
                after,
                lines,
            };
            if self.move_track(&moved, false).await? {
                let row = self.track(name).await?.unwrap_or(moved.after);
                return Ok(Decided::Done(Box::new(row)));
            }
        }
        let busy = format!("track `{name}` is being looked at; try again");
        Ok(Decided::Refused(busy))
    }

    /// Moves a track by its story; false when a look or another person moved it meanwhile. `afresh` forgets how it stood in
    /// regions.
    async fn move_track(
        &self,
        moved: &Move<row::Model>,
        afresh: bool,
    ) -> Result<bool, LedgerError> {
        let tx = self.db.begin().await?;
        let mut stories = self.stories();
        if !move_all(&tx, &[Write::from(moved)], &mut stories).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        if afresh {
            track_region::Entity::delete_many()
                .filter(track_region::Column::Track.eq(&moved.before.id))
                .exec(&tx)
                .await?;
        }
        stories.append(&tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Asks for looks at regions now; `tracks` are wanted there from now on. Answers tasks to ring for.
    pub async fn ask_scan(
        &self,
        tracks: &[row::Model],
        regions: &[String],
    ) -> Result<Vec<NewTask>, LedgerError> {
        let now = self.now();
        let tx = self.db.begin().await?;
        for region in regions {
            for track in tracks {
                let wanted = track_region::ActiveModel {
                    track: Set(track.id.clone()),
                    region: Set(region.clone()),
                    wanted: Set(true),
                    state: Set("new".to_owned()),
                    alarms: Set(serde_json::json!([])),
                    ..Default::default()
                };
                track_region::Entity::insert(wanted)
                    .on_conflict(
                        OnConflict::columns([
                            track_region::Column::Track,
                            track_region::Column::Region,
                        ])
                        .update_column(track_region::Column::Wanted)
                        .to_owned(),
                    )
                    .exec_without_returning(&tx)
                    .await?;
            }
        }
        let mut new = Vec::new();
        for region in regions {
            new.push(tasks::ask(&tx, &track_task(region, now), now).await?);
        }
        tx.commit().await?;
        Ok(new)
    }

    /// How long looks at a region lie apart, felt.
    pub async fn scan_interval(&self) -> Result<Duration, LedgerError> {
        let stored = setting::Entity::find_by_id(track::SETTING)
            .one(&self.db)
            .await?;
        let seconds = stored.and_then(|row| row.value.parse().ok());
        Ok(seconds.map_or(INTERVAL, Duration::from_secs))
    }

    /// Says how long looks at a region lie apart.
    pub async fn set_scan_interval(&self, interval: Duration) -> Result<(), LedgerError> {
        let row = setting::ActiveModel {
            name: Set(track::SETTING.to_owned()),
            value: Set(interval.as_secs().to_string()),
        };
        setting::Entity::insert(row)
            .on_conflict(
                OnConflict::column(setting::Column::Name)
                    .update_column(setting::Column::Value)
                    .to_owned(),
            )
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }
}

/// The one live task that looks at a region.
pub(super) fn key(region: &str) -> String {
    format!("{}:{region}", TaskKind::Track)
}

/// A look at a region's tracks; it comes back by itself while any is watched there.
pub fn track_task(region: &str, at: ingot_domain::Instant) -> NewTask {
    debug_assert_eq!(TaskKind::Track.queue(), Queue::Bases);
    NewTask::about(TaskKind::Track, region, key(region), at)
}

//! Images as subjects: every write of a row goes through here, with the lines that its story gets of it.

use ingot_domain::image::story::{self, Seen};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::image;
use crate::store::LedgerError;
use crate::store::rows::record;
use crate::store::subject::{Stories, Write, move_all, subject};

record! {
    /// What a move may change of an image. What it is by its own facts (`class`) is noted beside it.
    CHANGED, changed of image::Model {
        name: "text", status: "text", origin: "text", ami_id: "text", size_gb: "integer", snapshots: "jsonb", tags: "jsonb",
        error: "text", requested_at: "timestamptz", available_at: "timestamptz", slow_at: "timestamptz",
        decided_by: "text", decided_reason: "text", decided_at: "timestamptz", dropped_at: "timestamptz",
        disabled_at: "timestamptz", deprecated_at: "timestamptz", scrub: "text", scrub_reason: "text",
    }
}

/// The table was asked when the row became what it is ([`image::Model::become_status`]); what a person or the end of a
/// region decides stands above it.
fn check(before: &image::Model, after: &image::Model) -> Result<(), LedgerError> {
    before.parsed_status()?;
    after.parsed_status()?;
    Ok(())
}

subject!(image::Model, "image", CHANGED, changed, check);

impl image::Model {
    fn seen(&self) -> Result<Seen, LedgerError> {
        let decided = self.decided_by.clone();
        Ok(Seen {
            status: self.parsed_status()?,
            name: self.name.clone(),
            ami_id: self.ami_id.clone(),
            size_gb: self.size_gb,
            error: self.error.clone(),
            source: self.source_deployment_id.clone(),
            copy_of: self.source_image_id.clone(),
            adopted: self.origin == image::ADOPTED,
            disabled: self.disabled_at.is_some(),
            deprecated_at: self.deprecated_at,
            dropped: self.dropped_at.is_some(),
            decided: decided.map(|by| (by, self.decided_reason.clone().unwrap_or_default())),
            slow: self.slow_at.is_some(),
        })
    }
}

/// Inserts a row and the first line of its story; false when an index says that key or name are taken.
pub(in crate::store) async fn begin<C: ConnectionTrait>(
    tx: &C,
    row: &image::Model,
    stories: &mut Stories,
) -> Result<bool, LedgerError> {
    let lines = story::begun(&row.seen()?);
    let event_seq = stories.say(&row.id, 0, &lines);
    let row = image::Model {
        event_seq,
        ..row.clone()
    };
    let inserted = image::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    Ok(inserted > 0)
}

/// Moves rows on, each over the version that its visit read; false when one was written meanwhile.
pub(in crate::store) async fn move_on<C: ConnectionTrait>(
    tx: &C,
    after: &[&image::Model],
    stories: &mut Stories,
) -> Result<bool, LedgerError> {
    if after.is_empty() {
        return Ok(true);
    }
    let ids = after.iter().map(|row| row.id.as_str());
    let stored = image::Entity::find()
        .filter(image::Column::Id.is_in(ids))
        .all(tx)
        .await?;
    let mut steps = Vec::with_capacity(after.len());
    for after in after {
        let read = |row: &&image::Model| row.id == after.id && row.row_version == after.row_version;
        let Some(before) = stored.iter().find(read) else {
            return Ok(false);
        };
        steps.push((before, *after, story::told(&before.seen()?, &after.seen()?)));
    }
    let writes: Vec<Write<'_, image::Model>> = steps
        .iter()
        .map(|&(before, after, ref lines)| Write {
            before,
            after,
            lines,
        })
        .collect();
    move_all(tx, &writes, stories).await
}

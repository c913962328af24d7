//! What a look at tracks writes, within the transaction that ends its visit.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::store::LedgerError;
use crate::store::rows::record;
use crate::store::subject::{New, any_step, subject};
use crate::{assessment, base, base_ami, base_update, event, track, track_region};

record! {
    /// What a look or a person changes of a track.
    CHANGED, changed of track::Model {
        head_owner: "text", head_name: "text", head_build: "text", head_at: "timestamptz", updates: "bigint",
        paused_at: "timestamptz", paused_by: "text", paused_reason: "text",
        definition: "jsonb", created_by: "text", created_at: "timestamptz", removed_at: "timestamptz",
    }
}

// A head never goes back: a rollback is told, not followed.
subject!(track::Model, "track", CHANGED, changed, any_step);

/// A build seen in a region.
#[derive(Debug, Clone)]
pub struct Sighted {
    /// The build; kept from its first sighting.
    pub base: base::Model,
    /// Where it lies, as it is now.
    pub ami: base_ami::Model,
}

/// Forgets what vendors published in a simulated region that is gone: the next one has other images under the same names.
pub(in crate::store) async fn forget<C: ConnectionTrait>(tx: &C) -> Result<(), LedgerError> {
    // What was judged of them, and their stories: ids are derived, so the next region's updates have the same.
    assessment::Entity::delete_many().exec(tx).await?;
    event::Entity::delete_many()
        .filter(event::Column::DeploymentId.starts_with("upd_"))
        .exec(tx)
        .await?;
    base_update::Entity::delete_many().exec(tx).await?;
    base_ami::Entity::delete_many().exec(tx).await?;
    base::Entity::delete_many().exec(tx).await?;
    track_region::Entity::delete_many()
        .filter(track_region::Column::Wanted.eq(false))
        .exec(tx)
        .await?;
    let none = || Expr::value(None::<String>);
    track_region::Entity::update_many()
        .col_expr(track_region::Column::State, Expr::value("new"))
        .col_expr(track_region::Column::Build, none())
        .col_expr(track_region::Column::AmiId, none())
        .col_expr(track_region::Column::PointedOwner, none())
        .col_expr(track_region::Column::PointedName, none())
        .exec(tx)
        .await?;
    track::Entity::update_many()
        .col_expr(track::Column::HeadOwner, none())
        .col_expr(track::Column::HeadName, none())
        .col_expr(track::Column::HeadBuild, none())
        .exec(tx)
        .await?;
    Ok(())
}

/// Writes what a look found; false when an update of it is there already.
pub(in crate::store) async fn begin<C: ConnectionTrait>(
    tx: &C,
    new: &New,
) -> Result<bool, LedgerError> {
    match new {
        New::Image(_) | New::Assessment(_) | New::Builder(_) => {}
        New::Sighted(sighted) => {
            base::Entity::insert(base::ActiveModel::from(sighted.base.clone()))
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(tx)
                .await?;
            use base_ami::Column as Ami;
            base_ami::Entity::insert(base_ami::ActiveModel::from(sighted.ami.clone()))
                .on_conflict(
                    OnConflict::columns([Ami::Base, Ami::Region])
                        .update_columns([
                            Ami::AmiId,
                            Ami::CreatedAt,
                            Ami::DeprecatedAt,
                            Ami::WithdrawnAt,
                        ])
                        .to_owned(),
                )
                .exec_without_returning(tx)
                .await?;
        }
        New::Looked(looked) => {
            use track_region::Column as Region;
            track_region::Entity::insert(track_region::ActiveModel::from((**looked).clone()))
                .on_conflict(
                    OnConflict::columns([Region::Track, Region::Region])
                        .update_columns([
                            Region::CheckedAt,
                            Region::State,
                            Region::Build,
                            Region::AmiId,
                            Region::PointedOwner,
                            Region::PointedName,
                            Region::Error,
                            Region::Alarms,
                        ])
                        .to_owned(),
                )
                .exec_without_returning(tx)
                .await?;
        }
        New::Update(update) => {
            let inserted =
                base_update::Entity::insert(base_update::ActiveModel::from((**update).clone()))
                    .on_conflict(OnConflict::new().do_nothing().to_owned())
                    .exec_without_returning(tx)
                    .await?;
            return Ok(inserted > 0);
        }
    }
    Ok(true)
}

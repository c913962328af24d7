//! Tracks of base images: what is watched, its builds by region, and the updates that looks found.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(track()).await?;
        manager.create_table(track_region()).await?;
        manager.create_table(base()).await?;
        manager.create_table(base_ami()).await?;
        manager.create_table(base_update()).await?;
        // The head's swap makes the number unique; this says so.
        manager
            .create_index(
                Index::create()
                    .name("base_update_seq")
                    .table(BaseUpdate::Table)
                    .col(BaseUpdate::Track)
                    .col(BaseUpdate::Seq)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("base_named")
                    .table(Base::Table)
                    .col(Base::Owner)
                    .col(Base::Name)
                    .unique()
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            Table::drop()
                .table(BaseUpdate::Table)
                .if_exists()
                .to_owned(),
            Table::drop().table(BaseAmi::Table).if_exists().to_owned(),
            Table::drop().table(Base::Table).if_exists().to_owned(),
            Table::drop()
                .table(TrackRegion::Table)
                .if_exists()
                .to_owned(),
            Table::drop().table(Track::Table).if_exists().to_owned(),
        ] {
            manager.drop_table(table).await?;
        }
        Ok(())
    }
}

fn track() -> TableCreateStatement {
    Table::create()
        .table(Track::Table)
        .if_not_exists()
        .col(text(Track::Id).primary_key())
        .col(text_uniq(Track::Name))
        .col(json_binary(Track::Definition))
        .col(boolean(Track::Builtin))
        .col(text_null(Track::HeadOwner))
        .col(text_null(Track::HeadName))
        .col(text_null(Track::HeadBuild))
        .col(timestamp_with_time_zone_null(Track::HeadAt))
        .col(big_integer(Track::Updates).default(0))
        .col(timestamp_with_time_zone_null(Track::PausedAt))
        .col(text_null(Track::PausedBy))
        .col(text_null(Track::PausedReason))
        .col(text_null(Track::CreatedBy))
        .col(timestamp_with_time_zone(Track::CreatedAt))
        .col(big_integer(Track::RowVersion).default(0))
        .col(big_integer(Track::EventSeq).default(0))
        .to_owned()
}

fn track_region() -> TableCreateStatement {
    Table::create()
        .table(TrackRegion::Table)
        .if_not_exists()
        .col(text(TrackRegion::Track))
        .col(text(TrackRegion::Region))
        .col(boolean(TrackRegion::Wanted).default(false))
        .col(timestamp_with_time_zone_null(TrackRegion::CheckedAt))
        .col(text(TrackRegion::State))
        .col(text_null(TrackRegion::Build))
        .col(text_null(TrackRegion::AmiId))
        .col(text_null(TrackRegion::PointedOwner))
        .col(text_null(TrackRegion::PointedName))
        .col(text_null(TrackRegion::Error))
        .col(json_binary(TrackRegion::Alarms))
        .primary_key(
            Index::create()
                .col(TrackRegion::Track)
                .col(TrackRegion::Region),
        )
        .to_owned()
}

fn base() -> TableCreateStatement {
    Table::create()
        .table(Base::Table)
        .if_not_exists()
        .col(text(Base::Id).primary_key())
        .col(text(Base::Track))
        .col(text(Base::Owner))
        .col(text(Base::Name))
        .col(text(Base::Build))
        .col(timestamp_with_time_zone(Base::BuiltOn))
        .col(timestamp_with_time_zone_null(Base::CreatedAt))
        .col(timestamp_with_time_zone(Base::FirstSeenAt))
        .to_owned()
}

fn base_ami() -> TableCreateStatement {
    Table::create()
        .table(BaseAmi::Table)
        .if_not_exists()
        .col(text(BaseAmi::Base))
        .col(text(BaseAmi::Region))
        .col(text(BaseAmi::AmiId))
        .col(timestamp_with_time_zone_null(BaseAmi::CreatedAt))
        .col(timestamp_with_time_zone_null(BaseAmi::DeprecatedAt))
        .col(timestamp_with_time_zone(BaseAmi::FirstSeenAt))
        .col(timestamp_with_time_zone_null(BaseAmi::WithdrawnAt))
        .primary_key(Index::create().col(BaseAmi::Base).col(BaseAmi::Region))
        .to_owned()
}

fn base_update() -> TableCreateStatement {
    Table::create()
        .table(BaseUpdate::Table)
        .if_not_exists()
        .col(text(BaseUpdate::Id).primary_key())
        .col(text(BaseUpdate::Track))
        .col(big_integer(BaseUpdate::Seq))
        .col(text(BaseUpdate::Kind))
        .col(text_null(BaseUpdate::OldBase))
        .col(text_null(BaseUpdate::NewBase))
        .col(text(BaseUpdate::Region))
        .col(json_binary(BaseUpdate::Tags))
        .col(timestamp_with_time_zone(BaseUpdate::DetectedAt))
        .col(text_null(BaseUpdate::UpdateType))
        .col(text_null(BaseUpdate::Level))
        .col(big_integer(BaseUpdate::RowVersion).default(0))
        .col(big_integer(BaseUpdate::EventSeq).default(0))
        .to_owned()
}

#[derive(DeriveIden)]
enum Track {
    Table,
    Id,
    Name,
    Definition,
    Builtin,
    HeadOwner,
    HeadName,
    HeadBuild,
    HeadAt,
    Updates,
    PausedAt,
    PausedBy,
    PausedReason,
    CreatedBy,
    CreatedAt,
    RowVersion,
    EventSeq,
}

#[derive(DeriveIden)]
enum TrackRegion {
    Table,
    Track,
    Region,
    Wanted,
    CheckedAt,
    State,
    Build,
    AmiId,
    PointedOwner,
    PointedName,
    Error,
    Alarms,
}

#[derive(DeriveIden)]
enum Base {
    Table,
    Id,
    Track,
    Owner,
    Name,
    Build,
    BuiltOn,
    CreatedAt,
    FirstSeenAt,
}

#[derive(DeriveIden)]
enum BaseAmi {
    Table,
    Base,
    Region,
    AmiId,
    CreatedAt,
    DeprecatedAt,
    FirstSeenAt,
    WithdrawnAt,
}

#[derive(DeriveIden)]
enum BaseUpdate {
    Table,
    Id,
    Track,
    Seq,
    Kind,
    OldBase,
    NewBase,
    Region,
    Tags,
    DetectedAt,
    UpdateType,
    Level,
    RowVersion,
    EventSeq,
}

//! Feeds of advisories and signs of exploitation: how each stands, and its records by generation. A load writes a generation
//! of its own; the feed's row says which one is read.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(feed()).await?;
        manager.create_table(advisory()).await?;
        manager.create_table(advisory_cve()).await?;
        manager.create_table(signal()).await?;
        // An advisory by its id, whatever its feed and release.
        manager
            .create_index(
                Index::create()
                    .name("advisory_id")
                    .table(Advisory::Table)
                    .col(Advisory::Id)
                    .to_owned(),
            )
            .await?;
        // Sweeping and counting go by feed and generation, reading by the CVE.
        manager
            .create_index(
                Index::create()
                    .name("advisory_cve_of")
                    .table(AdvisoryCve::Table)
                    .col(AdvisoryCve::Cve)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("signal_of")
                    .table(Signal::Table)
                    .col(Signal::Feed)
                    .col(Signal::Generation)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            Table::drop().table(Signal::Table).if_exists().to_owned(),
            Table::drop()
                .table(AdvisoryCve::Table)
                .if_exists()
                .to_owned(),
            Table::drop().table(Advisory::Table).if_exists().to_owned(),
            Table::drop().table(Feed::Table).if_exists().to_owned(),
        ] {
            manager.drop_table(table).await?;
        }
        Ok(())
    }
}

fn feed() -> TableCreateStatement {
    Table::create()
        .table(Feed::Table)
        .if_not_exists()
        .col(text(Feed::Name).primary_key())
        .col(text(Feed::Source))
        .col(text_null(Feed::Etag))
        .col(text_null(Feed::Cursor))
        .col(big_integer(Feed::Generation).default(0))
        .col(big_integer(Feed::LastGeneration).default(0))
        .col(big_integer(Feed::Records).default(0))
        .col(timestamp_with_time_zone_null(Feed::Newest))
        .col(timestamp_with_time_zone_null(Feed::FetchedAt))
        .col(text(Feed::State).default("ok"))
        .col(text_null(Feed::Error))
        .col(json_binary(Feed::Damaged))
        .col(big_integer_null(Feed::Loading))
        .col(big_integer(Feed::LoadingPages).default(0))
        .col(timestamp_with_time_zone_null(Feed::LoadingNewest))
        .col(timestamp_with_time_zone_null(Feed::LoadingSince))
        .col(timestamp_with_time_zone_null(Feed::NextSyncAt))
        .col(big_integer(Feed::RowVersion).default(0))
        .col(big_integer(Feed::EventSeq).default(0))
        .check(Expr::col(Feed::State).is_in(["ok", "stale", "failing"]))
        .to_owned()
}

fn advisory() -> TableCreateStatement {
    Table::create()
        .table(Advisory::Table)
        .if_not_exists()
        .col(text(Advisory::Feed))
        .col(big_integer(Advisory::Generation))
        .col(text(Advisory::Release))
        .col(text(Advisory::Id))
        .col(timestamp_with_time_zone(Advisory::Published))
        .col(timestamp_with_time_zone_null(Advisory::FirstSeen))
        .col(timestamp_with_time_zone_null(Advisory::Withdrawn))
        .col(text(Advisory::Body))
        .primary_key(
            Index::create()
                .col(Advisory::Feed)
                .col(Advisory::Generation)
                .col(Advisory::Release)
                .col(Advisory::Id),
        )
        .to_owned()
}

fn advisory_cve() -> TableCreateStatement {
    Table::create()
        .table(AdvisoryCve::Table)
        .if_not_exists()
        .col(text(AdvisoryCve::Feed))
        .col(big_integer(AdvisoryCve::Generation))
        .col(text(AdvisoryCve::Release))
        .col(text(AdvisoryCve::Id))
        .col(text(AdvisoryCve::Cve))
        .primary_key(
            Index::create()
                .col(AdvisoryCve::Feed)
                .col(AdvisoryCve::Generation)
                .col(AdvisoryCve::Release)
                .col(AdvisoryCve::Id)
                .col(AdvisoryCve::Cve),
        )
        .to_owned()
}

fn signal() -> TableCreateStatement {
    Table::create()
        .table(Signal::Table)
        .if_not_exists()
        .col(text(Signal::Cve))
        .col(text(Signal::Kind))
        .col(text(Signal::Feed))
        .col(big_integer(Signal::Generation))
        .col(timestamp_with_time_zone_null(Signal::Since))
        .col(text(Signal::Value))
        .primary_key(
            Index::create()
                .col(Signal::Cve)
                .col(Signal::Kind)
                .col(Signal::Feed)
                .col(Signal::Generation),
        )
        .check(Expr::col(Signal::Kind).is_in(["kev", "epss", "vectors", "ubuntu"]))
        .to_owned()
}

#[derive(DeriveIden)]
enum Feed {
    Table,
    Name,
    Source,
    Etag,
    Cursor,
    Generation,
    LastGeneration,
    Records,
    Newest,
    FetchedAt,
    State,
    Error,
    Damaged,
    Loading,
    LoadingPages,
    LoadingNewest,
    LoadingSince,
    NextSyncAt,
    RowVersion,
    EventSeq,
}

#[derive(DeriveIden)]
enum Advisory {
    Table,
    Feed,
    Generation,
    Release,
    Id,
    Published,
    FirstSeen,
    Withdrawn,
    Body,
}

#[derive(DeriveIden)]
enum AdvisoryCve {
    Table,
    Feed,
    Generation,
    Release,
    Id,
    Cve,
}

#[derive(DeriveIden)]
enum Signal {
    Table,
    Cve,
    Kind,
    Feed,
    Generation,
    Since,
    Value,
}

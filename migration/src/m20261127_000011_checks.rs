//! Checks of AWS accounts: who asked for one and where, and what it found. One row per question; the worker keeps only the
//! newest that is over per region.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(AwsCheck::Table)
                    .if_not_exists()
                    .col(text(AwsCheck::Id).primary_key())
                    .col(text(AwsCheck::Region))
                    .col(text(AwsCheck::AskedBy))
                    .col(timestamp_with_time_zone(AwsCheck::AskedAt))
                    .col(text_null(AwsCheck::Account))
                    .col(json_binary_null(AwsCheck::Report))
                    .col(text_null(AwsCheck::Error))
                    .col(timestamp_with_time_zone_null(AwsCheck::DoneAt))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(AwsCheck::Table).if_exists().to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum AwsCheck {
    Table,
    Id,
    Region,
    AskedBy,
    AskedAt,
    Account,
    Report,
    Error,
    DoneAt,
}

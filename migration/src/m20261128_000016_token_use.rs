//! When a token was used last: beside the token, which nothing changes but its revocation.

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
                    .table(TokenUse::Table)
                    .if_not_exists()
                    .col(text(TokenUse::TokenId).primary_key())
                    .col(timestamp_with_time_zone(TokenUse::UsedAt))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(TokenUse::Table).if_exists().to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum TokenUse {
    Table,
    TokenId,
    UsedAt,
}

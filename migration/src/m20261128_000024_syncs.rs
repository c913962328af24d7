//! Feeds over the network: whether and from where one is fetched, and how its last sync ended.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A column at a time: SQLite adds no more with one statement.
        for mut column in [
            boolean(Feed::Enabled).default(true).take(),
            json_binary_null(Feed::Urls),
            timestamp_with_time_zone_null(Feed::CheckedAt),
            timestamp_with_time_zone_null(Feed::AskedAt),
            text_null(Feed::SyncError),
        ] {
            let table = Table::alter()
                .table(Feed::Table)
                .add_column(&mut column)
                .to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            Feed::SyncError,
            Feed::AskedAt,
            Feed::CheckedAt,
            Feed::Urls,
            Feed::Enabled,
        ] {
            let table = Table::alter()
                .table(Feed::Table)
                .drop_column(column)
                .to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}

#[derive(DeriveIden)]
enum Feed {
    Table,
    Enabled,
    Urls,
    CheckedAt,
    AskedAt,
    SyncError,
}

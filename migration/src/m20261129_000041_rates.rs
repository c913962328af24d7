//! What an hour costs with a licence beside `price`, which holds Linux: workers of before read and write that table as it is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Rate::Table)
            .if_not_exists()
            .col(text(Rate::Region))
            .col(text(Rate::InstanceType))
            .col(text(Rate::Os).check(Expr::cust("os IN ('rhel', 'suse', 'windows')")))
            .col(big_integer(Rate::HourMicros).check(Expr::cust("hour_micros >= 0")))
            .col(text(Rate::Source))
            .col(text(Rate::AsOf))
            .col(text(Rate::LoadedBy))
            .col(timestamp_with_time_zone(Rate::LoadedAt))
            .primary_key(
                Index::create()
                    .col(Rate::Region)
                    .col(Rate::InstanceType)
                    .col(Rate::Os),
            )
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Rate::Table).if_exists().to_owned();
        manager.drop_table(table).await
    }
}

#[derive(DeriveIden)]
enum Rate {
    Table,
    Region,
    InstanceType,
    Os,
    HourMicros,
    Source,
    AsOf,
    LoadedBy,
    LoadedAt,
}

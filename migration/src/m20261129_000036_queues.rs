//! Queues as people handle them: paused by whom, since when and why, and how many visits at once. A queue without a row is
//! as its workers were started.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Queue::Table)
            .if_not_exists()
            .col(text(Queue::Name).primary_key())
            .col(timestamp_with_time_zone_null(Queue::PausedAt))
            .col(text_null(Queue::PausedBy))
            .col(text_null(Queue::PausedReason))
            .col(integer_null(Queue::Concurrency))
            .col(big_integer(Queue::RowVersion).default(0))
            .col(big_integer(Queue::EventSeq).default(0))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Queue::Table).if_exists().to_owned();
        manager.drop_table(table).await
    }
}

#[derive(DeriveIden)]
enum Queue {
    Table,
    Name,
    PausedAt,
    PausedBy,
    PausedReason,
    Concurrency,
    RowVersion,
    EventSeq,
}

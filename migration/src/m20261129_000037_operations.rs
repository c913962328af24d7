//! Operations: what people do to all tasks that a filter finds, step by step, with progress.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Operation::Table)
            .if_not_exists()
            .col(text(Operation::Id).primary_key())
            .col(text(Operation::Verb))
            .col(json_binary(Operation::Filter))
            .col(timestamp_with_time_zone_null(Operation::DueAt))
            .col(text(Operation::State))
            .col(big_integer(Operation::Expected))
            .col(big_integer(Operation::Matching))
            .col(big_integer(Operation::Done).default(0))
            .col(big_integer(Operation::Refused).default(0))
            .col(text_null(Operation::LastRefusal))
            .col(text(Operation::Cursor))
            .col(text(Operation::Reason))
            .col(text(Operation::CreatedBy))
            .col(text_null(Operation::Token))
            .col(text_null(Operation::Way))
            .col(text_null(Operation::RequestId))
            .col(timestamp_with_time_zone(Operation::CreatedAt))
            .col(timestamp_with_time_zone_null(Operation::FinishedAt))
            .col(big_integer(Operation::RowVersion).default(0))
            .col(big_integer(Operation::EventSeq).default(0))
            .check(Expr::col(Operation::State).is_in(["running", "done", "stopped", "failed"]))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Operation::Table).if_exists().to_owned();
        manager.drop_table(table).await
    }
}

#[derive(DeriveIden)]
enum Operation {
    Table,
    Id,
    Verb,
    Filter,
    DueAt,
    State,
    Expected,
    Matching,
    Done,
    Refused,
    LastRefusal,
    Cursor,
    Reason,
    CreatedBy,
    Token,
    Way,
    RequestId,
    CreatedAt,
    FinishedAt,
    RowVersion,
    EventSeq,
}

//! Durable work: tasks, their attempts, and the effects they intend.

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
                    .table(Task::Table)
                    .col(text(Task::Id).primary_key())
                    .col(text(Task::Queue))
                    .col(text(Task::Kind))
                    .col(text(Task::State))
                    .col(text_null(Task::DeploymentId))
                    .col(text_null(Task::Scope))
                    .col(text_null(Task::UniqueKey))
                    .col(integer(Task::Attempt).default(0))
                    .col(integer(Task::MaxAttempts))
                    .col(integer(Task::Crashes).default(0))
                    .col(integer(Task::Visits).default(0))
                    .col(big_integer(Task::Epoch).default(0))
                    .col(timestamp_with_time_zone(Task::RunAt))
                    .col(timestamp_with_time_zone_null(Task::RungAt))
                    .col(text_null(Task::WaitingFor))
                    .col(text_null(Task::Worker))
                    .col(timestamp_with_time_zone_null(Task::ClaimedAt))
                    .col(timestamp_with_time_zone_null(Task::LeaseUntil))
                    .col(text_null(Task::LastError))
                    .col(timestamp_with_time_zone(Task::CreatedAt))
                    .col(timestamp_with_time_zone_null(Task::FinishedAt))
                    .check(Expr::col(Task::State).is_in([
                        "available",
                        "scheduled",
                        "running",
                        "retryable",
                        "completed",
                        "cancelled",
                        "discarded",
                    ]))
                    .to_owned(),
            )
            .await?;
        let waiting = Expr::col(Task::State).is_in(["available", "scheduled", "retryable"]);
        manager
            .create_index(
                Index::create()
                    .name("task_due")
                    .table(Task::Table)
                    .col(Task::RunAt)
                    .and_where(waiting)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("task_leased")
                    .table(Task::Table)
                    .col(Task::LeaseUntil)
                    .and_where(Expr::col(Task::State).eq("running"))
                    .to_owned(),
            )
            .await?;
        // One live task per purpose: a second retry button or a second reconciler tick is told so by the database.
        manager
            .create_index(
                Index::create()
                    .name("task_unique_live")
                    .table(Task::Table)
                    .col(Task::UniqueKey)
                    .unique()
                    .and_where(
                        Expr::col(Task::State)
                            .is_in(["available", "scheduled", "running", "retryable"])
                            .and(Expr::col(Task::UniqueKey).is_not_null()),
                    )
                    .to_owned(),
            )
            .await?;
        for (name, column) in [
            ("task_deployment", Task::DeploymentId),
            ("task_queue", Task::Queue),
        ] {
            let index = Index::create()
                .name(name)
                .table(Task::Table)
                .col(column)
                .col(Task::State)
                .to_owned();
            manager.create_index(index).await?;
        }
        manager
            .create_table(
                Table::create()
                    .table(Attempt::Table)
                    .col(text(Attempt::TaskId))
                    .col(integer(Attempt::Number))
                    .col(text(Attempt::Outcome))
                    .col(text(Attempt::Worker))
                    .col(text_null(Attempt::Error))
                    .col(timestamp_with_time_zone(Attempt::StartedAt))
                    .col(timestamp_with_time_zone(Attempt::FinishedAt))
                    .primary_key(Index::create().col(Attempt::TaskId).col(Attempt::Number))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(Effect::Table)
                    .col(text(Effect::Id).primary_key())
                    .col(text(Effect::DeploymentId))
                    .col(integer(Effect::Run))
                    .col(text(Effect::Kind))
                    .col(integer(Effect::Generation))
                    .col(text(Effect::Region))
                    .col(json_binary(Effect::Params))
                    .col(text(Effect::State))
                    .col(text_null(Effect::CloudId))
                    .col(text_null(Effect::Error))
                    .col(timestamp_with_time_zone(Effect::CreatedAt))
                    .col(timestamp_with_time_zone_null(Effect::FinishedAt))
                    .check(Expr::col(Effect::State).is_in(["intent", "done", "not_done"]))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("effect_once")
                    .table(Effect::Table)
                    .col(Effect::DeploymentId)
                    .col(Effect::Run)
                    .col(Effect::Kind)
                    .col(Effect::Generation)
                    .unique()
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Effect::Table).to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table(Attempt::Table).to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table(Task::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Task {
    Table,
    Id,
    Queue,
    Kind,
    State,
    DeploymentId,
    Scope,
    UniqueKey,
    Attempt,
    MaxAttempts,
    Crashes,
    Visits,
    Epoch,
    RunAt,
    RungAt,
    WaitingFor,
    Worker,
    ClaimedAt,
    LeaseUntil,
    LastError,
    CreatedAt,
    FinishedAt,
}

#[derive(DeriveIden)]
enum Attempt {
    Table,
    TaskId,
    Number,
    Outcome,
    Worker,
    Error,
    StartedAt,
    FinishedAt,
}

#[derive(DeriveIden)]
enum Effect {
    Table,
    Id,
    DeploymentId,
    Run,
    Kind,
    Generation,
    Region,
    Params,
    State,
    CloudId,
    Error,
    CreatedAt,
    FinishedAt,
}

//! Indexes for claiming in batches: what is due by queue, and nothing that every change of a task must maintain for the
//! sake of a list. A transition writes each index whose rows it touches, so each one costs every task.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const WAITING: [&str; 3] = ["available", "scheduled", "retryable"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for gone in ["task_due", "task_queue", "task_deployment"] {
            drop(manager, gone).await?;
        }
        manager
            .create_index(
                index("task_waiting")
                    .col(Task::Queue)
                    .col(Task::RunAt)
                    .and_where(Expr::col(Task::State).is_in(WAITING))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                index("task_discarded")
                    .col(Task::Queue)
                    .and_where(Expr::col(Task::State).eq("discarded"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                index("task_deployment")
                    .col(Task::DeploymentId)
                    .and_where(Expr::col(Task::DeploymentId).is_not_null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for gone in ["task_waiting", "task_discarded", "task_deployment"] {
            drop(manager, gone).await?;
        }
        manager
            .create_index(
                index("task_due")
                    .col(Task::RunAt)
                    .and_where(Expr::col(Task::State).is_in(WAITING))
                    .to_owned(),
            )
            .await?;
        for (name, column) in [
            ("task_deployment", Task::DeploymentId),
            ("task_queue", Task::Queue),
        ] {
            manager
                .create_index(index(name).col(column).col(Task::State).to_owned())
                .await?;
        }
        Ok(())
    }
}

fn index(name: &str) -> IndexCreateStatement {
    Index::create().name(name).table(Task::Table).to_owned()
}

async fn drop(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    let index = Index::drop().name(name).table(Task::Table).to_owned();
    manager.drop_index(index).await
}

#[derive(DeriveIden)]
enum Task {
    Table,
    Queue,
    State,
    DeploymentId,
    RunAt,
}

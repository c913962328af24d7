//! What stands around the work: templates, tokens, idempotency records, ticks of periodic jobs, workers, settings.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            Table::create()
                .table(Template::Table)
                .col(text(Template::Name))
                .col(integer(Template::Revision))
                .col(json_binary(Template::Spec))
                .col(text(Template::Yaml))
                .col(boolean(Template::Builtin))
                .col(timestamp_with_time_zone(Template::CreatedAt))
                .primary_key(Index::create().col(Template::Name).col(Template::Revision))
                .to_owned(),
            Table::create()
                .table(Token::Table)
                .col(text(Token::Id).primary_key())
                .col(text(Token::Name))
                .col(text(Token::SecretHash))
                .col(timestamp_with_time_zone(Token::CreatedAt))
                .col(timestamp_with_time_zone_null(Token::ExpiresAt))
                .col(timestamp_with_time_zone_null(Token::RevokedAt))
                .to_owned(),
            Table::create()
                .table(Idempotency::Table)
                .col(text(Idempotency::TokenId))
                .col(text(Idempotency::Key))
                .col(text(Idempotency::RequestHash))
                .col(text(Idempotency::ResourceId))
                .col(timestamp_with_time_zone(Idempotency::CreatedAt))
                .primary_key(
                    Index::create()
                        .col(Idempotency::TokenId)
                        .col(Idempotency::Key),
                )
                .to_owned(),
            Table::create()
                .table(Tick::Table)
                .col(text(Tick::Job))
                .col(timestamp_with_time_zone(Tick::DueAt))
                .col(text(Tick::TaskId))
                .col(timestamp_with_time_zone(Tick::CreatedAt))
                .primary_key(Index::create().col(Tick::Job).col(Tick::DueAt))
                .to_owned(),
            Table::create()
                .table(Worker::Table)
                .col(text(Worker::Name).primary_key())
                .col(text(Worker::Version))
                .col(timestamp_with_time_zone(Worker::StartedAt))
                .col(timestamp_with_time_zone(Worker::HeartbeatAt))
                .col(timestamp_with_time_zone_null(Worker::StoppedAt))
                .to_owned(),
            Table::create()
                .table(Setting::Table)
                .col(text(Setting::Name).primary_key())
                .col(text(Setting::Value))
                .to_owned(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Setting::Table).to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table(Worker::Table).to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table(Tick::Table).to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table(Idempotency::Table).to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table(Token::Table).to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table(Template::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Template {
    Table,
    Name,
    Revision,
    Spec,
    Yaml,
    Builtin,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Token {
    Table,
    Id,
    Name,
    SecretHash,
    CreatedAt,
    ExpiresAt,
    RevokedAt,
}

#[derive(DeriveIden)]
enum Idempotency {
    Table,
    TokenId,
    Key,
    RequestHash,
    ResourceId,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Tick {
    Table,
    Job,
    DueAt,
    TaskId,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Worker {
    Table,
    Name,
    Version,
    StartedAt,
    HeartbeatAt,
    StoppedAt,
}

#[derive(DeriveIden)]
enum Setting {
    Table,
    Name,
    Value,
}

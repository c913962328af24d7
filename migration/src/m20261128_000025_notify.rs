//! Notifications, who has read them, who receives them, and how each delivery stands.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(notification()).await?;
        manager.create_table(reading()).await?;
        manager.create_table(receiver()).await?;
        manager.create_table(delivery()).await?;
        // Told once: the outbox may meet a line's fact again, never its key.
        manager
            .create_index(
                Index::create()
                    .unique()
                    .name("notification_once")
                    .table(Notification::Table)
                    .col(Notification::DedupeKey)
                    .to_owned(),
            )
            .await?;
        // What a receiver waits for, and its last deliveries.
        manager
            .create_index(
                Index::create()
                    .name("delivery_of")
                    .table(Delivery::Table)
                    .col(Delivery::ReceiverId)
                    .col(Delivery::State)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            Table::drop().table(Delivery::Table).if_exists().to_owned(),
            Table::drop().table(Receiver::Table).if_exists().to_owned(),
            Table::drop().table(Reading::Table).if_exists().to_owned(),
            Table::drop()
                .table(Notification::Table)
                .if_exists()
                .to_owned(),
        ] {
            manager.drop_table(table).await?;
        }
        Ok(())
    }
}

fn notification() -> TableCreateStatement {
    Table::create()
        .table(Notification::Table)
        .if_not_exists()
        .col(text(Notification::Id).primary_key())
        .col(timestamp_with_time_zone(Notification::At))
        .col(text(Notification::Topic))
        .col(text(Notification::Severity))
        .col(text(Notification::Audience))
        .col(text(Notification::Subject))
        .col(text(Notification::Message))
        .col(json_binary(Notification::Facts))
        .col(timestamp_with_time_zone_null(Notification::Until))
        .col(text(Notification::DedupeKey))
        .to_owned()
}

fn reading() -> TableCreateStatement {
    Table::create()
        .table(Reading::Table)
        .if_not_exists()
        .col(text(Reading::Reader))
        .col(text(Reading::NotificationId))
        .col(timestamp_with_time_zone(Reading::At))
        .primary_key(
            Index::create()
                .col(Reading::Reader)
                .col(Reading::NotificationId),
        )
        .to_owned()
}

fn receiver() -> TableCreateStatement {
    Table::create()
        .table(Receiver::Table)
        .if_not_exists()
        .col(text(Receiver::Id).primary_key())
        .col(text(Receiver::Name).unique_key())
        .col(text(Receiver::Channel))
        .col(text(Receiver::Address))
        .col(json_binary(Receiver::Settings))
        .col(text_null(Receiver::Sealed))
        .col(json_binary(Receiver::Wishes))
        .col(text(Receiver::CreatedBy))
        .col(timestamp_with_time_zone(Receiver::CreatedAt))
        .col(timestamp_with_time_zone_null(Receiver::PausedUntil))
        .col(timestamp_with_time_zone_null(Receiver::FailingSince))
        .col(integer(Receiver::Failures).default(0))
        .col(text_null(Receiver::LastError))
        .col(timestamp_with_time_zone_null(Receiver::LastOkAt))
        .col(timestamp_with_time_zone_null(Receiver::DisabledAt))
        .col(text_null(Receiver::DisabledReason))
        .col(timestamp_with_time_zone_null(Receiver::DigestAt))
        .col(text_null(Receiver::DigestBy))
        .col(big_integer(Receiver::RowVersion).default(0))
        .col(big_integer(Receiver::EventSeq).default(0))
        .check(Expr::col(Receiver::Channel).is_in(["email", "webhook", "slack"]))
        .to_owned()
}

fn delivery() -> TableCreateStatement {
    Table::create()
        .table(Delivery::Table)
        .if_not_exists()
        .col(text(Delivery::NotificationId))
        .col(text(Delivery::ReceiverId))
        .col(text(Delivery::State))
        .col(integer(Delivery::Attempts).default(0))
        .col(timestamp_with_time_zone(Delivery::CreatedAt))
        .col(timestamp_with_time_zone_null(Delivery::FirstAt))
        .col(timestamp_with_time_zone_null(Delivery::LastAt))
        .col(timestamp_with_time_zone_null(Delivery::DeliveredAt))
        .col(timestamp_with_time_zone_null(Delivery::DigestAt))
        .col(text_null(Delivery::LastError))
        .primary_key(
            Index::create()
                .col(Delivery::NotificationId)
                .col(Delivery::ReceiverId),
        )
        .check(Expr::col(Delivery::State).is_in(["waiting", "delivered", "failed", "dropped"]))
        .to_owned()
}

#[derive(DeriveIden)]
enum Notification {
    Table,
    Id,
    At,
    Topic,
    Severity,
    Audience,
    Subject,
    Message,
    Facts,
    Until,
    DedupeKey,
}

#[derive(DeriveIden)]
enum Reading {
    Table,
    Reader,
    NotificationId,
    At,
}

#[derive(DeriveIden)]
enum Receiver {
    Table,
    Id,
    Name,
    Channel,
    Address,
    Settings,
    Sealed,
    Wishes,
    CreatedBy,
    CreatedAt,
    PausedUntil,
    FailingSince,
    Failures,
    LastError,
    LastOkAt,
    DisabledAt,
    DisabledReason,
    DigestAt,
    DigestBy,
    RowVersion,
    EventSeq,
}

#[derive(DeriveIden)]
enum Delivery {
    Table,
    NotificationId,
    ReceiverId,
    State,
    Attempts,
    CreatedAt,
    FirstAt,
    LastAt,
    DeliveredAt,
    DigestAt,
    LastError,
}

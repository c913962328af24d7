//! Policies, purses, what happened to them, and prices.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(policy()).await?;
        manager.create_table(purse()).await?;
        manager.create_table(purse_entry()).await?;
        manager.create_table(price()).await?;
        // What happened to one purse, in order.
        let of_purse = Index::create()
            .name("purse_entry_purse")
            .table(PurseEntry::Table)
            .col(PurseEntry::Purse)
            .col(PurseEntry::At)
            .if_not_exists()
            .to_owned();
        manager.create_index(of_purse).await?;
        let of_budget = Index::create()
            .name("purse_budget")
            .table(Purse::Table)
            .col(Purse::Budget)
            .col(Purse::Period)
            .unique()
            .if_not_exists()
            .to_owned();
        manager.create_index(of_budget).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            Table::drop().table(Price::Table).if_exists().to_owned(),
            Table::drop()
                .table(PurseEntry::Table)
                .if_exists()
                .to_owned(),
            Table::drop().table(Purse::Table).if_exists().to_owned(),
            Table::drop().table(Policy::Table).if_exists().to_owned(),
        ] {
            manager.drop_table(table).await?;
        }
        Ok(())
    }
}

fn policy() -> TableCreateStatement {
    Table::create()
        .table(Policy::Table)
        .if_not_exists()
        .col(text(Policy::Name))
        .col(integer(Policy::Revision))
        .col(json_binary(Policy::Spec))
        .col(text(Policy::Yaml))
        .col(text(Policy::CreatedBy))
        .col(text_null(Policy::CreatedReason))
        .col(timestamp_with_time_zone(Policy::CreatedAt))
        .primary_key(Index::create().col(Policy::Name).col(Policy::Revision))
        .to_owned()
}

fn purse() -> TableCreateStatement {
    let never_more = "policy_micros >= 0 AND allowed_micros >= 0 AND reserved_micros >= 0 AND spent_micros >= 0 \
         AND reserved_micros + spent_micros <= limit_micros";
    Table::create()
        .table(Purse::Table)
        .if_not_exists()
        .col(text(Purse::Id).primary_key())
        .col(text(Purse::Budget).check(Expr::cust("budget IN ('daily', 'monthly', 'urgent')")))
        .col(text(Purse::Period))
        .col(timestamp_with_time_zone(Purse::Starts))
        .col(timestamp_with_time_zone(Purse::Ends))
        .col(big_integer(Purse::PolicyMicros))
        .col(big_integer(Purse::AllowedMicros).default(0))
        .col(big_integer(Purse::LimitMicros))
        .col(big_integer(Purse::ReservedMicros).default(0))
        .col(big_integer(Purse::SpentMicros).default(0))
        .col(integer(Purse::Told).default(0))
        .col(big_integer(Purse::RowVersion).default(0))
        .col(big_integer(Purse::EventSeq).default(0))
        .check(Expr::cust(never_more))
        .to_owned()
}

fn purse_entry() -> TableCreateStatement {
    let kinds = "kind IN ('reserved', 'settled', 'released', 'allowance')";
    Table::create()
        .table(PurseEntry::Table)
        .if_not_exists()
        .col(text(PurseEntry::Build))
        .col(integer(PurseEntry::Run))
        .col(text(PurseEntry::Purse))
        .col(text(PurseEntry::Kind).check(Expr::cust(kinds)))
        .col(big_integer(PurseEntry::Micros).check(Expr::cust("micros >= 0")))
        .col(text_null(PurseEntry::GrantCode))
        .col(timestamp_with_time_zone(PurseEntry::At))
        .col(text_null(PurseEntry::DecidedBy))
        .col(text_null(PurseEntry::DecidedReason))
        .primary_key(
            Index::create()
                .col(PurseEntry::Build)
                .col(PurseEntry::Run)
                .col(PurseEntry::Purse)
                .col(PurseEntry::Kind),
        )
        .to_owned()
}

fn price() -> TableCreateStatement {
    Table::create()
        .table(Price::Table)
        .if_not_exists()
        .col(text(Price::Region))
        .col(text(Price::InstanceType))
        .col(big_integer(Price::HourMicros).check(Expr::cust("hour_micros >= 0")))
        .col(text(Price::Source))
        .col(text(Price::AsOf))
        .col(text(Price::LoadedBy))
        .col(timestamp_with_time_zone(Price::LoadedAt))
        .primary_key(Index::create().col(Price::Region).col(Price::InstanceType))
        .to_owned()
}

#[derive(DeriveIden)]
enum Policy {
    Table,
    Name,
    Revision,
    Spec,
    Yaml,
    CreatedBy,
    CreatedReason,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Purse {
    Table,
    Id,
    Budget,
    Period,
    Starts,
    Ends,
    PolicyMicros,
    AllowedMicros,
    LimitMicros,
    ReservedMicros,
    SpentMicros,
    Told,
    RowVersion,
    EventSeq,
}

#[derive(DeriveIden)]
enum PurseEntry {
    Table,
    Build,
    Run,
    Purse,
    Kind,
    Micros,
    GrantCode,
    At,
    DecidedBy,
    DecidedReason,
}

#[derive(DeriveIden)]
enum Price {
    Table,
    Region,
    InstanceType,
    HourMicros,
    Source,
    AsOf,
    LoadedBy,
    LoadedAt,
}

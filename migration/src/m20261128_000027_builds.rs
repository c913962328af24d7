//! Builds, what asked for them, and templates that are switched off (DESIGN-2 sections 3 and 5).

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// At most one build of a target waits: later requests join it (AUTO-AMI 1).
const WAITING: &str = "CREATE UNIQUE INDEX IF NOT EXISTS build_waiting ON build (template, version, mode, arch, region) \
    WHERE status IN ('queued', 'awaiting_approval')";
/// What the plan reads: builds that wait or run.
const OPEN: &str = "CREATE INDEX IF NOT EXISTS build_open ON build (status) \
    WHERE status IN ('queued', 'awaiting_approval', 'building', 'testing', 'publishing')";
/// What lists read.
const NEWEST: &str = "CREATE INDEX IF NOT EXISTS build_newest ON build (created_at, id)";
const OF_TEMPLATE: &str =
    "CREATE INDEX IF NOT EXISTS build_of_template ON build (template, ended_at)";
/// A cause asks once.
const ONCE: &str =
    "CREATE UNIQUE INDEX IF NOT EXISTS build_request_key ON build_request (request_key)";
const OF_BUILD: &str = "CREATE INDEX IF NOT EXISTS build_request_of ON build_request (build_id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(build()).await?;
        manager.create_table(request()).await?;
        manager.create_table(switched_off()).await?;
        let db = manager.get_connection();
        for index in [WAITING, OPEN, NEWEST, OF_TEMPLATE, ONCE, OF_BUILD] {
            db.execute_unprepared(index).await?;
        }
        if !manager.has_column("deployment", "build_id").await? {
            let add = "ALTER TABLE deployment ADD COLUMN build_id text";
            db.execute_unprepared(add).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        if manager.has_column("deployment", "build_id").await? {
            let drop = "ALTER TABLE deployment DROP COLUMN build_id";
            db.execute_unprepared(drop).await?;
        }
        for table in ["build_request", "build", "template_off"] {
            let table = Table::drop()
                .table(Alias::new(table))
                .if_exists()
                .to_owned();
            manager.drop_table(table).await?;
        }
        Ok(())
    }
}

fn build() -> TableCreateStatement {
    let words = [
        "queued",
        "awaiting_approval",
        "building",
        "testing",
        "publishing",
        "completed",
        "failed",
        "cancelled",
        "rejected",
        "skipped",
    ];
    Table::create()
        .table(Build::Table)
        .if_not_exists()
        .col(text(Build::Id).primary_key())
        .col(text(Build::Template))
        .col(text(Build::Version))
        .col(text(Build::Mode))
        .col(text(Build::Arch))
        .col(text(Build::Region))
        .col(text(Build::Status).check(Expr::col(Build::Status).is_in(words)))
        .col(text_null(Build::Trigger))
        .col(text_null(Build::Urgency))
        .col(integer(Build::Priority).default(0))
        .col(timestamp_with_time_zone(Build::RequestedAt))
        .col(timestamp_with_time_zone_null(Build::NotBefore))
        .col(timestamp_with_time_zone_null(Build::ScheduledFor))
        .col(timestamp_with_time_zone_null(Build::LatestStart))
        .col(timestamp_with_time_zone_null(Build::Deadline))
        .col(boolean(Build::Late).default(false))
        .col(json_binary_null(Build::Why))
        .col(text_null(Build::Purse))
        .col(big_integer_null(Build::Estimated))
        .col(big_integer_null(Build::Actual))
        .col(integer_null(Build::PolicyRevision))
        .col(integer_null(Build::TemplateRevision))
        .col(integer(Build::Run).default(0))
        .col(text_null(Build::DeploymentId))
        .col(text_null(Build::ImageId))
        .col(timestamp_with_time_zone_null(Build::StartedAt))
        .col(timestamp_with_time_zone_null(Build::ExpectedEnd))
        .col(timestamp_with_time_zone_null(Build::BoundAt))
        .col(timestamp_with_time_zone_null(Build::EndedAt))
        .col(text_null(Build::FailureClass))
        .col(text_null(Build::Error))
        .col(boolean(Build::Cancelling).default(false))
        .col(text_null(Build::DecidedBy))
        .col(text_null(Build::DecidedReason))
        .col(big_integer(Build::RowVersion).default(0))
        .col(big_integer(Build::EventSeq).default(0))
        .col(timestamp_with_time_zone(Build::CreatedAt))
        .to_owned()
}

fn request() -> TableCreateStatement {
    Table::create()
        .table(BuildRequest::Table)
        .if_not_exists()
        .col(text(BuildRequest::Id).primary_key())
        .col(text(BuildRequest::BuildId))
        .col(text(BuildRequest::RequestKey))
        .col(text(BuildRequest::Trigger))
        .col(text_null(BuildRequest::Level))
        .col(boolean(BuildRequest::Urgent).default(false))
        .col(text_null(BuildRequest::Campaign))
        .col(text_null(BuildRequest::About))
        .col(text(BuildRequest::Said))
        .col(text_null(BuildRequest::RequestedBy))
        .col(big_integer_null(BuildRequest::MaxCost))
        .col(boolean(BuildRequest::Approved).default(false))
        .col(timestamp_with_time_zone(BuildRequest::RequestedAt))
        .col(timestamp_with_time_zone_null(BuildRequest::Since))
        .col(timestamp_with_time_zone_null(BuildRequest::Before))
        .to_owned()
}

fn switched_off() -> TableCreateStatement {
    Table::create()
        .table(TemplateOff::Table)
        .if_not_exists()
        .col(text(TemplateOff::Name).primary_key())
        .col(timestamp_with_time_zone(TemplateOff::OffAt))
        .col(text(TemplateOff::OffBy))
        .col(text(TemplateOff::OffReason))
        .col(boolean(TemplateOff::ByItself).default(false))
        .col(integer(TemplateOff::Revision))
        .to_owned()
}

#[derive(DeriveIden)]
enum Build {
    Table,
    Id,
    Template,
    Version,
    Mode,
    Arch,
    Region,
    Status,
    Trigger,
    Urgency,
    Priority,
    RequestedAt,
    NotBefore,
    ScheduledFor,
    LatestStart,
    Deadline,
    Late,
    Why,
    Purse,
    Estimated,
    Actual,
    PolicyRevision,
    TemplateRevision,
    Run,
    DeploymentId,
    ImageId,
    StartedAt,
    ExpectedEnd,
    BoundAt,
    EndedAt,
    FailureClass,
    Error,
    Cancelling,
    DecidedBy,
    DecidedReason,
    RowVersion,
    EventSeq,
    CreatedAt,
}

#[derive(DeriveIden)]
enum BuildRequest {
    Table,
    Id,
    BuildId,
    RequestKey,
    Trigger,
    Level,
    Urgent,
    Campaign,
    About,
    Said,
    RequestedBy,
    MaxCost,
    Approved,
    RequestedAt,
    Since,
    Before,
}

#[derive(DeriveIden)]
enum TemplateOff {
    Table,
    Name,
    OffAt,
    OffBy,
    OffReason,
    ByItself,
    Revision,
}

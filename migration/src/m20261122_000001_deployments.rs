//! Deployments, images and the story of both.

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
                    .table(Deployment::Table)
                    .col(text(Deployment::Id).primary_key())
                    .col(text(Deployment::JobName))
                    .col(text(Deployment::Template))
                    .col(text(Deployment::Version))
                    .col(text(Deployment::Mode))
                    .col(text(Deployment::Region))
                    .col(json_binary(Deployment::Order))
                    .col(json_binary(Deployment::Recipe))
                    .col(text(Deployment::Fingerprint))
                    .col(text(Deployment::Status))
                    .col(text_null(Deployment::ErrorMessage))
                    .col(integer(Deployment::Run).default(0))
                    .col(text_null(Deployment::Account))
                    .col(text_null(Deployment::BaseImageId))
                    .col(text_null(Deployment::BaseImageDescription))
                    .col(text_null(Deployment::LaunchPath))
                    .col(text_null(Deployment::SourceAmiId))
                    .col(text_null(Deployment::InstanceId))
                    .col(text_null(Deployment::SecurityGroupId))
                    .col(text_null(Deployment::PublicIp))
                    .col(text_null(Deployment::PrivateIp))
                    .col(integer(Deployment::Checks).default(0))
                    .col(integer(Deployment::Successes).default(0))
                    .col(text_null(Deployment::ProbeClass))
                    .col(text_null(Deployment::ProbeDetail))
                    .col(big_integer_null(Deployment::TimeToReadyMs))
                    .col(text_null(Deployment::InstallCommandId))
                    .col(timestamp_with_time_zone_null(Deployment::InstalledAt))
                    .col(timestamp_with_time_zone_null(Deployment::ReverifiedAt))
                    .col(text_null(Deployment::AmiStatus))
                    .col(text_null(Deployment::CreatedAmiId))
                    .col(timestamp_with_time_zone_null(Deployment::AmiCreatedAt))
                    .col(text_null(Deployment::AmiError))
                    .col(text_null(Deployment::AmiSkipReason))
                    .col(text_null(Deployment::ImageId))
                    .col(big_integer(Deployment::EventSeq).default(0))
                    .col(big_integer(Deployment::RowVersion).default(0))
                    .col(timestamp_with_time_zone(Deployment::CreatedAt))
                    .col(timestamp_with_time_zone_null(Deployment::StartedAt))
                    .col(timestamp_with_time_zone_null(Deployment::LaunchedAt))
                    .col(timestamp_with_time_zone_null(Deployment::ReadyAt))
                    .col(timestamp_with_time_zone_null(Deployment::FinishedAt))
                    .check(Expr::col(Deployment::Status).is_in(STATUSES.map(str::to_owned)))
                    .check(Expr::col(Deployment::AmiStatus).is_null().or(
                        Expr::col(Deployment::AmiStatus).is_in(AMI_STATUSES.map(str::to_owned)),
                    ))
                    .to_owned(),
            )
            .await?;
        for (name, column) in [
            ("deployment_status", Deployment::Status),
            ("deployment_instance", Deployment::InstanceId),
        ] {
            manager
                .create_index(
                    Index::create()
                        .name(name)
                        .table(Deployment::Table)
                        .col(column)
                        .col(Deployment::Id)
                        .to_owned(),
                )
                .await?;
        }
        manager
            .create_table(
                Table::create()
                    .table(Image::Table)
                    .col(text(Image::Id).primary_key())
                    .col(text(Image::KeyDigest))
                    .col(text(Image::Template))
                    .col(text(Image::Version))
                    .col(text(Image::Mode))
                    .col(text(Image::Arch))
                    .col(text(Image::Account))
                    .col(text(Image::Region))
                    .col(text(Image::BaseImage))
                    .col(text(Image::Fingerprint))
                    .col(integer(Image::Generation))
                    .col(text(Image::Name))
                    .col(text(Image::Status))
                    .col(text(Image::Origin))
                    .col(text_null(Image::AmiId))
                    .col(integer_null(Image::SizeGb))
                    .col(json_binary(Image::Snapshots))
                    .col(json_binary(Image::Tags))
                    .col(text_null(Image::SourceDeploymentId))
                    .col(text_null(Image::SourceInstanceId))
                    .col(text_null(Image::Error))
                    .col(timestamp_with_time_zone(Image::CreatedAt))
                    .col(timestamp_with_time_zone_null(Image::RequestedAt))
                    .col(timestamp_with_time_zone_null(Image::AvailableAt))
                    .col(timestamp_with_time_zone_null(Image::SlowAt))
                    .check(Expr::col(Image::Status).is_in(IMAGE_STATUSES.map(str::to_owned)))
                    .to_owned(),
            )
            .await?;
        // The only lock of "exactly one image per key": the database refuses the second worker that inserts.
        manager
            .create_index(
                Index::create()
                    .name("image_key_held")
                    .table(Image::Table)
                    .col(Image::KeyDigest)
                    .unique()
                    .and_where(Expr::col(Image::Status).is_in(["claimed", "pending", "available"]))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("image_name")
                    .table(Image::Table)
                    .col(Image::Account)
                    .col(Image::Region)
                    .col(Image::Name)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("image_ami")
                    .table(Image::Table)
                    .col(Image::AmiId)
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(Event::Table)
                    .col(text(Event::DeploymentId))
                    .col(big_integer(Event::Seq))
                    .col(timestamp_with_time_zone(Event::At))
                    .col(text(Event::Kind))
                    .col(text(Event::Source))
                    .col(text(Event::Level))
                    .col(text(Event::Message))
                    .primary_key(Index::create().col(Event::DeploymentId).col(Event::Seq))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Event::Table).to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table(Image::Table).to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table(Deployment::Table).to_owned())
            .await
    }
}

const STATUSES: [&str; 9] = [
    "pending",
    "queued",
    "deploying",
    "running",
    "success",
    "failed",
    "readiness_timeout",
    "cancelled",
    "destroyed",
];
const AMI_STATUSES: [&str; 5] = ["pending", "creating", "completed", "failed", "skipped"];
const IMAGE_STATUSES: [&str; 6] = [
    "claimed",
    "pending",
    "available",
    "failed",
    "deleted",
    "missing",
];

#[derive(DeriveIden)]
enum Deployment {
    Table,
    Id,
    JobName,
    Template,
    Version,
    Mode,
    Region,
    Order,
    Recipe,
    Fingerprint,
    Status,
    ErrorMessage,
    Run,
    Account,
    BaseImageId,
    BaseImageDescription,
    LaunchPath,
    SourceAmiId,
    InstanceId,
    SecurityGroupId,
    PublicIp,
    PrivateIp,
    Checks,
    Successes,
    ProbeClass,
    ProbeDetail,
    TimeToReadyMs,
    InstallCommandId,
    InstalledAt,
    ReverifiedAt,
    AmiStatus,
    CreatedAmiId,
    AmiCreatedAt,
    AmiError,
    AmiSkipReason,
    ImageId,
    EventSeq,
    RowVersion,
    CreatedAt,
    StartedAt,
    LaunchedAt,
    ReadyAt,
    FinishedAt,
}

#[derive(DeriveIden)]
#[expect(
    clippy::enum_variant_names,
    reason = "a column is named after the base image it holds"
)]
enum Image {
    Table,
    Id,
    KeyDigest,
    Template,
    Version,
    Mode,
    Arch,
    Account,
    Region,
    BaseImage,
    Fingerprint,
    Generation,
    Name,
    Status,
    Origin,
    AmiId,
    SizeGb,
    Snapshots,
    Tags,
    SourceDeploymentId,
    SourceInstanceId,
    Error,
    CreatedAt,
    RequestedAt,
    AvailableAt,
    SlowAt,
}

#[derive(DeriveIden)]
enum Event {
    Table,
    DeploymentId,
    Seq,
    At,
    Kind,
    Source,
    Level,
    Message,
}

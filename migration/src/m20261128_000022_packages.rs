//! Lists of packages: what an install carried at its beginning and at its end, each list once, by what it says.

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
                    .table(Manifest::Table)
                    .if_not_exists()
                    .col(text(Manifest::Digest).primary_key())
                    .col(text_null(Manifest::Booted))
                    .col(text_null(Manifest::Release))
                    .col(text(Manifest::Packages))
                    .col(timestamp_with_time_zone(Manifest::CreatedAt))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(BaseManifest::Table)
                    .if_not_exists()
                    .col(text(BaseManifest::Owner))
                    .col(text(BaseManifest::Name))
                    .col(text(BaseManifest::Digest))
                    .col(text(BaseManifest::DeploymentId))
                    .col(timestamp_with_time_zone(BaseManifest::TakenAt))
                    .primary_key(
                        Index::create()
                            .col(BaseManifest::Owner)
                            .col(BaseManifest::Name),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(InstallList::Table)
                    .if_not_exists()
                    .col(text(InstallList::DeploymentId))
                    .col(integer(InstallList::Run))
                    .col(text_null(InstallList::Digest))
                    .col(text_null(InstallList::Absent))
                    .col(timestamp_with_time_zone(InstallList::TakenAt))
                    .primary_key(
                        Index::create()
                            .col(InstallList::DeploymentId)
                            .col(InstallList::Run),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            Table::drop()
                .table(InstallList::Table)
                .if_exists()
                .to_owned(),
            Table::drop()
                .table(BaseManifest::Table)
                .if_exists()
                .to_owned(),
            Table::drop().table(Manifest::Table).if_exists().to_owned(),
        ];
        for table in tables {
            manager.drop_table(table).await?;
        }
        Ok(())
    }
}

#[derive(DeriveIden)]
enum Manifest {
    Table,
    Digest,
    Booted,
    Release,
    Packages,
    CreatedAt,
}

#[derive(DeriveIden)]
enum BaseManifest {
    Table,
    Owner,
    Name,
    Digest,
    DeploymentId,
    TakenAt,
}

#[derive(DeriveIden)]
enum InstallList {
    Table,
    DeploymentId,
    Run,
    Digest,
    Absent,
    TakenAt,
}

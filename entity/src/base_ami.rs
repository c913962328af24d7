//! Where a build of a base image lies. A region without a row has not got it yet.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "base_ami")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub base: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub region: String,
    pub ami_id: String,
    pub created_at: Option<DateTimeUtc>,
    pub deprecated_at: Option<DateTimeUtc>,
    pub first_seen_at: DateTimeUtc,
    pub withdrawn_at: Option<DateTimeUtc>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

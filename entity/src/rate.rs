//! What an instance type costs an hour in a region with a licence, where a file or AWS said so. Linux is in [`crate::price`].

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub region: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub instance_type: String,
    /// `rhel`, `suse` or `windows`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub os: String,
    /// Micro-dollars an hour, on demand, licence included.
    pub hour_micros: i64,
    /// Where the figure is from.
    pub source: String,
    /// The date it is of, such as `2026-07-20`.
    pub as_of: String,
    pub loaded_by: String,
    pub loaded_at: DateTimeUtc,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

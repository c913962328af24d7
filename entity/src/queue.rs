//! A queue as people handle it; one that no person has touched has no row.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "queue")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// No worker claims from it since.
    pub paused_at: Option<DateTimeUtc>,
    pub paused_by: Option<String>,
    pub paused_reason: Option<String>,
    /// Visits at once in each worker; as it was started where there is none.
    pub concurrency: Option<i32>,
    pub row_version: i64,
    pub event_seq: i64,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

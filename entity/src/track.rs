//! A track of base images: what is watched, and its newest build that any region has shown.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "track")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    /// An `ingot_domain::track::Track`.
    #[sea_orm(column_type = "JsonBinary")]
    pub definition: Json,
    pub builtin: bool,
    pub head_owner: Option<String>,
    pub head_name: Option<String>,
    pub head_build: Option<String>,
    pub head_at: Option<DateTimeUtc>,
    /// The number of its last update.
    pub updates: i64,
    pub paused_at: Option<DateTimeUtc>,
    pub paused_by: Option<String>,
    pub paused_reason: Option<String>,
    pub created_by: Option<String>,
    pub created_at: DateTimeUtc,
    /// A person took it out of what is watched.
    pub removed_at: Option<DateTimeUtc>,
    pub row_version: i64,
    pub event_seq: i64,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

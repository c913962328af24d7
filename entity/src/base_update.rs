//! A base image moved, or what it was is gone.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "base_update")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub track: String,
    pub seq: i64,
    /// `update`, `rolled_back` or `withdrawn`.
    pub kind: String,
    pub old_base: Option<String>,
    pub new_base: Option<String>,
    pub region: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub tags: Json,
    pub detected_at: DateTimeUtc,
    pub update_type: Option<String>,
    pub level: Option<String>,
    /// The number of its last assessment.
    pub assessed: i64,
    /// The assessment that stands.
    pub standing: Option<i64>,
    /// The last one by rules.
    pub judged: Option<i64>,
    /// By the calendar.
    pub judged_at: Option<DateTimeUtc>,
    /// The generation of each feed it rested on.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub judged_feeds: Option<Json>,
    pub row_version: i64,
    pub event_seq: i64,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

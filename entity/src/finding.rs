//! Something the invariant scanner or the monitor found that must not be, from its first sighting until it is gone.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "finding")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub invariant: String,
    pub scope: String,
    pub subject: String,
    pub deployment_id: Option<String>,
    pub what: String,
    pub sightings: i32,
    pub first_seen_at: DateTimeUtc,
    pub last_seen_at: DateTimeUtc,
    pub outcome: Option<String>,
    pub cleared_at: Option<DateTimeUtc>,
    pub settled: Option<String>,
    pub settled_by: Option<String>,
    pub settled_reason: Option<String>,
    pub settled_at: Option<DateTimeUtc>,
    pub refused: Option<String>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

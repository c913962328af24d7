//! A task: one unit of durable work.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub queue: String,
    pub kind: String,
    pub state: String,
    pub deployment_id: Option<String>,
    pub scope: Option<String>,
    pub unique_key: Option<String>,
    pub attempt: i32,
    pub max_attempts: i32,
    pub crashes: i32,
    pub visits: i32,
    pub epoch: i64,
    pub run_at: DateTimeUtc,
    pub rung_at: Option<DateTimeUtc>,
    pub waiting_for: Option<String>,
    pub wait: Option<String>,
    pub wait_since: Option<DateTimeUtc>,
    pub again: i32,
    pub worker: Option<String>,
    pub claimed_at: Option<DateTimeUtc>,
    pub lease_until: Option<DateTimeUtc>,
    pub last_error: Option<String>,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

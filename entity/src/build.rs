//! A build: a decision to make a template's image anew (DESIGN-2 section 3). Its instants are the calendar's, but for
//! `created_at`.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "build")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub template: String,
    pub version: String,
    pub mode: String,
    pub arch: String,
    pub region: String,
    pub status: String,
    /// Of the request that ranks first, by the last plan.
    pub trigger: Option<String>,
    pub urgency: Option<String>,
    pub priority: i32,
    pub requested_at: DateTimeUtc,
    /// A pause after a failure.
    pub not_before: Option<DateTimeUtc>,
    /// Its start by the last plan.
    pub scheduled_for: Option<DateTimeUtc>,
    pub latest_start: Option<DateTimeUtc>,
    pub deadline: Option<DateTimeUtc>,
    pub late: bool,
    /// Why it does not start now, by the last plan.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub why: Option<Json>,
    /// What pays.
    pub purse: Option<String>,
    /// Micro-dollars.
    pub estimated: Option<i64>,
    /// The regions that its image is copied to, in this order (a list of names); none before it started.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub regions: Option<Json>,
    /// Micro-dollars; none until it is over.
    pub actual: Option<i64>,
    pub policy_revision: Option<i32>,
    pub template_revision: Option<i32>,
    /// Starts so far.
    pub run: i32,
    /// The builder of its last run.
    pub deployment_id: Option<String>,
    pub image_id: Option<String>,
    pub started_at: Option<DateTimeUtc>,
    pub expected_end: Option<DateTimeUtc>,
    /// When its builder ends at the latest.
    pub bound_at: Option<DateTimeUtc>,
    pub ended_at: Option<DateTimeUtc>,
    pub failure_class: Option<String>,
    pub error: Option<String>,
    /// A person has asked for its end while it ran.
    pub cancelling: bool,
    /// The person who approved, rejected or cancelled it.
    pub decided_by: Option<String>,
    pub decided_reason: Option<String>,
    pub row_version: i64,
    pub event_seq: i64,
    pub created_at: DateTimeUtc,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Something that people do to all tasks a filter finds, in steps.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operation")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// An `ingot_domain::verb::Verb`.
    pub verb: String,
    /// Which tasks: a queue, a state, a deployment.
    #[sea_orm(column_type = "JsonBinary")]
    pub filter: Json,
    /// Due when, for `reschedule`.
    pub due_at: Option<DateTimeUtc>,
    /// `running`, `done`, `stopped` or `failed`.
    pub state: String,
    /// How many tasks the person expected.
    pub expected: i64,
    /// How many there were when it began.
    pub matching: i64,
    pub done: i64,
    pub refused: i64,
    /// Why the last one was refused.
    pub last_refusal: Option<String>,
    /// Tasks of smaller ids are still to come: the newest come first.
    pub cursor: String,
    pub reason: String,
    pub created_by: String,
    /// By whose token, by what way and in which request: its lines name them.
    pub token: Option<String>,
    pub way: Option<String>,
    pub request_id: Option<String>,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    pub row_version: i64,
    pub event_seq: i64,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A receiver of notifications: how it is reached, what it wishes to hear, and how it stands.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receiver")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    /// An `ingot_domain::notice::Channel`.
    pub channel: String,
    /// What people see of its address; the whole of a URL is sealed.
    pub address: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub settings: Json,
    /// What is secret, sealed for this row.
    pub sealed: Option<String>,
    /// An `ingot_domain::notice::Wishes`.
    #[sea_orm(column_type = "JsonBinary")]
    pub wishes: Json,
    pub created_by: String,
    pub created_at: DateTimeUtc,
    pub paused_until: Option<DateTimeUtc>,
    pub failing_since: Option<DateTimeUtc>,
    pub failures: i32,
    pub last_error: Option<String>,
    pub last_ok_at: Option<DateTimeUtc>,
    pub disabled_at: Option<DateTimeUtc>,
    pub disabled_reason: Option<String>,
    /// The digest that was begun last, and the task that sends it.
    pub digest_at: Option<DateTimeUtc>,
    pub digest_by: Option<String>,
    pub row_version: i64,
    pub event_seq: i64,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

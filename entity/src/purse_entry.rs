//! What happened to a purse: each run of a build has at most one entry of a kind in each, so that it ends once.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "purse_entry")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    /// A build's id, or `alw_` and more of what a person allowed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub build: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub run: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub purse: String,
    /// `reserved`; `settled` and `released`, which a run's end writes together; `allowance`: what a person allowed, or by how
    /// much a run passed the limit, at its start and its end together.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    pub micros: i64,
    /// The code of the grant that the template names.
    pub grant_code: Option<String>,
    /// By the calendar.
    pub at: DateTimeUtc,
    pub decided_by: Option<String>,
    pub decided_reason: Option<String>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

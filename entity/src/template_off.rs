//! A template that is switched off: its requests are recorded as skipped (AUTO-AMI 2).

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "template_off")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub off_at: DateTimeUtc,
    pub off_by: String,
    pub off_reason: String,
    /// After three failures of its own; a new revision switches it on again.
    pub by_itself: bool,
    /// The revision it was switched off at.
    pub revision: i32,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

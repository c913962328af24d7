//! A purse: what is committed of a budget in one local day or month. All money is whole micro-dollars.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "purse")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    /// Made of budget and period.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// `daily`, `monthly` or `urgent`.
    pub budget: String,
    /// The local date or month, such as `2026-11-28` or `2026-11`.
    pub period: String,
    /// By the calendar.
    pub starts: DateTimeUtc,
    /// By the calendar.
    pub ends: DateTimeUtc,
    /// What the policy lets it commit, as of the last check.
    pub policy_micros: i64,
    /// What people allowed beside that.
    pub allowed_micros: i64,
    /// The larger of both together and of what is committed.
    pub limit_micros: i64,
    pub reserved_micros: i64,
    pub spent_micros: i64,
    /// The last part of the budget, in percent, that its story told: 0, 75 or 90.
    pub told: i32,
    pub row_version: i64,
    pub event_seq: i64,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

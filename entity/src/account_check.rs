//! One question whether an AWS account lets Ingot work in a region, and its answer.

use sea_orm::entity::prelude::*;

/// A row. Without `done_at` no worker has answered yet, and a `report` is what a trial launch has found so far; with it, either `report` or
/// `error` is there.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "aws_check")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub region: String,
    pub asked_by: String,
    pub asked_at: DateTimeUtc,
    pub account: Option<String>,
    /// An `ingot_domain::check::AccountCheck`.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub report: Option<Json>,
    pub error: Option<String>,
    pub done_at: Option<DateTimeUtc>,
    /// The `ingot_domain::check::trial::TrialOrder` of a trial launch, when one was asked for.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub trial: Option<Json>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

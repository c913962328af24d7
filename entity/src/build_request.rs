//! What asks for a build (AUTO-AMI 1, "request"). Several may wait for one build.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "build_request")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub build_id: String,
    /// What it is made of: a cause asks once.
    pub request_key: String,
    pub trigger: String,
    /// Of a matter of security; null is unknown.
    pub level: Option<String>,
    pub urgent: bool,
    /// The campaign's date.
    pub campaign: Option<String>,
    /// The update or image it is about.
    pub about: Option<String>,
    pub said: String,
    /// The person who asked; none: Ingot itself.
    pub requested_by: Option<String>,
    /// Micro-dollars.
    pub max_cost: Option<i64>,
    pub approved: bool,
    pub requested_at: DateTimeUtc,
    /// Since when the level's window counts.
    pub since: Option<DateTimeUtc>,
    /// A deadline from before the level was raised.
    pub before: Option<DateTimeUtc>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! An assessment: one judgement of a base image's update. It is never changed; the next one is another row.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub update_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// By the calendar.
    pub at: DateTimeUtc,
    /// By which rules; `person` when a person said it.
    pub ruleset: String,
    pub update_type: String,
    pub level: String,
    pub confidence: String,
    pub upper_bound: String,
    /// Whether the update's level became this one with it.
    pub stands: bool,
    /// The generation of each feed it rests on.
    #[sea_orm(column_type = "JsonBinary")]
    pub feeds: Json,
    /// Of the judgement what lists show: headline, reasons, tags, changelog_url; null when a person said it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub summary: Option<Json>,
    /// The whole judgement, as `ingot advisories assess --json` prints one; null when a person said it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub body: Option<Json>,
    pub decided_by: Option<String>,
    pub decided_reason: Option<String>,
}

/// The ruleset of what a person says.
pub const PERSON: &str = "person";

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

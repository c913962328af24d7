//! A notification: a line of a story that people are told of. Never changed.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub at: DateTimeUtc,
    /// An `ingot_domain::notice::Topic`.
    pub topic: String,
    pub severity: String,
    pub audience: String,
    /// The subject whose story the line is from.
    pub subject: String,
    pub message: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub facts: Json,
    /// After this it is of no use.
    pub until: Option<DateTimeUtc>,
    pub dedupe_key: String,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

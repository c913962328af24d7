//! How a track stands in a region, as the last look found it.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "track_region")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub track: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub region: String,
    /// A person asked for it here.
    pub wanted: bool,
    pub checked_at: Option<DateTimeUtc>,
    /// `new`, `none`, `current`, `pending`, `rolled_back` or `withdrawn`.
    pub state: String,
    pub build: Option<String>,
    pub ami_id: Option<String>,
    pub pointed_owner: Option<String>,
    pub pointed_name: Option<String>,
    pub error: Option<String>,
    /// Sentences for people.
    #[sea_orm(column_type = "JsonBinary")]
    pub alarms: Json,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

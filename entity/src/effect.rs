//! An effect: the committed intention to create something in the cloud.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "effect")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub deployment_id: String,
    pub run: i32,
    pub kind: String,
    pub generation: i32,
    pub region: String,
    pub params: Json,
    pub state: String,
    pub cloud_id: Option<String>,
    pub error: Option<String>,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

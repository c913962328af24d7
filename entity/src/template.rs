//! A template's revision; revisions never change.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "template")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i32,
    pub spec: Json,
    pub yaml: String,
    pub builtin: bool,
    pub created_at: DateTimeUtc,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

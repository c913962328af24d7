//! A policy's revision; revisions never change. Which one is in force is the setting `policy`.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "policy")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    /// `installation`: there is one policy.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i32,
    /// The normal form, every default filled in.
    #[sea_orm(column_type = "JsonBinary")]
    pub spec: Json,
    pub yaml: String,
    pub created_by: String,
    pub created_reason: Option<String>,
    pub created_at: DateTimeUtc,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

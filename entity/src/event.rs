//! An event: one line of a subject's story.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// The subject: a deployment, an image or another row with a story. The column has the name of the first of them.
    pub deployment_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub at: DateTimeUtc,
    pub kind: String,
    pub source: String,
    pub level: String,
    pub message: String,
    /// Who caused it: a token's id, or a part of Ingot. None: a process of before actors were written down wrote it.
    pub actor: Option<String>,
    /// The token's name, and by what way it came.
    pub actor_name: Option<String>,
    pub actor_way: Option<String>,
    pub request_id: Option<String>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

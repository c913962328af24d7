//! One notification to one receiver. Only the task of a delivery writes it.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub notification_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub receiver_id: String,
    pub state: String,
    pub attempts: i32,
    pub created_at: DateTimeUtc,
    pub first_at: Option<DateTimeUtc>,
    pub last_at: Option<DateTimeUtc>,
    pub delivered_at: Option<DateTimeUtc>,
    /// The digest that carries it.
    pub digest_at: Option<DateTimeUtc>,
    pub last_error: Option<String>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

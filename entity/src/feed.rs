//! How a feed of advisories or of signs of exploitation stands.

use sea_orm::entity::prelude::*;

/// A row. Its records are those of `generation`; `loading` is a generation in the making.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "feed")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub source: String,
    /// What the source said last that it is, or a digest of what was loaded.
    pub etag: Option<String>,
    /// Where a fetch in several visits goes on.
    pub cursor: Option<String>,
    pub generation: i64,
    pub last_generation: i64,
    pub records: i64,
    pub newest: Option<DateTimeUtc>,
    pub fetched_at: Option<DateTimeUtc>,
    pub state: String,
    pub error: Option<String>,
    /// Parts that could not be read, as a list of texts.
    #[sea_orm(column_type = "JsonBinary")]
    pub damaged: Json,
    pub loading: Option<i64>,
    pub loading_pages: i64,
    pub loading_newest: Option<DateTimeUtc>,
    pub loading_since: Option<DateTimeUtc>,
    pub next_sync_at: Option<DateTimeUtc>,
    pub row_version: i64,
    pub event_seq: i64,
    /// Whether it is fetched over the network at all.
    pub enabled: bool,
    /// Mirrors, as a list of addresses; none for its publisher's own.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub urls: Option<Json>,
    /// When a sync ended last, however.
    pub checked_at: Option<DateTimeUtc>,
    /// When a person asked for a sync last.
    pub asked_at: Option<DateTimeUtc>,
    /// Why the last sync failed; none if it did not.
    pub sync_error: Option<String>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! An image: an AMI with its key.

use ingot_domain::place::Place;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "image")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The digest of versions before the key was by content, over the base's id; kept for one release.
    pub key_digest: String,
    /// What is inside, the same in every account and region; null in a row of the version before.
    pub content_digest: Option<String>,
    pub template: String,
    pub version: String,
    pub mode: String,
    pub arch: String,
    pub account: String,
    pub region: String,
    /// The base's id.
    pub base_image: String,
    pub base_owner: Option<String>,
    pub base_name: Option<String>,
    /// What the template asked for when it got this base.
    pub base_line: Option<String>,
    pub base_created_at: Option<DateTimeUtc>,
    pub base_asked_at: Option<DateTimeUtc>,
    pub fingerprint: String,
    pub generation: i32,
    pub name: String,
    pub status: String,
    pub origin: String,
    pub ami_id: Option<String>,
    pub size_gb: Option<i32>,
    pub snapshots: Json,
    pub tags: Json,
    pub source_deployment_id: Option<String>,
    pub source_instance_id: Option<String>,
    pub error: Option<String>,
    pub created_at: DateTimeUtc,
    pub requested_at: Option<DateTimeUtc>,
    pub available_at: Option<DateTimeUtc>,
    pub slow_at: Option<DateTimeUtc>,
    pub class: Option<String>,
    pub class_why: Option<String>,
    pub decided_by: Option<String>,
    pub decided_reason: Option<String>,
    pub decided_at: Option<DateTimeUtc>,
    pub dropped_at: Option<DateTimeUtc>,
    /// Since when EC2 has shown it as disabled: it is there, and nothing is launched from it.
    pub disabled_at: Option<DateTimeUtc>,
    /// When EC2 calls it deprecated; it may be in the future.
    pub deprecated_at: Option<DateTimeUtc>,
    /// Counted by every write; a write over another version than was read is refused.
    pub row_version: i64,
    /// What became of the scrub before it (`domain::guest::scrub`); null for images of before, and found ones.
    pub scrub: Option<String>,
    pub scrub_reason: Option<String>,
    /// The number of the last line of its story; 0 for images of before, which have none.
    pub event_seq: i64,
    /// The image (`img_…`) that it is a copy of.
    pub source_image_id: Option<String>,
    /// How that copy was wanted (`domain::decide::copy::Wish`).
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub copy_wish: Option<Json>,
}

/// The origin of an image that a deployment of this ledger made.
pub const AUTO: &str = "auto";
/// The origin of an image that was found in the account.
pub const FOUND: &str = "found";
/// The origin of an image that a person adopted.
pub const ADOPTED: &str = "adopted";

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Where it is.
    pub fn place(&self) -> Place<'_> {
        Place::of(Some(&self.account), &self.region)
    }
}

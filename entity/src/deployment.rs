//! A deployment (the Kamiwaza document's *job*).

use ingot_domain::place::Place;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deployment")]
#[expect(
    missing_docs,
    reason = "columns are named and explained in DESIGN and in the API schema"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub job_name: String,
    pub template: String,
    pub version: String,
    pub mode: String,
    pub region: String,
    pub order: Json,
    /// Its own recipe; null when that is a revision of its template.
    pub recipe: Json,
    /// The revision of its template it was requested with.
    pub template_revision: Option<i32>,
    pub fingerprint: String,
    pub status: String,
    pub error_message: Option<String>,
    pub run: i32,
    pub account: Option<String>,
    pub base_image_id: Option<String>,
    pub base_image_description: Option<String>,
    pub launch_path: Option<String>,
    pub source_ami_id: Option<String>,
    pub instance_id: Option<String>,
    pub security_group_id: Option<String>,
    pub public_ip: Option<String>,
    pub private_ip: Option<String>,
    pub checks: i32,
    pub successes: i32,
    pub probe_class: Option<String>,
    pub probe_detail: Option<String>,
    pub time_to_ready_ms: Option<i64>,
    pub install_command_id: Option<String>,
    /// What its instance was asked and what came of it, as JSON (`store/inquiry.rs`).
    pub inquiry: Option<String>,
    pub installed_at: Option<DateTimeUtc>,
    pub reverified_at: Option<DateTimeUtc>,
    pub ami_status: Option<String>,
    pub created_ami_id: Option<String>,
    pub ami_created_at: Option<DateTimeUtc>,
    pub ami_error: Option<String>,
    pub ami_skip_reason: Option<String>,
    pub image_id: Option<String>,
    pub event_seq: i64,
    pub row_version: i64,
    pub created_at: DateTimeUtc,
    pub started_at: Option<DateTimeUtc>,
    pub launched_at: Option<DateTimeUtc>,
    pub ready_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
    /// When its instance is terminated by itself.
    pub ends_at: Option<DateTimeUtc>,
    /// The end that the story has told of an hour before.
    pub end_told: Option<DateTimeUtc>,
    /// The build whose builder it is.
    pub build_id: Option<String>,
}

/// No relations are declared: joins are few and written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Where it runs, or will run.
    pub fn place(&self) -> Place<'_> {
        Place::of(self.account.as_deref(), &self.region)
    }
}

//! Copies of images in other regions.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// To which regions an image is copied, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCopies {
    /// The regions, each once; not the image's own.
    pub to: Vec<String>,
    /// Encrypted, also where the image is not; what is encrypted stays so.
    #[serde(default)]
    pub encrypted: bool,
    /// Under this key, which must be there in each of the regions: an alias, or a key of many regions. It asks for encryption;
    /// without one the account's default key is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// One copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageCopy {
    /// Where.
    pub region: String,
    /// What a request for it led to: `begun`, `there` (the region has the image, or makes it) or `busy` (it makes another image
    /// of the same key: ask again when that is done); null where none was asked for now.
    #[serde(default)]
    pub outcome: Option<String>,
    /// `claimed`, `pending`, `available`, `failed`, `deleted` or `missing`.
    pub status: String,
    /// Its image, `img_…`.
    pub image_id: String,
    /// Its AMI, once EC2 told.
    pub ami_id: Option<String>,
    /// Whether it is a copy; else an image of the same key that was made there.
    pub copy: bool,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it was available.
    pub available_at: Option<DateTime<Utc>>,
}

impl ImageCopy {
    /// Whether it is still being made.
    pub fn is_making(&self) -> bool {
        matches!(self.status.as_str(), "claimed" | "pending")
    }
}

/// An image with its copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageCopies {
    /// The image, `img_…`.
    pub image_id: String,
    /// Its AMI.
    pub ami_id: Option<String>,
    /// Where it is.
    pub region: String,
    /// The image that it is a copy of itself, `img_…`.
    pub copy_of: Option<String>,
    /// Its copies, the newest first; those of the regions asked for, in the order asked, where a request is answered.
    pub copies: Vec<ImageCopy>,
}

//! Lists come in pages with an opaque cursor; there is no offset and no total, so that a page costs the same at any depth.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Items of a page when the request does not say.
pub const DEFAULT_LIMIT: u64 = 50;
/// Most items of a page (OPERATIONS section 2).
pub const LONGEST_PAGE: u64 = 200;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Give it back as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

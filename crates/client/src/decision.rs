//! What a person decides about one image or one finding, with the reason that is kept beside it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why an image is adopted or dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageDecision {
    /// 1 to 500 characters; kept with the image and shown.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// What becomes of the object a finding tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingDecision {
    /// `keep`: it stays and is told no more. `remove`: the monitor's next look removes it, if it is ours.
    pub verdict: String,
    /// 1 to 500 characters; kept with the finding and shown.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

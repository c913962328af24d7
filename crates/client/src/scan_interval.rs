//! How long looks at base images lie apart, as the API shows and takes it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The setting for all base images. Looks at a region are shared by its tracks, so that no track has one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanIntervalSetting {
    /// Seconds between two looks at a region, give or take a twentieth; 3600 while the setting is not set.
    #[schema(minimum = 60, maximum = 604800)]
    pub scan_interval_seconds: u64,
}

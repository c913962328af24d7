//! How long what is over is kept, as the API shows and takes it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The retention setting. A deployment with its events, effects and image is kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionSetting {
    /// Days that finished tasks with their attempts are kept; 30 while the setting is not set.
    #[schema(minimum = 1, maximum = 3650)]
    pub finished_tasks_days: u32,
    /// Days that cleared findings are kept; 90 while the setting is not set.
    #[schema(minimum = 1, maximum = 3650)]
    pub cleared_findings_days: u32,
}

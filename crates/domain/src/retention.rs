//! How long what is over is kept. A deployment with its events, effects and image is its own story and is kept for ever.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::field::FieldError;

/// The setting's name in the ledger.
pub const SETTING: &str = "retention";
/// Rows deleted in one transaction: a few tens of milliseconds.
pub const BATCH: u64 = 1_000;
/// Between two batches, so that the work of the day comes first.
pub const PAUSE: Duration = Duration::from_millis(200);

const DAY: u64 = 24 * 60 * 60;
const LONGEST: u32 = 3_650;

/// How long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Days that finished tasks with their attempts are kept (issue: 30 by default).
    pub finished_tasks_days: u32,
    /// Days that cleared findings are kept.
    pub cleared_findings_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            finished_tasks_days: 30,
            cleared_findings_days: 90,
        }
    }
}

impl Retention {
    /// Names every field that cannot be accepted.
    pub fn check(self) -> Result<Self, Vec<FieldError>> {
        let fields = [
            ("finished_tasks_days", self.finished_tasks_days),
            ("cleared_findings_days", self.cleared_findings_days),
        ];
        let wrong: Vec<FieldError> = fields
            .into_iter()
            .filter(|(_, days)| !(1..=LONGEST).contains(days))
            .map(|(field, days)| FieldError::new(field, days, format!("give 1 to {LONGEST} days")))
            .collect();
        if wrong.is_empty() {
            Ok(self)
        } else {
            Err(wrong)
        }
    }

    /// How long finished tasks are kept.
    pub fn finished_tasks(self) -> Duration {
        Duration::from_secs(u64::from(self.finished_tasks_days) * DAY)
    }

    /// How long cleared findings are kept.
    pub fn cleared_findings(self) -> Duration {
        Duration::from_secs(u64::from(self.cleared_findings_days) * DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_bounds_and_each_wrong_field_is_named() {
        assert_eq!(Retention::default().check(), Ok(Retention::default()));
        assert_eq!(
            Retention::default().finished_tasks(),
            Duration::from_secs(2_592_000)
        );
        let wrong = Retention {
            finished_tasks_days: 0,
            cleared_findings_days: 3_651,
        };
        let fields: Vec<String> = wrong
            .check()
            .expect_err("refused")
            .into_iter()
            .map(|error| error.field)
            .collect();
        assert_eq!(fields, ["finished_tasks_days", "cleared_findings_days"]);
    }
}

//! The calendar's row: origin, pace and the real instant they hold from are one setting, so that all processes agree on
//! every instant it shows (AUTO-AMI 9). A ledger without one lives by the database's clock.

use std::sync::{Arc, PoisonError, RwLock};

use ingot_domain::Instant;
use ingot_domain::calendar::Calendar;
use ingot_domain::pace::Pace;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{Ledger, LedgerError};
use crate::setting;

/// The setting that holds it.
const SETTING: &str = "calendar";

/// The calendar as this process last read it.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<RwLock<Arc<Calendar>>>);

impl Known {
    pub(super) fn get(&self) -> Arc<Calendar> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, calendar: Calendar) -> Arc<Calendar> {
        let calendar = Arc::new(calendar);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&calendar);
        calendar
    }
}

impl Ledger {
    /// The calendar in force, as this process read it at its start and reads it every minute. Rules that speak of windows,
    /// periods, deadlines, popularity, age, scan intervals or re-assessment take their instants from it; what they make due
    /// is a task's real due time, [`Calendar::due`].
    pub fn calendar(&self) -> Arc<Calendar> {
        self.calendar.get()
    }

    /// What the calendar shows now.
    pub fn calendar_now(&self) -> Instant {
        self.calendar().at(self.now())
    }

    /// Reads the calendar anew; the real one when the ledger has none of its own.
    pub async fn read_calendar(&self) -> Result<Arc<Calendar>, LedgerError> {
        let calendar = match self.setting(SETTING).await? {
            Some(text) => read(&text)?,
            None => Calendar::default(),
        };
        Ok(self.calendar.set(calendar))
    }

    /// Makes `wished` the ledger's calendar unless it has one; the process that comes first wins. Answers the one in force,
    /// and whether it is the wished one.
    pub async fn begin_calendar(
        &self,
        wished: &Calendar,
    ) -> Result<(Arc<Calendar>, bool), LedgerError> {
        let text = written(wished)?;
        let kept = self.setting_or(SETTING, &text).await?;
        Ok((self.calendar.set(read(&kept)?), kept == text))
    }

    /// Lets the ledger's calendar run at another pace from now on, from where it stands. Of several at once one is the
    /// first; the others go on from its change.
    pub async fn pace_calendar(&self, pace: Pace) -> Result<Arc<Calendar>, LedgerError> {
        loop {
            let kept = self.setting(SETTING).await?.unwrap_or_default();
            let calendar = read(&kept)?;
            if calendar.is_at(pace) {
                return Ok(self.calendar.set(calendar));
            }
            let changed = calendar.paced(pace, self.now());
            let done = setting::Entity::update_many()
                .col_expr(setting::Column::Value, Expr::value(written(&changed)?))
                .filter(setting::Column::Name.eq(SETTING))
                .filter(setting::Column::Value.eq(kept))
                .exec(&self.db)
                .await?;
            if done.rows_affected == 1 {
                return Ok(self.calendar.set(changed));
            }
        }
    }
}

fn read(text: &str) -> Result<Calendar, LedgerError> {
    let what = "calendar";
    serde_json::from_str(text).map_err(|source| LedgerError::Json { what, source })
}

fn written(calendar: &Calendar) -> Result<String, LedgerError> {
    let what = "calendar";
    serde_json::to_string(calendar).map_err(|source| LedgerError::Json { what, source })
}

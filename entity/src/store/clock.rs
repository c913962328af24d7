//! The database's clock: leases are written and compared in its time, so that a worker with a wrong clock can neither
//! lose nor steal a task (FAULTS X4).

use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use ingot_domain::Instant;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{Ledger, LedgerError};

/// Our own clock, to microseconds as Postgres keeps them. The only place of this room that reads it.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of time; everything else gets it as an argument"
)]
pub(super) fn local() -> Instant {
    Utc::now()
        .duration_trunc(TimeDelta::microseconds(1))
        .unwrap_or_else(|_| Utc::now())
}

/// SQL for the database's time plus `offset`, comparable with stored instants on either backend.
pub(super) fn now_plus(backend: DbBackend, offset: TimeDelta) -> String {
    let seconds = offset.num_milliseconds() as f64 / 1000.0;
    match backend {
        DbBackend::Sqlite => {
            format!("(strftime('%Y-%m-%dT%H:%M:%f', 'now', '{seconds:+.3} seconds') || '+00:00')")
        }
        // The statement's time, not the clock's: an index can be searched for it, and a commit's start does not matter.
        _ => format!("(statement_timestamp() + interval '{seconds:.3} seconds')"),
    }
}

impl Ledger {
    /// Asks the database for its time, remembers the difference to ours and answers it.
    pub async fn measure_skew(&self) -> Result<TimeDelta, LedgerError> {
        let backend = self.db.get_database_backend();
        let sql = match backend {
            DbBackend::Sqlite => "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS t",
            _ => "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS t",
        };
        let before = local();
        let row = self
            .db
            .query_one_raw(Statement::from_string(backend, sql))
            .await?;
        let after = local();
        let micros: i64 = match row {
            Some(row) => row.try_get("", "t")?,
            None => before.timestamp_micros(),
        };
        let middle = before + (after - before) / 2;
        let theirs = DateTime::from_timestamp_micros(micros).unwrap_or(middle);
        let skew = theirs - middle;
        self.skew
            .store(skew.num_microseconds().unwrap_or(0), Ordering::Relaxed);
        Ok(skew)
    }
}

/// A `Duration` as a `TimeDelta`; the spans here are seconds to hours.
pub(super) fn delta(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
}

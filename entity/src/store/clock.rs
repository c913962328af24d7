//! The database's clock: leases are written and compared in its time, so that a worker with a wrong clock can neither
//! lose nor steal a task (FAULTS X4). Between two questions its time is carried on by the machine's monotonic clock, so
//! that a jump of the wall clock moves nothing (FAULTS F19).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::time::Instant as Moment;

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

/// The database's time as it was at a moment of our monotonic clock.
#[derive(Debug, Clone)]
pub(super) struct Anchor(Arc<Mutex<(Moment, Instant)>>);

impl Anchor {
    /// Until the database was asked, our own clock is as good as any.
    pub(super) fn unmeasured() -> Self {
        Self(Arc::new(Mutex::new((Moment::now(), local()))))
    }

    fn set(&self, theirs: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Moment::now(), theirs);
    }

    /// The database's time now, to microseconds as Postgres keeps them.
    pub(super) fn now(&self) -> Instant {
        let (then, theirs) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = i64::try_from(then.elapsed().as_micros()).unwrap_or(i64::MAX);
        theirs + TimeDelta::microseconds(passed)
    }
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
    /// Asks the database for its time, goes by it from now on, and answers how far it is from our wall clock.
    pub async fn measure_skew(&self) -> Result<TimeDelta, LedgerError> {
        let backend = self.db.get_database_backend();
        let sql = match backend {
            DbBackend::Sqlite => "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS t",
            _ => "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS t",
        };
        let asked = Moment::now();
        let row = self
            .db
            .query_one_raw(Statement::from_string(backend, sql))
            .await?;
        let on_the_way = delta(asked.elapsed() / 2);
        let ours = local();
        let micros: i64 = match row {
            Some(row) => row.try_get("", "t")?,
            None => ours.timestamp_micros(),
        };
        let theirs = DateTime::from_timestamp_micros(micros).unwrap_or(ours);
        let theirs = theirs
            .checked_add_signed(on_the_way)
            .and_then(|at| at.duration_trunc(TimeDelta::microseconds(1)).ok())
            .unwrap_or(theirs);
        self.anchor.set(theirs);
        Ok(theirs - ours)
    }
}

/// A `Duration` as a `TimeDelta`; the spans here are seconds to hours.
pub(super) fn delta(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_databases_time_goes_on_from_what_it_last_said() {
        let anchor = Anchor::unmeasured();
        let theirs = DateTime::from_timestamp(1_000_000, 0).unwrap();
        anchor.set(theirs);
        let (first, second) = (anchor.now(), anchor.now());
        assert!(first >= theirs && second >= first);
        assert!(second - theirs < TimeDelta::seconds(60), "{second}");
    }
}

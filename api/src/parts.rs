//! Since when which part of this process's world is as it is: its health, asked every few seconds, with a memory. What the
//! ledger itself cannot tell while it is away is known here.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ingot_client::Part;
use ingot_domain::Instant;
use ingot_entity::Ledger;
use ingot_telemetry::{Health, HealthCheck};
use tokio_util::sync::CancellationToken;

/// Between two looks; while the database is away, those who are refused wait for the next.
const EVERY: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_secs(1);
/// Looks in a row that the database did not answer before it counts as away: after a short restart the first one fails, too.
const TWICE: u32 = 2;

/// What the ledger is in.
const DATABASE: &str = "database";

#[derive(Debug, Clone)]
struct Seen {
    check: HealthCheck,
    since: Instant,
}

/// The memory; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Looks in a row that the database did not answer, and no request meanwhile.
    silent: Arc<AtomicU32>,
    /// Answers that needed the database so far.
    answers: Arc<AtomicU64>,
}

impl Parts {
    /// Takes a look's checks in: a part that is as it was keeps its time.
    pub(crate) fn record(&self, checks: Vec<HealthCheck>, now: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for check in checks {
            match seen.iter_mut().find(|one| one.check.name == check.name) {
                Some(one) => {
                    if one.check.ok != check.ok {
                        one.since = now;
                    }
                    one.check = check;
                }
                None => seen.push(Seen { check, since: now }),
            }
        }
    }

    /// The parts as they were last seen.
    pub(crate) fn list(&self) -> Vec<Part> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter()
            .map(|one| Part {
                name: one.check.name.to_owned(),
                state: if one.check.ok { "up" } else { "down" }.to_owned(),
                since: (!one.check.ok).then_some(one.since),
                detail: one.check.detail.clone(),
            })
            .collect()
    }

    /// Whether requests that need the database would wait in vain.
    pub(crate) fn away(&self) -> bool {
        self.silent.load(Ordering::Relaxed) >= TWICE
    }

    /// A request that needed the database was answered.
    pub(crate) fn answered(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// Judges by a look that began after `answers` answers. A database that is only slow under its load answers others in
    /// the time a look takes: it is not away.
    fn judge(&self, answers: u64) {
        let others = self.answers.load(Ordering::Relaxed) != answers;
        let silent = self.silent.load(Ordering::Relaxed);
        let silent = match self.down_since(DATABASE) {
            Some(_) if !others => silent.saturating_add(1),
            _ => 0,
        };
        self.silent.store(silent, Ordering::Relaxed);
        if silent == TWICE {
            tracing::warn!("the database is away: what needs it is refused until it answers");
        }
    }

    /// Until the next look: a first silence is looked into at once.
    fn pause(&self) -> Duration {
        match self.silent.load(Ordering::Relaxed) {
            0 => EVERY,
            1 => Duration::ZERO,
            _ => AGAIN,
        }
    }

    /// Since when a part is down.
    pub(crate) fn down_since(&self, name: &str) -> Option<Instant> {
        let part = self.list().into_iter().find(|part| part.name == name);
        part.and_then(|part| part.since)
    }
}

/// Keeps the memory fresh until the process ends.
pub(crate) async fn watch(
    parts: Parts,
    health: Health,
    ledger: Ledger,
    shutdown: CancellationToken,
) {
    loop {
        let answers = parts.answers.load(Ordering::Relaxed);
        let checks = health.ask().await;
        parts.record(checks, ledger.now());
        parts.judge(answers);
        tokio::select! {
            () = tokio::time::sleep(parts.pause()) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;

    #[test]
    fn a_part_keeps_the_time_of_its_last_change() {
        let parts = Parts::default();
        let at = |second| {
            let start = Utc.with_ymd_and_hms(2026, 1, 21, 10, 3, 0).single();
            start.expect("a time") + TimeDelta::seconds(second)
        };
        let check = |ok| {
            vec![HealthCheck {
                name: "redis",
                ok,
                detail: "seen".to_owned(),
                needed: false,
            }]
        };
        parts.record(check(true), at(0));
        assert_eq!(parts.down_since("redis"), None);
        parts.record(check(false), at(5));
        parts.record(check(false), at(10));
        assert_eq!(parts.down_since("redis"), Some(at(5)));
        assert_eq!(parts.list()[0].state, "down");
        parts.record(check(true), at(15));
        assert_eq!(parts.down_since("redis"), None);
        assert_eq!(parts.down_since("database"), None);
    }

    #[test]
    fn a_database_that_answers_others_meanwhile_is_slow_and_not_away() {
        let parts = Parts::default();
        let look = |ok| {
            let check = HealthCheck {
                name: DATABASE,
                ok,
                detail: "seen".to_owned(),
                needed: true,
            };
            let start = Utc.with_ymd_and_hms(2026, 1, 21, 10, 3, 0).single();
            parts.record(vec![check], start.expect("a time"));
        };
        parts.answered();
        look(false);
        parts.judge(0);
        assert!(!parts.away(), "one was answered during the look");
        for (looks, away) in [(1, false), (2, true)] {
            parts.judge(1);
            assert_eq!(parts.away(), away, "none was, {looks} times");
        }
        look(true);
        parts.judge(1);
        assert!(!parts.away());
    }
}

//! Since when which part of this process's world is as it is: its health, asked every few seconds, with a memory. What the
//! ledger itself cannot tell while it is away is known here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ingot_client::Part;
use ingot_domain::Instant;
use ingot_entity::Ledger;
use ingot_telemetry::{Health, HealthCheck};
use tokio_util::sync::CancellationToken;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
struct Seen {
    check: HealthCheck,
    since: Instant,
}

/// The memory; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts(Arc<Mutex<Vec<Seen>>>);

impl Parts {
    /// Takes a look's checks in: a part that is as it was keeps its time.
    pub(crate) fn record(&self, checks: Vec<HealthCheck>, now: Instant) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter()
            .map(|one| Part {
                name: one.check.name.to_owned(),
                state: if one.check.ok { "up" } else { "down" }.to_owned(),
                since: (!one.check.ok).then_some(one.since),
                detail: one.check.detail.clone(),
            })
            .collect()
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
        let checks = health.ask().await;
        parts.record(checks, ledger.now());
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
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
}

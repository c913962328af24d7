//! Snapshots: made by captures and copies, with progress by the clock.

use std::time::Duration;

/// An EBS snapshot. Moments are simulated time.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) id: String,
    pub(crate) volume: String,
    pub(crate) size_gib: u64,
    pub(crate) description: String,
    /// `aws-backup-vault` for what AWS Backup made.
    pub(crate) owner_alias: Option<String>,
    pub(crate) encrypted: bool,
    pub(crate) started: Duration,
    pub(crate) visible_at: Duration,
    pub(crate) ready_at: Duration,
    /// Why it failed, shown as `StateMessage` (EC2.md 41).
    pub(crate) fails: Option<String>,
}

impl Snapshot {
    /// `pending`, `completed` or `error`.
    pub(crate) fn state(&self, now: Duration) -> &'static str {
        match (now < self.ready_at, &self.fails) {
            (true, _) => "pending",
            (false, Some(_)) => "error",
            (false, None) => "completed",
        }
    }

    /// Per cent done: linear, and 99 for what never ends.
    pub(crate) fn progress(&self, now: Duration) -> u32 {
        if now >= self.ready_at {
            return if self.fails.is_some() { 0 } else { 100 };
        }
        let whole = self.ready_at.saturating_sub(self.started).as_secs_f64();
        let done = now.saturating_sub(self.started).as_secs_f64();
        // Between 0 and 1, so the cast keeps the value.
        ((done / whole) * 100.0).clamp(0.0, 99.0) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_follows_the_clock() {
        let seconds = Duration::from_secs;
        let snapshot = Snapshot {
            id: "snap-1".into(),
            volume: "vol-1".into(),
            size_gib: 8,
            description: String::new(),
            owner_alias: None,
            encrypted: false,
            started: seconds(100),
            visible_at: seconds(100),
            ready_at: seconds(200),
            fails: None,
        };
        for (now, state, progress) in [
            (100, "pending", 0),
            (150, "pending", 50),
            (199, "pending", 99),
            (200, "completed", 100),
        ] {
            assert_eq!(snapshot.state(seconds(now)), state, "at {now}");
            assert_eq!(snapshot.progress(seconds(now)), progress, "at {now}");
        }
        let failed = Snapshot {
            fails: Some("no key".into()),
            ..snapshot
        };
        assert_eq!(failed.state(seconds(200)), "error");
    }
}

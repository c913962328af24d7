//! cloud-init inside an instance: whether the script of the user data is over, and how it ended.

use std::time::Duration;

use super::{Ended, Guest};
use crate::state::instances::Instance;

/// What `cloud-init status` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boot {
    Running,
    Done,
    Error,
}

impl Boot {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Error => "error",
        }
    }

    /// The exit code of `cloud-init status`; a boot that still runs is no failure.
    pub(super) fn code(self) -> i32 {
        match self {
            Self::Running | Self::Done => 0,
            Self::Error => 1,
        }
    }
}

impl Instance {
    /// When the script of the user data ends. An instance from a finished image shows its page
    /// before that: cloud-init runs user data after what the image starts by itself.
    pub(crate) fn script_ends(&self) -> Duration {
        match self.guest.ended {
            Ended::Usual => self.ready_at.saturating_add(self.guest.first_boot),
            Ended::Never => Duration::MAX,
            Ended::At(at) => at,
        }
    }

    pub(crate) fn boot(&self, now: Duration) -> Boot {
        match (now >= self.script_ends(), self.guest.fails) {
            (false, _) => Boot::Running,
            (true, true) => Boot::Error,
            (true, false) => Boot::Done,
        }
    }
}

impl Guest {
    /// Whether first boot has taken the page away: in its second half it restarts what serves it.
    pub(crate) fn restarts(&self, ready_at: Duration, now: Duration) -> bool {
        let (from, until) = self.restart(ready_at);
        now >= from && now < until
    }

    /// When the page goes away for first boot, and when it is back.
    pub(crate) fn restart(&self, ready_at: Duration) -> (Duration, Duration) {
        let from = ready_at.saturating_add(self.first_boot / 2);
        (from, ready_at.saturating_add(self.first_boot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::instances::Phase;
    use crate::state::serving::Serve;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn first_boot_goes_on_after_the_page_and_takes_it_away() {
        let mut instance = Instance::sample();
        instance.phase = Phase::Running;
        instance.ready_at = seconds(100);
        instance.guest.first_boot = seconds(60);
        let table = [
            (99, Serve::BadGateway, Boot::Running),
            (100, Serve::Ok, Boot::Running),
            (129, Serve::Ok, Boot::Running),
            (130, Serve::BadGateway, Boot::Running),
            (159, Serve::BadGateway, Boot::Running),
            (160, Serve::Ok, Boot::Done),
        ];
        for (now, serve, boot) in table {
            assert_eq!(instance.serving(seconds(now)), serve, "at {now}");
            assert_eq!(instance.boot(seconds(now)), boot, "at {now}");
        }
        assert_eq!(instance.next_change(seconds(100)), seconds(130));
        assert_eq!(instance.next_change(seconds(130)), seconds(160));
        instance.guest.fails = true;
        assert_eq!(instance.boot(seconds(160)), Boot::Error);
        instance.guest.ended = Ended::Never;
        assert_eq!(instance.boot(seconds(9999)), Boot::Running);
    }
}

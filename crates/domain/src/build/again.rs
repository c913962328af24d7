//! Whether a cause whose build came to nothing asks again (AUTO-AMI 2): one that was skipped does when its template is switched
//! on, one that failed does when its template was switched on since or has a newer revision. A person's no stays an answer.

use crate::Instant;
use crate::build::BuildStatus;

/// How a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Switch {
    /// Whether it is switched off, and if so, whether by itself.
    pub off: Option<bool>,
    /// When it was last switched on, by the calendar.
    pub on_at: Option<Instant>,
    /// Its newest revision.
    pub revision: i32,
}

impl Switch {
    /// Whether a request is built: while a template is off by itself, a matter of security still tries once a day. `tried`:
    /// today's try was made.
    pub fn builds(self, security: bool, tried: bool) -> bool {
        match self.off {
            None => true,
            Some(by_itself) => by_itself && security && !tried,
        }
    }
}

/// The build that a cause asked for before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Its status.
    pub status: BuildStatus,
    /// When it ended.
    pub ended: Option<Instant>,
    /// The revision it was built from, if it started.
    pub revision: Option<i32>,
}

/// Whether the cause of that build asks again.
pub fn asks_again(earlier: Earlier, switch: Switch, security: bool, tried: bool) -> bool {
    if !switch.builds(security, tried) {
        return false;
    }
    match earlier.status {
        BuildStatus::Skipped => true,
        BuildStatus::Failed => {
            let on_since = earlier.ended < switch.on_at;
            let newer = earlier.revision.is_some_and(|of| of < switch.revision);
            switch.off.is_some() || on_since || newer
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::BuildStatus as Is;
    use super::*;

    fn at(minute: u32) -> Instant {
        let text = format!("2026-11-28T10:{minute:02}:00Z");
        text.parse().expect("an instant")
    }

    #[test]
    fn what_came_to_nothing_asks_again_and_a_no_does_not() {
        let on = |on_at, revision| Switch {
            off: None,
            on_at,
            revision,
        };
        let off = |by_itself| Switch {
            off: Some(by_itself),
            on_at: None,
            revision: 3,
        };
        let asks = |status, switch, security, tried| {
            let earlier = Earlier {
                status,
                ended: Some(at(30)),
                revision: Some(3),
            };
            asks_again(earlier, switch, security, tried)
        };
        for (status, switch, security, tried, expected) in [
            (Is::Skipped, on(None, 3), false, true, true),
            (Is::Skipped, off(false), true, false, false),
            (Is::Skipped, off(true), true, false, true),
            (Is::Skipped, off(true), true, true, false),
            (Is::Skipped, off(true), false, false, false),
            (Is::Failed, on(None, 3), true, false, false),
            (Is::Failed, on(Some(at(29)), 3), true, false, false),
            (Is::Failed, on(Some(at(31)), 3), true, false, true),
            (Is::Failed, on(None, 4), true, false, true),
            (Is::Failed, off(true), true, false, true),
            (Is::Failed, off(true), true, true, false),
            (Is::Failed, off(false), true, false, false),
            (Is::Rejected, on(Some(at(31)), 4), true, false, false),
            (Is::Cancelled, on(Some(at(31)), 4), true, false, false),
            (Is::Completed, on(Some(at(31)), 4), true, false, false),
            (Is::Queued, on(Some(at(31)), 4), true, false, false),
        ] {
            let asked = asks(status, switch, security, tried);
            assert_eq!(asked, expected, "{status} {switch:?} {security} {tried}");
        }
    }
}

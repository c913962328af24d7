//! Which installations this worker has looked at lately: what they share the calls to SSM by. Another worker that looks at
//! the same ones counts them as well, so all workers together ask no more than one would.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};

/// The installations, by deployment, and when each was looked at last.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    at: HashMap<String, Moment>,
    cleared: Option<Moment>,
}

impl Watched {
    /// Counts one more look, and answers how many installations were looked at within `memory`.
    pub(crate) fn look(&self, deployment: &str, memory: Duration) -> usize {
        let now = Moment::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.at.get_mut(deployment) {
            Some(at) => *at = now,
            None => {
                seen.at.insert(deployment.to_owned(), now);
            }
        }
        let due = |cleared: Moment| now.duration_since(cleared) >= memory / 4;
        if seen.cleared.is_none_or(due) {
            seen.at.retain(|_, at| now.duration_since(*at) < memory);
            seen.cleared = Some(now);
        }
        seen.at.len()
    }

    /// The installation is over.
    pub(crate) fn over(&self, deployment: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.at.remove(deployment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_lately_is_counted_once() {
        let watched = Watched::default();
        let memory = Duration::from_secs(3600);
        assert_eq!(watched.look("a", memory), 1);
        assert_eq!(watched.look("b", memory), 2);
        assert_eq!(watched.look("a", memory), 2);
        watched.over("b");
        assert_eq!(watched.look("a", memory), 1);
        assert_eq!(watched.look("c", Duration::ZERO), 0, "too long ago");
    }
}

//! Whether a consumer answers each queue's door: health checks and `ingot_consumer_up` read it (FAULTS I10).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One queue's consumer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PulseState {
    /// It is running.
    pub up: bool,
    /// How often it had to be started again.
    pub restarts: u64,
}

/// The state of every consumer of this process.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<Mutex<BTreeMap<String, PulseState>>>);

impl Pulse {
    pub(crate) fn set_up(&self, queue: &str, up: bool) {
        self.change(queue, |state| state.up = up);
    }

    pub(crate) fn restarted(&self, queue: &str) {
        self.change(queue, |state| state.restarts += 1);
    }

    fn change(&self, queue: &str, change: impl FnOnce(&mut PulseState)) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(states.entry(queue.to_owned()).or_default());
    }

    /// Every queue's consumer.
    pub fn states(&self) -> BTreeMap<String, PulseState> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// All consumers are up, and there is one.
    pub fn all_up(&self) -> bool {
        let states = self.states();
        !states.is_empty() && states.values().all(|state| state.up)
    }
}

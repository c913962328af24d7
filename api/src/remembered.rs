//! Values that were read a moment ago: a burst of requests reads them once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};

/// How long a token or a template just read serves further requests: a burst of requests asks the ledger once, and a
/// revoked token ends within this.
const FRESH: Duration = Duration::from_secs(1);
/// Entries kept; more are forgotten wholesale.
const KEPT: usize = 1024;

/// Values read a moment ago, by key.
#[derive(Debug)]
pub(crate) struct Remembered<T>(Arc<Mutex<HashMap<String, (Moment, T)>>>);

impl<T> Clone for Remembered<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Remembered<T> {
    pub(crate) fn get(&self, key: &str) -> Option<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key)
            .filter(|(at, _)| at.elapsed() < FRESH)
            .map(|(_, value)| value.clone())
    }

    /// Whether there is a value, however old.
    pub(crate) fn knows(&self, key: &str) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.contains_key(key)
    }

    pub(crate) fn put(&self, key: String, value: T) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, (Moment::now(), value));
    }

    pub(crate) fn forget(&self, key: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }
}

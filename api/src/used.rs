//! That a token was used: noted aside from the request, once a minute and token, so that a read costs no write of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ingot_entity::Ledger;

/// Between two notes of one token.
const BETWEEN: Duration = Duration::from_secs(60);

/// When this process noted which token last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Used(Arc<Mutex<HashMap<String, Instant>>>);

impl Used {
    /// Notes the use of a token, unless that was done within the last minute.
    pub(crate) fn note(&self, ledger: &Ledger, id: &str) {
        if !self.is_due(id, Instant::now()) {
            return;
        }
        let (ledger, id) = (ledger.clone(), id.to_owned());
        tokio::spawn(async move {
            // Nothing depends on it: the next minute tries again.
            if let Err(error) = ledger.note_token_use(&id).await {
                tracing::debug!(%error, "the use of a token was not noted");
            }
        });
    }

    fn is_due(&self, id: &str, now: Instant) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = noted.get(id).copied();
        let due = last.is_none_or(|last| now.duration_since(last) >= BETWEEN);
        if due {
            noted.insert(id.to_owned(), now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_noted_once_a_minute() {
        let used = Used::default();
        let begin = Instant::now();
        let due = |id, seconds| used.is_due(id, begin + Duration::from_secs(seconds));
        assert!(due("a", 0) && !due("a", 59) && due("b", 59) && due("a", 60));
    }
}

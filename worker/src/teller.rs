//! What deliveries of notifications need: the keys to receivers' secrets, the way out, and a bound on how many visits one
//! receiver may hold, so that one that hangs leaves room for the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ingot_notify::Sender;
use ingot_outbound::Post;
use ingot_seal::Ring;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Deliveries to one receiver at once, of the 64 visits that a queue of a worker pays.
const AT_ONCE: usize = 24;

/// Everything for telling people.
#[derive(Debug)]
pub struct Teller {
    /// Keys.
    pub ring: Ring,
    /// The way out.
    pub sender: Sender,
    /// Where people reach the console.
    pub public_url: Option<String>,
    places: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Teller {
    /// A teller with these keys, through this door.
    pub fn new(ring: Ring, post: Post, public_url: Option<String>) -> Self {
        Self {
            ring,
            sender: Sender::new(post),
            public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
            places: Mutex::default(),
        }
    }

    /// A place among the deliveries to a receiver, if there is one.
    pub(crate) fn place(&self, receiver: &str) -> Option<OwnedSemaphorePermit> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() > 1_000 {
            places.retain(|_, place| place.available_permits() < AT_ONCE);
        }
        let place = places
            .entry(receiver.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE)));
        Arc::clone(place).try_acquire_owned().ok()
    }
}

impl Default for Teller {
    fn default() -> Self {
        Self::new(Ring::none(), Post::new(), None)
    }
}

//! Ringing for a ledger: what could not be rung is unmarked there, so that the relay takes it up at once.

use ingot_entity::Ledger;
use ingot_queue::{Doorbell, Ringer};
use tokio_util::sync::CancellationToken;

use crate::visits::chain;

/// Starts ringing for a ledger: the ringer and the future that rings.
pub fn ringer(
    ledger: &Ledger,
    bell: &Doorbell,
    stop: CancellationToken,
) -> (Ringer, impl Future<Output = ()> + Send + use<>) {
    let ledger = ledger.clone();
    let unring = move |ids: Vec<String>| {
        let ledger = ledger.clone();
        async move {
            if let Err(error) = ledger.unring(&ids).await {
                tracing::debug!(error = %chain(&error), "bells that could not be rung stay marked for a few seconds");
            }
        }
    };
    Ringer::start(bell.clone(), unring, stop)
}

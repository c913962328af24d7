//! Taking work: one taker per queue claims as many due tasks as its permits will get to, in one statement, and goes on until
//! nothing is due. A bell only wakes it; what it takes, and in which order, the ledger says. A backlog therefore costs
//! Redis nothing, and a lost or doubled bell costs at most one empty claim.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ingot_domain::task::Queue;
use ingot_entity::LedgerError;
use ingot_entity::store::{Claim, Claimed};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::Engine;
use crate::pay;
use crate::visits::chain;

mod ahead;
mod permits;

pub(crate) use permits::{Hold, Taker};

/// Takes work of a queue until `shutdown`; returns when the last visit is recorded.
pub(crate) async fn run(engine: Arc<Engine>, queue: Queue, shutdown: CancellationToken) {
    let visits = TaskTracker::new();
    let taker = engine.taker(queue);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            () = taker.heard.notified() => {}
        }
        // Its claims would find nothing; hearing that it is resumed wakes this taker.
        if taker.is_paused() {
            continue;
        }
        taker.taking.store(true, Ordering::Relaxed);
        take(&engine, queue, &visits, &shutdown).await;
        taker.taking.store(false, Ordering::Relaxed);
    }
    visits.close();
    visits.wait().await;
}

/// Takes until nothing is due.
async fn take(
    engine: &Arc<Engine>,
    queue: Queue,
    visits: &TaskTracker,
    shutdown: &CancellationToken,
) {
    let mut backlog = false;
    while let Some(more) = round(engine, queue, visits, shutdown, backlog).await {
        backlog = more;
    }
}

/// One claim, whose visits are begun; answers whether it found all it wanted, and nothing when nothing else is due.
async fn round(
    engine: &Arc<Engine>,
    queue: Queue,
    visits: &TaskTracker,
    shutdown: &CancellationToken,
    backlog: bool,
) -> Option<bool> {
    let taker = engine.taker(queue);
    // A taker that takes over from a dead worker takes only what it begins at once: if a task killed its worker, what was claimed
    // beside it pays for it with a crash on record.
    let lapsed = taker.lapsed.swap(false, Ordering::Relaxed);
    let mut holds = tokio::select! {
        biased;
        () = shutdown.cancelled() => return None,
        holds = taker.hold(backlog, !lapsed) => holds?,
    };
    let lapsed =
        lapsed || holds.iter().any(Hold::begins) && taker.lapsed.swap(false, Ordering::Relaxed);
    if lapsed {
        holds.retain(Hold::begins);
    }
    let wanted = holds.len();
    let claimed = match claim(engine, queue, wanted, lapsed).await {
        Ok(claimed) => claimed,
        Err(error) => {
            engine.metrics.db_errors.with_label_values(&["claim"]).inc();
            tracing::warn!(error = %chain(&error), %queue, "nothing could be claimed; the relay rings again");
            // A ledger that is away is not asked in a circle.
            tokio::time::sleep(Duration::from_millis(250)).await;
            return None;
        }
    };
    let took = claimed.len();
    if took < wanted {
        begin(engine, queue, claimed, holds, visits, shutdown);
        // A row that another replica marked while this claim looked is passed over, though it is due.
        return (lapsed || backlog).then_some(false);
    }
    let (engine, begun, stop) = (Arc::clone(engine), visits.clone(), shutdown.clone());
    // Beside the next claim.
    visits.spawn(async move { begin(&engine, queue, claimed, holds, &begun, &stop) });
    Some(true)
}

/// Begins the visits of a claim: free permits first, for the longest due.
fn begin(
    engine: &Arc<Engine>,
    queue: Queue,
    claimed: Taken,
    holds: Vec<Hold>,
    visits: &TaskTracker,
    stop: &CancellationToken,
) {
    let claims = match claimed {
        Taken::Due(rows) => rows.read(),
        Taken::Lapsed(claims) => Ok(claims),
    };
    let claims = claims.unwrap_or_else(|error| {
        engine.metrics.db_errors.with_label_values(&["claim"]).inc();
        tracing::error!(error = %chain(&error), %queue, "claimed tasks could not be read; their leases will run out");
        Vec::new()
    });
    for (claim, hold) in claims.into_iter().zip(holds) {
        let (engine, stop) = (Arc::clone(engine), stop.clone());
        visits.spawn(async move { pay::work(&engine, queue, claim, hold, &stop).await });
    }
}

/// What a claim took.
enum Taken {
    Due(Claimed),
    Lapsed(Vec<Claim>),
}

impl Taken {
    fn len(&self) -> usize {
        match self {
            Self::Due(rows) => rows.len(),
            Self::Lapsed(claims) => claims.len(),
        }
    }
}

async fn claim(
    engine: &Engine,
    queue: Queue,
    limit: usize,
    lapsed: bool,
) -> Result<Taken, LedgerError> {
    let (ledger, queue) = (&engine.ledger, queue.as_str());
    let worker = engine.settings.name.as_str();
    Ok(if lapsed {
        Taken::Lapsed(ledger.claim_lapsed(queue, worker, limit).await?)
    } else {
        Taken::Due(ledger.claim_rows(queue, worker, limit).await?)
    })
}

//! From a ticket to a recorded outcome: claim, visit under a time limit with panics caught, commit. A visit that wants to
//! come back at once is paid again right here, without a bell.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant as Moment;

use futures::FutureExt;
use ingot_domain::retry::backoff;
use ingot_domain::task::{TaskKind, VISIT};
use ingot_entity::LedgerError;
use ingot_entity::store::{Change, Claim, Committed, Then};
use ingot_queue::Ticket;
use tracing::Instrument;

use crate::case::{Visit, VisitError, then_for};
use crate::hands::Hands;
use crate::ticker::chain;
use crate::visits;

/// Visits paid in a row to one task before others get their turn.
const IN_A_ROW: u32 = 12;

/// Works a ticket off; its tasks run side by side.
pub(crate) async fn handle(hands: Arc<Hands>, ticket: Ticket) {
    let work = ticket.0.into_iter().map(|id| {
        let hands = Arc::clone(&hands);
        tokio::spawn(async move { work(&hands, &id).await })
    });
    for ended in futures::future::join_all(work).await {
        if let Err(error) = ended {
            tracing::error!(%error, "a task's work ended abnormally");
        }
    }
}

async fn work(hands: &Hands, id: &str) {
    for _ in 0..IN_A_ROW {
        let claim = match hands.ledger.claim(id, &hands.settings.name).await {
            Ok(Some(claim)) => claim,
            Ok(None) => return,
            Err(error) => {
                hands.metrics.db_errors.with_label_values(&["claim"]).inc();
                tracing::warn!(error = %chain(&error), task = id, "a task could not be claimed; the relay rings again");
                return;
            }
        };
        let _visiting = hands.visiting(id);
        let span = tracing::info_span!(
            "visit",
            task.id = %claim.task.id,
            task.kind = %claim.task.kind,
            deployment.id = claim.task.deployment_id.as_deref().unwrap_or("-"),
        );
        if !once(hands, &claim).instrument(span).await {
            return;
        }
    }
    // The last visit wanted another one at once: the relay gives it its turn.
}

/// Pays one visit; answers whether the task wants another at once.
async fn once(hands: &Hands, claim: &Claim) -> bool {
    let queue = claim.task.queue.as_str();
    let Some(kind) = TaskKind::parse(&claim.task.kind) else {
        tracing::error!(kind = %claim.task.kind, "a task of a kind this version does not know; a newer worker will take it");
        let _ = hands.ledger.release(claim).await;
        return false;
    };
    let metrics = &hands.metrics;
    metrics.jobs_claimed.with_label_values(&[queue]).inc();
    if let Some(claimed_at) = claim.task.claimed_at {
        let wait = (claimed_at - claim.task.run_at)
            .to_std()
            .unwrap_or_default();
        metrics
            .queue_wait
            .with_label_values(&[queue])
            .observe(wait.as_secs_f64());
    }
    if claim.after_crash {
        metrics
            .lease_expired
            .with_label_values(&[kind.as_str()])
            .inc();
    }
    let began = Moment::now();
    let visit = if claim.poisoned {
        metrics
            .jobs_poisoned
            .with_label_values(&[kind.as_str()])
            .inc();
        visits::give_up(
            hands,
            claim,
            kind,
            "its worker died too often while working on it",
        )
        .await
    } else {
        pay(hands, claim, kind).await
    };
    let visit = match visit {
        Ok(visit) => visit,
        Err(error) => troubled(hands, claim, kind, &error),
    };
    let visit = last_attempt(hands, claim, kind, visit).await;
    metrics
        .job_duration
        .with_label_values(&[queue, kind.as_str()])
        .observe(began.elapsed().as_secs_f64());
    commit(hands, claim, kind, visit).await
}

async fn pay(hands: &Hands, claim: &Claim, kind: TaskKind) -> Result<Visit, VisitError> {
    let visit = AssertUnwindSafe(visits::pay(hands, claim, kind)).catch_unwind();
    match tokio::time::timeout(VISIT, visit).await {
        Ok(Ok(visit)) => visit,
        Ok(Err(_)) => Ok(failed(hands, claim, "the visit panicked")),
        Err(_) => Ok(failed(hands, claim, "the visit took longer than 30 s")),
    }
}

fn failed(hands: &Hands, claim: &Claim, error: &str) -> Visit {
    let attempt = u32::try_from(claim.task.attempt).unwrap_or(1);
    let at = hands.after(backoff(attempt, hands.chance()));
    Visit::only(Then::Retry {
        at,
        error: error.to_owned(),
    })
}

/// What an undecided visit leads to: another look, another attempt, or the end.
fn troubled(hands: &Hands, claim: &Claim, kind: TaskKind, error: &VisitError) -> Visit {
    let text = chain(error);
    let retried = |class: &str| {
        hands
            .metrics
            .jobs_retried
            .with_label_values(&[kind.as_str(), class])
            .inc()
    };
    let visit = match error {
        VisitError::Cloud(cloud) => {
            retried(cloud.kind.as_str());
            Visit::only(then_for(hands, claim, cloud))
        }
        // A ledger that is away is nobody's failed attempt.
        VisitError::Ledger(LedgerError::Database(_) | LedgerError::Connect(_)) => {
            retried("ledger");
            let at = hands.ledger.now() + chrono::TimeDelta::seconds(2);
            Visit::only(Then::Snooze {
                at,
                why: "the ledger failed".to_owned(),
            })
        }
        VisitError::Ledger(_) => {
            retried("defect");
            failed(hands, claim, &text)
        }
        VisitError::Nonsense(why) => Visit::only(Then::Discard { error: why.clone() }),
    };
    tracing::warn!(error = %text, then = ?visit.then, "a visit did not decide");
    visit
}

/// A task that ends without success must tell its deployment: whatever led here, a last attempt that failed is given up
/// properly, or not yet.
async fn last_attempt(hands: &Hands, claim: &Claim, kind: TaskKind, visit: Visit) -> Visit {
    let last = claim.task.attempt >= claim.task.max_attempts;
    let error = match &visit.then {
        Then::Retry { error, .. } if last => error,
        Then::Discard { error } if visit.change.deployment.is_none() => error,
        _ => return visit,
    };
    match visits::give_up(hands, claim, kind, error).await {
        Ok(given_up) => given_up,
        Err(VisitError::Nonsense(error)) => Visit::only(Then::Discard { error }),
        Err(error) => {
            tracing::error!(error = %chain(&error), "a task could not be given up properly yet");
            let at = hands.ledger.now() + chrono::TimeDelta::seconds(30);
            Visit::only(Then::Snooze {
                at,
                why: "giving up".to_owned(),
            })
        }
    }
}

async fn commit(hands: &Hands, claim: &Claim, kind: TaskKind, visit: Visit) -> bool {
    let Visit {
        change,
        then,
        marks,
    } = visit;
    let outcome = match &then {
        Then::Snooze { .. } => "snoozed",
        Then::Retry { .. } => "failed",
        Then::Done => "completed",
        Then::Discard { .. } => "discarded",
    };
    marks.before_commit().await;
    let committed = record(hands, claim, &change, &then).await;
    let finished = |outcome: &str| {
        hands
            .metrics
            .jobs_finished
            .with_label_values(&[claim.task.queue.as_str(), kind.as_str(), outcome])
            .inc();
    };
    match committed {
        Ok(Committed::Yes) => {
            finished(outcome);
            marks.after_commit().await;
            let now = hands.ledger.now();
            for task in change.tasks.iter().filter(|task| task.run_at <= now) {
                hands
                    .ringer
                    .ring(task.kind.queue().as_str(), task.id.as_str());
            }
            marks.after_ring().await;
            matches!(then, Then::Snooze { at, .. } if at <= now)
        }
        Ok(Committed::Fenced) => {
            finished("fenced");
            hands
                .metrics
                .fenced_writes
                .with_label_values(&[kind.as_str()])
                .inc();
            tracing::warn!("fenced: another worker holds the task by now");
            false
        }
        Ok(Committed::Overtaken | Committed::Taken) => {
            finished("overtaken");
            if let Err(error) = hands.ledger.release(claim).await {
                tracing::warn!(error = %chain(&error), "an overtaken task could not be given back; its lease will run out");
                return false;
            }
            true
        }
        Err(error) => {
            finished("unrecorded");
            hands.metrics.db_errors.with_label_values(&["commit"]).inc();
            // The commit may or may not have happened: the lease runs out and whoever comes next reads which.
            tracing::warn!(error = %chain(&error), "a visit's outcome could not be recorded");
            false
        }
    }
}

/// Records an outcome, trying again when the ledger fails. A try whose answer was lost may have succeeded: the next one is
/// then fenced by it, and what it caused is rung for by the relay.
async fn record(
    hands: &Hands,
    claim: &Claim,
    change: &Change,
    then: &Then,
) -> Result<Committed, LedgerError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match hands.ledger.commit(claim, change, then).await {
            Err(LedgerError::Database(error)) if tries < 4 => {
                tracing::warn!(%error, tries, "an outcome could not be recorded yet");
                tokio::time::sleep(std::time::Duration::from_millis(250 * tries)).await;
            }
            end => return end,
        }
    }
}

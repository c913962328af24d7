//! From a claim to a recorded outcome: visit under a time limit with panics caught, then commit.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant as Moment;

use futures::FutureExt;
use ingot_domain::retry::backoff;
use ingot_domain::task::{Queue, TaskKind};
use ingot_domain::wait::Wait;
use ingot_entity::LedgerError;
use ingot_entity::store::{Change, Claim, Committed, Outcome, Then};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::engine::Engine;
use crate::taker::Hold;
use crate::visits::{Visit, VisitError, chain};

/// Works a claimed task off, or gives it back when its turn does not come.
pub(crate) async fn work(
    engine: &Engine,
    queue: Queue,
    claim: Claim,
    hold: Hold,
    stop: &CancellationToken,
) {
    let span = tracing::info_span!(
        "visit",
        task.id = %claim.task.id,
        task.kind = %claim.task.kind,
        deployment.id = claim.task.deployment_id.as_deref().unwrap_or("-"),
    );
    let _visiting = engine.visiting(&claim.task.id);
    let Hold { start, open } = hold;
    let taker = engine.taker(queue);
    async {
        let Some(permit) = taker.permit(start, stop).await else {
            give_back(engine, queue, &claim).await;
            return;
        };
        let Some(kind) = TaskKind::parse(&claim.task.kind) else {
            tracing::error!(kind = %claim.task.kind, "a task of a kind this version does not know; a newer worker will take it");
            let _ = engine.ledger.release(&claim).await;
            return;
        };
        let began = Moment::now();
        let visit = once(engine, &claim, kind).await;
        taker.felt(began.elapsed());
        drop(permit);
        if commit(engine, &claim, kind, visit).await {
            taker.wake();
        }
    }
    .instrument(span)
    .await;
    drop(open);
}

/// Gives a task that was claimed ahead back unvisited, with the place it had among those that are due, and rings for it: its
/// own worker is full or stops. Of a paused queue no worker would take it.
async fn give_back(engine: &Engine, queue: Queue, claim: &Claim) {
    let then = Then::Wait {
        until: claim.task.run_at,
        on: Wait::Turn,
    };
    let outcome = Outcome::of(claim, Box::<Change>::default(), then);
    match record(engine, &outcome).await {
        Ok(Committed::Yes) if !engine.taker(queue).is_paused() => {
            engine.ring(queue, &claim.task.id);
        }
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(error = %chain(&error), "a task could not be given back; its lease will run out");
        }
    }
}

/// Pays one visit.
async fn once(engine: &Engine, claim: &Claim, kind: TaskKind) -> Visit {
    let queue = claim.task.queue.as_str();
    let metrics = &engine.metrics;
    metrics.jobs_claimed.with_label_values(&[queue]).inc();
    let wait = (claim.task.claimed_at - claim.task.run_at)
        .to_std()
        .unwrap_or_default();
    metrics
        .queue_wait
        .with_label_values(&[queue])
        .observe(wait.as_secs_f64());
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
        let why = "its worker died too often while working on it";
        engine.visits.give_up(claim, kind, why).await
    } else {
        pay(engine, claim, kind).await
    };
    let visit = match visit {
        Ok(visit) => visit,
        Err(error) => troubled(engine, claim, kind, &error),
    };
    let visit = last_attempt(engine, claim, kind, visit).await;
    metrics
        .job_duration
        .with_label_values(&[queue, kind.as_str()])
        .observe(began.elapsed().as_secs_f64());
    visit
}

async fn pay(engine: &Engine, claim: &Claim, kind: TaskKind) -> Result<Visit, VisitError> {
    let longest = engine.settings.visit;
    let _watched = engine.watchdog.watch(&claim.task.id);
    let visit = AssertUnwindSafe(engine.visits.pay(claim, kind)).catch_unwind();
    match tokio::time::timeout(longest, visit).await {
        Ok(Ok(visit)) => visit,
        Ok(Err(_)) => Ok(failed(engine, claim, "the visit panicked")),
        Err(_) => {
            let why = format!("the visit took longer than {} s", longest.as_secs());
            Ok(failed(engine, claim, &why))
        }
    }
}

fn failed(engine: &Engine, claim: &Claim, error: &str) -> Visit {
    let attempt = u32::try_from(claim.task.attempt).unwrap_or(1);
    let at = engine.after(backoff(attempt, engine.chance()));
    Visit::only(Then::Retry {
        at,
        error: error.to_owned(),
    })
}

/// What an undecided visit leads to: another look, another attempt, or the end.
fn troubled(engine: &Engine, claim: &Claim, kind: TaskKind, error: &VisitError) -> Visit {
    let text = chain(error);
    let retried = |class: &str| {
        engine
            .metrics
            .jobs_retried
            .with_label_values(&[kind.as_str(), class])
            .inc()
    };
    let visit = match error {
        VisitError::Undecided(_) => {
            retried("undecided");
            let until = engine.ledger.now() + chrono::TimeDelta::seconds(2);
            Visit::only(Then::Wait {
                until,
                on: Wait::GivingUp,
            })
        }
        // A ledger that is away does not count as a failed attempt of the task.
        VisitError::Ledger(LedgerError::Database(_) | LedgerError::Connect(_)) => {
            retried("ledger");
            let until = engine.ledger.now() + chrono::TimeDelta::seconds(2);
            Visit::only(Then::Wait {
                until,
                on: Wait::Ledger,
            })
        }
        VisitError::Ledger(_) => {
            retried("defect");
            failed(engine, claim, &text)
        }
        VisitError::Nonsense(why) => Visit::only(Then::Discard { error: why.clone() }),
    };
    tracing::warn!(error = %text, then = ?visit.then, "a visit did not decide");
    visit
}

/// A task that ends without success must tell its deployment: whatever led here, a last attempt that failed is given up
/// properly, or not yet.
async fn last_attempt(engine: &Engine, claim: &Claim, kind: TaskKind, visit: Visit) -> Visit {
    let last = claim.task.attempt >= claim.task.max_attempts;
    let error = match &visit.then {
        Then::Retry { error, .. } if last => error,
        Then::Discard { error } if !visit.change.is_told() => error,
        _ => return visit,
    };
    match engine.visits.give_up(claim, kind, error).await {
        Ok(given_up) => given_up,
        Err(VisitError::Nonsense(error)) => Visit::only(Then::Discard { error }),
        Err(error) => {
            tracing::error!(error = %chain(&error), "a task could not be given up properly yet");
            let until = engine.ledger.now() + chrono::TimeDelta::seconds(30);
            Visit::only(Then::Wait {
                until,
                on: Wait::GivingUp,
            })
        }
    }
}

/// Records a visit's end; answers whether something may be due at once because of it.
async fn commit(engine: &Engine, claim: &Claim, kind: TaskKind, visit: Visit) -> bool {
    let word = match &visit.then {
        Then::Wait { .. } => "snoozed",
        Then::Retry { .. } => "failed",
        Then::Done => "completed",
        Then::Discard { .. } => "discarded",
    };
    let marks = visit.marks;
    let outcome = Outcome::with(claim, visit.change, visit.beside, visit.then);
    marks.before_commit().await;
    let committed = record(engine, &outcome).await;
    let finished = |outcome: &str| {
        engine
            .metrics
            .jobs_finished
            .with_label_values(&[claim.task.queue.as_str(), kind.as_str(), outcome])
            .inc();
    };
    match committed {
        Ok(Committed::Yes) => {
            finished(word);
            marks.after_commit().await;
            let now = engine.ledger.now();
            for task in outcome
                .change
                .tasks
                .iter()
                .filter(|task| task.run_at <= now)
            {
                engine.offer(task.kind.queue(), &[task.id.to_string()]);
            }
            marks.after_ring().await;
            matches!(outcome.then, Then::Wait { until, .. } if until <= now)
        }
        Ok(Committed::Fenced) => {
            finished("fenced");
            engine
                .metrics
                .fenced_writes
                .with_label_values(&[kind.as_str()])
                .inc();
            tracing::warn!("fenced: another worker holds the task by now");
            false
        }
        Ok(Committed::Overtaken | Committed::Taken | Committed::Short(_)) => {
            finished("overtaken");
            if let Err(error) = engine.ledger.release(claim).await {
                tracing::warn!(error = %chain(&error), "an overtaken task could not be given back; its lease will run out");
                return false;
            }
            true
        }
        Err(error) => {
            finished("unrecorded");
            engine
                .metrics
                .db_errors
                .with_label_values(&["commit"])
                .inc();
            // The commit may or may not have happened: the lease runs out, and the next worker reads which.
            tracing::warn!(error = %chain(&error), "a visit's outcome could not be recorded");
            false
        }
    }
}

/// Records an outcome, trying again when the ledger fails. A try whose answer was lost may have succeeded: the next one is
/// then fenced by it, and what it caused is rung for by the relay.
async fn record(engine: &Engine, outcome: &Arc<Outcome>) -> Result<Committed, LedgerError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match engine.ledger.commit(outcome).await {
            Err(LedgerError::Database(error)) if tries < 4 => {
                tracing::warn!(%error, tries, "an outcome could not be recorded yet");
                tokio::time::sleep(std::time::Duration::from_millis(250 * tries)).await;
            }
            end => return end,
        }
    }
}

//! Claims ahead of the hands: a worker whose visits were short claims more than it has hands for. When they turn out long, or
//! when it is told to stop, what it has not begun is given back, and no attempt is burnt.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ingot_domain::pace::Pace;
use ingot_domain::task::{TaskKind, TaskState, VISIT};
use ingot_engine::{Engine, Parts, Settings, Visit, VisitError, Visits};
use ingot_entity::store::{Claim, NewTask, Then};
use ingot_entity::{Ledger, task};
use ingot_queue::{Doorbell, LocalBell};
use ingot_telemetry::Metrics;
use ingot_tests::{Ledgers, until};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ledger::on_both;

on_both!(
    what_turns_out_long_lets_go_of_what_waits_behind_it,
    who_is_told_to_stop_gives_back_what_it_has_not_begun,
);

const LONG: Duration = Duration::from_secs(30);
/// Enough short visits that a worker believes in them.
const SHORT: usize = 40;
const BEHIND: usize = 20;

/// `short` is over at once, `long` when it may.
struct Gated {
    gate: Arc<Semaphore>,
}

#[async_trait]
impl Visits for Gated {
    async fn pay(&self, claim: &Claim, _: TaskKind) -> Result<Visit, VisitError> {
        if claim.task.scope.as_deref() == Some("long") {
            self.gate.acquire().await.expect("open").forget();
        }
        Ok(Visit::only(Then::Done))
    }

    async fn give_up(&self, _: &Claim, _: TaskKind, error: &str) -> Result<Visit, VisitError> {
        let error = error.to_owned();
        Ok(Visit::only(Then::Discard { error }))
    }
}

/// A worker with one hand.
struct Worker {
    ledger: Ledger,
    bell: Doorbell,
    gate: Arc<Semaphore>,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

impl Worker {
    fn start(ledger: &Ledger) -> Self {
        let (bell, gate) = (
            Doorbell::Local(LocalBell::new()),
            Arc::new(Semaphore::new(0)),
        );
        let stop = CancellationToken::new();
        let (ringer, rings) = ingot_engine::ringer(ledger, &bell, stop.clone());
        tokio::spawn(rings);
        let settings = Settings {
            name: format!("test-{}", Uuid::new_v4().simple()),
            pace: Pace::new(1.0).expect("a pace"),
            concurrency: 1,
            visit: VISIT,
        };
        let visits = Arc::new(Gated {
            gate: Arc::clone(&gate),
        });
        let metrics = Metrics::new().expect("metrics");
        let parts = Parts {
            engine: Arc::new(Engine::new(
                ledger.clone(),
                metrics,
                ringer,
                visits,
                settings,
            )),
            bell: bell.clone(),
            jobs: Vec::new(),
            metrics_listener: None,
            shutdown: stop.clone(),
        };
        let ended = tokio::spawn(async move {
            ingot_engine::run(parts, |_| ()).await.expect("an engine");
        });
        Self {
            ledger: ledger.clone(),
            bell,
            gate,
            stop,
            ended,
        }
    }

    /// Short tasks that are done, then a long one that is being visited with others claimed behind it.
    async fn busy(&self) -> Vec<String> {
        let short = self.enqueue(&["short"; SHORT]).await;
        let done = |task: &task::Model| is(task, TaskState::Completed);
        self.until(&short, "all short ones done", done).await;
        let mut scopes = ["short"; BEHIND + 1];
        scopes[0] = "long";
        let all = self.enqueue(&scopes).await;
        // How many are claimed ahead depends on what short visits took on this machine.
        until("some claimed behind the long one", LONG, async || {
            Ok(self.claimed(&all[1..]).await?.first().map(|_| ()))
        })
        .await
        .expect("a claim");
        all
    }

    /// Those of the tasks that were claimed.
    async fn claimed(&self, ids: &[String]) -> anyhow::Result<Vec<task::Model>> {
        let mut claimed = Vec::new();
        for id in ids {
            let (task, _) = self.ledger.task(id).await?.expect("a task");
            claimed.extend((task.visits > 0).then_some(task));
        }
        Ok(claimed)
    }

    /// Tasks of these scopes that have been due for a while, the first one longest.
    async fn enqueue(&self, scopes: &[&str]) -> Vec<String> {
        let since = self.ledger.now() - chrono::TimeDelta::seconds(1);
        let tasks = scopes.iter().zip(0..).map(|(scope, number)| {
            let run_at = since + chrono::TimeDelta::milliseconds(number);
            NewTask::about(
                TaskKind::Monitor,
                scope,
                format!("test:{}", Uuid::new_v4()),
                run_at,
            )
        });
        let tasks: Vec<NewTask> = tasks.collect();
        self.ledger.enqueue(&tasks).await.expect("rows");
        let ids: Vec<String> = tasks.iter().map(|task| task.id.to_string()).collect();
        let queue = TaskKind::Monitor.queue();
        let ring = self.bell.ring(queue.as_str(), ids[..1].to_vec());
        ring.await.expect("a ring");
        ids
    }

    async fn until(&self, ids: &[String], what: &str, all: impl Fn(&task::Model) -> bool) {
        until(what, LONG, async || {
            for id in ids {
                let (task, _) = self.ledger.task(id).await?.expect("a task");
                if !all(&task) {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .await
        .expect(what);
    }
}

fn is(task: &task::Model, state: TaskState) -> bool {
    task.state == state.as_str()
}

/// Given back as it was: no attempt burnt, and its place kept.
fn untouched(task: &task::Model) -> bool {
    is(task, TaskState::Scheduled)
        && (task.attempt, task.crashes) == (0, 0)
        && task.run_at < task.created_at
}

async fn what_turns_out_long_lets_go_of_what_waits_behind_it(ledgers: Ledgers) {
    let worker = Worker::start(ledgers.ledger());
    let all = worker.busy().await;
    until("those behind it given back", LONG, async || {
        let claimed = worker.claimed(&all[1..]).await?;
        Ok(claimed.iter().all(untouched).then_some(()))
    })
    .await
    .expect("given back");
    worker.gate.add_permits(1);
    let once = |task: &task::Model| is(task, TaskState::Completed) && task.attempt == 1;
    worker
        .until(&all, "all done at one attempt each", once)
        .await;
    worker.stop.cancel();
    worker.ended.await.expect("an end");
}

async fn who_is_told_to_stop_gives_back_what_it_has_not_begun(ledgers: Ledgers) {
    let worker = Worker::start(ledgers.ledger());
    let all = worker.busy().await;
    worker.stop.cancel();
    // The hand is free at once, and no task gets it any more.
    worker.gate.add_permits(1);
    let done = |task: &task::Model| is(task, TaskState::Completed);
    worker.until(&all[..1], "the long one done", done).await;
    let ledger = worker.ledger.clone();
    worker.ended.await.expect("an end");
    for id in &all[1..] {
        let (task, _) = ledger.task(id).await.expect("a look").expect("a task");
        assert!(task.visits == 0 || untouched(&task), "{task:#?}");
    }
}

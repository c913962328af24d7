//! apalis-redis alone: tasks live in Redis only, and a poll of its own each 5 ms stands in for the crate's, which looks
//! every 30 s or loses wake-ups (APALIS.md defects 3 and 4).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Result, anyhow};
use apalis::prelude::{
    BackendExt, BoxDynError, PollSnapshot, PollStrategy, TaskBuilder, TaskSink, WorkerBuilder,
    WorkerBuilderExt,
};
use apalis_redis::{Config, RedisStorage};
use futures::FutureExt;
use ingot_peers::arguments::{Command, command, variable};
use ingot_peers::kind::{self, Kind};
use ingot_peers::told::{self, Told};
use ingot_peers::{Payload, http, now};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::time::{Interval, MissedTickBehavior};

/// Between two looks into Redis.
const LOOK: Duration = Duration::from_millis(5);
/// Tasks pushed with one call.
const PUSH: usize = 500;

#[tokio::main]
async fn main() -> Result<()> {
    let connection = connect(&variable("REDIS_URL")?).await?;
    match command()? {
        Command::Prepare => {}
        Command::Worker {
            kind,
            concurrency,
            record,
        } => {
            let told = Told::begin(record.as_deref())?;
            work(connection, kind, concurrency, &told).await?;
            told.tell();
        }
        Command::Api { port, kind } => {
            let storage = storage(connection, kind);
            http::serve(port, move |payload| {
                let mut storage = storage.clone();
                async move {
                    let pushed = storage.push(payload).await;
                    pushed.map_err(|error| anyhow!("{error}"))
                }
            })
            .await?;
        }
        Command::Enqueue { kind, count, at } => enqueue(connection, kind, count, at).await?,
    }
    Ok(())
}

/// A Redis that answers slower than the client's own half second would kill the worker (FAULTS X1).
async fn connect(url: &str) -> Result<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(3)))
        .set_response_timeout(Some(Duration::from_secs(8)));
    let client = redis::Client::open(url)?;
    Ok(ConnectionManager::new_with_config(client, config).await?)
}

/// Default heartbeat and orphan threshold, default batch of 10; no `lock_tasks`, which walks the whole backlog for each
/// task and guards nothing that the fetch does not (defect 12), and no events, whose script is broken (defect 11).
fn config(kind: Kind) -> Config {
    Config::default()
        .queue(format!("peer-{}", kind.word()))
        .lock_tasks(false)
        .emit_events(false)
}

fn storage(connection: ConnectionManager, kind: Kind) -> RedisStorage<Payload> {
    RedisStorage::new(connection).with_config(config(kind))
}

struct Look(Interval);

impl PollStrategy for Look {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut due = false;
        while self.0.poll_tick(cx).is_ready() {
            due = true;
        }
        if due {
            cx.waker().wake_by_ref();
            Poll::Ready(Some(()))
        } else {
            Poll::Pending
        }
    }
}

async fn work(
    connection: ConnectionManager,
    kind: Kind,
    concurrency: usize,
    told: &Told,
) -> Result<()> {
    let pool = kind::pool(&variable("DATABASE_URL")?, concurrency)?;
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let backend = storage(connection, kind).poll_with_strategy(Look(tick));
    let handled = told.clone();
    // The name is what a worker's tasks in flight are found by, so it is never used twice (STYLE fact 4).
    let worker = WorkerBuilder::new(format!("peer-{}-{}", std::process::id(), now()))
        .backend(backend)
        .concurrency(concurrency)
        .build(move |payload: Payload| {
            let (told, pool) = (handled.clone(), pool.clone());
            // Spawned, so that handlers use both cores: apalis polls them all in one task.
            let task = tokio::spawn(async move {
                told.started(payload);
                let run = kind.run(&pool, payload).await;
                told.finished();
                run
            });
            async move { task.await?.map_err(BoxDynError::from) }
        });
    told::up();
    let stop = told::terminated().map(Ok::<(), std::io::Error>);
    let ended: Pin<Box<_>> = worker.run_until(stop).boxed();
    ended.await.map_err(|error| anyhow!("{error}"))
}

async fn enqueue(
    connection: ConnectionManager,
    kind: Kind,
    count: usize,
    at: Option<i64>,
) -> Result<()> {
    let mut storage = storage(connection.clone(), kind);
    let all: Vec<_> = (0..count).map(|i| Payload::nth(i, at)).collect();
    for some in all.chunks(PUSH) {
        // Whole seconds are all that apalis knows.
        let run_at = at.map(|at| u64::try_from(at / 1000)).transpose()?;
        let tasks = some.iter().map(|payload| {
            let task = TaskBuilder::new(*payload);
            match run_at {
                Some(run_at) => task.run_at_timestamp(run_at),
                None => task,
            }
            .build()
        });
        let tasks: Vec<_> = tasks.collect();
        let pushed = storage.push_all(futures::stream::iter(tasks)).await;
        pushed.map_err(|error| anyhow!("{error}"))?;
        if at.is_none() {
            promote(connection.clone(), kind).await?;
        }
    }
    Ok(())
}

/// Moves what is due to the list that workers fetch from. A worker does that itself, but all at once: 8,000 due tasks
/// wedge the queue for ever (defect 1), and a backlog is more.
async fn promote(mut connection: ConnectionManager, kind: Kind) -> Result<()> {
    const SCRIPT: &str = r"
        local due = redis.call('ZRANGEBYSCORE', KEYS[1], 0, ARGV[1], 'LIMIT', 0, 1000)
        if #due > 0 then
          redis.call('RPUSH', KEYS[2], unpack(due))
          redis.call('ZREM', KEYS[1], unpack(due))
        end
        return #due";
    let (config, script) = (config(kind), redis::Script::new(SCRIPT));
    loop {
        let moved: usize = script
            .key(config.scheduled_jobs_set())
            .key(config.active_jobs_list())
            .arg(now() / 1_000_000)
            .invoke_async(&mut connection)
            .await?;
        if moved == 0 {
            return Ok(());
        }
    }
}

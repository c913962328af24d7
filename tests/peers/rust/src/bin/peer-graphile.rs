//! graphile_worker: every task a row of Postgres, fetched in batches of 500 into a local queue and ended in batches.

use std::time::Duration;

use anyhow::{Context, Result};
use graphile_worker::{
    IntoTaskHandlerResult, JobComplete, JobSpec, LocalQueueConfig, RawJobSpec, TaskHandler, Worker,
    WorkerContext, WorkerOptions, WorkerUtils,
};
use ingot_peers::arguments::{Command, command, variable};
use ingot_peers::kind::{self, Kind};
use ingot_peers::told::{self, Told};
use ingot_peers::{Payload, http};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

/// Jobs fetched with one statement (issue 3 names this size).
const LOCAL_QUEUE: usize = 500;
/// Ends are collected for so long before one statement writes them; the crate's documentation recommends 1 to 5 ms.
const ENDS: Duration = Duration::from_millis(5);
const SCHEMA: &str = "graphile_worker";

#[derive(Debug, Clone)]
struct Hands {
    told: Told,
    pool: PgPool,
}

macro_rules! task {
    ($name:ident, $word:literal, $kind:expr) => {
        #[derive(Clone, Serialize, Deserialize)]
        #[serde(transparent)]
        struct $name(Payload);

        impl TaskHandler for $name {
            const IDENTIFIER: &'static str = $word;

            async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
                let hands = context.get_ext::<Hands>().ok_or("no hands")?;
                hands.told.started(self.0);
                let run = $kind.run(&hands.pool, self.0).await;
                run.map_err(|error| error.to_string())
            }
        }
    };
}
task!(Tx, "tx", Kind::Tx);
task!(Noop, "noop", Kind::Noop);
task!(Wait20, "wait20", Kind::Wait20);
task!(Hold, "hold", Kind::Hold);

#[tokio::main]
async fn main() -> Result<()> {
    let url = variable("DATABASE_URL")?;
    match command()? {
        Command::Prepare => utils(&url, 1)?.migrate().await?,
        Command::Worker {
            kind,
            concurrency,
            record,
        } => {
            let told = Told::begin(record.as_deref())?;
            let worker = worker(&url, kind, concurrency, told.clone()).await?;
            told::up();
            worker.run().await?;
            told.tell();
        }
        Command::Api { port, kind } => {
            let utils = utils(&url, 32)?;
            http::serve(port, move |payload| {
                let utils = utils.clone();
                async move {
                    utils
                        .add_raw_job(kind.word(), payload, JobSpec::default())
                        .await?;
                    Ok(())
                }
            })
            .await?;
        }
        Command::Enqueue { kind, count, at } => enqueue(&utils(&url, 2)?, kind, count, at).await?,
    }
    Ok(())
}

fn utils(url: &str, connections: usize) -> Result<WorkerUtils> {
    Ok(WorkerUtils::new(kind::pool(url, connections)?, SCHEMA))
}

async fn worker(url: &str, kind: Kind, concurrency: usize, told: Told) -> Result<Worker> {
    let hands = Hands {
        told: told.clone(),
        pool: kind::pool(url, concurrency)?,
    };
    let options = WorkerOptions::default()
        .database_url(url)
        .schema(SCHEMA)
        .concurrency(concurrency)
        .local_queue(LocalQueueConfig::default().with_size(LOCAL_QUEUE))
        .complete_job_batch_delay(ENDS)
        .add_extension(hands)
        // Told when the end is written, not when the handler returns.
        .on(JobComplete, move |_| {
            told.finished();
            async {}
        });
    let options = match kind {
        Kind::Tx => options.define_job::<Tx>(),
        Kind::Noop => options.define_job::<Noop>(),
        Kind::Wait20 => options.define_job::<Wait20>(),
        Kind::Hold => options.define_job::<Hold>(),
    };
    Ok(options.init().await?)
}

async fn enqueue(utils: &WorkerUtils, kind: Kind, count: usize, at: Option<i64>) -> Result<()> {
    let run_at = match at {
        Some(at) => Some(chrono::DateTime::from_timestamp_millis(at).context("--at")?),
        None => None,
    };
    let mut spec = JobSpec::default();
    spec.set_run_at(run_at);
    let jobs = (0..count).map(|i| {
        Ok(RawJobSpec {
            identifier: kind.word().to_owned(),
            payload: serde_json::to_value(Payload::nth(i, at))?,
            spec: spec.clone(),
        })
    });
    let jobs = jobs.collect::<Result<Vec<_>>>()?;
    for some in jobs.chunks(1000) {
        utils.add_raw_jobs(some).await?;
    }
    Ok(())
}

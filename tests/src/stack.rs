//! A whole installation of one test, in either shape, as its users have it: an address, a token, processes.

mod edges;
mod silent;
mod start;

pub use edges::Edges;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use ingot_client::deployment::CreateDeployment;
use ingot_client::event::EventFilter;
use ingot_client::{Client, Deployment, Event};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use crate::postgres::{Database, Postgres};
use crate::process::{self, Process};
use crate::redis::Redis;
use crate::region::Region;
use crate::wait::until;

/// How an installation is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Worker processes of the scaled shape.
    pub workers: usize,
    /// Simulated seconds per real second.
    pub pace: u32,
    /// What the region's clock and the calendar show at the beginning; the real time if nothing is said.
    pub at: Option<String>,
    /// Whether the region throttles as EC2 does.
    pub buckets: bool,
    /// More environment for api and workers, or for `ingot up`.
    pub environment: Vec<(String, String)>,
    /// Whether the api and each worker reach Postgres, Redis and the region over edges of their own.
    pub edges: bool,
    /// Whether it has a Postgres of its own, which a test may stop or starve.
    pub own_postgres: bool,
    /// Where that Postgres keeps its data; among the temporary files if nothing is said.
    pub postgres_in: Option<PathBuf>,
    /// Where Redis keeps an append-only file; it keeps none if nothing is said.
    pub redis_in: Option<PathBuf>,
    /// The binary of api and workers; the tests' usual one if none is given.
    pub binary: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 1,
            pace: 600,
            at: None,
            buckets: false,
            environment: Vec::new(),
            edges: false,
            own_postgres: false,
            postgres_in: None,
            redis_in: None,
            binary: None,
        }
    }
}

/// A running installation.
#[derive(Debug)]
pub struct Stack {
    /// The API through its client, with a token.
    pub client: Client,
    /// The token.
    pub token: String,
    /// The simulated region.
    pub region: Region,
    /// `ingot api`, or `ingot up`.
    pub api: Process,
    /// The workers; none in the embedded shape.
    pub workers: Vec<Process>,
    /// Where their metrics are, in the same order.
    pub metrics: Vec<String>,
    /// The api's edges, if the stack has edges.
    pub api_edges: Option<Edges>,
    /// The workers' edges in their order, if the stack has edges.
    pub edges: Vec<Edges>,
    /// The ledger's server, if it is this stack's own.
    pub postgres: Option<Postgres>,
    /// The doorbell's server, in the scaled shape.
    pub redis: Option<Redis>,
    /// The ledger's database, in the scaled shape.
    pub database: Option<Database>,
    /// What processes said that have been replaced.
    past: Vec<String>,
    /// The binary of processes that are started from now on.
    pub binary: PathBuf,
    /// What every process of it is started with.
    pub environment: Vec<(String, String)>,
    /// `ingot sim`, in the scaled shape.
    sim: Option<Process>,
    /// The embedded shape's data directory, and the HOME of every process.
    home: TempDir,
}

impl Stack {
    /// Postgres, Redis, a region, `ingot api` and this many `ingot worker`.
    pub async fn scaled(workers: usize) -> Result<Self> {
        Self::scaled_with(Options {
            workers,
            ..Options::default()
        })
        .await
    }

    /// The same, set up otherwise.
    pub async fn scaled_with(options: Options) -> Result<Self> {
        start::scaled(options).await
    }

    /// `ingot up --cloud sim`: everything in one process.
    pub async fn embedded() -> Result<Self> {
        Self::embedded_with(Options::default()).await
    }

    /// The same, set up otherwise.
    pub async fn embedded_with(options: Options) -> Result<Self> {
        start::embedded(options).await
    }

    /// Adds a worker; answers its place in `workers`.
    pub async fn add_worker(&mut self) -> Result<usize> {
        self.add_worker_with(&[]).await
    }

    /// The same with more environment for it alone.
    pub async fn add_worker_with(&mut self, more: &[(&str, &str)]) -> Result<usize> {
        let edges = match self.api_edges {
            Some(_) => Some(Edges::of(&self.environment).await?),
            None => None,
        };
        let mut environment = Edges::through(edges.as_ref(), &self.environment);
        environment.extend(start::pairs(more));
        let (worker, metrics) = start::worker(&self.binary, &environment).await?;
        self.workers.push(worker);
        self.metrics.push(metrics);
        self.edges.extend(edges);
        Ok(self.workers.len() - 1)
    }

    /// Kills a worker with SIGKILL.
    pub async fn kill_worker(&mut self, place: usize) -> Result<()> {
        let worker = self.workers.get_mut(place).context("no such worker")?;
        worker.kill9().await
    }

    /// Starts another worker in the place of one, which is killed if it still runs.
    pub async fn replace_worker(&mut self, place: usize) -> Result<()> {
        self.kill_worker(place).await?;
        self.restart_worker(place).await
    }

    /// Starts a worker in the place of one that has ended, over the same edges.
    pub async fn restart_worker(&mut self, place: usize) -> Result<()> {
        let environment = Edges::through(self.edges.get(place), &self.environment);
        let (worker, metrics) = start::worker(&self.binary, &environment).await?;
        let old = std::mem::replace(&mut self.workers[place], worker);
        self.past.push(old.said());
        self.metrics[place] = metrics;
        Ok(())
    }

    /// Starts another api on the same address in the place of the one, which is asked to stop first.
    pub async fn restart_api(&mut self) -> Result<()> {
        if self.api.runs() {
            self.api.terminate().await?;
        }
        self.api.wait(Duration::from_secs(40)).await?;
        let address = self.client.base().trim_start_matches("http://").to_owned();
        let environment = Edges::through(self.api_edges.as_ref(), &self.environment);
        let api = start::api(&self.binary, &environment, &address).await?.0;
        let old = std::mem::replace(&mut self.api, api);
        self.past.push(old.said());
        Ok(())
    }

    /// The doorbell's server, which the scaled shape has.
    pub fn redis(&self) -> Result<&Redis> {
        self.redis.as_ref().context("a scaled stack")
    }

    /// The same, to kill it.
    pub fn redis_mut(&mut self) -> Result<&mut Redis> {
        self.redis.as_mut().context("a scaled stack")
    }

    /// The worker of this name, by its place.
    pub fn worker_named(&self, name: &str) -> Option<usize> {
        let told = format!("\"{name}\"");
        let says = |worker: &Process| worker.stdout().iter().any(|line| line.contains(&told));
        self.workers.iter().position(says)
    }

    /// Runs a command line of the CLI against this installation.
    pub async fn ingot(&self, arguments: &[&str]) -> Result<std::process::Output> {
        let mut environment = self.environment.clone();
        environment.push(("INGOT_URL".to_owned(), self.client.base().to_owned()));
        environment.push(("INGOT_TOKEN".to_owned(), self.token.clone()));
        process::ingot(arguments, &environment, Duration::from_secs(120)).await
    }

    /// Runs a command line with `--json` and reads what it prints; anything but success is an error, with what
    /// the processes said.
    pub async fn ingot_json(&self, arguments: &[&str]) -> Result<Value> {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let run = self.ingot(&arguments).await?;
        let (out, err) = (
            String::from_utf8_lossy(&run.stdout),
            String::from_utf8_lossy(&run.stderr),
        );
        ensure!(
            run.status.success(),
            "`{}` ended with {}: {err}\n{}",
            arguments.join(" "),
            run.status,
            self.said()
        );
        serde_json::from_str(&out)
            .with_context(|| format!("`{}` printed {out}", arguments.join(" ")))
    }

    /// A request for a version of the built-in template, in the first region.
    pub fn order(version: &str) -> CreateDeployment {
        CreateDeployment {
            template: "kamiwaza".to_owned(),
            version: version.to_owned(),
            region: "us-east-1".to_owned(),
            ..CreateDeployment::default()
        }
    }

    /// Asks for that deployment under a fresh Idempotency-Key.
    pub async fn deploy(&self, version: &str) -> Result<Deployment> {
        let key = Uuid::new_v4().to_string();
        Ok(self
            .client
            .create_deployment(&Self::order(version), &key)
            .await?)
    }

    /// Waits until a deployment is as `wanted`; its story so far is told when it never is.
    pub async fn wait_deployment(
        &self,
        id: &str,
        wanted: impl Fn(&Deployment) -> bool,
        within: Duration,
    ) -> Result<Deployment> {
        let wanted = &wanted;
        let waited = until("a deployment", within, || async move {
            let seen = self.client.deployment(id).await?;
            Ok(wanted(&seen).then_some(seen))
        })
        .await;
        match waited {
            Ok(seen) => Ok(seen),
            Err(error) => {
                let seen = self.client.deployment(id).await;
                let story = self.story(id).await.unwrap_or_default();
                let story: Vec<String> = story
                    .iter()
                    .map(|e| format!("{} {}", e.kind, e.message))
                    .collect();
                bail!(
                    "{error:#}\n{seen:#?}\n{}\n{}",
                    story.join("\n"),
                    self.said()
                )
            }
        }
    }

    /// Waits until nothing more happens to a deployment and its AMI.
    pub async fn wait_finished(&self, id: &str, within: Duration) -> Result<Deployment> {
        self.wait_deployment(id, |seen| seen.finished, within).await
    }

    /// Every event of a deployment.
    pub async fn story(&self, id: &str) -> Result<Vec<Event>> {
        let mut story: Vec<Event> = Vec::new();
        loop {
            let after = story.last().map(|event| event.seq);
            let filter = EventFilter {
                after,
                limit: Some(200),
                actor: None,
            };
            let page = self.client.events(id, &filter).await?;
            if page.items.is_empty() {
                return Ok(story);
            }
            story.extend(page.items);
        }
    }

    /// The embedded shape's data directory.
    pub fn data_dir(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Every line its processes said, as far as they are kept, those that ended included.
    pub fn everything_said(&self) -> String {
        let processes = std::iter::once(&self.api).chain(&self.workers);
        let lines = processes.flat_map(|process| [process.stdout(), process.stderr()].concat());
        let mut all = self.past.clone();
        all.extend(lines);
        all.join("\n")
    }

    /// What every process said last, for failure messages.
    pub fn said(&self) -> String {
        let processes = std::iter::once(&self.api)
            .chain(&self.workers)
            .chain(&self.sim);
        let said: Vec<String> = processes.map(Process::said).collect();
        said.join("\n")
    }
}

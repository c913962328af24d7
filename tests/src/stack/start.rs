//! Starting an installation's processes in order, each once the one before says that it is up.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ingot_client::Client;
use serde_json::Value;
use tempfile::TempDir;

use super::{Edges, Options, Stack};
use crate::environment::binary;
use crate::postgres::{Database, Postgres};
use crate::process::{Process, ingot_of};
use crate::redis::Redis;
use crate::region::Region;

/// A debug build on two busy cores.
const UP: Duration = Duration::from_secs(60);

pub(super) type Environment = Vec<(String, String)>;

/// The scaled shape.
pub(super) async fn scaled(options: Options) -> Result<Stack> {
    let home = TempDir::new()?;
    let redis = match &options.redis_in {
        Some(folder) => Redis::start_in(Some(folder), &["--appendonly", "yes"]).await?,
        None => Redis::start().await?,
    };
    let postgres = match options.own_postgres || options.postgres_in.is_some() {
        true => Some(Postgres::start_in(options.postgres_in.as_deref()).await?),
        false => None,
    };
    let database = match &postgres {
        Some(postgres) => postgres.database().await?,
        None => Database::new().await?,
    };
    let (sim, line) = sim(&options).await?;
    let endpoint = text(&line, "listening")?;
    let mut environment = pairs(&[
        ("DATABASE_URL", &database.url),
        ("REDIS_URL", &redis.url()),
        ("AWS_ENDPOINT_URL", &endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("INGOT_PACE", &options.pace.to_string()),
        ("INGOT_PROBE_CIDRS", "127.0.0.0/8"),
        ("INGOT_SIMULATED_REGION", &endpoint),
        ("INGOT_REGIONS", "us-east-1,eu-west-1"),
        ("HOME", &home.path().to_string_lossy()),
    ]);
    if options.binary.is_some() {
        // Earlier versions are told one port for all instances.
        environment.push((
            "INGOT_PROBE_PORT".to_owned(),
            line["probe_port"].to_string(),
        ));
    }
    if !options.buckets {
        environment.extend(pairs(&[("INGOT_EC2_RATES", "off")]));
    }
    environment.extend(options.environment);
    let binary = match options.binary {
        Some(binary) => binary,
        None => binary()?,
    };
    let migrated = ingot_of(&binary, &["migrate", "up"], &environment, UP).await?;
    ensure!(
        migrated.status.success(),
        "`ingot migrate up`: {}",
        String::from_utf8_lossy(&migrated.stderr)
    );
    let token = token(&binary, &environment).await?;
    let api_edges = match options.edges {
        true => Some(Edges::of(&environment).await?),
        false => None,
    };
    let through = Edges::through(api_edges.as_ref(), &environment);
    let (api, listening) = self::api(&binary, &through, "127.0.0.1:0").await?;
    let mut stack = Stack {
        client: Client::new(&listening, Some(&token))?,
        token,
        region: Region::at(&endpoint)?,
        api,
        workers: Vec::new(),
        metrics: Vec::new(),
        api_edges,
        edges: Vec::new(),
        postgres,
        redis: Some(redis),
        database: Some(database),
        past: Vec::new(),
        binary,
        environment,
        sim: Some(sim),
        home,
    };
    for _ in 0..options.workers {
        stack.add_worker().await?;
    }
    Ok(stack)
}

/// The embedded shape.
pub(super) async fn embedded(options: Options) -> Result<Stack> {
    let home = TempDir::new()?;
    let (directory, pace) = (
        home.path().to_string_lossy().into_owned(),
        options.pace.to_string(),
    );
    let mut environment = pairs(&[("HOME", &directory)]);
    environment.extend(options.environment);
    let mut arguments = vec![
        "up",
        "--cloud",
        "sim",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        &directory,
        "--pace",
        &pace,
    ];
    arguments.extend(options.at.iter().flat_map(|at| ["--at", at]));
    let mut api = Process::start(&arguments, &environment)?;
    let line = api.up(UP).await?;
    let token = std::fs::read_to_string(home.path().join("token")).context("the token's file")?;
    let token = token.trim().to_owned();
    Ok(Stack {
        client: Client::new(&text(&line, "listening")?, Some(&token))?,
        token,
        region: Region::at(&text(&line, "sim")?)?,
        api,
        workers: Vec::new(),
        metrics: Vec::new(),
        api_edges: None,
        edges: Vec::new(),
        postgres: None,
        redis: None,
        database: None,
        past: Vec::new(),
        binary: binary()?,
        environment,
        sim: None,
        home,
    })
}

/// An api on an address, and where it listens.
pub(super) async fn api(
    binary: &Path,
    environment: &Environment,
    address: &str,
) -> Result<(Process, String)> {
    let mut api = Process::start_of(binary, &["api", "--listen", address], environment)?;
    let listening = text(&api.up(UP).await?, "listening")?;
    Ok((api, listening))
}

/// One more worker, and where its metrics are.
pub(super) async fn worker(binary: &Path, environment: &Environment) -> Result<(Process, String)> {
    let arguments = ["worker", "--metrics-listen", "127.0.0.1:0"];
    let mut worker = Process::start_of(binary, &arguments, environment)?;
    let listening = text(&worker.up(UP).await?, "listening")?;
    Ok((worker, listening))
}

/// `ingot sim`, and the line it prints.
async fn sim(options: &Options) -> Result<(Process, Value)> {
    let pace = options.pace.to_string();
    let mut arguments = vec!["sim", "--listen", "127.0.0.1:0", "--pace", &pace];
    arguments.extend(options.at.iter().flat_map(|at| ["--at", at]));
    if !options.buckets {
        arguments.push("--no-buckets");
    }
    // Scripts of an earlier version do not say what they serve.
    if options.binary.is_some() {
        arguments.push("--serve-unmarked");
    }
    let mut sim = Process::start(&arguments, &[])?;
    let line = sim.up(UP).await?;
    Ok((sim, line))
}

async fn token(binary: &Path, environment: &Environment) -> Result<String> {
    let made = ingot_of(binary, &["token", "create", "--json"], environment, UP).await?;
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    ensure!(
        made.status.success(),
        "`ingot token create`: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    let line: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
    text(&line, "token")
}

fn text(line: &Value, field: &str) -> Result<String> {
    let text = line[field]
        .as_str()
        .with_context(|| format!("no `{field}` in {line}"))?;
    Ok(text.to_owned())
}

pub(super) fn pairs(pairs: &[(&str, &str)]) -> Environment {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    pairs.iter().map(owned).collect()
}

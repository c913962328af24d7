//! Ingot's own side of `make bench-peers`: the engine behind the peers' protocol (`tests/peers/README.md`).
//!
//! `ingot-bench-peer prepare|worker|api|enqueue …`, with DATABASE_URL and REDIS_URL; `api` is the real `ingot api`, found
//! beside this binary or named by INGOT_BIN.

use anyhow::{Context, Result, bail, ensure};
use ingot_tests::bench::peer::{self, Kind};

/// As in `ingot`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let command = words.next().context("prepare, worker, api or enqueue?")?;
    let mut given = std::collections::BTreeMap::new();
    while let Some(name) = words.next() {
        let name = name.strip_prefix("--").context(name.clone())?.to_owned();
        given.insert(name, words.next().context("a flag needs a value")?);
    }
    let known = ["kind", "concurrency", "record", "port", "count", "at"];
    for name in given.keys() {
        ensure!(known.contains(&name.as_str()), "there is no --{name}");
    }
    let number = |name: &str| -> Result<usize> {
        let text = given
            .get(name)
            .with_context(|| format!("--{name} is missing"))?;
        text.parse().with_context(|| format!("--{name} {text}"))
    };
    let kind = || -> Result<Kind> { given.get("kind").context("--kind is missing")?.parse() };
    match command.as_str() {
        "prepare" => peer::prepare().await,
        "worker" => {
            let record = given.get("record").map(Into::into);
            peer::worker(kind()?, number("concurrency")?, record).await
        }
        "api" => peer::api(u16::try_from(number("port")?)?).await,
        "enqueue" => {
            let at = given.get("at").map(|at| at.parse()).transpose()?;
            peer::enqueue(number("count")?, at).await
        }
        other => bail!("there is no command `{other}`: prepare, worker, api or enqueue"),
    }
}

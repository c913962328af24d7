//! The engine's throughput over a backlog, in an empty ledger and in the full one: `ingot-bench-peer` behind its protocol
//! (`tests/peers/README.md`), one worker of 32 hands. Rounds are interleaved, so that what else the machine does falls on
//! both; each begins with an empty Redis and a checkpoint, and the empty ledger is a new database each time.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ingot_migration::sea_orm::ConnectionTrait;
use serde_json::Value;

use super::super::figure::Figure;
use super::super::told::connect;
use crate::postgres::Postgres;
use crate::process::{Process, ingot_of};
use crate::redis::Redis;
use crate::wait::until;

/// What the tasks do, and how many of them wait.
const KINDS: [(&str, u64); 2] = [("noop", 20_000), ("tx", 10_000)];
/// Odd, so that the median is a round that was measured.
const ROUNDS: usize = 7;
const HANDS: &str = "32";
/// Of the empty ledger's throughput.
const SHARE: f64 = 0.9;
const PATIENCE: Duration = Duration::from_secs(120);

const ROWS: &str = "
CREATE TABLE IF NOT EXISTS bench_row (id integer PRIMARY KEY, n bigint NOT NULL DEFAULT 0, touched timestamptz);
CREATE TABLE IF NOT EXISTS bench_event (id bigserial PRIMARY KEY, row_id integer NOT NULL, at timestamptz NOT NULL, message text NOT NULL);
INSERT INTO bench_row (id) SELECT generate_series(0, 9999) ON CONFLICT DO NOTHING;";

/// Measures both kinds; `full` is the full ledger's URL on `postgres`.
pub(super) async fn measure(postgres: &Postgres, full: &str) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (kind, count) in KINDS {
        let (mut empty, mut filled) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let new = postgres.database().await?;
            let mut turns = [(new.url.as_str(), &mut empty), (full, &mut filled)];
            if round % 2 == 1 {
                turns.reverse();
            }
            for (url, rates) in turns {
                rates.push(
                    rate(url, kind, count)
                        .await
                        .with_context(|| format!("{kind} in {url}"))?,
                );
            }
        }
        // Of each round by itself: what slowed the machine down in one slowed both.
        let shares: Vec<f64> = filled
            .iter()
            .zip(&empty)
            .map(|(full, empty)| full / empty)
            .collect();
        let share = median(&shares);
        figures.push(Figure::judged(
            &format!("1 M finished tasks: engine, `{kind}` backlog of {count}"),
            "≥ 90 % of an empty ledger",
            format!(
                "{:.0} %: full {}, empty {}; medians of {ROUNDS} interleaved rounds (least–most)",
                share * 100.0,
                words(&filled),
                words(&empty)
            ),
            share >= SHARE,
        ));
    }
    Ok(figures)
}

/// Tasks a second of one worker, between the first and the last look at which a tenth was done and something was left.
async fn rate(url: &str, kind: &str, count: u64) -> Result<f64> {
    let (redis, peer) = (Redis::start().await?, peer()?);
    let environment = [("DATABASE_URL", url.to_owned()), ("REDIS_URL", redis.url())];
    let environment = environment.map(|(name, value)| (name.to_owned(), value));
    run(&peer, &["prepare"], &environment).await?;
    let ledger = connect(url).await?;
    ledger.execute_unprepared(ROWS).await?;
    run(
        &peer,
        &["enqueue", "--kind", kind, "--count", &count.to_string()],
        &environment,
    )
    .await?;
    ledger.execute_unprepared("CHECKPOINT").await?;
    let mut worker = Process::start_of(
        &peer,
        &["worker", "--kind", kind, "--concurrency", HANDS],
        &environment,
    )?;
    let looks = || looks(&worker.stdout());
    until("the end of the backlog", PATIENCE, || async {
        Ok(looks()
            .last()
            .filter(|(done, _)| *done >= count)
            .map(|_| ()))
    })
    .await?;
    let looks: Vec<(u64, i64)> = looks()
        .into_iter()
        .filter(|(done, _)| *done >= count / 10 && *done < count)
        .collect();
    worker.terminate().await?;
    worker.wait(PATIENCE).await?;
    let (Some(first), Some(last)) = (looks.first(), looks.last()) else {
        anyhow::bail!("the backlog was over before it was looked at");
    };
    ensure!(last.1 > first.1, "the backlog was looked at once");
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    Ok((last.0 - first.0) as f64 / (last.1 - first.1) as f64 * 1e6)
}

/// The lines `{"done":123,"at":MICROSECONDS}`.
fn looks(said: &[String]) -> Vec<(u64, i64)> {
    let look = |line: &String| {
        let line: Value = serde_json::from_str(line).ok()?;
        Some((line["done"].as_u64()?, line["at"].as_i64()?))
    };
    said.iter().filter_map(look).collect()
}

async fn run(
    peer: &std::path::Path,
    arguments: &[&str],
    environment: &[(String, String)],
) -> Result<()> {
    let ended = ingot_of(peer, arguments, environment, PATIENCE).await?;
    ensure!(
        ended.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&ended.stderr)
    );
    Ok(())
}

/// The command beside this one.
fn peer() -> Result<PathBuf> {
    let peer = std::env::current_exe()?.with_file_name("ingot-bench-peer");
    ensure!(
        peer.is_file(),
        "there is no `{}`; build it with `cargo build --bin ingot-bench-peer`",
        peer.display()
    );
    Ok(peer)
}

fn median(rates: &[f64]) -> f64 {
    let mut rates = rates.to_vec();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(0.0)
}

fn words(rates: &[f64]) -> String {
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rates.iter().copied().fold(0.0, f64::max);
    format!("{:.0}/s ({least:.0}–{most:.0})", median(rates))
}

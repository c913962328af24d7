//! A worker that is given poison (FAULTS F23): the real engine, whose visits to one task do what a handler with a defect
//! would, and do nothing for all others.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use async_trait::async_trait;
use ingot_domain::pace::Pace;
use ingot_domain::task::TaskKind;
use ingot_engine::{Settings, Visit, VisitError, Visits};
use ingot_entity::Ledger;
use ingot_entity::store::{Claim, Then};
use ingot_telemetry::{LogFormat, Metrics, logs};
use uuid::Uuid;

use crate::engine;

/// The scope of the task that is poison.
pub const SCOPE: &str = "poison";

/// What the visit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poison {
    /// Panics.
    Panic,
    /// Ends the process.
    Abort,
    /// Takes memory until there is none.
    Hog,
    /// Computes for ever, without yielding.
    Spin,
    /// Waits for ever, yielding.
    Wait,
}

impl FromStr for Poison {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> Result<Self> {
        Ok(match word {
            "panic" => Self::Panic,
            "abort" => Self::Abort,
            "hog" => Self::Hog,
            "spin" => Self::Spin,
            "wait" => Self::Wait,
            other => bail!("there is no poison `{other}`: panic, abort, hog, spin or wait"),
        })
    }
}

/// A worker process; a visit may last `visit`, so that a test need not wait for half a minute.
pub async fn worker(database: &str, redis: &str, poison: Poison, visit: Duration) -> Result<()> {
    let settings = Settings {
        name: format!("poison-{}", Uuid::new_v4()),
        // Back-off is for the patient; the rules are the same.
        pace: Pace::new(1000.0).unwrap_or_default(),
        concurrency: 8,
        visit,
    };
    logs::start(LogFormat::Json, "warn");
    let ledger = Ledger::connect(database, 8).await?;
    let stop = engine::until_signal()?;
    let visits = Arc::new(Poisoned(poison));
    let up = || say("{\"listening\": \"nowhere\"}");
    engine::run(ledger, redis, visits, settings, Metrics::new()?, stop, up).await
}

/// Pays them.
#[derive(Debug)]
struct Poisoned(Poison);

#[async_trait]
impl Visits for Poisoned {
    #[expect(clippy::panic, reason = "that is what the test is about")]
    async fn pay(&self, claim: &Claim, _: TaskKind) -> Result<Visit, VisitError> {
        if claim.task.scope.as_deref() == Some(SCOPE) {
            match self.0 {
                Poison::Panic => panic!("poison"),
                Poison::Abort => std::process::abort(),
                Poison::Hog => hog(),
                Poison::Spin => spin(),
                Poison::Wait => std::future::pending().await,
            }
        }
        Ok(Visit::only(Then::Done))
    }

    async fn give_up(&self, _: &Claim, _: TaskKind, error: &str) -> Result<Visit, VisitError> {
        let error = error.to_owned();
        Ok(Visit::only(Then::Discard { error }))
    }
}

fn hog() {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        // Written to, so that it is memory and not a promise.
        all.push(vec![1; 16 << 20]);
        std::hint::black_box(&all);
    }
}

fn spin() {
    let mut n = 0u64;
    loop {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}

fn say(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    // A stdout without a reader is no reason to stop.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

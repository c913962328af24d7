//! The command line of every peer.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

use crate::kind::Kind;

/// What the driver asks for.
#[derive(Debug)]
pub enum Command {
    /// Makes the peer's own tables.
    Prepare,
    /// Runs tasks.
    Worker {
        /// Of this kind only.
        kind: Kind,
        /// So many at a time.
        concurrency: usize,
        /// Where starts are written down.
        record: Option<PathBuf>,
    },
    /// Takes tasks over HTTP.
    Api {
        /// On 127.0.0.1.
        port: u16,
        /// Of this kind.
        kind: Kind,
    },
    /// Fills the backlog.
    Enqueue {
        /// With tasks of this kind.
        kind: Kind,
        /// So many.
        count: usize,
        /// Due at this instant, in milliseconds since 1970; else at once.
        at: Option<i64>,
    },
}

/// `--name value` pairs.
#[derive(Debug)]
pub struct Options(HashMap<String, String>);

impl Options {
    /// Of arguments that are pairs.
    pub fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = HashMap::new();
        while let Some(name) = arguments.next() {
            let Some(name) = name.strip_prefix("--") else {
                bail!("`{name}` is no option");
            };
            let value = arguments
                .next()
                .with_context(|| format!("--{name} needs a value"))?;
            options.insert(name.to_owned(), value);
        }
        Ok(Self(options))
    }

    /// An option that may be absent.
    pub fn maybe<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let parsed = value.parse().ok();
        parsed
            .map(Some)
            .with_context(|| format!("--{name} {value}"))
    }

    /// An option that must be there.
    pub fn must<T: FromStr>(&self, name: &str) -> Result<T> {
        self.maybe(name)?
            .with_context(|| format!("--{name} is missing"))
    }
}

/// Reads this process's arguments.
pub fn command() -> Result<Command> {
    let mut arguments = std::env::args().skip(1);
    let verb = arguments
        .next()
        .context("prepare, worker, api or enqueue")?;
    let options = Options::read(arguments)?;
    Ok(match verb.as_str() {
        "prepare" => Command::Prepare,
        "worker" => Command::Worker {
            kind: options.must("kind")?,
            concurrency: options.must("concurrency")?,
            record: options.maybe("record")?,
        },
        "api" => Command::Api {
            port: options.must("port")?,
            kind: options.must("kind")?,
        },
        "enqueue" => Command::Enqueue {
            kind: options.must("kind")?,
            count: options.must("count")?,
            at: options.maybe("at")?,
        },
        other => bail!("`{other}` is none of prepare, worker, api, enqueue"),
    })
}

/// A variable of the environment that every peer gets.
pub fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

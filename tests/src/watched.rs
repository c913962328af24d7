//! A server behind one of the scripts of `tests/servers`. The script holds the server and reads from a pipe of ours: when
//! we drop it, panic or are killed, the kernel closes the pipe, and the script stops the server.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::environment::repository;

/// A running server.
#[derive(Debug)]
pub(crate) struct Watched {
    script: Child,
    facts: BTreeMap<String, String>,
}

impl Watched {
    /// Starts `tests/servers/{script}` and waits for its line of facts.
    pub(crate) async fn start(script: &str, arguments: &[&str]) -> Result<Self> {
        Self::start_in(script, arguments, None).await
    }

    /// The same, with what it writes in a folder of that name instead of where all temporary files are.
    pub(crate) async fn start_in(
        script: &str,
        arguments: &[&str],
        folder: Option<&Path>,
    ) -> Result<Self> {
        let mut command = Command::new("bash");
        command
            .arg(repository().join("tests/servers").join(script))
            .args(arguments);
        if let Some(folder) = folder {
            command.env("TMPDIR", folder);
        }
        tokio::task::spawn_blocking(move || Self::run(command))
            .await
            .context("the thread that starts a server")?
            .with_context(|| format!("tests/servers/{script}"))
    }

    fn run(mut command: Command) -> Result<Self> {
        let mut script = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // What kills this test's process group must leave the script alive to stop its server.
            .process_group(0)
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = script.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        if line.is_empty() {
            let mut said = String::new();
            if let Some(mut err) = script.stderr.take() {
                err.read_to_string(&mut said)?;
            }
            bail!("did not start: {said}");
        }
        let facts = line
            .split_whitespace()
            .filter_map(|fact| fact.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Self { script, facts })
    }

    /// One of the facts the script told.
    pub(crate) fn fact<T: std::str::FromStr>(&self, name: &str) -> Result<T> {
        self.facts
            .get(name)
            .and_then(|value| value.parse().ok())
            .with_context(|| format!("the server's script did not tell its {name}"))
    }

    /// Stops the server and waits until it is gone.
    pub(crate) async fn stop(mut self) -> Result<()> {
        drop(self.script.stdin.take());
        tokio::task::spawn_blocking(move || self.script.wait())
            .await
            .context("the thread that stops a server")??;
        Ok(())
    }
}

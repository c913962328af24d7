//! One running `ingot`: what it says is kept for failure messages, what it is told are signals, and it never outlives the
//! test. It sees no environment but the one it is given.

use std::collections::VecDeque;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::environment::{binary, variable};
use crate::redis::send_signal;
use crate::wait::until;

/// Lines kept of each stream: more than anybody reads, less than a chatty process can hurt with.
const KEPT: usize = 2000;
/// How long the last words of an ended process may take to be read on a busy machine. A grandchild that holds the pipe open
/// ends the wait.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Where nothing can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sink {
    /// A device that is always full.
    Full,
    /// A pipe whose reader is gone.
    Closed,
}

/// A running `ingot`.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    out: Said,
    err: Said,
    /// What reads the streams to their ends.
    listeners: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts `ingot` with these arguments and this environment, and nothing else of ours.
    pub fn start(arguments: &[&str], environment: &[(String, String)]) -> Result<Self> {
        Self::start_of(&binary()?, arguments, environment)
    }

    /// The same of another binary, such as an earlier version's.
    pub fn start_of(
        binary: &Path,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> Result<Self> {
        let name = format!("ingot {}", arguments.join(" "));
        let mut child = command(binary, arguments, environment)
            .spawn()
            .with_context(|| format!("`{name}` could not be started"))?;
        let (out, err) = (Said::default(), Said::default());
        let mut listeners = Vec::new();
        if let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) {
            listeners.push(tokio::spawn(out.clone().hear(stdout)));
            listeners.push(tokio::spawn(err.clone().hear(stderr)));
        }
        Ok(Self {
            name,
            child,
            out,
            err,
            listeners,
        })
    }

    /// Starts one that cannot say anything: what it writes to stdout and stderr goes into this sink.
    pub(crate) fn start_into(
        binary: &Path,
        arguments: &[&str],
        environment: &[(String, String)],
        sink: Sink,
    ) -> Result<Self> {
        let name = format!("ingot {}", arguments.join(" "));
        let mut command = command(binary, arguments, environment);
        if sink == Sink::Full {
            let full = || std::fs::File::options().write(true).open("/dev/full");
            command.stdout(full()?).stderr(full()?);
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("`{name}` could not be started"))?;
        // With them goes the only end of the pipes that anybody reads from.
        drop((child.stdout.take(), child.stderr.take()));
        Ok(Self {
            name,
            child,
            out: Said::default(),
            err: Said::default(),
            listeners: Vec::new(),
        })
    }

    /// Its process id; none once it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// It has not ended.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for a line of either stream that `wanted` likes.
    pub async fn wait_for_line(
        &mut self,
        wanted: impl Fn(&str) -> bool,
        within: Duration,
    ) -> Result<String> {
        let (out, err) = (self.out.clone(), self.err.clone());
        let (child, wanted) = (&mut self.child, &wanted);
        let waited = until("a line", within, || {
            let seen = out.find(wanted).or_else(|| err.find(wanted));
            let ended = seen.is_none() && !matches!(child.try_wait(), Ok(None));
            async move { Ok((seen.is_some() || ended).then_some(seen)) }
        });
        match waited.await {
            Ok(Some(line)) => Ok(line),
            Ok(None) => bail!("`{}` ended first\n{}", self.name, self.said()),
            Err(error) => Err(error.context(format!("`{}`\n{}", self.name, self.said()))),
        }
    }

    /// Waits for the one line of JSON a process prints when it is up, and reads it.
    pub async fn up(&mut self, within: Duration) -> Result<Value> {
        let up = |line: &str| line.starts_with('{') && line.contains("\"listening\"");
        let line = self.wait_for_line(up, within).await?;
        serde_json::from_str(&line).with_context(|| format!("`{}` said {line}", self.name))
    }

    /// Kills it where it stands and waits until it is gone.
    pub async fn kill9(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Sends a signal, such as `TERM`, `STOP` or `CONT`.
    pub async fn signal(&self, signal: &str) -> Result<()> {
        let pid = self.pid().context("it has ended already")?;
        send_signal(pid, signal).await
    }

    /// Asks it to end.
    pub async fn terminate(&self) -> Result<()> {
        self.signal("TERM").await
    }

    /// Waits for its end and for its last words: a process is gone before what it wrote has been read.
    pub async fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        match tokio::time::timeout(within, self.child.wait()).await {
            Ok(status) => {
                let status = status?;
                let heard = futures::future::join_all(std::mem::take(&mut self.listeners));
                let _ = tokio::time::timeout(LAST_WORDS, heard).await;
                Ok(status)
            }
            Err(_) => bail!(
                "`{}` did not end within {within:?}\n{}",
                self.name,
                self.said()
            ),
        }
    }

    /// What it wrote to stdout, line by line.
    pub fn stdout(&self) -> Vec<String> {
        self.out.lines()
    }

    /// What it wrote to stderr, line by line.
    pub fn stderr(&self) -> Vec<String> {
        self.err.lines()
    }

    /// Everything it said last, for a failure message.
    pub fn said(&self) -> String {
        let tail = |said: &Said| {
            let lines = said.lines();
            lines[lines.len().saturating_sub(60)..].join("\n")
        };
        format!(
            "--- {} said on stdout:\n{}\n--- on stderr:\n{}",
            self.name,
            tail(&self.out),
            tail(&self.err)
        )
    }
}

/// Runs `ingot` to its end.
pub async fn ingot(
    arguments: &[&str],
    environment: &[(String, String)],
    within: Duration,
) -> Result<Output> {
    ingot_of(&binary()?, arguments, environment, within).await
}

/// Runs another binary of it to its end.
pub(crate) async fn ingot_of(
    binary: &Path,
    arguments: &[&str],
    environment: &[(String, String)],
    within: Duration,
) -> Result<Output> {
    let run = command(binary, arguments, environment).output();
    tokio::time::timeout(within, run)
        .await
        .with_context(|| {
            format!(
                "`ingot {}` took longer than {within:?}",
                arguments.join(" ")
            )
        })?
        .context("ingot could not be run")
}

fn command(binary: &Path, arguments: &[&str], environment: &[(String, String)]) -> Command {
    let mut command = Command::new(binary);
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for inherited in ["PATH", "RUST_BACKTRACE", "TMPDIR"] {
        if let Some(value) = variable(inherited) {
            command.env(inherited, value);
        }
    }
    command
}

/// The last lines of a stream.
#[derive(Debug, Clone, Default)]
struct Said(Arc<Mutex<VecDeque<String>>>);

impl Said {
    async fn hear(self, stream: impl AsyncRead + Unpin) {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        // Bytes, because a process that writes no UTF-8 must not be silenced.
        while let Ok(1..) = stream.read_until(b'\n', &mut line).await {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == KEPT {
                lines.pop_front();
            }
            lines.push_back(text);
        }
    }

    fn find(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().find(|line| wanted(line)).cloned()
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}

//! Structured logs on stderr: JSON for machines, text for people. A line that cannot be written, because the disk behind
//! stderr is full or its reader is gone, is dropped and counted; it makes no visit and no request fail (FAULTS F31).

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;

use prometheus::IntCounter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// Starts logging. `filter` is in `tracing`'s syntax, such as `info,ingot_worker=debug`; one that does not parse
/// becomes `info`. A second call is ignored.
pub fn start(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(|| Stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(true);
    let started = match format {
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init(),
        LogFormat::Text => builder.compact().try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging had been started before");
    }
}

/// Lines dropped by this process since it started; a process has one log, whatever registries it has.
static DROPPED: LazyLock<IntCounter> = LazyLock::new(|| {
    let help = "Lines of the log that could not be written, because stderr is full or closed.";
    IntCounter::new("ingot_log_lines_dropped_total", help).expect("a legal name")
});

/// Counts the lines that could not be written.
pub(crate) fn dropped() -> &'static IntCounter {
    &DROPPED
}

/// The subscriber's own answer to a line it cannot write is `eprintln!`, which panics for the same reason.
#[derive(Debug)]
struct Stderr;

impl Write for Stderr {
    /// Takes a line as a whole: written or dropped, never an error.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if io::stderr().lock().write_all(line).is_err() {
            dropped().inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

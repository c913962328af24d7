//! What a worker tells: that it is up, how much it has done, and when each task began.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use crate::{Payload, now};

/// Between two looks at the counter.
const EVERY: Duration = Duration::from_millis(100);

/// One worker's counter and record.
#[derive(Debug, Clone, Default)]
pub struct Told(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    done: AtomicU64,
    said: AtomicU64,
    /// Lines not written yet.
    lines: Mutex<Vec<u8>>,
    record: Option<File>,
}

impl Told {
    /// Begins to tell each 100 ms.
    pub fn begin(record: Option<&Path>) -> Result<Self> {
        let append = |path| File::options().create(true).append(true).open(path);
        let told = Self(Arc::new(Inner {
            record: record.map(append).transpose()?,
            ..Inner::default()
        }));
        let telling = told.clone();
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(EVERY);
            loop {
                tick.tick().await;
                telling.tell();
            }
        });
        Ok(told)
    }

    /// A task begins.
    pub fn started(&self, payload: Payload) {
        if self.0.record.is_none() {
            return;
        }
        let line = format!("{} {} {}\n", now(), payload.due, payload.row);
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(line.as_bytes());
    }

    /// A task has finished.
    pub fn finished(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells what is new; a worker that ends calls it once more.
    pub fn tell(&self) {
        let done = self.0.done.load(Ordering::Relaxed);
        if self.0.said.swap(done, Ordering::Relaxed) != done {
            say(&format!(r#"{{"done":{done},"at":{}}}"#, now()));
        }
        if let Some(mut record) = self.0.record.as_ref() {
            let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if record.write_all(&lines).is_ok() {
                lines.clear();
            }
        }
    }
}

/// A line for the driver. When it fails, the driver does not read any more.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// This process consumes, or listens.
pub fn up() {
    say(r#"{"up":true}"#);
}

/// Until SIGTERM or SIGINT.
pub async fn terminated() {
    let terminate = async {
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut signal) = signal {
            signal.recv().await;
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

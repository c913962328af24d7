//! When tasks started, as lines of a file, written by a thread so that measuring costs the measured little.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result};

/// An open file.
#[derive(Debug)]
pub(super) struct Record(Sender<(i64, i64, i32)>);

impl Record {
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let file = File::options().create(true).append(true).open(&path);
        let mut file = BufWriter::new(file.with_context(|| path.display().to_string())?);
        let (sender, starts) = channel::<(i64, i64, i32)>();
        std::thread::spawn(move || {
            loop {
                let written = match starts.recv_timeout(Duration::from_millis(100)) {
                    Ok((start, due, row)) => writeln!(file, "{start} {due} {row}"),
                    Err(RecvTimeoutError::Timeout) => file.flush(),
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                if written.is_err() {
                    return;
                }
            }
        });
        Ok(Self(sender))
    }

    pub(super) fn started(&self, start: i64, due: i64, row: i32) {
        let _ = self.0.send((start, due, row));
    }
}

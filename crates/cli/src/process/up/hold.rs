//! One `ingot up` per data directory: a file that its process keeps locked and that says who it is. The kernel lets go of
//! the lock when the process ends, however it ends, so nothing that was left behind blocks the next one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

/// The file's name in the data directory.
const NAME: &str = "lock";

/// The data directory is another process's.
#[derive(Debug, thiserror::Error)]
#[error(
    "{directory} is the data directory of a running `ingot up` ({holder}): use that one, stop it, or give this one a \
     directory of its own with --data-dir"
)]
pub(super) struct Held {
    directory: String,
    holder: String,
}

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    file: File,
}

impl Hold {
    /// Takes the directory, or says who has it.
    pub(super) fn take(directory: &Path) -> anyhow::Result<Result<Self, Held>> {
        let path = directory.join(NAME);
        let shown = path.display();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot open {shown}, which says who uses the directory"))?;
        match file.try_lock() {
            Ok(()) => {
                let mut hold = Self { file };
                hold.say(&format!("pid {}, starting", std::process::id()))?;
                Ok(Ok(hold))
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // What it cannot say does not make the directory ours.
                let _ = file.read_to_string(&mut holder);
                let holder = holder.lines().next().unwrap_or_default();
                Ok(Err(Held {
                    directory: directory.display().to_string(),
                    holder: match holder {
                        "" => "starting".to_owned(),
                        said => crate::output::clean(said),
                    },
                }))
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {shown}"))
            }
        }
    }

    /// Writes where the holder listens.
    pub(super) fn at(&mut self, url: &str) -> anyhow::Result<()> {
        self.say(&format!("pid {}, at {url}", std::process::id()))
    }

    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let mut write = || -> std::io::Result<()> {
            self.file.rewind()?;
            self.file.set_len(0)?;
            writeln!(self.file, "{text}")
        };
        write().context("cannot write who uses the data directory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_holder_and_is_free_when_it_ends() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let take = || Hold::take(folder.path()).expect("a file");
        let mut first = take().expect("free");
        let starting = take().expect_err("held").to_string();
        let pid = format!("(pid {}, ", std::process::id());
        assert!(starting.contains(&pid), "{starting}");
        first.at("http://127.0.0.1:8080").expect("written");
        let said = take().expect_err("held").to_string();
        assert!(
            said.contains(&format!("{pid}at http://127.0.0.1:8080)"))
                && said.contains("--data-dir"),
            "{said}"
        );
        drop(first);
        // What the last one wrote is still there and does not matter.
        let left = std::fs::read_to_string(folder.path().join(NAME)).expect("text");
        assert!(left.contains(":8080"), "{left}");
        take().expect("free again");
    }
}

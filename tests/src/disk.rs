//! A small disk, which a test fills: memory mounted on a folder. It is unmounted when this is dropped, and by its script
//! however the test ends.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::watched::Watched;

/// A mounted disk.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    /// Holds the mount.
    _mount: Watched,
}

impl Disk {
    /// A disk of so many MiB. An error where this process may not mount one.
    pub(crate) async fn of(mib: usize) -> Result<Self> {
        let mount = Watched::start("disk.sh", &[&mib.to_string()]).await?;
        Ok(Self {
            folder: mount.fact("dir")?,
            _mount: mount,
        })
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes what is left of it, to the last byte; answers how much that was.
    pub(crate) fn fill(&self) -> Result<usize> {
        let mut ballast = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.ballast())?;
        let mut taken = 0;
        // Large pieces first, then what no large one fits into.
        for size in [1 << 20, 1 << 12, 1] {
            let piece = vec![0; size];
            loop {
                match ballast.write(&piece) {
                    Ok(written) => taken += written,
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(taken)
    }

    /// Gives it back.
    pub(crate) fn free(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.ballast())?)
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

//! The sample advisories of the repository, loaded once into the ledger of a simulated installation, so that it has feeds
//! without a network. They lie in the data directory, too: `ingot advisories assess --data` reads them there.

use std::path::{Path, PathBuf};

use anyhow::Context;
use ingot_advisories::parts;
use ingot_entity::Ledger;
use ingot_entity::store::{Loaded, Paged};

include!(concat!(env!("OUT_DIR"), "/samples.rs"));

/// Where they say they are from.
const SOURCE: &str = concat!("samples of Ingot ", env!("CARGO_PKG_VERSION"));

/// Loads them if no feed was ever loaded.
pub(super) async fn load(ledger: &Ledger, data: &Path) -> anyhow::Result<()> {
    if SAMPLES.is_empty() || !ledger.feeds().await?.is_empty() {
        return Ok(());
    }
    let folder = unpack(data).context("the sample advisories cannot be written")?;
    for files in parts::files(&folder)? {
        let part = files.read(ledger.now());
        let generation = ledger.begin_load(part.feed).await?;
        for (number, page) in (0..).zip(&part.pages) {
            let paged = ledger.add_page(part.feed, generation, number, page).await?;
            anyhow::ensure!(paged == Paged::Done, "a page of samples: {paged:?}");
        }
        let end = ledger.finish_load(part.feed, generation, SOURCE, None, &part.unread, false);
        let end = end.await?;
        anyhow::ensure!(matches!(end, Loaded::Done(_)), "the samples: {end:?}");
    }
    Ok(())
}

fn unpack(data: &Path) -> std::io::Result<PathBuf> {
    let folder = data.join("samples").join("advisories");
    for (name, bytes) in SAMPLES {
        let file = folder.join(name);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(file, bytes)?;
    }
    Ok(folder)
}

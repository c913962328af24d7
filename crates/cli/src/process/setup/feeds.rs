//! How this process fetches feeds of advisories: whether, where parts of files lie until they are whole, and by which proxy.

use std::path::{Path, PathBuf};

use ingot_worker::FeedSettings;

use super::variable;
use crate::args::process::{FeedArgs, FeedChoice};

/// What folders of parts are called, with the process behind.
const SPOOL: &str = "ingot-spool-";

/// The settings, none where the network is off for feeds; `simulated` says that the usual is off. Parts lie below `folder`.
pub(crate) fn feeds(args: &FeedArgs, simulated: bool, folder: &Path) -> Option<FeedSettings> {
    let usual = if simulated {
        FeedChoice::Off
    } else {
        FeedChoice::Network
    };
    let choice = args.feeds.unwrap_or(usual);
    if choice == FeedChoice::Off {
        return None;
    }
    sweep(folder);
    let proxies = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let proxy = proxies.into_iter().find_map(variable);
    Some(FeedSettings {
        by_itself: choice == FeedChoice::Network,
        spool: spool(folder),
        inward: args.feed_cidrs.clone(),
        proxy,
    })
}

/// A folder of this process alone: what another one left is worth nothing.
fn spool(folder: &Path) -> PathBuf {
    let random: u32 = rand::random();
    folder.join(format!("{SPOOL}{}-{random:08x}", std::process::id()))
}

/// Removes what processes left that are gone.
fn sweep(folder: &Path) {
    let Ok(found) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in found.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let process = name
            .strip_prefix(SPOOL)
            .and_then(|rest| rest.split_once('-'));
        let Some((process, _)) = process else {
            continue;
        };
        let runs = Path::new("/proc").join(process).exists();
        let ours = process == std::process::id().to_string();
        if ours || (Path::new("/proc/self").exists() && !runs) {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

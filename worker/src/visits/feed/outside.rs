//! What a sync needs of the disk and of the network: files for parts and pages, and the door to the feed's hosts.

use std::fs::{File, OpenOptions};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use ingot_domain::advisory::feed::Page;
use ingot_outbound::Door;

use crate::tools::FeedSettings;

/// The document under way, of which so many bytes are there.
pub(super) fn open(folder: &Path, have: u64) -> std::io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join("document");
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    // What a part left that broke off.
    file.set_len(have)?;
    Ok(file)
}

/// Pages as files; answers how many.
pub(super) fn save(folder: &Path, pages: &[Page]) -> std::io::Result<usize> {
    for (number, page) in pages.iter().enumerate() {
        std::fs::write(
            folder.join(format!("page-{number}")),
            serde_json::to_vec(page)?,
        )?;
    }
    Ok(pages.len())
}

/// The door to the hosts of these addresses, and to no other.
pub(super) fn door(settings: &FeedSettings, roots: &[String]) -> Door {
    let door = Door::to(roots)
        .inward(settings.inward.clone())
        .through(settings.proxy.clone());
    let here: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let open = |address: &IpAddr| settings.inward.iter().any(|block| block.contains(*address));
    match here.iter().any(open) {
        true => door.clear_on_loopback(),
        false => door,
    }
}

//! A folder of feeds taken apart: what it holds of each feed, one feed at a time, in pages that fit into one request.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ingot_domain::Instant;
use ingot_domain::advisory::feed::{Feed, Page};
use ingot_domain::advisory::record::{Advisory, Signals};

use crate::file;
use crate::folder::{self, FolderError};
use crate::take::Take;

/// The longest page as JSON, in bytes. A request may have 1 MiB, and the longest advisory must fit beside what is there.
const LONGEST: usize = 384 * 1024;
/// Advisories of a page.
const ADVISORIES: usize = 200;
/// Signals of a page.
const SIGNALS: usize = 2_000;

/// The files of one feed in a folder.
#[derive(Debug, Clone)]
pub struct Files {
    /// Which feed.
    pub feed: Feed,
    root: PathBuf,
    files: Vec<PathBuf>,
}

/// What a folder holds of one feed.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which feed.
    pub feed: Feed,
    /// Its records.
    pub pages: Vec<Page>,
    /// How many of them count: advisories, or signals of KEV and EPSS.
    pub records: usize,
    /// Parts that could not be read, each with its reason.
    pub unread: Vec<String>,
}

/// The feeds that a folder has files of.
pub fn files(root: &Path) -> Result<Vec<Files>, FolderError> {
    let mut all = Vec::new();
    folder::list(root, 0, &mut all)?;
    all.sort();
    let mut by: BTreeMap<Feed, Vec<PathBuf>> = BTreeMap::new();
    for file in all {
        if let Some(feed) = feed(&named(root, &file)) {
            by.entry(feed).or_default().push(file);
        }
    }
    let files = by.into_iter().map(|(feed, files)| Files {
        feed,
        root: root.to_owned(),
        files,
    });
    Ok(files.collect())
}

impl Files {
    /// Reads them; `now` is the time of reading, after which nothing can have been published.
    pub fn read(&self, now: Instant) -> Part {
        let mut take = Take::default();
        let os = self.feed.os();
        for file in &self.files {
            let name = named(&self.root, file);
            if let Err(trouble) = file::read(file, &name, os, &mut take) {
                take.trouble(os, format!("{name} {trouble}"));
            }
        }
        part(self.feed, take, now)
    }
}

fn named(root: &Path, file: &Path) -> String {
    let name = file.strip_prefix(root).unwrap_or(file);
    name.to_string_lossy().replace('\\', "/")
}

fn feed(name: &str) -> Option<Feed> {
    match name.split_once('/')?.0 {
        "kev" => Some(Feed::Kev),
        "epss" => Some(Feed::Epss),
        _ => folder::vendor(name).map(Feed::Vendor),
    }
}

/// What was read of one feed, in pages.
pub(crate) fn part(feed: Feed, mut take: Take, now: Instant) -> Part {
    let mut advisories = take.finish(now);
    let mut unread = take.damaged;
    if let Some(state) = feed.os().and_then(|os| take.feeds.remove(&os)) {
        unread.extend(state.damaged);
    }
    advisories.retain(|advisory| {
        let ours = Some(advisory.os) == feed.os();
        if !ours {
            unread.push(format!("{} is another vendor's", advisory.id));
        }
        ours
    });
    let records = match feed {
        Feed::Vendor(_) => advisories.len(),
        Feed::Kev => take.signals.exploited.len(),
        Feed::Epss => take.signals.likelihood.len(),
    };
    Part {
        feed,
        pages: pages(advisories, take.signals),
        records,
        unread,
    }
}

/// Records in pages, in the order in which they came: the same records make the same pages.
fn pages(advisories: Vec<Advisory>, signals: Signals) -> Vec<Page> {
    let mut pages = Vec::new();
    let (mut page, mut size) = (Page::default(), 0);
    for advisory in advisories {
        let length = serde_json::to_vec(&advisory).map_or(0, |text| text.len());
        let full = size + length > LONGEST || page.advisories.len() >= ADVISORIES;
        if full && !page.advisories.is_empty() {
            pages.push(std::mem::take(&mut page));
            size = 0;
        }
        size += length;
        page.advisories.push(advisory);
    }
    if !page.advisories.is_empty() {
        pages.push(page);
    }
    let mut room = Room::default();
    for (cve, told) in signals.exploited {
        room.page(&mut pages).exploited.insert(cve, told);
    }
    for (cve, told) in signals.likelihood {
        room.page(&mut pages).likelihood.insert(cve, told);
    }
    for (cve, told) in signals.vectors {
        room.page(&mut pages).vectors.insert(cve, told);
    }
    for (cve, told) in signals.ubuntu {
        room.page(&mut pages).ubuntu.insert(cve, told);
    }
    pages
}

/// Room for signals on the last page.
#[derive(Default)]
struct Room(usize);

impl Room {
    fn page<'a>(&mut self, pages: &'a mut Vec<Page>) -> &'a mut Signals {
        if self.0 == 0 {
            pages.push(Page::default());
            self.0 = SIGNALS;
        }
        self.0 -= 1;
        let last = pages.len() - 1;
        &mut pages[last].signals
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use ingot_domain::advisory::base::Os;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_735_689_600, 0).expect("2025-01-01")
    }

    fn usn(number: u32, words: usize) -> String {
        let name = "a".repeat(100);
        let binaries: Vec<String> = (0..words)
            .map(|at| format!(r#"{{"binary_name":"{name}{at}","binary_version":"2"}}"#))
            .collect();
        format!(
            r#"{{"id":"USN-{number}-1","published":"2024-07-01T00:00:00Z","upstream":["UBUNTU-CVE-2024-{number}"],"affected":[{{"package":{{"ecosystem":"Ubuntu:22.04:LTS","name":"bash"}},"ranges":[{{"events":[{{"fixed":"2"}}]}}],"ecosystem_specific":{{"binaries":[{}]}}}}]}}"#,
            binaries.join(",")
        )
    }

    #[test]
    fn a_folder_is_read_feed_by_feed_in_pages_that_fit() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        let lines: Vec<String> = (1_000..1_450).map(|number| usn(number, 10)).collect();
        write(
            "ubuntu/usn.jsonl",
            &format!("{}\n{{\"id\":1}}\n", lines.join("\n")),
        );
        write(
            "kev/kev.csv",
            "cveID,dateAdded\nCVE-2024-6387,2024-07-02\nx,y\n",
        );
        write("notes/other.json", "{}");
        write("README.md", "text");
        let files = files(folder.path()).expect("a folder");
        let feeds: Vec<Feed> = files.iter().map(|files| files.feed).collect();
        assert_eq!(feeds, [Feed::Vendor(Os::Ubuntu), Feed::Kev]);

        let ubuntu = files[0].read(now());
        assert_eq!(
            (ubuntu.records, ubuntu.unread.len()),
            (450, 1),
            "{:?}",
            ubuntu.unread
        );
        assert!(
            ubuntu.pages.len() > 2,
            "200 at most: {}",
            ubuntu.pages.len()
        );
        let mut ids = std::collections::BTreeSet::new();
        for page in &ubuntu.pages {
            assert_eq!(page.check(ubuntu.feed), Ok(()));
            assert!(serde_json::to_vec(page).expect("JSON").len() < 1_000_000);
            ids.extend(page.advisories.iter().map(|one| one.id.clone()));
        }
        assert_eq!(ids.len(), 450, "none lost, none twice");
        assert_eq!(
            files[0].read(now()).pages,
            ubuntu.pages,
            "the same pages again"
        );

        let kev = files[1].read(now());
        assert_eq!((kev.records, kev.pages.len(), kev.unread.len()), (1, 1, 1));
    }
}

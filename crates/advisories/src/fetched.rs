//! One document of a feed as it was fetched: what it holds, in pages, and which documents it leads to. What it is is told by
//! its contents, so that a mirror may have any form that a folder may have.

mod follow;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use ingot_domain::Instant;
use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::feed::{Feed, Page};

use crate::file;
use crate::parts::{self, Part};
use crate::take::{Pages, Take};
use crate::zip::Zip;

/// The longest text that is held as a whole, in bytes: its records take several times as much, and a worker has 150 MiB.
const LONGEST_TEXT: u64 = 32 * 1024 * 1024;
/// Entries of an archive that are read at a time, and their bytes.
const ENTRIES: usize = 200;
const BYTES: u64 = 1024 * 1024;
/// Damaged entries after which an archive is refused: unpacking them costs time and brings nothing.
pub const DAMAGED: usize = 100;
/// Lines of scores that are read at a time: a day has 300,000.
const LINES: usize = 4_000;

/// A document on the disk.
#[derive(Debug, Clone, Copy)]
pub struct Fetched<'a> {
    /// Of which feed.
    pub feed: Feed,
    /// From where.
    pub url: &'a str,
    /// Where it lies.
    pub path: &'a Path,
}

/// What was read of a document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// Its records, or some of them.
    pub pages: Vec<Page>,
    /// Parts that could not be read, each with its reason.
    pub unread: Vec<String>,
    /// How many entries of an archive could not be unpacked; over all parts no more than [`DAMAGED`] are put up with.
    pub damaged: usize,
    /// Documents that it leads to, to be fetched next.
    pub next: Vec<String>,
    /// How many entries it has of a list in pages, and how many the whole list has.
    pub listed: Option<(u64, u64)>,
    /// Of an archive or of scores: the entry or line that is read next.
    pub rest: Option<usize>,
}

impl Fetched<'_> {
    /// Reads it, an archive or scores from entry `from` on. Fails for a document that is cut or is none of a feed's.
    pub fn read(&self, from: usize, now: Instant) -> Result<Told, String> {
        let mut file = File::open(self.path).map_err(|cause| format!("cannot be read: {cause}"))?;
        let mut head = [0; 4];
        let length = file.read(&mut head).unwrap_or_default();
        match &head[..length] {
            [b'P', b'K', ..] => self.archive(from, now),
            [0x1f, 0x8b, ..] => self.text(&self.bounded(true)?, from, now),
            _ => self.text(&self.bounded(false)?, from, now),
        }
    }

    fn bounded(&self, packed: bool) -> Result<String, String> {
        let cannot = |cause: std::io::Error| format!("is cut or damaged: {cause}");
        let file = File::open(self.path).map_err(cannot)?;
        let mut bytes = Vec::new();
        let read = match packed {
            true => MultiGzDecoder::new(file)
                .take(LONGEST_TEXT + 1)
                .read_to_end(&mut bytes),
            false => file.take(LONGEST_TEXT + 1).read_to_end(&mut bytes),
        };
        read.map_err(cannot)?;
        if bytes.len() as u64 > LONGEST_TEXT {
            return Err(format!(
                "is longer than {LONGEST_TEXT} bytes and is not read"
            ));
        }
        String::from_utf8(bytes).map_err(|_| "is no UTF-8 text".to_owned())
    }

    fn text(&self, text: &str, from: usize, now: Instant) -> Result<Told, String> {
        if text.trim().is_empty() {
            return Err("is empty".to_owned());
        }
        if let Some(next) = follow::leads_to(self.feed, self.url, text)? {
            return Ok(Told {
                next,
                ..Told::default()
            });
        }
        let name = self.name(text);
        if self.feed == Feed::Epss {
            return self.scores(text, &name, from, now);
        }
        let mut take = Take::default();
        file::text(text, &name, self.feed.os(), &mut take)?;
        let list = follow::list(self.url, text)?;
        let part = self.part(take, now);
        if part.records == 0 && list.is_none() {
            return Err(match part.unread.first() {
                Some(first) => format!("holds no record that can be read: {first}"),
                None => format!("holds no record of the feed `{}`", self.feed.name()),
            });
        }
        let (next, listed) = match list {
            Some(list) => (list.next.into_iter().collect(), Some((list.here, list.all))),
            None => (Vec::new(), None),
        };
        Ok(Told {
            pages: part.pages,
            unread: part.unread,
            next,
            listed,
            ..Told::default()
        })
    }

    /// Some lines of scores, each time below the lines that say of which day they are.
    fn scores(&self, text: &str, name: &str, from: usize, now: Instant) -> Result<Told, String> {
        let is_head = |line: &&str| line.starts_with('#') || line.starts_with("cve,");
        let head = text.lines().take_while(is_head);
        let mut lines = text.lines().skip_while(is_head).skip(from);
        let some: Vec<&str> = head.chain(lines.by_ref().take(LINES)).collect();
        let more = lines.next().is_some();
        let mut take = Take::default();
        file::text(&some.join("\n"), name, self.feed.os(), &mut take)?;
        let part = self.part(take, now);
        if part.records == 0 && from == 0 {
            return Err("holds no score that can be read".to_owned());
        }
        Ok(Told {
            pages: part.pages,
            unread: part.unread,
            rest: more.then_some(from + LINES),
            ..Told::default()
        })
    }

    fn archive(&self, from: usize, now: Instant) -> Result<Told, String> {
        let mut zip = Zip::open(self.path)?;
        let mut take = Take::default();
        let (mut at, mut bytes, mut damaged) = (from, 0, 0);
        while at < zip.entries.len() && at < from + ENTRIES && bytes < BYTES {
            let entry = zip.entries[at].clone();
            at += 1;
            if !entry.name.ends_with(".json") {
                continue;
            }
            let end = entry.name.rsplit('/').next().unwrap_or_default();
            let name = format!("{}/{end}", folder(self.feed));
            // Before it is unpacked: what turns out to be damaged costs as much as what does not.
            bytes += entry.length;
            let text = zip.text(&entry);
            damaged += usize::from(text.is_err());
            if damaged > DAMAGED {
                return Err(too_damaged());
            }
            let read = text.and_then(|text| file::text(&text, &name, self.feed.os(), &mut take));
            if let Err(trouble) = read {
                take.trouble(self.feed.os(), format!("{name} {trouble}"));
            }
        }
        let part = self.part(take, now);
        Ok(Told {
            pages: part.pages,
            unread: part.unread,
            damaged,
            rest: (at < zip.entries.len()).then_some(at),
            ..Told::default()
        })
    }

    fn part(&self, mut take: Take, now: Instant) -> Part {
        // Whether all pages of a list are there is counted over all of them, not in one.
        take.pages = Pages::default();
        parts::part(self.feed, take, now)
    }

    /// A name as it would have in a folder of feeds, with an end that says what it is.
    fn name(&self, text: &str) -> String {
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        let end = path.rsplit('/').next().unwrap_or_default();
        let end = end.strip_suffix(".gz").unwrap_or(end);
        let known = ["json", "jsonl", "csv", "xml"];
        let known = known
            .iter()
            .any(|known| end.ends_with(&format!(".{known}")));
        let start = text.trim_start();
        let kind = match start.as_bytes().first() {
            _ if known => "",
            Some(b'<') => ".xml",
            Some(b'{')
                if start
                    .lines()
                    .nth(1)
                    .is_some_and(|line| line.starts_with('{')) =>
            {
                ".jsonl"
            }
            Some(b'{') => ".json",
            Some(b'[') if self.feed != Feed::Vendor(Os::Debian) => ".json",
            _ => "",
        };
        format!("{}/{end}{kind}", folder(self.feed))
    }
}

/// What is said of an archive that is refused for its damaged entries.
pub fn too_damaged() -> String {
    format!("is a zip archive of which more than {DAMAGED} entries are damaged")
}

/// The folder that files of a feed lie in.
fn folder(feed: Feed) -> &'static str {
    match feed {
        Feed::Vendor(Os::Amazon) => "amazon",
        Feed::Vendor(Os::Rhel) => "redhat",
        other => other.name(),
    }
}

//! Where a sync goes on: what was read of its documents, kept on the feed's row.

use std::collections::BTreeMap;
use std::path::Path;

use ingot_entity::feed;
use serde::{Deserialize, Serialize};

/// Reasons of unread parts that are kept, and the length of one.
const MOST_UNREAD: usize = 20;
const LONGEST_UNREAD: usize = 300;

/// What a host says that a document is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) modified: Option<String>,
}

impl Mark {
    /// Whether a part is of the same document as far as the host says.
    pub(super) fn fits(&self, other: &Mark) -> bool {
        let same = |one: &Option<String>, other: &Option<String>| {
            one.is_none() || other.is_none() || one == other
        };
        same(&self.etag, &other.etag) && same(&self.modified, &other.modified)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.etag.is_none() && self.modified.is_none()
    }
}

/// Marks by address, as the row keeps them of what is loaded. A load by hand keeps another word there, which is none.
pub(super) fn marks(row: &feed::Model) -> BTreeMap<String, Mark> {
    let kept = row.etag.as_deref().unwrap_or_default();
    serde_json::from_str(kept).unwrap_or_default()
}

/// What of a document lies on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) have: u64,
    pub(super) whole: Option<u64>,
    pub(super) mark: Mark,
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// The first of `urls` is fetched, or its next part.
    Fetch,
    /// The document on the disk is read from this entry on.
    Read { from: usize },
    /// Its pages, on the disk as well, are written from this one on.
    Pages { next: usize, count: usize },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The feed's addresses.
    roots: Vec<String>,
    /// What is left to fetch; the first is under way.
    pub(super) urls: Vec<String>,
    /// Whether hosts are asked for what is not the same as before.
    pub(super) conditional: bool,
    /// How many said that theirs is the same.
    pub(super) unchanged: usize,
    /// The load that was begun for it.
    pub(super) generation: Option<i64>,
    /// What the hosts said of the feed's own addresses.
    pub(super) marks: BTreeMap<String, Mark>,
    pub(super) part: Part,
    pub(super) stage: Stage,
    /// The folder in which something lies that is needed.
    spool: Option<String>,
    pub(super) unread: Vec<String>,
    /// How many parts could not be read.
    pub(super) many: usize,
    /// How many entries of the archive under way are damaged.
    #[serde(default)]
    pub(super) damaged: usize,
    /// Entries read of a list in pages, and how many it has.
    pub(super) listed: u64,
    pub(super) all: Option<u64>,
    /// Documents that were read.
    pub(super) documents: u32,
    /// Failures in a row.
    pub(super) tries: u32,
    /// How often the document under way was another one by then.
    pub(super) changes: u32,
}

impl Cursor {
    pub(super) fn begin(roots: Vec<String>) -> Self {
        Self {
            urls: roots.clone(),
            roots,
            conditional: true,
            unchanged: 0,
            generation: None,
            marks: BTreeMap::new(),
            part: Part::default(),
            stage: Stage::Fetch,
            spool: None,
            unread: Vec::new(),
            many: 0,
            damaged: 0,
            listed: 0,
            all: None,
            documents: 0,
            tries: 0,
            changes: 0,
        }
    }

    /// All of it once more, without asking what has changed.
    pub(super) fn anew(&self) -> Self {
        Self {
            conditional: false,
            tries: self.tries,
            changes: self.changes,
            ..Self::begin(self.roots.clone())
        }
    }

    pub(super) fn of(row: &feed::Model) -> Option<Self> {
        // What another version wrote is begun anew.
        serde_json::from_str(row.cursor.as_deref()?).ok()
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Notes that what it needs next lies in this folder, or nowhere.
    pub(super) fn lies(&mut self, spool: Option<&Path>) {
        self.spool = spool.map(|path| path.display().to_string());
    }

    pub(super) fn lies_elsewhere(&self, spool: &Path) -> bool {
        let ours = spool.display().to_string();
        self.spool.as_ref().is_some_and(|where_| *where_ != ours)
    }

    /// Whether an address is the feed's own.
    pub(super) fn is_root(&self, url: &str) -> bool {
        self.roots.iter().any(|root| root == url)
    }

    pub(super) fn roots(&self) -> &[String] {
        &self.roots
    }

    pub(super) fn note(&mut self, unread: Vec<String>) {
        self.many += unread.len();
        for why in unread {
            if self.unread.len() < MOST_UNREAD {
                self.unread.push(why.chars().take(LONGEST_UNREAD).collect());
            }
        }
    }
}

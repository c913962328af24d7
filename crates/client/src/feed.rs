//! Feeds of advisories as the API shows them, and how one is loaded page by page.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A feed of advisories or of signs of exploitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Feed {
    /// `ubuntu`, `debian`, `rocky`, `almalinux`, `amazon-linux`, `rhel`, `windows`, `kev`, `epss`
    pub name: String,
    /// What its records are called: `USN`, `ALSA`, `KEV`.
    pub holds: String,
    /// `ok`, `stale` (it holds what it held, which may no longer be all), `failing` (it could not be fetched the last time) or
    /// `empty`.
    pub state: String,
    /// Why it is not `ok`.
    pub why: Vec<String>,
    /// Where its records are from; none while it is empty.
    pub source: Option<String>,
    /// How many records it holds.
    pub records: u64,
    /// Its newest publication, correction, listing or score.
    pub newest: Option<DateTime<Utc>>,
    /// When it was last loaded, or found unchanged.
    pub fetched_at: Option<DateTime<Utc>>,
    /// When it is fetched again; none where it is loaded by hand.
    pub next_sync_at: Option<DateTime<Utc>>,
    /// Since when a load is under way.
    pub loading_since: Option<DateTime<Utc>>,
    /// Where it is fetched from over the network: its mirrors, else its publisher's own addresses.
    #[serde(default)]
    pub urls: Vec<String>,
    /// Whether it is fetched over the network at all.
    #[serde(default)]
    pub enabled: bool,
    /// When a sync ended last, however.
    #[serde(default)]
    pub last_checked: Option<DateTime<Utc>>,
    /// Why the last sync failed; none if it did not.
    #[serde(default)]
    pub last_error: Option<String>,
    /// The sync that is under way.
    #[serde(default)]
    pub syncing: Option<FeedSync>,
    /// Parts of the last load that could not be read; an advisory may be missing for each.
    pub unread: Vec<String>,
}

impl Feed {
    /// Whether the sync that was asked for at this time has ended. One that was under way is that sync; one that ended just
    /// before is not, though the clocks of two processes may say so: then the next one is due.
    pub fn has_ended_since(&self, asked_at: DateTime<Utc>) -> bool {
        let due = |checked| self.next_sync_at.is_some_and(|next| next <= checked);
        let checked = self.last_checked.filter(|checked| *checked >= asked_at);
        self.syncing.is_none() && checked.is_some_and(|checked| !due(checked))
    }
}

/// How far a sync has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedSync {
    /// The document that is fetched or read.
    pub document: Option<String>,
    /// Bytes of it that are there.
    pub bytes: u64,
    /// Bytes that it has, where its host says so.
    pub of_bytes: Option<u64>,
    /// Pages that are written.
    pub pages: u64,
}

/// What was asked for: a sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SyncAsked {
    /// The feed as it is now.
    pub feed: Feed,
    /// When; `last_checked` is later than this once it has ended.
    pub asked_at: DateTime<Utc>,
}

/// Sets whether and from where a feed is fetched over the network; what is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetFeed {
    /// Whether it is fetched at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Mirrors: at most 8 addresses of https, or of http on the worker's own machine. An empty list means its publisher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urls: Option<Vec<String>>,
}

/// Begins a load.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFeedLoad {
    /// What will be loaded, as a word that differs when its contents do, such as a digest. A feed that was loaded with the
    /// same word is only marked as fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub etag: Option<String>,
}

/// A load of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedLoad {
    /// The feed's name.
    pub feed: String,
    /// The number of the load, under which its pages are sent; none when the feed holds the same already.
    pub generation: Option<i64>,
}

/// Some records of a load.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedPage {
    /// `advisories`, at most 1,000, and `signals`, as `ingot advisories load` reads them from vendors' files.
    #[schema(value_type = Object)]
    pub page: ingot_domain::advisory::feed::Page,
}

/// Ends a load.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndFeedLoad {
    /// Where the records are from.
    #[schema(max_length = 500)]
    pub source: String,
    /// The word the load began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub etag: Option<String>,
    /// Parts that could not be read, each with its reason; the first 20 are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// Takes the load even if it has fewer than four of five of the records there were.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fewer: bool,
}

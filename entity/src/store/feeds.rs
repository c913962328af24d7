//! Feeds of advisories and signs of exploitation. A load writes a generation of its own, page by page, and its end flips the
//! feed to it; readers read the feed's generation only, so that no reader sees half a load.

mod known;
mod load;
mod merge;
mod stored;
mod sweep;
mod sync;

use ingot_domain::advisory::feed::{Facts, Feed};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::Deserialize;

use super::{Ledger, LedgerError};
use crate::feed;

pub use known::{Known, Told};
pub use load::{Loaded, Paged};
pub use sync::{Synced, feed_task};

/// How far a sync has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnderWay {
    /// The document that is fetched or read.
    pub document: Option<String>,
    /// Bytes of it that are there.
    pub bytes: u64,
    /// Bytes that it has, where its host says so.
    pub of_bytes: Option<u64>,
}

impl feed::Model {
    /// Which feed it is; none for one that only a newer binary knows.
    pub fn feed(&self) -> Option<Feed> {
        Feed::parse(&self.name)
    }

    /// What its standing is judged by.
    pub fn facts(&self) -> Facts<'_> {
        let error = |state: &str| self.error.as_deref().filter(|_| self.state == state);
        Facts {
            fetched: self.fetched_at,
            newest: self.newest,
            refused: error("stale"),
            failed: error("failing"),
            unread: self.unread().len(),
        }
    }

    /// Where it is fetched from over the network: its mirrors, else its publisher's own sources.
    pub fn sources(&self) -> Vec<String> {
        let mirrors: Option<Vec<String>> = self
            .urls
            .clone()
            .and_then(|urls| serde_json::from_value(urls).ok());
        let own = || self.feed().map(Feed::sources).unwrap_or_default();
        let own = || own().iter().map(|url| (*url).to_owned()).collect();
        mirrors.filter(|urls| !urls.is_empty()).unwrap_or_else(own)
    }

    /// How far the sync under way has come, as its worker wrote it down.
    pub fn under_way(&self) -> Option<UnderWay> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Part {
            have: u64,
            whole: Option<u64>,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Place {
            urls: Vec<String>,
            part: Part,
        }
        let place: Place = serde_json::from_str(self.cursor.as_deref()?).unwrap_or_default();
        Some(UnderWay {
            document: place.urls.into_iter().next(),
            bytes: place.part.have,
            of_bytes: place.part.whole,
        })
    }

    /// Parts of the last load that could not be read.
    pub fn unread(&self) -> Vec<String> {
        serde_json::from_value(self.damaged.clone()).unwrap_or_default()
    }
}

impl Ledger {
    /// Every feed that was ever loaded or tried.
    pub async fn feeds(&self) -> Result<Vec<feed::Model>, LedgerError> {
        all(&self.db).await
    }

    /// One feed, if it was ever loaded or tried.
    pub async fn feed(&self, feed: Feed) -> Result<Option<feed::Model>, LedgerError> {
        let found = feed::Entity::find_by_id(feed.name()).one(&self.db).await?;
        Ok(found)
    }
}

async fn all<C: ConnectionTrait>(db: &C) -> Result<Vec<feed::Model>, LedgerError> {
    Ok(feed::Entity::find().all(db).await?)
}

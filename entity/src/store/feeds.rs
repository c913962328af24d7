//! Feeds of advisories and signs of exploitation. A load writes a generation of its own, page by page, and its end flips the
//! feed to it; readers read the feed's generation only, so that no reader sees half a load.

mod known;
mod load;
mod merge;
mod stored;
mod sweep;

use ingot_domain::advisory::feed::{Facts, Feed};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{Ledger, LedgerError};
use crate::feed;

pub use known::{Known, Told};
pub use load::{Loaded, Paged};

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
        }
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

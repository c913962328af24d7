//! What the feeds say: of one system and release, for the judge; of one CVE or advisory, for people.

use std::collections::BTreeMap;

use ingot_domain::Instant;
use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::feed::Feed;
use ingot_domain::advisory::record::{Advisory, FeedState, Signals, Span};
use sea_orm::{ConnectionTrait, Statement};

use super::super::engine::claims::place;
use super::super::{Ledger, LedgerError};
use super::stored::{self, column};
use crate::feed;

/// How often a reader begins anew because a load ended meanwhile.
const TRIES: usize = 5;
/// Releases that one advisory is for, at most.
const MOST: u32 = 100;

/// What is known of one system's release.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its advisories, by id.
    pub advisories: Vec<Advisory>,
    /// What is known of their CVEs.
    pub signals: Signals,
    /// How its feed stands; none where none was ever loaded.
    pub feed: Option<FeedState>,
    /// The generation of each feed that was read: what a judgement from this rests on.
    pub generations: BTreeMap<String, i64>,
}

/// An advisory, and where it is from.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Whose feed.
    pub feed: Feed,
    /// What it says of one release.
    pub advisory: Advisory,
}

impl Ledger {
    /// What the feeds say of one release of a system, published up to `at`: its advisories, what is known of the CVEs they
    /// name, and how the feed stands; when it was fetched is a real instant. Everything is of one moment: a load that ends
    /// meanwhile makes it read again.
    pub async fn known_for(&self, os: Os, release: &str, at: Instant) -> Result<Told, LedgerError> {
        let mut rows = super::all(&self.db).await?;
        for _ in 0..TRIES {
            let told = self.read(os, release, at, &rows).await?;
            let again = super::all(&self.db).await?;
            if generations(&again) == told.generations {
                return Ok(told);
            }
            rows = again;
        }
        Err(LedgerError::Connect(
            "the feeds change faster than they are read".to_owned(),
        ))
    }

    async fn read(
        &self,
        os: Os,
        release: &str,
        at: Instant,
        feeds: &[feed::Model],
    ) -> Result<Told, LedgerError> {
        let mut told = Told {
            advisories: Vec::new(),
            signals: Signals::default(),
            feed: None,
            generations: generations(feeds),
        };
        let name = Feed::Vendor(os).name();
        let loaded = |row: &&feed::Model| row.name == name && row.generation > 0;
        let Some(row) = feeds.iter().find(loaded) else {
            return Ok(told);
        };
        told.feed = Some(FeedState {
            newest: row.newest,
            fetched: row.fetched_at,
            records: usize::try_from(row.records).unwrap_or_default(),
            damaged: row.unread(),
            releases: BTreeMap::new(),
            signals: gaps(feeds),
        });
        let backend = self.db.get_database_backend();
        let put = |number| place(backend, number);
        let sql = format!(
            "SELECT first_seen, body FROM advisory WHERE feed = {} AND generation = {} AND release = {} AND published <= {} \
             ORDER BY id",
            put(1),
            put(2),
            put(3),
            put(4)
        );
        let values = [
            name.into(),
            row.generation.into(),
            release.into(),
            at.into(),
        ];
        let found = Statement::from_sql_and_values(backend, sql, values);
        for found in self.db.query_all_raw(found).await? {
            told.advisories.push(stored::advisory(&found)?);
        }
        let mut span = Span::default();
        for advisory in &told.advisories {
            span.take(advisory, at);
        }
        if let Some(state) = told.feed.as_mut().filter(|_| span.records > 0) {
            state.releases.insert(release.to_owned(), span);
        }
        let sql = format!(
            "SELECT s.cve, s.kind, s.since, s.value \
             FROM (SELECT DISTINCT cve FROM advisory_cve WHERE feed = {} AND generation = {} AND release = {}) AS c \
             JOIN signal s ON s.cve = c.cve JOIN feed f ON f.name = s.feed AND f.generation = s.generation",
            put(1),
            put(2),
            put(3)
        );
        let values = [name.into(), row.generation.into(), release.into()];
        let found = Statement::from_sql_and_values(backend, sql, values);
        for found in self.db.query_all_raw(found).await? {
            stored::signal(&found, &mut told.signals)?;
        }
        told.signals.narrow(&mut told.advisories);
        Ok(told)
    }

    /// An advisory by its id, one per release.
    pub async fn advisories_named(&self, id: &str) -> Result<Vec<Known>, LedgerError> {
        let at = place(self.db.get_database_backend(), 1);
        self.advisories_where(&format!("a.id = {at}"), id, MOST)
            .await
    }

    /// The advisories that name a CVE, one per release, at most `limit`.
    pub async fn advisories_of(&self, cve: &str, limit: u32) -> Result<Vec<Known>, LedgerError> {
        let at = place(self.db.get_database_backend(), 1);
        let named = format!(
            "(a.feed, a.generation, a.release, a.id) IN \
             (SELECT feed, generation, release, id FROM advisory_cve WHERE cve = {at})"
        );
        self.advisories_where(&named, cve, limit).await
    }

    async fn advisories_where(
        &self,
        condition: &str,
        value: &str,
        limit: u32,
    ) -> Result<Vec<Known>, LedgerError> {
        let sql = format!(
            "SELECT a.feed, a.first_seen, a.body FROM advisory a JOIN feed f ON f.name = a.feed AND f.generation = a.generation \
             WHERE {condition} ORDER BY a.feed, a.id, a.release LIMIT {limit}"
        );
        let backend = self.db.get_database_backend();
        let found = Statement::from_sql_and_values(backend, sql, [value.into()]);
        let mut known = Vec::new();
        for found in self.db.query_all_raw(found).await? {
            // A feed of a newer binary is none of ours.
            if let Some(feed) = Feed::parse(&column::<String>(&found, "feed")?) {
                let advisory = stored::advisory(&found)?;
                known.push(Known { feed, advisory });
            }
        }
        Ok(known)
    }

    /// What is known of some CVEs beside any advisory.
    pub async fn signals_of(&self, cves: &[String]) -> Result<Signals, LedgerError> {
        let backend = self.db.get_database_backend();
        let list = serde_json::Value::from(cves.to_vec()).to_string();
        let source = match backend {
            sea_orm::DbBackend::Sqlite => "SELECT value FROM json_each(?1)",
            _ => "SELECT json_array_elements_text(CAST($1 AS json))",
        };
        let sql = format!(
            "SELECT s.cve, s.kind, s.since, s.value FROM signal s JOIN feed f ON f.name = s.feed AND f.generation = s.generation \
             WHERE s.cve IN ({source})"
        );
        let found = Statement::from_sql_and_values(backend, sql, [list.into()]);
        let mut signals = Signals::default();
        for found in self.db.query_all_raw(found).await? {
            stored::signal(&found, &mut signals)?;
        }
        Ok(signals)
    }
}

/// What is missing of the signs of exploitation.
fn gaps(feeds: &[feed::Model]) -> Vec<String> {
    let row = |feed: Feed| {
        let name = feed.name();
        feeds
            .iter()
            .find(move |row| row.name == name && row.generation > 0)
    };
    let mut gaps = Vec::new();
    match row(Feed::Kev) {
        Some(kev) => gaps.extend(kev.unread().into_iter().take(1).map(|first| {
            format!(
                "a part of KEV could not be read, so what is exploited is not known (R1): {first}"
            )
        })),
        None => {
            gaps.push("KEV was never loaded, so what is exploited is not known (R1)".to_owned())
        }
    }
    let epss = row(Feed::Epss).map(feed::Model::unread).unwrap_or_default();
    gaps.extend(epss.into_iter().take(1).map(|first| {
        format!("a part of EPSS was passed over, so what is likely to be exploited is not known (R2): {first}")
    }));
    gaps
}

fn generations(rows: &[feed::Model]) -> BTreeMap<String, i64> {
    let loaded = rows.iter().filter(|row| row.generation > 0);
    loaded
        .map(|row| (row.name.clone(), row.generation))
        .collect()
}

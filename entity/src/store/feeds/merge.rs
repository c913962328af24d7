//! A page held against what is written down already: records told before in the same load become one with the page's, and
//! what was known before keeps the day on which it was first seen.

use std::collections::HashMap;

use ingot_domain::Instant;
use ingot_domain::advisory::feed::Page;
use ingot_domain::advisory::record::{Advisory, Signals};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};

use super::super::LedgerError;
use super::super::engine::claims::place;
use super::stored::{self, Load, column};
use crate::feed;

/// The page's advisories, each joined with what the load holds of it already, and with the day on which it was first seen.
/// `today` is what the calendar shows, which builds are held against. What a feed holds when it is loaded for the first time was published at any time, and is first seen at none.
pub(super) async fn joined(
    tx: &DatabaseTransaction,
    row: &feed::Model,
    load: Load<'_>,
    page: &Page,
    today: Instant,
) -> Result<Vec<Advisory>, LedgerError> {
    // SQLite joins a CROSS JOIN in the order in which it is written: row by row of the page, by the primary key.
    let names = stored::named(page);
    let (mut before, mut there) = (HashMap::new(), HashMap::new());
    if !names.is_empty() {
        let backend = tx.get_database_backend();
        let at = |number| place(backend, number);
        let sql = format!(
            "SELECT a.generation, a.first_seen, a.body FROM {} CROSS JOIN advisory a \
             WHERE a.release = v.release AND a.id = v.id AND a.feed = {} AND a.generation IN ({}, {})",
            names.source(backend, 1),
            at(2),
            at(3),
            at(4)
        );
        let values = [
            names.parameter()?,
            load.feed.into(),
            row.generation.into(),
            load.generation.into(),
        ];
        let found = Statement::from_sql_and_values(backend, sql, values);
        for found in tx.query_all_raw(found).await? {
            let advisory = stored::advisory(&found)?;
            let key = (advisory.release.clone(), advisory.id.clone());
            if column::<i64>(&found, "generation")? == load.generation {
                there.insert(key, advisory);
            } else {
                before.insert(key, advisory.first_seen);
            }
        }
    }
    let watching = row.generation > 0;
    let mut keys = Vec::new();
    for advisory in &page.advisories {
        let key = (advisory.release.clone(), advisory.id.clone());
        let mut advisory = advisory.clone();
        advisory.first_seen = match before.get(&key) {
            Some(seen) => *seen,
            None => watching.then_some(today),
        };
        match there.get_mut(&key) {
            Some(own) => own.join(advisory),
            None => drop(there.insert(key.clone(), advisory)),
        }
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys.iter().filter_map(|key| there.remove(key)).collect())
}

/// The page's signals with what the load holds of the same CVEs.
pub(super) async fn absorbed(
    tx: &DatabaseTransaction,
    load: Load<'_>,
    page: &Page,
) -> Result<Signals, LedgerError> {
    let names = stored::told(page);
    let mut signals = Signals::default();
    if names.is_empty() {
        return Ok(signals);
    }
    let backend = tx.get_database_backend();
    // The kinds are named for the primary key's sake: by feed and generation alone every page would read all before it.
    let sql = format!(
        "SELECT s.cve, s.kind, s.since, s.value FROM {} CROSS JOIN signal s \
         WHERE s.cve = v.cve AND s.kind IN ('kev', 'epss', 'vectors', 'ubuntu') AND s.feed = {} AND s.generation = {}",
        names.source(backend, 1),
        place(backend, 2),
        place(backend, 3)
    );
    let values = [names.parameter()?, load.feed.into(), load.generation.into()];
    let found = Statement::from_sql_and_values(backend, sql, values);
    for found in tx.query_all_raw(found).await? {
        stored::signal(&found, &mut signals)?;
    }
    signals.absorb(page.signals.clone());
    Ok(signals)
}

//! Rows of generations that no reader reads: those before a feed's own, and of loads that came to nothing.

use sea_orm::{ConnectionTrait, Statement};

use super::super::engine::claims::place;
use super::super::{Ledger, LedgerError};

/// The tables with their keys.
const TABLES: [(&str, &str); 3] = [
    ("advisory", "feed, generation, release, id"),
    ("advisory_cve", "feed, generation, release, id, cve"),
    ("signal", "cve, kind, feed, generation"),
];

impl Ledger {
    /// Deletes up to `batch` rows of each table and feed that no reader reads; answers how many. A load under way keeps its
    /// rows, for readers who began before its end go on with what they had for a moment: sweep no more often than readers
    /// take.
    pub async fn sweep_feeds(&self, batch: u64) -> Result<u64, LedgerError> {
        let backend = self.db.get_database_backend();
        let put = |number| place(backend, number);
        let mut swept = 0;
        for row in super::all(&self.db).await? {
            // Numbers only grow, and the load under way has the last one.
            let end = row.loading.unwrap_or(i64::MAX);
            for (table, key) in TABLES {
                for (from, to) in [(i64::MIN, row.generation), (row.generation + 1, end)] {
                    let sql = format!(
                        "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} \
                         WHERE feed = {} AND generation >= {} AND generation < {} LIMIT {batch})",
                        put(1),
                        put(2),
                        put(3)
                    );
                    let values = [row.name.clone().into(), from.into(), to.into()];
                    let sweep = Statement::from_sql_and_values(backend, sql, values);
                    swept += self.db.execute_raw(sweep).await?.rows_affected();
                }
            }
        }
        Ok(swept)
    }
}

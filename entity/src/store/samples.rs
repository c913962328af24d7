//! How long deployments took to be ready (F53): the samples that a template's medians rest on.

use sea_orm::{FromQueryResult, Statement};

use super::engine::claims::place;
use super::{Ledger, LedgerError};

/// One deployment's time-to-ready (F53).
#[derive(Debug, Clone, FromQueryResult)]
pub struct LaunchSample {
    /// Its template.
    pub template: String,
    /// `fresh` or `cached`.
    pub launch_path: String,
    /// Milliseconds.
    pub time_to_ready_ms: i64,
}

/// Templates whose samples one statement asks for: SQLite joins at most 500 selects, and each takes two.
const SAMPLED: usize = 100;

impl Ledger {
    /// The last `limit` times-to-ready of each of some templates on each path (F53), each read off the index
    /// `deployment_ready`, as many as there are in one statement.
    pub async fn launch_samples(
        &self,
        templates: &[String],
        limit: u64,
    ) -> Result<Vec<LaunchSample>, LedgerError> {
        let backend = self.db.get_database_backend();
        let mut samples = Vec::new();
        for some in templates.chunks(SAMPLED) {
            let mut parts = Vec::new();
            for number in 1..=some.len() {
                let of = place(backend, number);
                for path in ["fresh", "cached"] {
                    // SQLite takes ORDER BY and LIMIT inside a UNION only like this.
                    parts.push(format!(
                        "SELECT template, launch_path, time_to_ready_ms FROM \
                         (SELECT template, launch_path, time_to_ready_ms FROM deployment \
                         WHERE template = {of} AND launch_path = '{path}' AND time_to_ready_ms IS NOT NULL \
                         ORDER BY id DESC LIMIT {limit}) AS run"
                    ));
                }
            }
            let names = some.iter().map(|name| name.as_str().into());
            let sql = parts.join(" UNION ALL ");
            let asked = Statement::from_sql_and_values(backend, sql, names);
            samples.extend(LaunchSample::find_by_statement(asked).all(&self.db).await?);
        }
        Ok(samples)
    }
}

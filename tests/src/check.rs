//! The checker: what FAULTS calls invariants, proven after a fault is over from our tables, from every step they ever took,
//! from the region's state and call journal, from Redis and from what the processes said. It answers violations in plain
//! words; those of "never" stay for ever, those of "not yet" go away while the installation comes to rest.
//!
//! | invariant | proven by |
//! |---|---|
//! | I1 no orphan | `region` |
//! | I2 one effect | `region` |
//! | I3 nothing lost, I12 at rest again | `ledger`, `bells` |
//! | I5 money, and builds at rest | `builds`, `trace` |
//! | I4 legal steps, gapless events, growing epochs | `trace`, `ledger` |
//! | I6 bounded attempts and crashes | `ledger` |
//! | I9 secrets | `secrets` |
//! | provenance: nothing of a stranger's is touched | `strangers` |
//!
//! I10 and I11 are about the time during a fault; the tests of the fault look at them.

mod bells;
mod builds;
mod ledger;
mod region;
mod secrets;
mod strangers;
mod trace;

pub use secrets::PLANTED;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ingot_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::Value;
use tokio::time::Instant;

use crate::stack::Stack;

/// Between two looks at an installation that is coming to rest.
const PAUSE: Duration = Duration::from_millis(300);

/// Watches one scaled installation.
#[derive(Debug)]
pub struct Checker {
    db: DatabaseConnection,
    secrets: Vec<String>,
    /// Deployments the API has accepted.
    accepted: Vec<String>,
}

impl Checker {
    /// Begins to note every step of the ledger's rows. To be called before the first request.
    pub async fn watch(stack: &Stack) -> Result<Self> {
        let database = stack.database.as_ref().context("a scaled stack")?;
        let db = database.connect().await?;
        trace::start(&db).await?;
        Ok(Self {
            db,
            secrets: secrets::of(stack),
            accepted: Vec::new(),
        })
    }

    /// A deployment the API has accepted must be there at the end (I3).
    pub fn accepted(&mut self, id: &str) {
        self.accepted.push(id.to_owned());
    }

    /// The ledger's database, for what a test wants to see itself.
    pub fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Everything that is wrong now.
    pub async fn violations(&self, stack: &Stack) -> Result<Vec<String>> {
        let rows = Rows::read(&self.db).await?;
        let mut wrong = ledger::violations(&rows, &self.accepted);
        wrong.extend(builds::violations(&rows));
        wrong.extend(trace::violations(&self.db).await?);
        wrong.extend(region::violations(&rows, stack).await?);
        wrong.extend(bells::violations(stack).await?);
        Ok(wrong)
    }

    /// Waits until nothing is wrong any more; answers what still is when the time is over. Then looks for secrets.
    pub async fn settle(&self, stack: &Stack, within: Duration) -> Result<Vec<String>> {
        let end = Instant::now() + within;
        loop {
            let wrong = self.violations(stack).await;
            let over = Instant::now() >= end;
            match wrong {
                Ok(wrong) if wrong.is_empty() => {
                    return secrets::violations(stack, &self.secrets).await;
                }
                Ok(wrong) if over => return Ok(wrong),
                // What is looked at may just be coming up again.
                Err(error) if over => return Err(error),
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// The same, as an error that tells everything.
    pub async fn holds(&self, stack: &Stack, within: Duration) -> Result<()> {
        let wrong = self.settle(stack, within).await?;
        ensure!(
            wrong.is_empty(),
            "violations after {within:?}:\n{}\n{}",
            wrong.join("\n"),
            stack.said()
        );
        Ok(())
    }
}

/// The ledger's rows as JSON.
struct Rows {
    deployments: Vec<Value>,
    tasks: Vec<Value>,
    effects: Vec<Value>,
    images: Vec<Value>,
    builds: Vec<Value>,
    purses: Vec<Value>,
    entries: Vec<Value>,
    /// Per deployment: how many events, the first and the last number.
    stories: Vec<Value>,
    install: String,
}

impl Rows {
    async fn read(db: &DatabaseConnection) -> Result<Self> {
        let table = async |name: &str| json(db, &format!("SELECT to_jsonb(t) FROM {name} t")).await;
        let stories = "SELECT jsonb_build_object('id', deployment_id, 'count', count(*), 'first', min(seq), \
            'last', max(seq)) FROM event GROUP BY deployment_id";
        let install = json(
            db,
            "SELECT to_jsonb(value) FROM setting WHERE name = 'install'",
        )
        .await?;
        Ok(Self {
            // Their order and recipe are long, and no check here reads them.
            deployments: json(
                db,
                "SELECT to_jsonb(t) - 'order' - 'recipe' FROM deployment t",
            )
            .await?,
            tasks: json(
                db,
                "SELECT to_jsonb(t) || jsonb_build_object('overdue', extract(epoch FROM clock_timestamp() - \
                    CASE state WHEN 'running' THEN lease_until ELSE run_at END)) FROM task t",
            )
            .await?,
            effects: json(db, "SELECT to_jsonb(t) - 'params' FROM effect t").await?,
            images: table("image").await?,
            builds: table("build").await?,
            purses: table("purse").await?,
            entries: table("purse_entry").await?,
            stories: json(db, stories).await?,
            install: install.first().map(text).unwrap_or_default(),
        })
    }
}

/// A change of the ledger by hand, which no process of ours would make.
pub async fn execute(db: &DatabaseConnection, sql: &str) -> Result<()> {
    db.execute_unprepared(sql).await?;
    Ok(())
}

/// The first column of every row, which is JSON.
pub async fn json(db: &DatabaseConnection, sql: &str) -> Result<Vec<Value>> {
    let rows = db
        .query_all_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

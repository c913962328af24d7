//! The ledger's own word about tasks: triggers tell when a task is durable and when a claim of it is. Postgres sends both
//! after their commits, so what is heard here is what others can see, on one clock and through the same channel. The
//! triggers make both commits a little slower, which counts against Ingot and not for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Result;
use ingot_migration::sea_orm::sqlx::postgres::PgListener;
use ingot_migration::sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde::Deserialize;
use tokio::task::JoinHandle;

const TRIGGERS: &str = "
CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE micros CONSTANT numeric := 1000000;
BEGIN
  PERFORM pg_notify('bench', json_build_object(
    'op', TG_OP, 'kind', NEW.kind, 'deployment', NEW.deployment_id, 'epoch', NEW.epoch,
    'run_at', (extract(epoch FROM NEW.run_at) * micros)::bigint,
    'created_at', (extract(epoch FROM NEW.created_at) * micros)::bigint)::text);
  RETURN NULL;
END $$;
CREATE TRIGGER bench_new AFTER INSERT ON task FOR EACH ROW EXECUTE FUNCTION bench_tell();
CREATE TRIGGER bench_claimed AFTER UPDATE OF epoch ON task FOR EACH ROW
  WHEN (NEW.epoch > OLD.epoch AND NEW.state = 'running') EXECUTE FUNCTION bench_tell();";

/// What was told of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Op {
    /// It is durable.
    Insert,
    /// It is claimed, and its handler begins.
    Update,
}

/// One message.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Told {
    pub(super) op: Op,
    pub(super) kind: String,
    pub(super) deployment: Option<String>,
    /// 1 with the first claim.
    pub(super) epoch: i64,
    /// Microseconds since 1970, like every instant here.
    pub(super) run_at: i64,
    pub(super) created_at: i64,
    /// When we heard it.
    #[serde(skip)]
    pub(super) heard: i64,
}

/// Hears everything from its start on.
#[derive(Debug)]
pub(super) struct Ear {
    told: Arc<Mutex<Vec<Told>>>,
    hearing: JoinHandle<()>,
}

impl Ear {
    /// Installs the triggers and listens.
    pub(super) async fn open(url: &str) -> Result<Self> {
        let database = connect(url).await?;
        database.execute_unprepared(TRIGGERS).await?;
        let mut listener = PgListener::connect(url).await?;
        listener.listen("bench").await?;
        let told: Arc<Mutex<Vec<Told>>> = Arc::default();
        let kept = Arc::clone(&told);
        let hearing = tokio::spawn(async move {
            while let Ok(message) = listener.recv().await {
                let heard = now();
                if let Ok(mut told) = serde_json::from_str::<Told>(message.payload()) {
                    told.heard = heard;
                    kept.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(told);
                }
            }
        });
        Ok(Self { told, hearing })
    }

    /// Everything told so far; forgets it.
    pub(super) fn take(&self) -> Vec<Told> {
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many messages pass a test.
    pub(super) fn count(&self, test: impl Fn(&Told) -> bool) -> usize {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().filter(|told| test(told)).count()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.hearing.abort();
    }
}

/// A connection for looking.
pub(super) async fn connect(url: &str) -> Result<DatabaseConnection> {
    Ok(Database::connect(url).await?)
}

/// A number the ledger's database is asked for.
pub(super) async fn number(database: &DatabaseConnection, sql: &str) -> Result<i64> {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(statement).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

/// A column of texts it is asked for.
pub(super) async fn texts(ledger: &DatabaseConnection, sql: &str) -> Result<Vec<String>> {
    let statement = Statement::from_string(ledger.get_database_backend(), sql);
    let rows = ledger.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

/// The wall clock in microseconds; Postgres on the same machine reads the same one.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}

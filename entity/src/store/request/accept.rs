//! What accepting requests writes: rows, first lines, first tasks and idempotency records. One set of rows travels, with
//! what differs between requests; the rest of each row follows from that here. Sets of their own for the four tables cost
//! Postgres a quarter more, most of it reading what is the same in every row (`docs/scaling.md` section 6).

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use ingot_domain::Instant;
use ingot_domain::actor::Actor;
use ingot_domain::deployment::Status;
use ingot_domain::event::{Level, Source};
use ingot_domain::request::Order;
use ingot_domain::task::{TaskKind, TaskState};
use sea_orm::sqlx::postgres::{PgArguments, PgBindIterExt};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::types::Json;
use sea_orm::sqlx::{self, Postgres, Row as _};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement, TransactionTrait,
};

use crate::store::LedgerError;
use crate::store::request::create::{REQUESTED, Requested};
use crate::store::request::intake::Intake;
use crate::store::rows::{Column, Row, Rows, names};

/// Declares what travels of a request, each column with its type in Postgres, together with both ways it travels.
macro_rules! asked {
    ($($field:ident: $type:ty as $kind:literal),+ $(,)?) => {
        /// A request as it travels; one with a task starts at once.
        struct Asked<'a> { $($field: $type),+ }

        const ASKED: &[Column] = &[$((stringify!($field), $kind)),+];

        impl Asked<'_> {
            /// For SQLite.
            fn row(&self) -> Row {
                Row::new()$(.with(stringify!($field), &self.$field))+
            }
        }

        /// For Postgres, which reads an array for each column in a third of the time it takes for JSON.
        fn bound<'a>(sql: &'static str, all: &'a [Asked<'a>]) -> Query<'a, Postgres, PgArguments> {
            sqlx::query(sql)$(.bind(all.iter().map(|one| one.$field).bind_iter()))+
        }
    };
}

asked! {
    id: &'a str as "text",
    token_id: Option<&'a str> as "text",
    key: Option<&'a str> as "text",
    request_hash: Option<&'a str> as "text",
    job_name: &'a str as "text",
    template: &'a str as "text",
    version: &'a str as "text",
    mode: &'a str as "text",
    region: &'a str as "text",
    order: Json<&'a Order> as "jsonb",
    recipe: &'a serde_json::Value as "jsonb",
    template_revision: Option<i32> as "integer",
    fingerprint: &'a str as "text",
    said: &'a str as "text",
    actor: Option<&'a str> as "text",
    actor_name: Option<&'a str> as "text",
    actor_way: Option<&'a str> as "text",
    request_id: Option<&'a str> as "text",
    task: Option<&'a str> as "text",
    unique_key: Option<&'a str> as "text",
    at: Instant as "timestamptz",
}

/// The batch in the order of its keys: all wait for others' keys in that order, so never in a circle.
fn in_order(batch: &[Intake]) -> Vec<Asked<'_>> {
    let mut all: Vec<_> = batch.iter().map(Asked::of).collect();
    all.sort_by_key(|one| (one.token_id, one.key));
    all
}

impl<'a> Asked<'a> {
    fn of(one: &'a Intake) -> Self {
        let Requested { row, order } = &*one.requested;
        let (claim, task) = (one.idempotency.as_ref(), one.task.as_ref());
        let actor = one.actor.as_deref();
        let person = actor.and_then(Actor::person);
        Self {
            id: &row.id,
            token_id: claim.map(|claim| claim.token_id.as_str()),
            key: claim.map(|claim| claim.key.as_str()),
            request_hash: claim.map(|claim| claim.request_hash.as_str()),
            job_name: &row.job_name,
            template: &row.template,
            version: &row.version,
            mode: &row.mode,
            region: &row.region,
            order: Json(order),
            recipe: &row.recipe,
            template_revision: row.template_revision,
            fingerprint: &row.fingerprint,
            said: &one.said,
            actor: actor.map(Actor::id),
            actor_name: person.map(|person| person.name.as_str()),
            actor_way: person.map(|person| person.way.as_str()),
            request_id: person.and_then(|person| person.request.as_deref()),
            task: task.map(|task| task.id.as_str()),
            unique_key: task.and_then(|task| task.unique_key.as_deref()),
            at: row.created_at,
        }
    }
}

/// The records of keys; those that are taken stay as they are.
const KEYS: &str = "INSERT INTO idempotency (token_id, key, request_hash, resource_id, created_at)
    SELECT token_id, key, request_hash, id, at FROM asked WHERE key IS NOT NULL ON CONFLICT DO NOTHING";

/// What is written for every request of `fresh`: its row, its first line, its task. Nothing of it can be there already, but
/// for a row of the same id.
static WRITES: LazyLock<[String; 3]> = LazyLock::new(|| {
    let (queued, pending, kind) = (Status::Queued, Status::Pending, TaskKind::Launch);
    let (source, level) = (Source::Request, Level::Info);
    let deployments = format!(
        r#"INSERT INTO deployment (id, job_name, template, version, mode, region, "order", recipe, template_revision,
            fingerprint, status, run, event_seq, created_at, started_at)
        SELECT id, job_name, template, version, mode, region, "order", COALESCE(recipe, 'null'), template_revision,
            fingerprint, CASE WHEN task IS NULL THEN '{pending}' ELSE '{queued}' END,
            CASE WHEN task IS NULL THEN 0 ELSE 1 END, 1, at,
            CASE WHEN task IS NULL THEN NULL ELSE at END FROM fresh"#
    );
    let lines = format!(
        "INSERT INTO event (deployment_id, seq, at, kind, source, level, message, actor, actor_name, actor_way, request_id)
        SELECT id, 1, at, '{REQUESTED}', '{source}', '{level}', said, actor, actor_name, actor_way, request_id FROM fresh"
    );
    let tasks = format!(
        "INSERT INTO task (id, queue, kind, state, deployment_id, unique_key, max_attempts, run_at, rung_at, created_at)
        SELECT task, '{}', '{kind}', '{}', id, unique_key, {}, at, at, at FROM fresh WHERE task IS NOT NULL",
        kind.queue(),
        TaskState::Available,
        kind.max_attempts()
    );
    [deployments, lines, tasks]
});

/// All of it as one statement, which is its own transaction: a round trip instead of six. A second request with the same
/// key waits here for the first to commit. Answers whose key was taken.
static AT_ONCE: LazyLock<String> = LazyLock::new(|| {
    let arrays = ASKED.iter().zip(1..);
    let arrays: Vec<_> = arrays
        .map(|((_, kind), place)| format!("${place}::{kind}[]"))
        .collect();
    let (arrays, names) = (arrays.join(", "), names(ASKED));
    let source = format!("unnest({arrays}) AS v({names})");
    let [deployments, lines, tasks] = &*WRITES;
    format!(
        "WITH asked AS MATERIALIZED (SELECT * FROM {source}), claimed AS ({KEYS} RETURNING resource_id),
        fresh AS MATERIALIZED (SELECT * FROM asked WHERE key IS NULL OR id IN (SELECT resource_id FROM claimed)),
        accepted AS ({deployments}), told AS ({lines}), caused AS ({tasks})
        SELECT id FROM asked WHERE key IS NOT NULL AND id NOT IN (SELECT resource_id FROM claimed)"
    )
});

/// The same on SQLite, whose queries cannot hold writes: what is before each of them.
static BEFORE_EACH: LazyLock<String> = LazyLock::new(|| {
    let source = Rows::of(&[ASKED]).source(DbBackend::Sqlite, 1);
    let ours = "(SELECT 1 FROM idempotency i WHERE i.token_id = asked.token_id AND i.key = asked.key AND i.resource_id = asked.id)";
    format!(
        "WITH asked AS (SELECT * FROM {source}),
        fresh AS (SELECT * FROM asked WHERE key IS NULL OR EXISTS {ours}) "
    )
});

/// Writes the batch and answers the ids of those whose key an earlier request had used.
pub(in crate::store) async fn at_once<'c, E>(
    on: E,
    batch: &[Intake],
) -> Result<HashSet<String>, LedgerError>
where
    E: sqlx::Executor<'c, Database = Postgres>,
{
    let all = in_order(batch);
    let refused = bound(&AT_ONCE, &all).fetch_all(on).await.map_err(failed)?;
    let ids = refused.iter().map(|row| row.try_get(0));
    ids.collect::<Result<_, _>>().map_err(failed)
}

/// As the ledger tells it.
pub(in crate::store) fn failed(error: sqlx::Error) -> LedgerError {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))).into()
}

/// The same in a transaction of several statements.
pub(in crate::store) async fn one_after_the_other(
    db: &DatabaseConnection,
    batch: &[Intake],
) -> Result<HashSet<String>, LedgerError> {
    let mut rows = Rows::of(&[ASKED]);
    for one in in_order(batch) {
        rows.push(&one.row());
    }
    let text = rows.parameter()?;
    let tx = db.begin().await?;
    let run = |sql: &str| {
        let sql = format!("{}{sql}", &*BEFORE_EACH);
        Statement::from_sql_and_values(DbBackend::Sqlite, sql, [text.clone()])
    };
    tx.execute_raw(run(KEYS)).await?;
    for write in &*WRITES {
        tx.execute_raw(run(write)).await?;
    }
    let refused = run("SELECT id FROM asked WHERE id NOT IN (SELECT id FROM fresh)");
    let refused = tx.query_all_raw(refused).await?;
    let ids = refused.iter().map(|row| row.try_get_by_index(0));
    let ids = ids.collect::<Result<_, DbErr>>()?;
    tx.commit().await?;
    Ok(ids)
}

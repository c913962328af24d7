//! Accepting deployments: rows, first events, first tasks and idempotency records, all or nothing. Requests that come at
//! the same time share a transaction (`group`).

use std::collections::HashSet;
use std::sync::Arc;

use ingot_domain::Instant;
use ingot_domain::event::Line;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryFilter,
    QueryResult, QuerySelect, Statement, TransactionTrait,
};

use super::create::{Created, IdempotencyClaim, Unsettled};
use super::rows::{Column, Rows, record};
use super::tasks::NewTask;
use super::visit::{again, is_refusal};
use super::{LedgerError, change, tasks};
use crate::{deployment, idempotency};

/// A request that is being accepted.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) row: deployment::Model,
    pub(super) lines: Vec<Line>,
    pub(super) task: Option<NewTask>,
    pub(super) idempotency: Option<IdempotencyClaim>,
}

/// Accepts a batch of requests in one transaction. When the database refuses it, each by itself; when its answer was lost,
/// what is there was accepted (FAULTS F18).
///
/// Whoever comes alone is seen before he is on the disk (`hasty`): his bell is rung while that is waited for. Many that come
/// together wait for one flush.
pub(super) async fn accept_all(
    db: &DatabaseConnection,
    hasty: &DatabaseConnection,
    batch: Vec<Arc<Intake>>,
    now: Instant,
) -> Vec<Accepted> {
    let postgres = db.get_database_backend() == DbBackend::Postgres;
    let alone = postgres && batch.len() == 1;
    let answers = accepted_by(if alone { hasty } else { db }, batch, now).await;
    // What a key led to before may have been accepted a moment ago.
    let unsettled = |created: Answer| {
        let unsettled = alone || postgres && matches!(created, Created::Before(_));
        (created, Unsettled(unsettled))
    };
    let answers = answers.into_iter();
    answers.map(|answer| answer.map(unsettled)).collect()
}

async fn accepted_by(
    db: &DatabaseConnection,
    batch: Vec<Arc<Intake>>,
    now: Instant,
) -> Vec<Result<Answer, LedgerError>> {
    match tried(db, &batch, now).await {
        Ok(answers) => answers,
        Err(refusal) if batch.len() == 1 => vec![Err(refusal)],
        Err(_) => {
            let mut answers = Vec::with_capacity(batch.len());
            for one in &batch {
                let alone = tried(db, std::slice::from_ref(one), now).await;
                let answer = alone.and_then(|mut answers| answers.pop().ok_or_else(closed)?);
                answers.push(answer);
            }
            answers
        }
    }
}

/// One try; what the database refused is an error, whatever else happened is answered.
async fn tried(
    db: &DatabaseConnection,
    batch: &[Arc<Intake>],
    now: Instant,
) -> Result<Vec<Result<Answer, LedgerError>>, LedgerError> {
    match together(db, batch, now).await {
        Ok(answers) => Ok(answers.into_iter().map(Ok).collect()),
        Err(refusal) if is_refusal(&refusal) => Err(refusal),
        Err(error) => Ok(read_again(db, batch, &error).await),
    }
}

/// The ids are the requests' own, made a moment ago: a row with one of them is this request's, written by a statement whose
/// answer never came. Whoever has none hears the error.
async fn read_again(
    db: &DatabaseConnection,
    batch: &[Arc<Intake>],
    error: &LedgerError,
) -> Vec<Result<Answer, LedgerError>> {
    let ours = batch.iter().map(|one| one.row.id.as_str());
    let found = deployment::Entity::find()
        .select_only()
        .column(deployment::Column::Id)
        .filter(deployment::Column::Id.is_in(ours))
        .into_tuple::<String>()
        .all(db)
        .await
        .unwrap_or_default();
    let answer = |one: &Arc<Intake>| match found.contains(&one.row.id) {
        true => Ok(one.answer()),
        false => Err(LedgerError::Database(again(error))),
    };
    batch.iter().map(answer).collect()
}

impl Intake {
    /// It was accepted.
    fn answer(&self) -> Answer {
        Created::New(self.row.clone(), self.task.clone())
    }
}

type Answer = Created<deployment::Model>;

/// What was accepted, and whether that is on the disk.
pub(super) type Accepted = Result<(Answer, Unsettled), LedgerError>;

async fn together(
    db: &DatabaseConnection,
    batch: &[Arc<Intake>],
    now: Instant,
) -> Result<Vec<Answer>, LedgerError> {
    let written = match db.get_database_backend() {
        DbBackend::Sqlite => one_after_the_other(db, batch, now).await?,
        _ => at_once(db, batch, now).await?,
    };
    let mut answers = Vec::with_capacity(batch.len());
    for one in batch {
        answers.push(match &one.idempotency {
            Some(claim) if !written.contains(&one.row.id) => before(db, claim).await?,
            _ => one.answer(),
        });
    }
    Ok(answers)
}

/// One statement for all of it, which is its own transaction: a round trip instead of six. Answers whose rows were written:
/// those without a key, and those whose key nobody had used. A second request with the same key waits here for the first
/// to commit; all wait in the order of keys, so never in a circle.
async fn at_once(
    db: &DatabaseConnection,
    batch: &[Arc<Intake>],
    now: Instant,
) -> Result<HashSet<String>, LedgerError> {
    let (postgres, all) = (DbBackend::Postgres, || batch.iter().map(Arc::as_ref));
    let (keys, rows) = (keys(all(), now), deployments(all()));
    let (events, tasks) = (events(all(), now), launches(all(), now));
    let theirs = "WHERE v.deployment_id IN (SELECT id FROM accepted)";
    let caused = format!("{theirs} ON CONFLICT DO NOTHING");
    let sql = format!(
        "WITH claimed AS ({}), accepted AS ({}), told AS ({}), caused AS ({}) SELECT id FROM accepted",
        keys.insert_sql(postgres, "idempotency", 1, FIRST),
        rows.insert_sql(
            postgres,
            "deployment",
            2,
            "WHERE NOT v.keyed OR v.id IN (SELECT resource_id FROM claimed) RETURNING id",
        ),
        events.insert_sql(postgres, "event", 3, theirs),
        tasks.insert_sql(postgres, "task", 4, &caused),
    );
    let parameters = [
        keys.parameter()?,
        rows.parameter()?,
        events.parameter()?,
        tasks.parameter()?,
    ];
    let statement = Statement::from_sql_and_values(postgres, sql, parameters);
    ids(&db.query_all_raw(statement).await?, "id")
}

/// The same in a transaction of several statements, for a database whose queries cannot hold writes.
async fn one_after_the_other(
    db: &DatabaseConnection,
    batch: &[Arc<Intake>],
    now: Instant,
) -> Result<HashSet<String>, LedgerError> {
    let tx = db.begin().await?;
    let keys = keys(batch.iter().map(Arc::as_ref), now);
    let first = match keys.is_empty() {
        true => HashSet::new(),
        false => ids(
            &keys.insert_returning(&tx, "idempotency", FIRST).await?,
            "resource_id",
        )?,
    };
    let free = |one: &&Arc<Intake>| one.idempotency.is_none() || first.contains(&one.row.id);
    let free = || batch.iter().filter(free).map(Arc::as_ref);
    let rows = deployments(free());
    if rows.is_empty() {
        tx.rollback().await?;
        return Ok(HashSet::new());
    }
    rows.insert(&tx, "deployment", "").await?;
    change::append(&tx, events(free(), now)).await?;
    let tasks = launches(free(), now);
    if !tasks.is_empty() {
        tasks.insert(&tx, "task", "ON CONFLICT DO NOTHING").await?;
    }
    tx.commit().await?;
    Ok(free().map(|one| one.row.id.clone()).collect())
}

/// What follows the insertion of keys: those that were free are answered.
const FIRST: &str = "ON CONFLICT DO NOTHING RETURNING resource_id";

fn ids(rows: &[QueryResult], column: &str) -> Result<HashSet<String>, LedgerError> {
    let ids = rows.iter().map(|row| row.try_get("", column));
    Ok(ids.collect::<Result<_, DbErr>>()?)
}

/// The batch's idempotency records, in the order of their keys.
fn keys<'a>(batch: impl Iterator<Item = &'a Intake>, now: Instant) -> Rows {
    let mut claims: Vec<_> = batch
        .filter_map(|one| Some((one.idempotency.as_ref()?, &one.row.id)))
        .collect();
    claims.sort_by_key(|(claim, _)| (&claim.token_id, &claim.key));
    let mut rows = Rows::of(&[KEY]);
    for (claim, resource_id) in claims {
        rows.push(&key(&idempotency::Model {
            token_id: claim.token_id.clone(),
            key: claim.key.clone(),
            request_hash: claim.request_hash.clone(),
            resource_id: resource_id.clone(),
            created_at: now,
        }));
    }
    rows
}

fn deployments<'a>(batch: impl Iterator<Item = &'a Intake>) -> Rows {
    let mut rows = Rows::of(&[ACCEPTED]).computing(BESIDE, RECIPE);
    for one in batch {
        rows.push(&accepted(&one.row).with("keyed", &one.idempotency.is_some()));
    }
    rows
}

fn events<'a>(batch: impl Iterator<Item = &'a Intake>, now: Instant) -> Rows {
    let mut rows = change::events();
    for one in batch {
        change::say(&mut rows, &one.row.id, 0, &one.lines, now);
    }
    rows
}

fn launches<'a>(batch: impl Iterator<Item = &'a Intake>, now: Instant) -> Rows {
    tasks::rows(batch.filter_map(|one| one.task.as_ref()), now, true)
}

/// What a key led to before.
async fn before(
    db: &DatabaseConnection,
    claim: &IdempotencyClaim,
) -> Result<Created<deployment::Model>, LedgerError> {
    let found = idempotency::Entity::find_by_id((claim.token_id.clone(), claim.key.clone()))
        .one(db)
        .await?;
    Ok(match found {
        Some(before) if before.request_hash == claim.request_hash => {
            Created::Before(before.resource_id)
        }
        // Gone within this millisecond: pruned. The caller's next try finds the key free.
        None => return Err(closed()),
        Some(_) => Created::Mismatch,
    })
}

record! {
    /// An idempotency record.
    KEY, key of idempotency::Model {
        token_id: "text", key: "text", request_hash: "text", resource_id: "text", created_at: "timestamptz",
    }
}

record! {
    /// A deployment as it is accepted; every other column starts empty or with its default.
    ACCEPTED, accepted of deployment::Model {
        id: "text", job_name: "text", template: "text", version: "text", mode: "text", region: "text",
        order: "jsonb", recipe: "jsonb", template_revision: "integer", fingerprint: "text", status: "text",
        run: "integer", event_seq: "bigint", created_at: "timestamptz", started_at: "timestamptz",
    }
}

/// What travels beside a row: whether it has a key.
const BESIDE: &[Column] = &[("keyed", "boolean")];

/// A recipe that is a revision's is stored as JSON's null.
const RECIPE: &[(&str, &str)] = &[("recipe", "COALESCE(v.recipe, 'null')")];

pub(super) fn closed() -> LedgerError {
    LedgerError::Connect("the ledger is closed".to_owned())
}

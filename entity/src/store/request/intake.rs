//! Accepting deployments: requests that come at the same time share a transaction (`group`), and every caller hears what
//! became of its own. What is written is in `accept`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use ingot_domain::actor::Actor;
use sea_orm::sqlx::Postgres;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect,
    RuntimeErr,
};
use tokio::sync::Mutex;

use crate::store::LedgerError;
use crate::store::engine::commit::{again, is_refusal};
use crate::store::engine::tasks::NewTask;
use crate::store::request::accept;
use crate::store::request::create::{Created, IdempotencyClaim, Requested, Unsettled};
use crate::{deployment, idempotency};

/// A request that is being accepted.
#[derive(Debug)]
pub(in crate::store) struct Intake {
    pub(in crate::store) requested: Box<Requested>,
    /// The first line of its story.
    pub(in crate::store) said: String,
    /// Who asks.
    pub(in crate::store) actor: Option<Arc<Actor>>,
    pub(in crate::store) task: Option<NewTask>,
    pub(in crate::store) idempotency: Option<IdempotencyClaim>,
}

/// What the desk answers.
#[derive(Debug)]
pub(in crate::store) enum Answer {
    /// It is written, with this task.
    Written(Box<Requested>, Option<NewTask>),
    /// Its key was used before.
    Taken(IdempotencyClaim),
}

/// What was accepted, and whether that is on the disk.
pub(in crate::store) type Accepted = Result<(Answer, Unsettled), LedgerError>;

/// Where requests are accepted, one batch at a time. While a batch is in Postgres the next one gathers, so both are busy;
/// of two batches at a time one was a request by itself and the other all the rest, which then waited for each other.
#[derive(Debug)]
pub(in crate::store) struct Desk {
    db: DatabaseConnection,
    /// The same database, for what is not waited for on the disk.
    hasty: DatabaseConnection,
    last: Mutex<Last>,
}

/// What is left of the batch before.
#[derive(Debug, Default)]
struct Last {
    /// Its connection. A pool asks a connection that is given back whether it is well, a round trip per batch, and lends
    /// another one next time, whose process has forgotten what it knew.
    kept: Option<(Connection, Moment)>,
    /// It was more than one request.
    crowd: bool,
}

type Connection = PoolConnection<Postgres>;

/// How long a connection is believed to be well.
const BELIEVED: Duration = Duration::from_secs(1);

/// How long a look at Postgres may take. All other requests wait for it: a server that is gone without a word must not hold
/// them up for as long as TCP hopes for it. Longer than [`PATIENCE`], after which Postgres itself breaks a statement off and
/// says so.
const SILENT: Duration = Duration::from_secs(15);
/// How long Postgres tries, in its own words: what it broke off is not there, however late a look comes.
pub(in crate::store) const PATIENCE: &str = "10s";

impl Desk {
    /// Both are the desk's way to the same database; with Postgres, their statements end after [`PATIENCE`].
    pub(in crate::store) fn new(db: DatabaseConnection, hasty: DatabaseConnection) -> Self {
        let last = Mutex::default();
        Self { db, hasty, last }
    }

    /// Accepts a batch of requests in one transaction. When the database refuses it, each by itself; when its answer was
    /// lost, what is there was accepted (FAULTS F18).
    ///
    /// A request that comes alone is seen before it is on the disk (`hasty`): its bell is rung while that is waited
    /// for. Many that come together wait for one flush.
    pub(in crate::store) async fn accept_all(&self, batch: Vec<Intake>) -> Vec<Accepted> {
        let mut last = self.last.lock().await;
        let postgres = self.db.get_database_backend() == DbBackend::Postgres;
        let crowd = batch.len() > 1;
        // One request after a crowd is the crowd's first; a commit of its own would only be in the others' way.
        let alone = postgres && !crowd && !last.crowd;
        last.crowd = crowd;
        // What a key led to before may have been accepted a moment ago.
        let unsettled = |answer: Answer| {
            let unsettled = alone || postgres && matches!(answer, Answer::Taken(_));
            (answer, Unsettled(unsettled))
        };
        let answers = self.accepted(&mut last, alone, batch).await.into_iter();
        answers.map(|answer| answer.map(unsettled)).collect()
    }

    async fn accepted(
        &self,
        last: &mut Last,
        alone: bool,
        batch: Vec<Intake>,
    ) -> Vec<Result<Answer, LedgerError>> {
        let refusal = match self.written(last, alone, &batch).await {
            Ok(taken) => {
                return batch
                    .into_iter()
                    .map(|one| Ok(one.answer(&taken)))
                    .collect();
            }
            Err(error) if !is_refusal(&error) => return self.read_again(batch, &error).await,
            Err(refusal) => refusal,
        };
        if batch.len() == 1 {
            return vec![Err(refusal)];
        }
        let mut answers = Vec::with_capacity(batch.len());
        let mut batch = batch.into_iter();
        while let Some(one) = batch.next() {
            let one = vec![one];
            match self.written(last, alone, &one).await {
                Ok(taken) => answers.extend(one.into_iter().map(|one| Ok(one.answer(&taken)))),
                Err(error) if is_refusal(&error) => answers.push(Err(error)),
                // It went away meanwhile; the rest would wait for that one after the other.
                Err(error) => {
                    answers.extend(self.read_again(one, &error).await);
                    answers.extend(batch.map(|_| Err(LedgerError::Database(again(&error)))));
                    break;
                }
            }
        }
        answers
    }

    /// Answers the ids of those whose key was taken.
    async fn written(
        &self,
        last: &mut Last,
        alone: bool,
        batch: &[Intake],
    ) -> Result<HashSet<String>, LedgerError> {
        if self.db.get_database_backend() == DbBackend::Sqlite {
            return accept::one_after_the_other(&self.db, batch).await;
        }
        if alone {
            let (taken, _) = at_once(acquired(&self.hasty).await?, batch).await?;
            return Ok(taken);
        }
        let kept = last.kept.take();
        let connection = match kept.filter(|(_, used)| used.elapsed() < BELIEVED) {
            Some((connection, _)) => connection,
            None => acquired(&self.db).await?,
        };
        let (taken, connection) = at_once(connection, batch).await?;
        last.kept = Some((connection, Moment::now()));
        Ok(taken)
    }

    /// The ids are the requests' own, made a moment ago: a row with one of them is this request's, written by a statement
    /// whose answer never came. A request without a row hears the error.
    async fn read_again(
        &self,
        batch: Vec<Intake>,
        error: &LedgerError,
    ) -> Vec<Result<Answer, LedgerError>> {
        let ours = batch.iter().map(|one| one.requested.id());
        let found = deployment::Entity::find()
            .select_only()
            .column(deployment::Column::Id)
            .filter(deployment::Column::Id.is_in(ours))
            .into_tuple::<String>()
            .all(&self.db);
        let found = tokio::time::timeout(SILENT, found).await;
        let found: Vec<String> = found.ok().and_then(Result::ok).unwrap_or_default();
        let answer = |one: Intake| match found.iter().any(|id| id == one.requested.id()) {
            true => Ok(Answer::Written(one.requested, one.task)),
            false => Err(LedgerError::Database(again(error))),
        };
        batch.into_iter().map(answer).collect()
    }
}

async fn acquired(db: &DatabaseConnection) -> Result<Connection, LedgerError> {
    let pool = db.get_postgres_connection_pool();
    pool.acquire().await.map_err(accept::failed)
}

/// Writes the batch and gives the connection back. One that fails goes to its pool, which finds out what is the matter with
/// it; one that is silent is cut.
async fn at_once(
    mut connection: Connection,
    batch: &[Intake],
) -> Result<(HashSet<String>, Connection), LedgerError> {
    let written = accept::at_once(&mut *connection, batch);
    match tokio::time::timeout(SILENT, written).await {
        Ok(taken) => Ok((taken?, connection)),
        Err(_) => {
            drop(connection.detach());
            let silent = format!("no answer within {} s", SILENT.as_secs());
            Err(DbErr::Conn(RuntimeErr::Internal(silent)).into())
        }
    }
}

impl Intake {
    fn answer(self, taken: &HashSet<String>) -> Answer {
        match self.idempotency {
            Some(claim) if taken.contains(self.requested.id()) => Answer::Taken(claim),
            _ => Answer::Written(self.requested, self.task),
        }
    }
}

/// What a key led to before.
pub(in crate::store) async fn before(
    db: &DatabaseConnection,
    claim: &IdempotencyClaim,
) -> Result<Created<Requested>, LedgerError> {
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

pub(in crate::store) fn closed() -> LedgerError {
    LedgerError::Connect("the ledger is closed".to_owned())
}

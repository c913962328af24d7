//! The end of a visit: everything it found out and decided, in one transaction, or nothing of it. Visits that end at the
//! same time share one (`group`).

use std::sync::Arc;

use ingot_domain::Instant;
use ingot_domain::actor::Part;
use ingot_domain::calendar::Calendar;
use ingot_domain::wait::Wait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, SqlxError, Statement, TransactionTrait,
};

use crate::store::Ledger;
use crate::store::LedgerError;
use crate::store::assessments;
use crate::store::builds;
use crate::store::change;
use crate::store::deliveries;
use crate::store::effects;
use crate::store::engine::claims::Claim;
use crate::store::engine::finish;
use crate::store::engine::held::Held;
use crate::store::engine::paid::{self, Money};
use crate::store::engine::tasks;
use crate::store::engine::tasks::NewTask;
use crate::store::images;
use crate::store::purses::{Entry, Short};
use crate::store::subject::{self, Move, Moved, New, Stories, Write};
use crate::store::tracks;
use crate::{delivery, deployment, effect};

/// What a visit changes besides its own task.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Subjects that move on, with what is said about them.
    pub moved: Vec<Moved>,
    /// Subjects that are new.
    pub new: Vec<New>,
    /// Money that moves; what does not fit ends the transaction.
    pub money: Vec<Entry>,
    /// An effect to be intended.
    pub intend: Option<effect::Model>,
    /// An effect's outcome: the row as it shall be.
    pub outcome: Option<effect::Model>,
    /// Deliveries of notifications as they shall be.
    pub delivered: Vec<delivery::Model>,
    /// Tasks this visit causes.
    pub tasks: Vec<NewTask>,
}

impl Change {
    /// The deployment's move, if there is one.
    pub fn deployment(&mut self) -> Option<&mut Move<deployment::Model>> {
        self.moved.iter_mut().find_map(|moved| match moved {
            Moved::Deployment(one) => Some(&mut **one),
            _ => None,
        })
    }

    /// Whether a story is told of it: a task that ends so tells what became of its subject.
    pub fn is_told(&self) -> bool {
        !self.moved.is_empty() || !self.new.is_empty()
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        let Self {
            moved,
            new,
            money,
            intend,
            outcome,
            delivered,
            tasks,
        } = self;
        moved.is_empty()
            && new.is_empty()
            && money.is_empty()
            && intend.is_none()
            && outcome.is_none()
            && delivered.is_empty()
            && tasks.is_empty()
    }
}

/// Statements over tables that the ledger does not know, for visits that bring tables of their own, as benchmarks do. They
/// run in this order, in the transaction that writes the visit's end.
#[derive(Debug, Clone, Default)]
pub struct Beside(pub Vec<Statement>);

/// What becomes of the visit's task.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// Come back; no attempt is burnt.
    Wait {
        /// When to look again.
        until: Instant,
        /// What it waits for.
        on: Wait,
    },
    /// The attempt failed; try again at this instant, unless attempts are used up.
    Retry {
        /// When.
        at: Instant,
        /// What went wrong.
        error: String,
    },
    /// Over.
    Done,
    /// Given up.
    Discard {
        /// Why.
        error: String,
    },
}

/// Whether a visit's end was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// Yes.
    Yes,
    /// Another worker holds the task by now: touch nothing, stop.
    Fenced,
    /// A subject was written meanwhile: look again.
    Overtaken,
    /// A new subject lost: its key or its name is taken, or its run has reserved already.
    Taken,
    /// A purse has not enough left.
    Short(Short),
}

/// A visit's end.
#[derive(Debug)]
pub struct Outcome {
    /// The task as claimed.
    pub task: Arc<Held>,
    /// What the visit changes.
    pub change: Box<Change>,
    /// What it changes beside the ledger's own tables.
    pub beside: Beside,
    /// What becomes of the task.
    pub then: Then,
}

impl Outcome {
    /// The end of the visit a claim paid.
    pub fn of(claim: &Claim, change: impl Into<Box<Change>>, then: Then) -> Arc<Self> {
        Self::with(claim, change, Beside::default(), then)
    }

    /// The same, with what the visit changes beside the ledger's own tables.
    pub fn with(
        claim: &Claim,
        change: impl Into<Box<Change>>,
        beside: Beside,
        then: Then,
    ) -> Arc<Self> {
        let (task, change) = (Arc::clone(&claim.task), change.into());
        Arc::new(Self {
            task,
            change,
            beside,
            then,
        })
    }

    /// Nothing changes but the task's own row.
    fn is_single_row(&self) -> bool {
        self.change.is_empty()
            && self.beside.0.is_empty()
            && finish::is_single_row(&self.task, &self.then)
    }
}

impl Ledger {
    /// Writes the end of a visit.
    pub async fn commit(&self, outcome: &Arc<Outcome>) -> Result<Committed, LedgerError> {
        for moved in &outcome.change.moved {
            if let Moved::Deployment(one) = moved {
                change::check(&one.before, &one.after)?;
            }
        }
        let committed = self.commits.submit(Arc::clone(outcome)).await;
        committed.unwrap_or_else(|| Err(LedgerError::Connect("the ledger is closed".to_owned())))
    }
}

/// Commits a batch: all of it in one transaction, and when that does not hold, each by itself.
pub(in crate::store) async fn commit_all(
    db: &DatabaseConnection,
    batch: &[Arc<Outcome>],
    (now, calendar): (Instant, &Calendar),
) -> Vec<Result<Committed, LedgerError>> {
    match together(db, batch, now, calendar).await {
        Ok(Whole::Held(answers)) => answers.into_iter().map(Ok).collect(),
        Ok(Whole::Not(why)) if batch.len() == 1 => vec![Ok(why)],
        Err(error) if batch.len() == 1 => vec![Err(error)],
        // Alone, none of them would fare better.
        Err(error) if !is_refusal(&error) => {
            let copy = || LedgerError::Database(again(&error));
            batch.iter().map(|_| Err(copy())).collect()
        }
        Ok(Whole::Not(_)) | Err(_) => {
            let mut answers = Vec::with_capacity(batch.len());
            for outcome in batch {
                let alone = together(db, std::slice::from_ref(outcome), now, calendar).await;
                answers.push(alone.map(|whole| match whole {
                    Whole::Held(answers) => answers.first().copied().unwrap_or(Committed::Fenced),
                    Whole::Not(why) => why,
                }));
            }
            answers
        }
    }
}

/// Whether the ledger itself said no, rather than being away. One that is stopped, or was told to break a statement off, says
/// so in words of its own: class 57 of Postgres' error codes, "operator intervention".
pub(in crate::store) fn is_refusal(error: &LedgerError) -> bool {
    let LedgerError::Database(error) = error else {
        return true;
    };
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
        error
    else {
        return false;
    };
    let error = match &**error {
        SqlxError::Database(error) => error,
        // The driver did not even send it: too many values, or one that has no form there. It never will.
        SqlxError::Protocol(_) | SqlxError::Encode(_) => return true,
        _ => return false,
    };
    !error
        .code()
        .is_some_and(|code| code.len() == 5 && code.starts_with("57"))
}

/// The same error for another of its batch.
pub(in crate::store) fn again(error: &LedgerError) -> DbErr {
    let said = match error {
        LedgerError::Database(error) => error.to_string(),
        error => error.to_string(),
    };
    DbErr::Conn(RuntimeErr::Internal(said))
}

/// What became of a batch.
enum Whole {
    /// It is written, but for those that are fenced.
    Held(Vec<Committed>),
    /// Nothing of it is written: another transaction was faster in at least one.
    Not(Committed),
}

async fn together(
    db: &DatabaseConnection,
    batch: &[Arc<Outcome>],
    now: Instant,
    calendar: &Calendar,
) -> Result<Whole, LedgerError> {
    let ended: Vec<_> = batch.iter().map(|one| (&*one.task, &one.then)).collect();
    let fenced_or_not = |held: bool| {
        if held {
            Committed::Yes
        } else {
            Committed::Fenced
        }
    };
    if batch.iter().all(|one| one.is_single_row()) {
        let done = finish::end_tasks(db, &ended, now).await?;
        let answers = batch.iter().map(|one| fenced_or_not(done.has(&one.task)));
        return Ok(Whole::Held(answers.collect()));
    }
    let tx = db.begin().await?;
    let money = Money::of(&tx, batch, calendar, now).await?;
    let ended: Vec<_> = ended
        .into_iter()
        .zip(&money.refused)
        .filter_map(|(one, refused)| refused.is_none().then_some(one))
        .collect();
    if let (true, Some(Some(why))) = (ended.is_empty(), money.refused.first()) {
        tx.rollback().await?;
        return Ok(match batch.len() {
            1 => Whole::Not(*why),
            _ => Whole::Held(money.refused.into_iter().flatten().collect()),
        });
    }
    let done = finish::end_tasks(&tx, &ended, now).await?;
    let answer = |(one, refused): (&Arc<Outcome>, &Option<Committed>)| {
        refused.unwrap_or_else(|| fenced_or_not(done.has(&one.task)))
    };
    let held: Vec<(&Change, &Beside)> = batch
        .iter()
        .zip(&money.refused)
        .filter(|(one, refused)| refused.is_none() && done.has(&one.task))
        .map(|(one, _)| (&*one.change, &one.beside))
        .collect();
    let mut stories = Stories::at(now, None).by(Part::Worker);
    let paid = match money.book {
        Some(book) => paid::pay(&tx, book, &held, &mut stories).await?,
        None => None,
    };
    if let Some(why) = paid {
        tx.rollback().await?;
        return Ok(Whole::Not(why));
    }
    if !move_all_kinds(&tx, &held, &mut stories).await? {
        tx.rollback().await?;
        return Ok(Whole::Not(Committed::Overtaken));
    }
    let delivered: Vec<&delivery::Model> = held
        .iter()
        .flat_map(|(change, _)| &change.delivered)
        .collect();
    deliveries::write(&tx, &delivered).await?;
    let mut caused = Vec::new();
    for (change, beside) in held {
        for new in &change.new {
            let begun = match new {
                New::Image(row) => images::begin(&tx, row, &mut stories).await?,
                New::Builder(builder) => {
                    let (builder, said) = &**builder;
                    builds::launch(&tx, builder, said, &mut stories).await?;
                    true
                }
                New::Assessment(row) => assessments::begin(&tx, row).await.map(|()| true)?,
                new => tracks::begin(&tx, new).await?,
            };
            if !begun {
                tx.rollback().await?;
                return Ok(Whole::Not(Committed::Taken));
            }
        }
        if let Some(effect) = &change.intend {
            effects::intend(&tx, effect).await?;
        }
        if let Some(effect) = &change.outcome {
            effects::settle(&tx, effect).await?;
        }
        for statement in &beside.0 {
            tx.execute_raw(statement.clone()).await?;
        }
        caused.extend_from_slice(&change.tasks);
    }
    stories.append(&tx).await?;
    tasks::insert(&tx, &caused, now, false).await?;
    tx.commit().await?;
    let answers = batch.iter().zip(&money.refused).map(answer);
    Ok(Whole::Held(answers.collect()))
}

/// Moves every subject of a batch, one statement per table and the tables in this order. False when one was written
/// meanwhile.
async fn move_all_kinds<C: ConnectionTrait>(
    tx: &C,
    held: &[(&Change, &Beside)],
    stories: &mut Stories,
) -> Result<bool, LedgerError> {
    let (mut deployments, mut images) = (Vec::new(), Vec::new());
    let (mut tracks, mut updates) = (Vec::new(), Vec::new());
    let mut builds = Vec::new();
    for moved in held.iter().flat_map(|(change, _)| &change.moved) {
        match moved {
            Moved::Deployment(one) => deployments.push(Write::from(&**one)),
            Moved::Image(after) => images.push(&**after),
            Moved::Track(one) => tracks.push(Write::from(&**one)),
            Moved::Build(one) => builds.push(Write::from(&**one)),
            Moved::Update(one) => updates.push(Write::from(&**one)),
        }
    }
    Ok(subject::move_all(tx, &deployments, stories).await?
        && images::move_on(tx, &images, stories).await?
        && subject::move_all(tx, &tracks, stories).await?
        && subject::move_all(tx, &updates, stories).await?
        && subject::move_all(tx, &builds, stories).await?)
}

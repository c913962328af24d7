//! Subjects: rows with a story. A deployment, an image, a track: each has a `row_version`, which every write is compared
//! with and counts, and an `event_seq`, the number of the last line of its story. The lines lie in `event` under the
//! subject's id, whose prefix says what it is, and are numbered without gaps in the transaction that moves the row.

use std::sync::Arc;

use ingot_domain::Instant;
use ingot_domain::actor::Actor;
use ingot_domain::event::Line;
use sea_orm::ConnectionTrait;

use super::LedgerError;
use super::outbox::{self, Telling};
use super::request::create::Requested;
use super::rows::{Column, Row, Rows, assignments};
use super::tracks::Sighted;
use crate::{assessment, base_update, build, deployment, image, track, track_region};

/// A row with a story.
pub(super) trait Subject {
    /// Its table.
    const TABLE: &'static str;
    /// The column of its id.
    const KEY: &'static str = "id";
    /// What a move may change.
    const CHANGED: &'static [Column];
    /// Its id.
    fn id(&self) -> &str;
    /// What its story lies under: the id, where that has a prefix.
    fn story(&self) -> String {
        self.id().to_owned()
    }
    /// How often it was written.
    fn row_version(&self) -> i64;
    /// The number of its last line.
    fn event_seq(&self) -> i64;
    /// The columns of [`Self::CHANGED`].
    fn changed(&self) -> Row;
    /// Whether the transition tables know this step.
    fn check(before: &Self, after: &Self) -> Result<(), LedgerError>;
}

/// Makes a table's rows subjects: its name, what a move may change (as `record!` declares it), and which steps are known.
macro_rules! subject {
    ($model:ty, $table:literal, $columns:ident, $changed:ident, $check:path) => {
        impl $crate::store::subject::Subject for $model {
            const TABLE: &'static str = $table;
            const CHANGED: &'static [$crate::store::rows::Column] = $columns;

            fn id(&self) -> &str {
                &self.id
            }

            fn row_version(&self) -> i64 {
                self.row_version
            }

            fn event_seq(&self) -> i64 {
                self.event_seq
            }

            fn changed(&self) -> $crate::store::rows::Row {
                $changed(self)
            }

            fn check(before: &Self, after: &Self) -> Result<(), $crate::store::LedgerError> {
                $check(before, after)
            }
        }
    };
}
pub(super) use subject;

/// For subjects without a table of states: what a step may be is decided before it is written.
pub(super) fn any_step<S>(_: &S, _: &S) -> Result<(), LedgerError> {
    Ok(())
}

/// A row as it was read, as it shall be, and what is said about it.
#[derive(Debug, Clone)]
pub struct Move<M> {
    /// As it was read.
    pub before: M,
    /// As it shall be; its event number and row version are set by the write.
    pub after: M,
    /// The next lines of its story.
    pub lines: Vec<Line>,
}

/// A move of any subject.
#[derive(Debug, Clone)]
pub enum Moved {
    /// A deployment's.
    Deployment(Box<Move<deployment::Model>>),
    /// An image as it shall be, with the version that was read. What its story says follows from what it was
    /// (`ingot_domain::image::story`), so that no writer can forget a line.
    Image(Box<image::Model>),
    /// An update's of a base image: what it is judged to be.
    Update(Box<Move<base_update::Model>>),
    /// A track's.
    Track(Box<Move<track::Model>>),
    /// A build's.
    Build(Box<Move<build::Model>>),
}

/// A subject that is new; one that an index refuses ends the transaction.
#[derive(Debug, Clone)]
pub enum New {
    /// An image row that claims its key.
    Image(Box<image::Model>),
    /// A build of a base image, seen in a region; never refused.
    Sighted(Box<Sighted>),
    /// How a track stands in a region; never refused.
    Looked(Box<track_region::Model>),
    /// A judgement of an update, whose number is made sure by the update's move.
    Assessment(Box<assessment::Model>),
    /// A track's move; refused when it is there.
    Update(Box<base_update::Model>),
    /// A build's builder and what its story begins with; never refused.
    Builder(Box<(Requested, String)>),
}

/// One row's move, borrowed.
#[derive(Debug)]
pub(super) struct Write<'a, S> {
    /// As it was read.
    pub(super) before: &'a S,
    /// As it shall be.
    pub(super) after: &'a S,
    /// What is said about it.
    pub(super) lines: &'a [Line],
}

impl<'a, S> From<&'a Move<S>> for Write<'a, S> {
    fn from(one: &'a Move<S>) -> Self {
        Self {
            before: &one.before,
            after: &one.after,
            lines: &one.lines,
        }
    }
}

/// What every write counts on.
const COUNTED: &[Column] = &[("event_seq", "bigint"), ("row_version", "bigint")];

const FOUND: &[Column] = &[("key", "text"), ("version_before", "bigint")];

const EVENT: &[Column] = &[
    ("deployment_id", "text"),
    ("seq", "bigint"),
    ("at", "timestamptz"),
    ("kind", "text"),
    ("source", "text"),
    ("level", "text"),
    ("message", "text"),
    ("actor", "text"),
    ("actor_name", "text"),
    ("actor_way", "text"),
    ("request_id", "text"),
];

/// Lines of any number of stories, which travel as one statement.
#[derive(Debug)]
pub(super) struct Stories {
    rows: Rows,
    /// Lines that people are told of besides.
    told: Vec<Telling>,
    now: Instant,
    /// Who causes them.
    actor: Option<Arc<Actor>>,
}

impl Stories {
    /// No lines yet; those that come are of this instant and caused by this actor. A ledger's own are [`Ledger::stories`].
    pub(super) fn at(now: Instant, actor: Option<Arc<Actor>>) -> Self {
        let (rows, told) = (Rows::of(&[EVENT]), Vec::new());
        Self {
            rows,
            told,
            now,
            actor,
        }
    }

    /// The same, caused by another.
    pub(super) fn by(mut self, actor: impl Into<Actor>) -> Self {
        self.actor = Some(Arc::new(actor.into()));
        self
    }

    /// The instant of its lines.
    pub(super) fn now(&self) -> Instant {
        self.now
    }

    /// Adds a story's next lines, after number `last`; answers the number of the last one.
    pub(super) fn say(&mut self, subject: &str, last: i64, lines: &[Line]) -> i64 {
        let mut seq = last;
        let actor = self.actor.as_deref();
        let person = actor.and_then(Actor::person);
        for line in lines {
            seq += 1;
            // The column keeps the name it had when deployments alone had a story: workers of before write it, too.
            let row = Row::new()
                .with("deployment_id", subject)
                .with("seq", &seq)
                .with("at", &self.now)
                .with("kind", &line.kind)
                .with("source", line.source.as_str())
                .with("level", line.level.as_str())
                .with("message", &line.message)
                .with("actor", &actor.map(Actor::id))
                .with("actor_name", &person.map(|person| person.name.as_str()))
                .with("actor_way", &person.map(|person| person.way.as_str()))
                .with(
                    "request_id",
                    &person.and_then(|person| person.request.as_deref()),
                );
            self.rows.push(&row);
            if let Some(notice) = &line.notice {
                self.told.push(Telling {
                    subject: subject.to_owned(),
                    seq,
                    message: line.message.clone(),
                    notice: (**notice).clone(),
                });
            }
        }
        seq
    }

    /// Appends them, and what people are told of them.
    pub(super) async fn append<C: ConnectionTrait>(self, tx: &C) -> Result<(), LedgerError> {
        if !self.rows.is_empty() {
            self.rows.insert(tx, "event", "").await?;
        }
        outbox::write(tx, &self.told, self.now).await
    }
}

/// Writes each `after` over its `before`, in one statement. Answers false when another transaction changed one of them
/// meanwhile; this one must then be given up.
pub(super) async fn move_all<C: ConnectionTrait, S: Subject>(
    tx: &C,
    writes: &[Write<'_, S>],
    stories: &mut Stories,
) -> Result<bool, LedgerError> {
    if writes.is_empty() {
        return Ok(true);
    }
    let mut rows = Rows::of(&[FOUND, S::CHANGED, COUNTED]);
    for write in writes {
        let (before, after) = (write.before, write.after);
        S::check(before, after)?;
        let seq = stories.say(&before.story(), before.event_seq(), write.lines);
        let row = after
            .changed()
            .with("key", before.id())
            .with("version_before", &before.row_version())
            .with("row_version", &(before.row_version() + 1))
            .with("event_seq", &seq);
        rows.push(&row);
    }
    let (table, id) = (S::TABLE, S::KEY);
    let rest = format!(
        "WHERE {table}.{id} = v.key AND {table}.row_version = v.version_before RETURNING {id}"
    );
    let set = assignments(&[S::CHANGED, COUNTED]);
    let written = rows.update(tx, table, &set, &rest, []).await?;
    Ok(written.len() == writes.len())
}

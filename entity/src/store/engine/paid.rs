//! The money of visits that end together: who is refused is known before anything else is written, so that one loser costs the
//! others nothing.

use std::sync::Arc;

use ingot_domain::Instant;
use ingot_domain::calendar::Calendar;
use sea_orm::ConnectionTrait;

use crate::store::LedgerError;
use crate::store::engine::commit::{Beside, Change, Committed, Outcome};
use crate::store::purses::Entry;
use crate::store::purses::book::Book;
use crate::store::subject::Stories;

/// The money of a batch: its purses, locked, and the visits whose money does not move.
pub(super) struct Money {
    /// None when no visit moves money.
    pub(super) book: Option<Book>,
    /// Why not, by visit.
    pub(super) refused: Vec<Option<Committed>>,
}

impl Money {
    /// Opens the purses and tries every visit's entries, in order.
    pub(super) async fn of<C: ConnectionTrait>(
        tx: &C,
        batch: &[Arc<Outcome>],
        calendar: &Calendar,
        now: Instant,
    ) -> Result<Self, LedgerError> {
        let entries: Vec<&Entry> = batch.iter().flat_map(|one| &one.change.money).collect();
        if entries.is_empty() {
            let refused = vec![None; batch.len()];
            return Ok(Self {
                book: None,
                refused,
            });
        }
        let book = Book::open(tx, &entries, calendar.at(now)).await?;
        let mut tried = book.clone();
        let refused = batch.iter().map(|one| tried.enter(&one.change.money));
        Ok(Self {
            refused: refused.collect::<Result<_, _>>()?,
            book: Some(book),
        })
    }
}

/// Moves the money of the visits whose tasks are held; answers why not, which only one that is fenced can cause.
pub(super) async fn pay<C: ConnectionTrait>(
    tx: &C,
    mut book: Book,
    held: &[(&Change, &Beside)],
    stories: &mut Stories,
) -> Result<Option<Committed>, LedgerError> {
    for (change, _) in held {
        if let Some(why) = book.enter(&change.money)? {
            return Ok(Some(why));
        }
    }
    let written = book.write_all(tx, stories).await?;
    Ok((!written).then_some(Committed::Overtaken))
}

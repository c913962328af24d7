//! The money of a batch of changes. Purses are opened and locked first, in the order of their ids, and before any other row of the
//! batch: two transactions never wait for each other. What does not fit is then known before anything is written, so that one
//! loser costs its batch nothing. What fits is written with one UPDATE for all purses, which counts their versions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ingot_domain::Instant;
use ingot_domain::event::Line;
use ingot_domain::money::Money;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::alert::alerts;
use super::{Entry, Reservation, Short, micros};
use crate::store::LedgerError;
use crate::store::engine::Committed;
use crate::store::policies;
use crate::store::rows::{Rows, record};
use crate::store::subject::{Stories, Write, move_all};
use crate::{purse, purse_entry};

record! {
    /// An entry as it is written.
    ENTRY, entry of purse_entry::Model {
        build: "text", run: "integer", purse: "text", kind: "text", micros: "bigint", grant_code: "text", at: "timestamptz",
        decided_by: "text", decided_reason: "text",
    }
}

/// Purses that are locked, as they were found, and what was done to them since.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Book {
    /// As they were found.
    found: BTreeMap<String, purse::Model>,
    /// As they shall be.
    purses: BTreeMap<String, purse::Model>,
    /// Entries of the runs in question, by build and run.
    runs: HashMap<(String, i32), Vec<purse_entry::Model>>,
    /// Entries to be written.
    new: Vec<purse_entry::Model>,
    /// The revision of the policy in force, if one was asked for.
    policy: Option<i32>,
    /// The calendar's instant of now.
    now: Instant,
}

/// Why money does not move.
enum Refused {
    /// As the visit's end is told.
    So(Committed),
    /// A defect.
    Never(LedgerError),
}

impl Book {
    /// Opens and locks the purses of these entries.
    pub(in crate::store) async fn open<C: ConnectionTrait>(
        tx: &C,
        entries: &[&Entry],
        now: Instant,
    ) -> Result<Self, LedgerError> {
        let postgres = tx.get_database_backend() == DbBackend::Postgres;
        if !postgres {
            // SQLite lets a transaction that has read not write after another's commit: this one writes first.
            tx.execute_unprepared("UPDATE purse SET told = told WHERE id = ''")
                .await?;
        }
        let mut book = Self {
            now,
            ..Self::default()
        };
        let mut wanted = BTreeMap::new();
        for entry in entries {
            if let Entry::Reserve(one) = entry {
                let opened = one.periods.iter().map(purse::Model::open);
                wanted.extend(opened.map(|row| (row.id.clone(), row)));
            }
        }
        if !wanted.is_empty() {
            book.policy = Some(policies::held_revision(tx).await?);
            // In the order of their ids, as they are locked.
            let rows = wanted
                .values()
                .cloned()
                .map(IntoActiveModel::into_active_model);
            purse::Entity::insert_many(rows)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(tx)
                .await?;
        }
        let mut ids: BTreeSet<String> = wanted.into_keys().collect();
        let builds: BTreeSet<&str> = entries.iter().map(|entry| entry.run().0).collect();
        // A run's reservation never changes: it says which purses its end touches.
        let reserved = entries_of(tx, &builds).await?;
        ids.extend(reserved.into_iter().map(|one| one.purse));
        let mut locked = purse::Entity::find()
            .filter(purse::Column::Id.is_in(ids))
            .order_by_asc(purse::Column::Id);
        if postgres {
            locked = locked.lock_exclusive();
        }
        for row in locked.all(tx).await? {
            book.found.insert(row.id.clone(), row);
        }
        book.purses = book.found.clone();
        // What other transactions wrote of these runs while this one waited.
        for one in entries_of(tx, &builds).await? {
            let run = (one.build.clone(), one.run);
            book.runs.entry(run).or_default().push(one);
        }
        Ok(book)
    }

    /// Makes all of a change's entries, or none of them; answers why not.
    pub(in crate::store) fn enter(
        &mut self,
        entries: &[Entry],
    ) -> Result<Option<Committed>, LedgerError> {
        let (purses, before) = (self.purses.clone(), self.new.len());
        for entry in entries {
            let Err(refused) = self.one(entry) else {
                continue;
            };
            self.purses = purses;
            for row in self.new.drain(before..) {
                let run = (row.build, row.run);
                if let Some(entries) = self.runs.get_mut(&run) {
                    entries.pop();
                    if entries.is_empty() {
                        self.runs.remove(&run);
                    }
                }
            }
            return match refused {
                Refused::So(why) => Ok(Some(why)),
                Refused::Never(error) => Err(error),
            };
        }
        Ok(None)
    }

    /// A purse as it was found.
    pub(super) fn found(&self, id: &str) -> Option<&purse::Model> {
        self.found.get(id)
    }

    /// Whether a run has an entry.
    fn has(&self, build: &str, run: i32) -> bool {
        self.runs.contains_key(&(build.to_owned(), run))
    }

    /// A run's first entry.
    pub(super) fn first(&self, build: &str, run: i32) -> Option<&purse_entry::Model> {
        self.runs.get(&(build.to_owned(), run))?.first()
    }

    fn one(&mut self, entry: &Entry) -> Result<(), Refused> {
        match entry {
            Entry::Reserve(one) => self.reserve(one),
            Entry::Settle { build, run, cost } => self.end(build, *run, Some(*cost)),
            Entry::Release { build, run } => self.end(build, *run, None),
        }
    }

    fn reserve(&mut self, one: &Reservation) -> Result<(), Refused> {
        if self.policy != Some(one.policy) {
            return Err(Refused::So(Committed::Overtaken));
        }
        if self.has(&one.build, one.run) {
            return Err(Refused::So(Committed::Taken));
        }
        let mut short = None;
        for period in &one.periods {
            let Some(row) = self.purses.get_mut(&period.id()) else {
                continue;
            };
            (row.starts, row.ends) = (period.starts, period.ends);
            let account = row.account().under(period.limit);
            let (account, over) = match one.beyond {
                true => account.reserve_beyond(one.money),
                false => match account.reserve(one.money) {
                    Ok(account) => (account, Money::ZERO),
                    Err(lacks) => {
                        short = Some(Short {
                            purse: period.purse,
                            lacks,
                            until: period.ends,
                        });
                        continue;
                    }
                },
            };
            row.keep(account);
            let id = row.id.clone();
            self.write(one, &id, "reserved", one.money);
            if over > Money::ZERO {
                self.write(one, &id, "allowance", over);
            }
        }
        match short {
            Some(short) => Err(Refused::So(Committed::Short(short))),
            None => Ok(()),
        }
    }

    fn write(&mut self, one: &Reservation, purse: &str, kind: &str, money: Money) {
        let row = purse_entry::Model {
            build: one.build.clone(),
            run: one.run,
            purse: purse.to_owned(),
            kind: kind.to_owned(),
            micros: micros(money),
            grant_code: one.grant.clone(),
            at: one.at,
            decided_by: None,
            decided_reason: None,
        };
        self.note(row);
    }

    fn note(&mut self, row: purse_entry::Model) {
        let run = self.runs.entry((row.build.clone(), row.run)).or_default();
        run.push(row.clone());
        self.new.push(row);
    }

    fn end(&mut self, build: &str, run: i32, cost: Option<Money>) -> Result<(), Refused> {
        let entries = self.runs.get(&(build.to_owned(), run));
        let entries = entries.cloned().unwrap_or_default();
        if entries.is_empty() && cost.is_some() {
            return Err(Refused::Never(LedgerError::Transition {
                what: "run's money",
                from: format!("nothing ({build}, run {run})"),
                to: "settled".to_owned(),
            }));
        }
        if entries.iter().any(|one| one.kind == "settled") {
            return Ok(());
        }
        let cost = cost.unwrap_or_default();
        for one in entries.iter().filter(|one| one.kind == "reserved") {
            let Some(row) = self.purses.get_mut(&one.purse) else {
                continue;
            };
            let (account, settled) = row.account().settle(super::money(one.micros), cost);
            row.keep(account);
            let ends = [
                ("settled", cost),
                ("released", settled.released),
                ("allowance", settled.over),
            ];
            let told = |(kind, money): &(&str, Money)| *kind != "allowance" || *money > Money::ZERO;
            for (kind, money) in ends.into_iter().filter(told) {
                self.note(purse_entry::Model {
                    kind: kind.to_owned(),
                    micros: micros(money),
                    at: self.now,
                    ..one.clone()
                });
            }
        }
        Ok(())
    }

    /// Writes what was entered; false when another transaction wrote one of the purses meanwhile, which no lock allows.
    pub(in crate::store) async fn write_all<C: ConnectionTrait>(
        self,
        tx: &C,
        stories: &mut Stories,
    ) -> Result<bool, LedgerError> {
        let mut after: Vec<(purse::Model, Vec<Line>)> = Vec::new();
        for (id, mut row) in self.purses {
            if self.found.get(&id) == Some(&row) {
                continue;
            }
            let lines = alerts(&mut row)?;
            after.push((row, lines));
        }
        let writes: Vec<Write<'_, purse::Model>> = after
            .iter()
            .filter_map(|(after, lines)| {
                let before = self.found.get(&after.id)?;
                Some(Write {
                    before,
                    after,
                    lines,
                })
            })
            .collect();
        if !move_all(tx, &writes, stories).await? {
            return Ok(false);
        }
        let (mut plain, mut overruns) = (Rows::of(&[ENTRY]), Rows::of(&[ENTRY]));
        for row in &self.new {
            match row.kind == "allowance" {
                true => overruns.push(&entry(row)),
                false => plain.push(&entry(row)),
            }
        }
        if !plain.is_empty() {
            plain.insert(tx, "purse_entry", "").await?;
        }
        if !overruns.is_empty() {
            // A run may pass the limit at its start and at its end.
            let rest = "ON CONFLICT (build, run, purse, kind) DO UPDATE SET micros = purse_entry.micros + excluded.micros";
            overruns.insert(tx, "purse_entry", rest).await?;
        }
        Ok(true)
    }
}

impl Entry {
    /// Whose it is.
    fn run(&self) -> (&str, i32) {
        match self {
            Entry::Reserve(one) => (&one.build, one.run),
            Entry::Settle { build, run, .. } | Entry::Release { build, run } => (build, *run),
        }
    }
}

async fn entries_of<C: ConnectionTrait>(
    tx: &C,
    builds: &BTreeSet<&str>,
) -> Result<Vec<purse_entry::Model>, LedgerError> {
    Ok(purse_entry::Entity::find()
        .filter(purse_entry::Column::Build.is_in(builds.iter().copied()))
        .all(tx)
        .await?)
}

//! Purses: what is committed of each budget in each local day and month, and what happened to it. Money moves in the transaction of
//! the change it pays for ([`Entry`] in `Change.money`), under a lock of the purses it draws on (`book`), so that
//! `reserved + spent ≤ limit` holds at every commit, under any number of schedulers (AUTO-AMI 6).

mod alert;
mod allow;
pub(super) mod book;
mod read;

use ingot_domain::Instant;
use ingot_domain::money::Money;
use ingot_domain::purse::{Account, Period};
use ingot_domain::want::Purse;

use super::LedgerError;
use super::rows::record;
use super::subject::{any_step, subject};
use crate::purse;

pub(super) use read::spent_of;
pub use read::{GrantSpent, PurseSaid};

/// What a change moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A build starts: its upper bound is reserved, all of it or nothing.
    Reserve(Box<Reservation>),
    /// A run is over: what it cost is spent, the rest of its reservation released. A run that is over already stays as it is.
    Settle {
        /// The build.
        build: String,
        /// Which run of it.
        run: i32,
        /// What it cost.
        cost: Money,
    },
    /// A run is over and cost nothing; one that reserved nothing is left alone.
    Release {
        /// The build.
        build: String,
        /// Which run of it.
        run: i32,
    },
}

/// What a build reserves at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The build.
    pub build: String,
    /// Which run of it.
    pub run: i32,
    /// The code of the grant that its template names.
    pub grant: Option<String>,
    /// The revision of the policy that the periods are of; when another one is in force by now, the visit looks again
    /// (`Committed::Overtaken`).
    pub policy: i32,
    /// The periods it draws on (`Policy::periods`).
    pub periods: Vec<Period>,
    /// Its upper bound.
    pub money: Money,
    /// The calendar's instant of the start.
    pub at: Instant,
    /// Whether a person approved it and it is critical: then the purse's room is used up and the shortfall is an allowance.
    pub beyond: bool,
}

/// What a purse lacks for a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short {
    /// Which budget; of two the month's, which is refilled later.
    pub purse: Purse,
    /// How much.
    pub lacks: Money,
    /// When its period is over.
    pub until: Instant,
}

record! {
    /// What a move may change of a purse.
    CHANGED, changed of purse::Model {
        starts: "timestamptz", ends: "timestamptz", policy_micros: "bigint", allowed_micros: "bigint", limit_micros: "bigint",
        reserved_micros: "bigint", spent_micros: "bigint", told: "integer",
    }
}

subject!(purse::Model, "purse", CHANGED, changed, any_step);

impl purse::Model {
    /// The purse of a period in which nothing happened yet.
    fn open(period: &Period) -> Self {
        let mut row = Self {
            id: period.id(),
            budget: period.purse.to_string(),
            period: period.name.clone(),
            starts: period.starts,
            ends: period.ends,
            policy_micros: 0,
            allowed_micros: 0,
            limit_micros: 0,
            reserved_micros: 0,
            spent_micros: 0,
            told: 0,
            row_version: 0,
            event_seq: 0,
        };
        row.keep(Account::default().under(period.limit));
        row
    }

    /// Its figures.
    pub fn account(&self) -> Account {
        Account {
            policy: money(self.policy_micros),
            allowed: money(self.allowed_micros),
            limit: money(self.limit_micros),
            reserved: money(self.reserved_micros),
            spent: money(self.spent_micros),
        }
    }

    /// The same purse with other figures.
    fn keep(&mut self, account: Account) {
        self.policy_micros = micros(account.policy);
        self.allowed_micros = micros(account.allowed);
        self.limit_micros = micros(account.limit);
        self.reserved_micros = micros(account.reserved);
        self.spent_micros = micros(account.spent);
    }

    /// Which budget it is of.
    pub fn purse(&self) -> Result<Purse, LedgerError> {
        Purse::parse(&self.budget).ok_or_else(|| LedgerError::Unknown {
            what: "purse.budget",
            value: self.budget.clone(),
        })
    }
}

/// Micro-dollars as they are stored: the largest amount that is read is a ninetieth of what fits.
pub(super) fn micros(money: Money) -> i64 {
    i64::try_from(money.micros()).unwrap_or(i64::MAX)
}

/// Stored micro-dollars; the `CHECK` keeps them from being negative.
pub(super) fn money(micros: i64) -> Money {
    Money::from_micros(u64::try_from(micros).unwrap_or_default())
}

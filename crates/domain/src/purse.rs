//! Purses: what a budget of the policy has left in one local day or month (AUTO-AMI 6, "Budgets" and "Purses are a ledger").
//!
//! A [`Period`] is the day or the month; an [`Account`] is what is committed in it. Every figure is whole micro-dollars, and
//! `reserved + spent ≤ limit` holds after each step of an account, whatever the order of the steps.

use chrono::{Datelike, NaiveDate};

use crate::Instant;
use crate::money::Money;
use crate::policy::Policy;
use crate::want::Purse;
use crate::zone::Zone;

/// The parts of a budget, in percent, at which it is told that so much of it is committed; once per period each.
pub const ALERTS: [u32; 2] = [75, 90];

/// The local day or month of one budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Which budget.
    pub purse: Purse,
    /// The date, or the month: `2026-11-28`, `2026-11`. A date is one period, also where clocks return to it.
    pub name: String,
    /// Its first instant.
    pub starts: Instant,
    /// The first instant after it.
    pub ends: Instant,
    /// What the policy lets it commit.
    pub limit: Money,
}

impl Period {
    /// The id of its purse in the ledger; made of budget and period alone, so that all processes open the same one.
    pub fn id(&self) -> String {
        format!("prs_{}_{}", self.purse, self.name)
    }
}

impl Purse {
    /// The budgets that a build paid by it draws on, in the order in which the ledger locks their purses.
    pub fn draws_on(self) -> &'static [Purse] {
        match self {
            Purse::Urgent => &[Purse::Urgent],
            Purse::Daily | Purse::Monthly => &[Purse::Daily, Purse::Monthly],
        }
    }
}

impl Policy {
    /// What it lets a budget commit in one period.
    pub fn budget(&self, purse: Purse) -> Money {
        match purse {
            Purse::Daily => self.daily_budget,
            Purse::Monthly => self.monthly_budget,
            Purse::Urgent => self.emergency_budget,
        }
    }

    /// The period of a budget at an instant of the calendar.
    pub fn period(&self, purse: Purse, at: Instant) -> Period {
        let date = self.timezone.local(at).date();
        let (name, first, next) = match purse {
            Purse::Daily => (date.to_string(), date, date.succ_opt()),
            Purse::Monthly | Purse::Urgent => {
                let first = date.with_day(1).unwrap_or(date);
                let next = first.checked_add_months(chrono::Months::new(1));
                (first.format("%Y-%m").to_string(), first, next)
            }
        };
        Period {
            purse,
            name,
            starts: self.timezone.first_of(first),
            ends: ends(self.timezone, first, next),
            limit: self.budget(purse),
        }
    }

    /// The periods that a build draws on that starts then and is paid by this purse.
    pub fn periods(&self, purse: Purse, at: Instant) -> Vec<Period> {
        let all = purse.draws_on().iter();
        all.map(|one| self.period(*one, at)).collect()
    }
}

/// The first instant of the next date, which the calendar has up to the year that a policy may speak of.
fn ends(zone: Zone, first: NaiveDate, next: Option<NaiveDate>) -> Instant {
    zone.first_of(next.unwrap_or(first))
}

/// What is committed of one purse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// What the policy lets it commit.
    pub policy: Money,
    /// What people allowed beside that.
    pub allowed: Money,
    /// The larger of both together and of what is committed.
    pub limit: Money,
    /// What running builds may still cost.
    pub reserved: Money,
    /// What builds that are over cost.
    pub spent: Money,
}

/// What the end of a build did to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// What was reserved and not used.
    pub released: Money,
    /// By how much what is committed passed the limit, which rose by it: an entry of its own.
    pub over: Money,
}

impl Account {
    /// What may be committed: the policy's limit and what people allowed.
    pub fn budget(self) -> Money {
        self.policy.plus(self.allowed)
    }

    /// What is reserved and spent.
    pub fn committed(self) -> Money {
        self.reserved.plus(self.spent)
    }

    /// What is left, never below nothing.
    pub fn room(self) -> Money {
        self.budget().less(self.committed())
    }

    /// The same under the policy's limit of now, which counts from the next check on; what is committed stays.
    #[must_use]
    pub fn under(self, policy: Money) -> Self {
        Self { policy, ..self }.fitted()
    }

    /// With so much more that a person allows.
    #[must_use]
    pub fn allow(self, more: Money) -> Self {
        let allowed = self.allowed.plus(more);
        Self { allowed, ..self }.fitted()
    }

    /// Reserves so much, if there is room for it; else answers what is lacking.
    pub fn reserve(self, money: Money) -> Result<Self, Money> {
        match money <= self.room() {
            true => Ok(Self {
                reserved: self.reserved.plus(money),
                ..self
            }),
            false => Err(money.less(self.room())),
        }
    }

    /// Reserves so much whatever the room is, for a critical build that a person approved; answers the shortfall, too.
    pub fn reserve_beyond(self, money: Money) -> (Self, Money) {
        let reserved = self.reserved.plus(money);
        let after = Self { reserved, ..self }.fitted();
        (after, money.less(self.room()))
    }

    /// A build that had reserved so much is over and cost so much.
    pub fn settle(self, reserved: Money, cost: Money) -> (Self, Settled) {
        let after = Self {
            reserved: self.reserved.less(reserved),
            spent: self.spent.plus(cost),
            ..self
        };
        let after = after.fitted();
        let settled = Settled {
            released: reserved.less(cost),
            over: after.limit.less(self.limit),
        };
        (after, settled)
    }

    /// The last of [`ALERTS`] that is reached, 0 if none is.
    pub fn alert(self) -> u32 {
        let (committed, budget) = (
            u128::from(self.committed().micros()),
            u128::from(self.budget().micros()),
        );
        let reached = |part: &&u32| committed > 0 && committed * 100 >= budget * u128::from(**part);
        ALERTS.iter().rev().find(reached).copied().unwrap_or(0)
    }

    fn fitted(self) -> Self {
        Self {
            limit: self.budget().max(self.committed()),
            ..self
        }
    }
}

#[cfg(test)]
mod tests;

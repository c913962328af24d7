//! Purses: what is left of each budget in the local day and month of a start (AUTO-AMI 6.2 b and "Budgets").

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use crate::Instant;
use crate::money::Money;
use crate::policy::Policy;
use crate::want::Purse;
use crate::zone::{Day, Zone};

use super::why::Budget;
use super::{More, Spent};

/// A month of a year.
type Month = (i32, u32);

/// What is committed in each period that the plan looks at.
#[derive(Debug)]
pub(super) struct Purses {
    zone: Zone,
    limits: Limits,
    /// The time looked at, cut where the local date changes.
    days: Vec<Day>,
    daily: BTreeMap<NaiveDate, Money>,
    monthly: BTreeMap<Month, Money>,
    urgent: BTreeMap<Month, Money>,
    /// What is allowed beside the limits, on the date of now and in its month.
    more: (NaiveDate, More),
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    daily: Money,
    monthly: Money,
    emergency: Money,
}

/// Which budget lacks how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lack {
    pub(super) budget: Budget,
    pub(super) money: Money,
}

impl Purses {
    /// The purses as they are at `now`, for starts up to `end`, which counts.
    pub(super) fn new(policy: &Policy, spent: &Spent, days: Vec<Day>, now: Instant) -> Self {
        let date = policy.timezone.local(now).date();
        Self {
            zone: policy.timezone,
            limits: Limits {
                daily: policy.daily_budget,
                monthly: policy.monthly_budget,
                emergency: policy.emergency_budget,
            },
            days,
            daily: BTreeMap::from([(date, spent.daily)]),
            monthly: BTreeMap::from([(month(date), spent.monthly)]),
            urgent: BTreeMap::from([(month(date), spent.urgent)]),
            more: (date, spent.more),
        }
    }

    /// The first instant from `from` on in whose periods every budget of the purse has room for the cost, if there is one, and what
    /// the period before it lacked, if it is not `from`.
    pub(super) fn next(
        &self,
        purse: Purse,
        cost: Money,
        from: Instant,
    ) -> (Option<Instant>, Option<Lack>) {
        let mut lack = None;
        let first = self.days.partition_point(|day| day.to <= from);
        for day in &self.days[first..] {
            match self.lack(purse, cost, day.date) {
                None => return (Some(day.from.max(from)), lack),
                lacking => lack = lacking,
            }
        }
        (None, lack)
    }

    /// What a purse lacks on a date for this cost; of two budgets the month's, which is refilled later.
    fn lack(&self, purse: Purse, cost: Money, date: NaiveDate) -> Option<Lack> {
        let limits = self.limits_on(date);
        let month = month(date);
        let lacking = |budget, limit: Money, committed: Option<&Money>| {
            let room = limit.less(committed.copied().unwrap_or_default());
            (room < cost).then(|| Lack {
                budget,
                money: cost.less(room),
            })
        };
        match purse {
            Purse::Urgent => lacking(Budget::Emergency, limits.emergency, self.urgent.get(&month)),
            Purse::Daily | Purse::Monthly => {
                lacking(Budget::Monthly, limits.monthly, self.monthly.get(&month))
                    .or_else(|| lacking(Budget::Daily, limits.daily, self.daily.get(&date)))
            }
        }
    }

    fn limits_on(&self, date: NaiveDate) -> Limits {
        let ((today, more), mut limits) = (self.more, self.limits);
        if date == today {
            limits.daily = limits.daily.plus(more.daily);
        }
        if month(date) == month(today) {
            limits.monthly = limits.monthly.plus(more.monthly);
            limits.emergency = limits.emergency.plus(more.urgent);
        }
        limits
    }

    /// Commits a cost in the periods of a start. What exceeds the room of an approved critical build is an allowance: the room is
    /// never below nothing, so it takes from no other.
    pub(super) fn commit(&mut self, purse: Purse, cost: Money, start: Instant) {
        let date = self.zone.local(start).date();
        let add = |committed: &mut Money| *committed = committed.plus(cost);
        match purse {
            Purse::Urgent => add(self.urgent.entry(month(date)).or_default()),
            Purse::Daily | Purse::Monthly => {
                add(self.daily.entry(date).or_default());
                add(self.monthly.entry(month(date)).or_default());
            }
        }
    }
}

fn month(date: NaiveDate) -> Month {
    (date.year(), date.month())
}

//! What the play's builds have paid and still keep, in the local periods of their starts.

use chrono::Datelike;

use crate::Instant;
use crate::money::Money;
use crate::plan::Spent;
use crate::policy::Policy;
use crate::want::Purse;

/// What a purse keeps for a build, or paid.
#[derive(Debug)]
pub(super) struct Paid {
    pub(super) at: Instant,
    pub(super) purse: Purse,
    pub(super) ends: Instant,
    pub(super) reserved: Money,
    pub(super) cost: Money,
}

/// What is spent and reserved in the local day and month.
pub(super) fn spent(all: &[Paid], policy: &Policy, now: Instant) -> Spent {
    let local = |at: Instant| policy.timezone.local(at).date();
    let today = local(now);
    let mut spent = Spent::default();
    for paid in all {
        let date = local(paid.at);
        let money = match paid.ends > now {
            true => paid.reserved,
            false => paid.cost,
        };
        let add = |sum: &mut Money, is: bool| {
            if is {
                *sum = sum.plus(money);
            }
        };
        let month = (date.year(), date.month()) == (today.year(), today.month());
        match paid.purse {
            Purse::Urgent => add(&mut spent.urgent, month),
            Purse::Daily | Purse::Monthly => {
                add(&mut spent.daily, date == today);
                add(&mut spent.monthly, month);
            }
        }
    }
    spent
}

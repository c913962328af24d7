//! The naive plan's starts: every instant at which anything can change is asked (AUTO-AMI 6.2, "find").

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta};

use super::{Naive, One};
use crate::Instant;
use crate::plan::random::QUARTER;
use crate::want::Cause;

impl Naive<'_> {
    /// Everything that takes a place, with the running builds.
    fn busy(&self, region: &str) -> Vec<(Instant, Instant)> {
        let now = self.scenario.now;
        let mut busy: Vec<(Instant, Instant)> = Vec::new();
        for one in self
            .scenario
            .running
            .iter()
            .filter(|one| one.region == region)
        {
            let late = one.until < now;
            let until = if late {
                now + TimeDelta::minutes(5)
            } else {
                one.until
            };
            busy.push((now - TimeDelta::days(1), until));
        }
        let placed = self.placed.iter().filter(|one| one.region == region);
        busy.extend(placed.map(|one| (one.from, one.to)));
        busy
    }

    pub(super) fn find(&self, one: &One<'_>, window: &str, purse: &str) -> Option<Instant> {
        let (now, policy) = (self.scenario.now, &self.scenario.policy);
        let mut least = now.max(one.requested);
        if policy.notify_before_rebuild && self.row(one.cause).0 != "critical" {
            least = least.max(one.requested + policy.notify_lead.delta());
        }
        for run in &self.scenario.running {
            if run.target.as_deref() == Some(one.target.name.as_str()) {
                let late = run.until < now;
                least = least.max(if late {
                    now + TimeDelta::minutes(5)
                } else {
                    run.until
                });
            }
        }
        let busy = self.busy(&one.target.region);
        let mut at = least;
        while at <= now + TimeDelta::seconds(62 * 86_400) {
            if self.may(one, window, purse, at, &busy) {
                return Some(at);
            }
            let quarter = (at.timestamp().div_euclid(QUARTER) + 1) * QUARTER;
            let quarter = DateTime::from_timestamp(quarter, 0).expect("in range");
            let ends = busy.iter().map(|(_, end)| *end).filter(|end| *end > at);
            at = ends.min().map_or(quarter, |end| end.min(quarter));
        }
        None
    }

    fn may(
        &self,
        one: &One<'_>,
        window: &str,
        purse: &str,
        at: Instant,
        busy: &[(Instant, Instant)],
    ) -> bool {
        let policy = &self.scenario.policy;
        let campaign = matches!(one.cause, Cause::Scheduled { campaign: Some(_) });
        let open = match window {
            "build" => {
                let prep = policy.semester_prep_window.as_ref();
                policy.build_window.contains(policy.timezone, at)
                    || campaign && prep.is_some_and(|prep| prep.contains(self.date(at)))
            }
            "urgent" => policy.urgent_window.contains(policy.timezone, at),
            _ => true,
        };
        open && self.room(one, purse, at) && {
            let end = at + one.target.expected;
            let most = usize::try_from(policy.max_parallel_builds).expect("small");
            let instants = busy
                .iter()
                .map(|(from, _)| *from)
                .filter(|from| (at..end).contains(from));
            instants.chain([at]).all(|instant| {
                let there = busy
                    .iter()
                    .filter(|(from, to)| (*from..*to).contains(&instant));
                there.count() < most
            })
        }
    }

    fn room(&self, one: &One<'_>, purse: &str, at: Instant) -> bool {
        let (policy, spent) = (&self.scenario.policy, &self.scenario.spent);
        let (now, date) = (self.date(self.scenario.now), self.date(at));
        let month = |date: NaiveDate| (date.year(), date.month());
        let used = |urgent: bool, same: &dyn Fn(NaiveDate) -> bool| -> u64 {
            let placed = self.placed.iter();
            placed
                .filter(|one| (one.purse == "urgent") == urgent && same(self.date(one.from)))
                .map(|one| one.cost)
                .sum()
        };
        let same_month = |other: NaiveDate| month(other) == month(date);
        let before = |money: crate::money::Money, same: bool| if same { money.micros() } else { 0 };
        let cost = one.target.cost.micros();
        let fits = |limit: crate::money::Money, used: u64| {
            i128::from(limit.micros()) - i128::from(used) >= i128::from(cost)
        };
        match purse {
            "" => true,
            "urgent" => fits(
                policy.emergency_budget,
                used(true, &same_month) + before(spent.urgent, same_month(now)),
            ),
            _ => {
                fits(
                    policy.daily_budget,
                    used(false, &|other| other == date) + before(spent.daily, now == date),
                ) && fits(
                    policy.monthly_budget,
                    used(false, &same_month) + before(spent.monthly, same_month(now)),
                )
            }
        }
    }
}

//! `find(window, purse)`: the earliest start of a build (AUTO-AMI 6.2).

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::Instant;
use crate::policy::Policy;
use crate::want::{Purse, Row, Urgency};
use crate::window::{Opening, WindowKind, merged};

use super::group::Group;
use super::places::Places;
use super::purses::Purses;
use super::why::{On, Reasons, Why};
use super::{HORIZON, OVERDUE, Running, Spent};

/// Everything that a start depends on beside the request.
#[derive(Debug)]
pub(super) struct Finder<'a> {
    pub(super) now: Instant,
    pub(super) policy: &'a Policy,
    horizon: Instant,
    purses: Purses,
    places: Places,
    /// When the running builds of a target are over.
    ends: BTreeMap<&'a str, Instant>,
    build: Vec<Opening>,
    urgent: Vec<Opening>,
    /// `build` and the dates of `semester_prep_window`.
    campaign: Vec<Opening>,
}

/// A start that was looked for, and what moved it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// None within the horizon if there is none.
    pub(super) at: Option<Instant>,
    pub(super) reasons: Reasons,
}

impl<'a> Finder<'a> {
    pub(super) fn new(
        now: Instant,
        policy: &'a Policy,
        spent: &Spent,
        running: &'a [Running],
    ) -> Self {
        let (zone, horizon) = (policy.timezone, now + HORIZON);
        // The horizon itself counts.
        let end = horizon + TimeDelta::seconds(1);
        let mut places = Places::new(policy.max_parallel_builds);
        let mut ends = BTreeMap::new();
        for one in running {
            let until = match one.until < now {
                true => now + OVERDUE,
                false => one.until,
            };
            let name = one.target.as_deref();
            places.take(&one.region, name.unwrap_or("a running build"), now, until);
            if let Some(name) = name {
                let over = ends.entry(name).or_insert(until);
                *over = until.max(*over);
            }
        }
        let days = zone.days(now, end);
        let build = policy.build_window.openings(zone, now, end);
        let prep = |date| {
            policy
                .semester_prep_window
                .as_ref()
                .is_some_and(|prep| prep.contains(date))
        };
        let whole = days.iter().filter(|day| prep(day.date)).map(Opening::from);
        Self {
            now,
            policy,
            horizon,
            campaign: merged(build.iter().copied().chain(whole).collect()),
            build,
            urgent: policy.urgent_window.openings(zone, now, end),
            purses: Purses::new(policy, spent, days, now),
            places,
            ends,
        }
    }

    /// Takes place and money for a build that starts then.
    pub(super) fn take(&mut self, group: &Group<'_>, at: Instant, purse: Purse) {
        let target = group.target;
        let end = at + target.expected;
        self.places.take(&target.region, &target.name, at, end);
        self.purses.commit(purse, target.cost, at);
    }

    /// When a row's own window is open; none: at any time.
    pub(super) fn window(row: &Row) -> Option<(WindowKind, bool)> {
        row.window.map(|kind| (kind, row.prep))
    }

    fn openings(&self, window: (WindowKind, bool)) -> &[Opening] {
        match window {
            (WindowKind::Urgent, _) => &self.urgent,
            (WindowKind::Build, false) => &self.build,
            (WindowKind::Build, true) => &self.campaign,
        }
    }

    /// The earliest instant from which on notice and the target's running builds allow a start.
    fn earliest(&self, group: &Group<'_>, reasons: &mut Reasons) -> Instant {
        let mut at = self.now;
        let announced = self.policy.notify_before_rebuild && group.row.urgency != Urgency::Critical;
        let lead = match announced {
            true => self.policy.notify_lead.delta(),
            false => TimeDelta::zero(),
        };
        if group.requested + lead > at {
            at = group.requested + lead;
            reasons.add(Why::new(On::Notice, Some(at)));
        }
        if let Some(pause) = group.not_before.filter(|pause| *pause > at) {
            at = pause;
            reasons.add(Why::new(On::Notice, Some(at)));
        }
        if let Some(end) = self
            .ends
            .get(group.target.name.as_str())
            .filter(|end| **end > at)
        {
            at = *end;
            reasons.add(Why {
                builds: vec![group.target.name.clone()],
                ..Why::new(On::Capacity, Some(at))
            });
        }
        at
    }

    /// The earliest start at which the window, if any, is open, the purse, if any, has room and a place is free.
    pub(super) fn find(
        &self,
        group: &Group<'_>,
        window: Option<(WindowKind, bool)>,
        purse: Option<Purse>,
    ) -> Found {
        let mut reasons = Reasons::default();
        let mut at = self.earliest(group, &mut reasons);
        loop {
            if at > self.horizon {
                return Found { at: None, reasons };
            }
            let before = at;
            if let Some(window) = window {
                let openings = self.openings(window);
                let next = openings.partition_point(|opening| opening.closes <= at);
                let opens = openings.get(next).map(|opening| opening.opens.max(at));
                if opens != Some(at) {
                    reasons.add(Why::new(On::Window, opens));
                }
                let Some(opens) = opens else {
                    return Found { at: None, reasons };
                };
                at = opens;
            }
            if let Some(purse) = purse {
                let (room, lack) = self.purses.next(purse, group.target.cost, at);
                if let Some(lack) = lack {
                    reasons.add(Why {
                        lacks: Some(lack.money),
                        budget: Some(lack.budget),
                        ..Why::new(On::Purse, room)
                    });
                }
                let Some(room) = room else {
                    return Found { at: None, reasons };
                };
                at = room;
            }
            let region = &group.target.region;
            let free = self.places.next(region, at, group.target.expected);
            if free > at {
                at = free;
                reasons.add(Why {
                    builds: self.places.holders(region, free),
                    ..Why::new(On::Capacity, Some(free))
                });
            }
            if at == before {
                let at = Some(at);
                return Found { at, reasons };
            }
        }
    }
}

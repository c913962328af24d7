//! The plan a second time, for the tests: AUTO-AMI 5 and 6 sentence by sentence, by asking every instant at which anything can
//! change whether a build may start. It shares the definitions (what is inside a window, a local date) and none of the ways.

mod start;

use chrono::{DateTime, NaiveDate, TimeDelta};

use super::random::QUARTER;
use super::scenario::Scenario;
use crate::Instant;
use crate::advisory::level::Level;
use crate::policy::{Low, UnknownAs};
use crate::want::{Cause, Request, Target};

/// What is compared.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) urgency: &'static str,
    pub(super) priority: i64,
    pub(super) state: &'static str,
    pub(super) at: Option<Instant>,
    pub(super) deadline: Option<Instant>,
    pub(super) purse: Option<&'static str>,
    pub(super) late: bool,
    pub(super) window: Option<&'static str>,
    pub(super) others: Vec<String>,
}

/// A request, or several of one target.
#[derive(Clone)]
struct One<'a> {
    id: &'a str,
    target: &'a Target,
    cause: Cause,
    max_cost: Option<u64>,
    approved: bool,
    any_time: bool,
    requested: Instant,
    deadline: Option<Instant>,
    others: Vec<String>,
}

struct Placed<'a> {
    region: &'a str,
    from: Instant,
    to: Instant,
    purse: &'static str,
    cost: u64,
}

pub(super) struct Naive<'a> {
    scenario: &'a Scenario,
    placed: Vec<Placed<'a>>,
}

const NO_WINDOW: &str = "";

impl<'a> Naive<'a> {
    pub(super) fn plan(scenario: &'a Scenario) -> Vec<Line> {
        let mut naive = Naive {
            scenario,
            placed: Vec::new(),
        };
        let mut ones: Vec<One<'a>> = Vec::new();
        for waiting in &scenario.queue {
            let mut each: Vec<One<'a>> = waiting
                .requests
                .iter()
                .map(|request| naive.alone(request, &waiting.target))
                .collect();
            ones.push(naive.coalesced(&mut each));
        }
        ones.sort_by_key(|one| naive.rank(one));
        ones.iter().map(|one| naive.line(one)).collect()
    }

    fn level(&self, cause: Cause) -> Option<Level> {
        match cause {
            Cause::Security { level: Some(level) } => Some(level),
            Cause::Security { level: None } => {
                Some(match self.scenario.policy.security_updates.unknown_as {
                    UnknownAs::High => Level::High,
                    UnknownAs::Medium => Level::Medium,
                })
            }
            _ => None,
        }
    }

    /// "First that fits": urgency, base priority, window, purse.
    fn row(&self, cause: Cause) -> (&'static str, i64, &'static str, &'static str) {
        let level = self.level(cause);
        let off_peak = match self.scenario.policy.prefer_off_peak {
            true => "build",
            false => NO_WINDOW,
        };
        if level == Some(Level::Critical) || cause == (Cause::Manual { urgent: true }) {
            return ("critical", 100, NO_WINDOW, "urgent");
        }
        if level == Some(Level::High) {
            return ("high", 80, "urgent", "daily");
        }
        if matches!(cause, Cause::Manual { .. }) {
            return ("normal", 70, NO_WINDOW, "daily");
        }
        if level == Some(Level::Medium) {
            return ("normal", 60, "build", "daily");
        }
        if cause == Cause::Popularity || matches!(cause, Cause::Scheduled { campaign: Some(_) }) {
            return ("normal", 50, "build", "daily");
        }
        if level == Some(Level::Low) {
            return ("low", 40, off_peak, "monthly");
        }
        ("low", 30, off_peak, "monthly")
    }

    fn alone(&self, request: &'a Request, target: &'a Target) -> One<'a> {
        let updates = &self.scenario.policy.security_updates;
        let window = match (self.level(request.cause), request.cause) {
            (Some(Level::Critical), _) | (_, Cause::Manual { urgent: true }) => {
                Some(updates.critical_window)
            }
            (Some(Level::High), _) => Some(updates.high_window),
            (Some(Level::Medium), _) => Some(updates.medium_window),
            (Some(Level::Low), _) => Some(updates.low_window),
            _ => None,
        };
        let mut deadline = window.map(|window| {
            let span = match window.delta().is_zero() {
                true => target.expected + TimeDelta::minutes(5),
                false => window.delta(),
            };
            request.requested + span
        });
        if let Cause::Scheduled {
            campaign: Some(date),
        } = request.cause
        {
            deadline = Some(self.first_instant(date));
        }
        One {
            id: &request.id,
            target,
            cause: request.cause,
            max_cost: request.max_cost.map(|money| money.micros()),
            approved: request.approved,
            any_time: matches!(request.cause, Cause::Manual { .. }),
            requested: request.requested,
            deadline,
            others: Vec::new(),
        }
    }

    fn date(&self, at: Instant) -> NaiveDate {
        self.scenario.policy.timezone.local(at).date()
    }

    fn first_instant(&self, date: NaiveDate) -> Instant {
        let mut at = date.and_hms_opt(0, 0, 0).expect("midnight").and_utc() - TimeDelta::days(1);
        while self.date(at) != date {
            at += TimeDelta::seconds(QUARTER);
        }
        at
    }

    fn needs_approval(&self, one: &One<'_>) -> bool {
        let low = self.scenario.policy.security_updates.low == Low::Approval;
        self.level(one.cause) == Some(Level::Low) && low && !one.approved
    }

    fn coalesced(&self, each: &mut [One<'a>]) -> One<'a> {
        each.sort_by(|one, other| (one.requested, one.id).cmp(&(other.requested, other.id)));
        let mut counting: Vec<One<'a>> = each.to_vec();
        if each.iter().any(|one| !self.needs_approval(one)) {
            counting.retain(|one| !self.needs_approval(one));
        }
        let oldest = counting[0].clone();
        let mut ranked = counting.clone();
        ranked.sort_by_key(|one| self.rank(one));
        let deadlines: Vec<Instant> = counting.iter().filter_map(|one| one.deadline).collect();
        One {
            id: oldest.id,
            any_time: counting.iter().any(|one| one.any_time),
            requested: counting.iter().map(|one| one.requested).min().expect("one"),
            deadline: deadlines.into_iter().min(),
            others: each
                .iter()
                .filter(|one| one.id != oldest.id)
                .map(|one| one.id.to_owned())
                .collect(),
            ..ranked[0].clone()
        }
    }

    fn priority(&self, one: &One<'_>) -> i64 {
        let seconds = (self.scenario.now - one.requested).num_seconds();
        let mut days = 0;
        while days < 19 && seconds >= (days + 1) * 86_400 {
            days += 1;
        }
        self.row(one.cause).1 + days
    }

    fn rank(&self, one: &One<'_>) -> (bool, usize, i64, Instant, Instant, Vec<u8>) {
        let now = self.scenario.now;
        let urgency = self.row(one.cause).0;
        let mut ranking = urgency;
        let latest = one.deadline.map(|deadline| deadline - one.target.expected);
        if urgency == "low" && now - one.requested >= TimeDelta::days(30) {
            ranking = "normal";
        }
        if ["normal", "low"].contains(&urgency)
            && latest.is_some_and(|latest| latest <= now + TimeDelta::hours(6))
        {
            ranking = "high";
        }
        let order = ["critical", "high", "normal", "low"];
        (
            self.needs_approval(one),
            order
                .iter()
                .position(|word| *word == ranking)
                .expect("a word"),
            -self.priority(one),
            one.deadline.unwrap_or(DateTime::<chrono::Utc>::MAX_UTC),
            one.requested,
            one.id.as_bytes().to_vec(),
        )
    }

    fn line(&mut self, one: &One<'a>) -> Line {
        let now = self.scenario.now;
        let (urgency, _, own_window, own_purse) = self.row(one.cause);
        let own_window = if one.any_time { NO_WINDOW } else { own_window };
        let latest = one.deadline.map(|deadline| deadline - one.target.expected);
        let mut state = "blocked";
        let mut start: Option<(Instant, &'static str)> = None;
        if one
            .max_cost
            .is_some_and(|most| one.target.cost.micros() > most)
        {
        } else if self.needs_approval(one) {
            state = "awaiting_approval";
        } else if urgency == "critical" {
            let place = self.find(one, NO_WINDOW, "");
            if let Some(place) = place {
                state = "awaiting_approval";
                let until = latest.expect("a deadline").max(place);
                if one.approved {
                    start = Some((place, "urgent"));
                }
                let purses: &[&'static str] = match self.scenario.policy.approve_emergency_builds {
                    true => &["urgent", "daily"],
                    false => &["daily"],
                };
                for purse in purses {
                    let at = self.find(one, NO_WINDOW, purse).filter(|at| *at <= until);
                    start = start.or(at.map(|at| (at, *purse)));
                }
            }
        } else {
            let mut tries = vec![(self.find(one, own_window, own_purse), own_purse)];
            if latest.is_some() {
                tries.push((self.find(one, NO_WINDOW, own_purse), own_purse));
                if urgency == "high"
                    && (self.scenario.policy.approve_emergency_builds || one.approved)
                {
                    tries.push((self.find(one, NO_WINDOW, "urgent"), "urgent"));
                }
            }
            let until = latest.map(|latest| latest.max(now));
            let starts: Vec<(Instant, &'static str)> = tries
                .iter()
                .filter_map(|(at, purse)| at.map(|at| (at, *purse)))
                .collect();
            let in_time = starts
                .iter()
                .find(|(at, _)| until.is_none_or(|until| *at <= until));
            start = in_time
                .or_else(|| starts.iter().min_by_key(|(at, _)| *at))
                .copied();
        }
        if let Some((at, purse)) = start {
            state = if at == now { "start" } else { "scheduled" };
            self.placed.push(Placed {
                region: &one.target.region,
                from: at,
                to: at + one.target.expected,
                purse,
                cost: one.target.cost.micros(),
            });
        }
        Line {
            id: one.id.to_owned(),
            urgency,
            priority: self.priority(one),
            state,
            at: start.map(|(at, _)| at),
            deadline: one.deadline,
            purse: start.map(|(_, purse)| purse),
            late: start.is_some_and(|(at, _)| latest.is_some_and(|latest| at > latest)),
            window: Some(own_window).filter(|window| *window != NO_WINDOW),
            others: one.others.clone(),
        }
    }
}

//! Requests of one target become one, and all are ranked: steps 5 and 6.1 of AUTO-AMI.

use std::cmp::Reverse;

use chrono::TimeDelta;

use crate::Instant;
use crate::policy::Policy;
use crate::want::{Request, Row, Target, Urgency};

use super::Waiting;

/// Normal and low ones rank as high when their latest start is at most so far away.
const NEAR: TimeDelta = TimeDelta::hours(6);
/// Low ones rank as normal when they have waited so long.
const LONG: TimeDelta = TimeDelta::days(30);

/// The requests of one target as one.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// The oldest request's.
    pub(super) id: &'a str,
    /// What is built.
    pub(super) target: &'a Target,
    /// The first by rank: it gives trigger, level, urgency, row, purse, `max_cost` and approval.
    pub(super) first: &'a Request,
    /// Its row; without a window if any of the requests is manual.
    pub(super) row: Row,
    /// The smallest.
    pub(super) requested: Instant,
    /// A pause after a failure.
    pub(super) not_before: Option<Instant>,
    /// The smallest.
    pub(super) deadline: Option<Instant>,
    /// Whether a person must approve it first.
    pub(super) needs_approval: bool,
    /// The other ids, oldest first.
    pub(super) others: Vec<&'a str>,
}

/// What ranks: the smaller goes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a> {
    needs_approval: bool,
    urgency: Urgency,
    priority: Reverse<u32>,
    /// Whether there is none, and it.
    deadline: (bool, Option<Instant>),
    requested: Instant,
    /// Texts compare as their bytes.
    id: &'a str,
}

/// What waits, one of each target, in rank order.
pub(super) fn ranked<'a>(now: Instant, policy: &Policy, queue: &'a [Waiting]) -> Vec<Group<'a>> {
    let groups = queue
        .iter()
        .filter_map(|waiting| group(now, policy, waiting));
    let mut groups: Vec<Group<'a>> = groups.collect();
    groups.sort_by_cached_key(|group| group.rank(now));
    groups
}

fn group<'a>(now: Instant, policy: &Policy, waiting: &'a Waiting) -> Option<Group<'a>> {
    let target = &waiting.target;
    let all: Vec<&Request> = waiting.requests.iter().collect();
    let free: Vec<&Request> = all
        .iter()
        .copied()
        .filter(|request| !request.needs_approval(policy))
        .collect();
    // Those that need approval are merely listed beside any that needs none.
    let counting = if free.is_empty() { &all } else { &free };
    let alone = |request: &Request| request.deadline(policy, target.expected);
    let first = *counting.iter().min_by_key(|request| {
        let row = request.cause.row(policy);
        Rank {
            needs_approval: request.needs_approval(policy),
            ..rank(
                now,
                &row,
                target,
                alone(request),
                request.requested,
                &request.id,
            )
        }
    })?;
    let oldest = *counting.iter().min_by_key(|request| age(request))?;
    let manual = |request: &&Request| matches!(request.cause, crate::want::Cause::Manual { .. });
    let mut row = first.cause.row(policy);
    if counting.iter().any(manual) {
        row.window = None;
    }
    let mut others = all.clone();
    others.retain(|request| request.id != oldest.id);
    others.sort_by(|one, other| age(one).cmp(&age(other)));
    Some(Group {
        id: &oldest.id,
        target,
        first,
        row,
        requested: oldest.requested,
        not_before: waiting.not_before,
        deadline: counting.iter().filter_map(|request| alone(request)).min(),
        needs_approval: first.needs_approval(policy),
        others: others.iter().map(|request| request.id.as_str()).collect(),
    })
}

/// What makes one the oldest.
fn age(request: &Request) -> (Instant, &str) {
    (request.requested, &request.id)
}

impl<'a> Group<'a> {
    /// The deadline less the expected duration.
    pub(super) fn latest_start(&self) -> Option<Instant> {
        self.deadline
            .map(|deadline| deadline - self.target.expected)
    }

    fn rank(&self, now: Instant) -> Rank<'a> {
        Rank {
            needs_approval: self.needs_approval,
            ..rank(
                now,
                &self.row,
                self.target,
                self.deadline,
                self.requested,
                self.id,
            )
        }
    }
}

fn rank<'a>(
    now: Instant,
    row: &Row,
    target: &Target,
    deadline: Option<Instant>,
    requested: Instant,
    id: &'a str,
) -> Rank<'a> {
    let near = deadline.is_some_and(|deadline| deadline - target.expected - now <= NEAR);
    let urgency = match row.urgency {
        Urgency::Normal | Urgency::Low if near => Urgency::High,
        Urgency::Low if now - requested >= LONG => Urgency::Normal,
        urgency => urgency,
    };
    Rank {
        needs_approval: false,
        urgency,
        priority: Reverse(row.priority(now, requested)),
        deadline: (deadline.is_none(), deadline),
        requested,
        id,
    }
}

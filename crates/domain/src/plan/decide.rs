//! Which window and which purse a build gets: the order of tries (AUTO-AMI 6.2), and what is told about it.

use crate::Instant;
use crate::want::{Purse, Urgency};

use super::find::{Finder, Found};
use super::group::Group;
use super::why::{On, Reasons, Why};
use super::{Build, State};

/// What becomes of a build.
enum Outcome {
    Placed(Instant, Purse, Reasons),
    Not(State, Reasons),
}

/// Decides one, and takes its place and its money for all after it.
pub(super) fn build(finder: &mut Finder<'_>, group: &Group<'_>) -> Build {
    let outcome = outcome(finder, group);
    let latest_start = group.latest_start();
    let (state, at, purse, reasons) = match outcome {
        Outcome::Placed(at, purse, reasons) => {
            finder.take(group, at, purse);
            let state = match at == finder.now {
                true => State::Start,
                false => State::Scheduled,
            };
            (state, Some(at), Some(purse), reasons)
        }
        Outcome::Not(state, reasons) => (state, None, None, reasons),
    };
    Build {
        id: group.id.to_owned(),
        template: group.target.name.clone(),
        trigger: group.first.cause.trigger(),
        cause: group.first.cause,
        approved: group.first.approved,
        urgency: group.row.urgency,
        priority: group.row.priority(finder.now, group.requested),
        state,
        scheduled_for: at,
        latest_start,
        deadline: group.deadline,
        budget_source: purse,
        estimated_cost: group.target.cost,
        late: at.zip(latest_start).is_some_and(|(at, latest)| at > latest),
        window: group.row.window,
        coalesced: group.others.iter().map(|id| (*id).to_owned()).collect(),
        why: reasons.told(),
    }
}

fn outcome(finder: &Finder<'_>, group: &Group<'_>) -> Outcome {
    let (cost, mut reasons) = (group.target.cost, Reasons::default());
    if let Some(most) = group.first.max_cost.filter(|most| cost > *most) {
        reasons.add(Why {
            lacks: Some(cost.less(most)),
            ..Why::new(On::MaxCost, None)
        });
        return Outcome::Not(State::Blocked, reasons);
    }
    if group.needs_approval {
        reasons.add(Why::new(On::Approval, None));
        return Outcome::Not(State::AwaitingApproval, reasons);
    }
    match group.row.urgency {
        Urgency::Critical => critical(finder, group),
        Urgency::High | Urgency::Normal | Urgency::Low => other(finder, group),
    }
}

/// A critical one waits for nothing but money and a place.
fn critical(finder: &Finder<'_>, group: &Group<'_>) -> Outcome {
    let place = finder.find(group, None, None);
    let Some(at) = place.at else {
        return Outcome::Not(State::Blocked, place.reasons);
    };
    if group.first.approved {
        return Outcome::Placed(at, Purse::Urgent, place.reasons);
    }
    let latest = group.latest_start().map_or(at, |latest| latest.max(at));
    let urgent = finder
        .policy
        .approve_emergency_builds
        .then_some(Purse::Urgent);
    let mut lacking = None;
    for purse in urgent.into_iter().chain([Purse::Daily]) {
        let found = finder.find(group, None, Some(purse));
        match found.at {
            Some(at) if at <= latest => return Outcome::Placed(at, purse, found.reasons),
            _ => lacking = lacking.or(Some(found.reasons)),
        }
    }
    // A person who approves gives it the first place: what moves that is told, and the money that is missing.
    let mut reasons = place.reasons;
    reasons.add_of(On::Purse, lacking);
    reasons.add(Why::new(On::Approval, None));
    Outcome::Not(State::AwaitingApproval, reasons)
}

/// Own window and purse; if that would be late, any time; if that would be, too, a high one's urgent purse.
fn other(finder: &Finder<'_>, group: &Group<'_>) -> Outcome {
    let own = group.row.purse;
    let limit = group.latest_start().map(|latest| latest.max(finder.now));
    let in_time = |found: &Found| match (found.at, limit) {
        (Some(at), Some(limit)) => at <= limit,
        // Without a deadline every start is in time, and no start is all there is.
        (_, None) => true,
        (None, _) => false,
    };
    let first = finder.find(group, Finder::window(&group.row), Some(own));
    let mut tries = vec![(first, own)];
    let late = |tries: &[(Found, Purse)]| !tries.iter().any(|(found, _)| in_time(found));
    if late(&tries) {
        tries.push((finder.find(group, None, Some(own)), own));
    }
    let may = finder.policy.approve_emergency_builds || group.first.approved;
    if late(&tries) && group.row.urgency == Urgency::High && may {
        let found = finder.find(group, None, Some(Purse::Urgent));
        tries.push((found, Purse::Urgent));
    }
    let why = tries.first().map(|(found, _)| found.reasons.clone());
    let taken = tries
        .iter()
        .position(|(found, _)| in_time(found) && found.at.is_some());
    let earliest = || {
        let starts = tries.iter().enumerate();
        let starts = starts.filter_map(|(at, (found, _))| found.at.map(|start| (start, at)));
        starts.min().map(|(_, at)| at)
    };
    match taken.or_else(earliest).map(|at| tries.swap_remove(at)) {
        Some((found, purse)) => match found.at {
            Some(at) => Outcome::Placed(at, purse, found.reasons),
            None => Outcome::Not(State::Blocked, found.reasons),
        },
        None => Outcome::Not(State::Blocked, why.unwrap_or_default()),
    }
}

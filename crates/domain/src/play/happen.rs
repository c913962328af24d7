//! When something happens whatever the play does: what was launched, published and asked for, lines of cron, local midnights.

use std::collections::BTreeSet;

use super::Days;
use crate::Instant;
use crate::build::wants::campaigns;
use crate::policy::Policy;

/// Launches are looked at so often, in seconds, not one by one.
const LOOK: i64 = 600;

/// Every such instant of the days.
pub(super) fn happenings<'a>(
    days: &Days,
    policy: &Policy,
    fires: impl Iterator<Item = &'a Instant>,
) -> BTreeSet<Instant> {
    let mut all = BTreeSet::from([days.from]);
    all.extend(fires);
    for played in &days.aims {
        all.extend(played.updates.iter().map(|one| one.detected));
        all.extend(played.images.iter().map(|one| one.at));
    }
    for at in days.launches.values().flatten() {
        let next = (at.timestamp() + LOOK - 1).div_euclid(LOOK) * LOOK;
        all.extend(Instant::from_timestamp(next, 0));
    }
    all.extend(days.asked.iter().map(|one| one.at));
    all.extend(days.refused.iter().map(|one| one.at));
    let mut date = policy.timezone.local(days.from).date();
    while let Some(next) = date.succ_opt() {
        let at = policy.timezone.first_of(next);
        if at >= days.to {
            break;
        }
        all.insert(at);
        date = next;
    }
    all.extend(campaigns(policy).into_iter().map(|(_, from, _)| from));
    all.into_iter().filter(|at| *at >= days.from).collect()
}

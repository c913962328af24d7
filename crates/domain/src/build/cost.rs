//! How long a build is expected to take, when its builder ends at the latest, and what that costs (AUTO-AMI 6, "Durations and
//! estimate"). The actual cost is computed by the same rule from what ran.

use chrono::TimeDelta;

use crate::money::Money;

/// Without history a build is expected to take so long.
const UNKNOWN: TimeDelta = TimeDelta::minutes(90);
/// Builds that are looked back at.
pub const HISTORY: usize = 20;
/// The bound is never less.
const LEAST_BOUND: TimeDelta = TimeDelta::hours(2);
/// How long the test instances run, and how many there are.
const TEST: (TimeDelta, u64) = (TimeDelta::minutes(20), 2);
/// Micro-dollars for a GB of a gp3 volume and month (EBS price of us-east-1).
const VOLUME_GB_MONTH: u64 = 80_000;
/// Micro-dollars for a GB of a snapshot that is copied to another region.
const COPIED_GB: u64 = 20_000;
/// Seconds of a month of 30 days, as EBS bills it.
const MONTH: u64 = 30 * 86_400;

/// The 95th percentile of the last builds, at most [`HISTORY`] of them; 90 minutes without any. At least a second.
pub fn expected(history: &[TimeDelta]) -> TimeDelta {
    let mut lengths: Vec<TimeDelta> = history.iter().copied().take(HISTORY).collect();
    lengths.sort_unstable();
    // The smallest length that 95 of 100 do not exceed.
    let rank = (lengths.len() * 95).div_ceil(100);
    match rank.checked_sub(1).and_then(|at| lengths.get(at)) {
        Some(length) => (*length).max(TimeDelta::seconds(1)),
        None => UNKNOWN,
    }
}

/// When the builder ends at the latest, counted from its start: the template's own word, else the larger of twice the expected
/// duration and two hours.
pub fn bound(own: Option<TimeDelta>, expected: TimeDelta) -> TimeDelta {
    own.unwrap_or_else(|| (expected * 2).max(LEAST_BOUND))
}

/// What a build runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// What the instance type costs per hour.
    pub hourly: Money,
    /// The builder's volume in GB.
    pub volume_gb: u32,
    /// Regions to which the image is copied.
    pub copies: u32,
    /// Whether test instances are started from the image.
    pub tested: bool,
}

/// What a build reserves: its bound on this machine, two tests of 20 minutes, the copies, and 10 % on top.
pub fn reservation(machine: &Machine, bound: TimeDelta) -> Money {
    let base = cost(machine, bound, machine.tested, machine.copies);
    Money::from_micros(base.micros() + base.micros().div_ceil(10))
}

/// What ran: the builder for so long, tests and copies as they were.
pub fn actual(machine: &Machine, ran: TimeDelta, tested: bool, copies: u32) -> Money {
    cost(machine, ran, tested, copies)
}

fn cost(machine: &Machine, ran: TimeDelta, tested: bool, copies: u32) -> Money {
    let instance = by_the_minute(machine.hourly, ran);
    let seconds = u64::try_from(ran.num_seconds()).unwrap_or_default();
    let gb = u64::from(machine.volume_gb);
    let volume = (gb * VOLUME_GB_MONTH * seconds).div_ceil(MONTH);
    let tests = match tested {
        true => by_the_minute(machine.hourly, TEST.0).times(TEST.1),
        false => Money::ZERO,
    };
    let copied = Money::from_micros(gb * COPIED_GB).times(copies.into());
    instance
        .plus(Money::from_micros(volume))
        .plus(tests)
        .plus(copied)
}

/// An hourly price for a span, rounded up to the minute.
fn by_the_minute(hourly: Money, ran: TimeDelta) -> Money {
    let seconds = u64::try_from(ran.num_seconds()).unwrap_or_default();
    let minutes = seconds.div_ceil(60);
    Money::from_micros((hourly.micros() * minutes).div_ceil(60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn minutes(all: &[i64]) -> Vec<TimeDelta> {
        all.iter().map(|one| TimeDelta::minutes(*one)).collect()
    }

    #[test]
    fn the_expected_duration_is_what_95_of_100_do_not_exceed() {
        assert_eq!(expected(&[]), TimeDelta::minutes(90));
        assert_eq!(expected(&minutes(&[12])), TimeDelta::minutes(12));
        let twenty: Vec<i64> = (1..=20).rev().collect();
        assert_eq!(expected(&minutes(&twenty)), TimeDelta::minutes(19));
        // The twenty first ones count.
        let more: Vec<i64> = (1..=20).chain([500, 600]).collect();
        assert_eq!(expected(&minutes(&more)), TimeDelta::minutes(19));
        assert_eq!(expected(&[TimeDelta::zero()]), TimeDelta::seconds(1));
    }

    #[test]
    fn the_bound_is_twice_the_expected_and_at_least_two_hours_unless_the_template_says_otherwise() {
        for (own, expected, length) in [
            (None, 90, 180),
            (None, 20, 120),
            (None, 60, 120),
            (Some(45), 90, 45),
        ] {
            let own = own.map(TimeDelta::minutes);
            let got = bound(own, TimeDelta::minutes(expected));
            assert_eq!(got, TimeDelta::minutes(length));
        }
    }

    #[test]
    fn a_reservation_is_the_sum_of_its_parts_and_a_tenth() {
        let machine = Machine {
            hourly: Money::from_micros(83_200),
            volume_gb: 20,
            copies: 2,
            tested: true,
        };
        // 166,400 + 4,445 + 2 × 27,734 + 2 × 400,000 = 1,026,313 micro-dollars, and 102,632 more.
        let got = reservation(&machine, TimeDelta::hours(2));
        assert_eq!(got, Money::from_micros(1_128_945));
        let ran = actual(&machine, TimeDelta::seconds(601), false, 0);
        // 11 minutes of 83,200 an hour, and 10 minutes of the volume.
        assert_eq!(ran, Money::from_micros(15_254 + 371));
    }

    proptest! {
        #[test]
        fn what_ran_within_the_bound_is_never_more_than_what_was_reserved(
            hourly in 0_u64..100_000_000, gb in 1_u32..16_000, copies in 0_u32..20, bound in 60_i64..200_000, part in 0_i64..=100,
        ) {
            let machine = Machine { hourly: Money::from_micros(hourly), volume_gb: gb, copies, tested: true };
            let bound = TimeDelta::seconds(bound);
            let ran = bound * i32::try_from(part).expect("small") / 100;
            prop_assert!(actual(&machine, ran, true, copies) <= reservation(&machine, bound));
        }
    }
}

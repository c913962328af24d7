//! Periods against dates, and accounts under any order of steps.

use proptest::prelude::*;

use super::*;
use crate::cases::cases;
use crate::policy::given::Given;

fn at(text: &str) -> Instant {
    text.parse().expect(text)
}

fn policy(zone: &str) -> Policy {
    Policy::from(Given {
        timezone: Some(Zone::parse(zone).expect(zone)),
        ..Given::default()
    })
}

#[test]
fn periods_are_local_days_and_months() {
    for (zone, now, daily, day, monthly, month) in [
        (
            "UTC",
            "2026-11-30T23:59:59Z",
            "prs_daily_2026-11-30",
            ("2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z"),
            "prs_monthly_2026-11",
            ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ),
        // Its day has 25 hours; its month begins in summer time and ends in winter time.
        (
            "America/New_York",
            "2026-11-01T12:00:00Z",
            "prs_daily_2026-11-01",
            ("2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
            "prs_monthly_2026-11",
            ("2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"),
        ),
        (
            "Pacific/Auckland",
            "2026-12-31T12:00:00Z",
            "prs_daily_2027-01-01",
            ("2026-12-31T11:00:00Z", "2027-01-01T11:00:00Z"),
            "prs_monthly_2027-01",
            ("2026-12-31T11:00:00Z", "2027-01-31T11:00:00Z"),
        ),
    ] {
        let policy = policy(zone);
        let periods = policy.periods(Purse::Monthly, at(now));
        let told: Vec<_> = periods
            .iter()
            .map(|one| (one.id(), one.starts, one.ends))
            .collect();
        let wanted = [(daily, day), (monthly, month)];
        assert_eq!(
            told,
            wanted.map(|(id, (starts, ends))| (id.to_owned(), at(starts), at(ends))),
            "{zone} {now}"
        );
    }
}

#[test]
fn urgent_builds_draw_on_the_emergency_budget_alone() {
    let policy = policy("UTC");
    let urgent = policy.periods(Purse::Urgent, at("2026-11-28T12:00:00Z"));
    assert_eq!(urgent.len(), 1);
    assert_eq!(urgent[0].id(), "prs_urgent_2026-11");
    assert_eq!(urgent[0].limit, Money::dollars(100));
    let daily = policy.periods(Purse::Daily, at("2026-11-28T12:00:00Z"));
    let limits: Vec<Money> = daily.iter().map(|one| one.limit).collect();
    assert_eq!(limits, [Money::dollars(25), Money::dollars(500)]);
}

#[test]
fn a_lower_limit_takes_nothing_back_and_holds_from_the_next_check_on() {
    let full = Account::default()
        .under(Money::dollars(25))
        .reserve(Money::dollars(20))
        .expect("room");
    let lower = full.under(Money::dollars(10));
    assert_eq!(
        (lower.limit, lower.room()),
        (Money::dollars(20), Money::ZERO)
    );
    assert_eq!(lower.reserve(Money::dollars(1)), Err(Money::dollars(1)));
    let (after, settled) = lower.settle(Money::dollars(20), Money::dollars(4));
    assert_eq!(settled.released, Money::dollars(16));
    assert_eq!(
        (after.limit, after.room()),
        (Money::dollars(10), Money::dollars(6))
    );
}

#[test]
fn what_an_approved_one_lacks_is_an_overrun_and_no_room_for_others() {
    let account = Account::default().under(Money::dollars(10));
    let (over, shortfall) = account.reserve_beyond(Money::dollars(13));
    assert_eq!(shortfall, Money::dollars(3));
    assert_eq!((over.limit, over.room()), (Money::dollars(13), Money::ZERO));
    let (after, settled) = over.settle(Money::dollars(13), Money::dollars(15));
    assert_eq!(settled.over, Money::dollars(2), "dearer than reserved");
    assert_eq!(after.limit, Money::dollars(15));
    let more = after.allow(Money::dollars(10));
    assert_eq!(
        (more.limit, more.room()),
        (Money::dollars(20), Money::dollars(5))
    );
}

#[test]
fn alerts_count_what_is_reserved_and_spent_together() {
    let account = Account::default().under(Money::dollars(100));
    let reached = |reserved: u64, spent: u64| {
        let (reserved, spent) = (
            Money::from_micros(reserved * 1_000),
            Money::from_micros(spent * 1_000),
        );
        Account {
            reserved,
            spent,
            ..account
        }
        .alert()
    };
    assert_eq!(reached(74_999, 0), 0);
    assert_eq!(reached(70_000, 5_000), 75);
    assert_eq!(reached(0, 89_999), 75);
    assert_eq!(reached(1, 89_999), 90);
    assert_eq!(Account::default().alert(), 0, "nothing of nothing");
}

/// One thing that happens to an account.
#[derive(Debug, Clone)]
enum Step {
    Limit(u64),
    Allow(u64),
    Reserve(u64),
    Beyond(u64),
    Settle(usize, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let money = 0..1_000_u64;
    prop_oneof![
        money.clone().prop_map(Step::Limit),
        money.clone().prop_map(Step::Allow),
        money.clone().prop_map(Step::Reserve),
        money.clone().prop_map(Step::Reserve),
        money.clone().prop_map(Step::Beyond),
        (0..8_usize, money).prop_map(|(which, cost)| Step::Settle(which, cost)),
    ]
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn whatever_the_order_no_more_is_committed_than_the_limit(steps in prop::collection::vec(step(), 1..40)) {
        let mut account = Account::default().under(Money::from_micros(500));
        let (mut open, mut spent, mut overrun) = (Vec::<Money>::new(), Money::ZERO, Money::ZERO);
        for step in steps {
            let before = account;
            match step {
                Step::Limit(limit) => account = account.under(Money::from_micros(limit)),
                Step::Allow(more) => account = account.allow(Money::from_micros(more)),
                Step::Reserve(money) => match account.reserve(Money::from_micros(money)) {
                    Ok(after) => {
                        prop_assert!(after.committed() <= before.budget().max(before.committed()));
                        account = after;
                        open.push(Money::from_micros(money));
                    }
                    Err(lacks) => {
                        prop_assert!(lacks > Money::ZERO);
                        prop_assert!(before.committed().plus(Money::from_micros(money)) > before.budget());
                    }
                },
                Step::Beyond(money) => {
                    let (after, shortfall) = account.reserve_beyond(Money::from_micros(money));
                    account = after;
                    overrun = overrun.plus(shortfall);
                    open.push(Money::from_micros(money));
                }
                Step::Settle(which, cost) if !open.is_empty() => {
                    let reserved = open.swap_remove(which % open.len());
                    let (after, settled) = account.settle(reserved, Money::from_micros(cost));
                    prop_assert_eq!(settled.released, reserved.less(Money::from_micros(cost)));
                    overrun = overrun.plus(settled.over);
                    account = after;
                    spent = spent.plus(Money::from_micros(cost));
                }
                Step::Settle(..) => {}
            }
            let reserved = open.iter().fold(Money::ZERO, |sum, one| sum.plus(*one));
            prop_assert_eq!((account.reserved, account.spent), (reserved, spent));
            prop_assert!(account.committed() <= account.limit);
            prop_assert_eq!(account.limit, account.budget().max(account.committed()));
        }
    }
}

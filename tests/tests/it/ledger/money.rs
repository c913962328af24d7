//! Purses: money moves with the change it pays for, and never more than a limit, in whatever order changes come.

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::money::Money;
use ingot_domain::policy::Policy;
use ingot_domain::policy::given::Given;
use ingot_domain::task::TaskKind;
use ingot_domain::want::Purse;
use ingot_entity::Ledger;
use ingot_entity::store::{
    Change, Claim, Committed, Decision, Entry, NewTask, PurseSaid, Reservation, Short, Then,
};
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::{on_both, race};

mod kept;

on_both!(
    two_hundred_starts_on_the_last_dollars_spend_no_more,
    a_start_reserves_in_every_purse_or_in_none,
    a_run_ends_once_and_releases_what_it_did_not_use,
    an_approved_critical_start_leaves_an_allowance,
    a_day_and_a_month_roll_over,
    a_person_allows_more_for_the_present_period,
);

pub(crate) fn policy(daily: u64, monthly: u64) -> Policy {
    Policy::from(Given {
        daily_budget: Some(Money::dollars(daily)),
        monthly_budget: Some(Money::dollars(monthly)),
        emergency_budget: Some(Money::dollars(monthly)),
        ..Given::default()
    })
}

fn noon() -> Instant {
    "2026-11-28T12:00:00Z".parse().expect("an instant")
}

fn start(policy: &Policy, build: &str, purse: Purse, dollars: u64, at: Instant) -> Reservation {
    Reservation {
        build: build.to_owned(),
        run: 1,
        grant: None,
        policy: 0,
        periods: policy.periods(purse, at),
        money: Money::dollars(dollars),
        at,
        beyond: false,
    }
}

fn settle(build: &str, cost: u64) -> Entry {
    Entry::Settle {
        build: build.to_owned(),
        run: 1,
        cost: Money::dollars(cost),
    }
}

/// A claimed task for each of so many visits.
async fn claims(ledger: &Ledger, count: usize) -> Vec<Claim> {
    let tasks: Vec<NewTask> = (0..count)
        .map(|number| {
            let key = format!("money-{number}-{}", uuid::Uuid::new_v4());
            NewTask::about(TaskKind::Monitor, "us-east-1", key, ledger.now())
        })
        .collect();
    ledger.enqueue(&tasks).await.expect("tasks");
    let mut claims = Vec::new();
    while claims.len() < count {
        let more = ledger.claim_due("monitor", "w", 100).await.expect("claims");
        assert!(!more.is_empty(), "{} of {count}", claims.len());
        claims.extend(more);
    }
    claims
}

async fn pay(ledger: &Ledger, money: Vec<Entry>) -> Committed {
    let claim = claims(ledger, 1).await.remove(0);
    let change = Change {
        money,
        ..Change::default()
    };
    let ended = ledger.end(&claim, &change, &Then::Done).await;
    ended.expect("an answer")
}

async fn reserve(ledger: &Ledger, one: Reservation) -> Committed {
    pay(ledger, vec![Entry::Reserve(Box::new(one))]).await
}

/// Reserved, spent and limit of a budget, in dollars.
async fn figures(ledger: &Ledger, policy: &Policy, purse: Purse, at: Instant) -> [u64; 3] {
    let said = ledger.purses(policy, at).await.expect("purses");
    let one = said.into_iter().find(|one| one.period.purse == purse);
    let PurseSaid { account, .. } = one.expect("a purse");
    [account.reserved, account.spent, account.limit].map(|money| money.micros() / 1_000_000)
}

/// The scan sees nothing wrong with money.
async fn sound(ledger: &Ledger) {
    let scan = ledger.scan().await.expect("a scan");
    let odd: Vec<_> = scan
        .seen
        .iter()
        // These runs are of builds that are not on record.
        .filter(|one| one.invariant == "I5" && one.subject.starts_with("prs_"))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
}

async fn two_hundred_starts_on_the_last_dollars_spend_no_more(ledgers: Ledgers) {
    let policy = policy(25, 1_000);
    let claims = claims(ledgers.ledger(), 200).await;
    let answers = race(&ledgers, 200, |number, ledger| {
        let claim = claims[number].clone();
        let one = start(&policy, &format!("bld_{number}"), Purse::Daily, 2, noon());
        async move {
            let change = Change {
                money: vec![Entry::Reserve(Box::new(one))],
                ..Change::default()
            };
            let ended = ledger.end(&claim, &change, &Then::Done).await;
            ended.expect("an answer")
        }
    })
    .await;
    let yes = answers.iter().filter(|one| **one == Committed::Yes).count();
    let short = |one: &&Committed| {
        let lacks = Short {
            purse: Purse::Daily,
            lacks: Money::dollars(1),
            until: "2026-11-29T00:00:00Z".parse().expect("an instant"),
        };
        **one == Committed::Short(lacks)
    };
    assert_eq!((yes, answers.iter().filter(short).count()), (12, 188));
    let ledger = ledgers.ledger();
    assert_eq!(
        figures(ledger, &policy, Purse::Daily, noon()).await,
        [24, 0, 25]
    );
    assert_eq!(
        figures(ledger, &policy, Purse::Monthly, noon()).await,
        [24, 0, 1_000]
    );
    // Who lost still holds the task, and may look again.
    let lost = answers.iter().position(|one| *one != Committed::Yes);
    let claim = &claims[lost.expect("a loser")];
    let again = ledger.end(claim, &Change::default(), &Then::Done).await;
    assert_eq!(again.expect("an answer"), Committed::Yes);
    sound(ledger).await;
}

async fn a_start_reserves_in_every_purse_or_in_none(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let policy = policy(25, 30);
    let one = |build: &str, at| start(&policy, build, Purse::Daily, 20, at);
    assert_eq!(reserve(ledger, one("bld_a", noon())).await, Committed::Yes);
    assert_eq!(
        reserve(ledger, one("bld_a", noon())).await,
        Committed::Taken
    );
    let tomorrow = noon() + TimeDelta::days(1);
    let short = Short {
        purse: Purse::Monthly,
        lacks: Money::dollars(10),
        until: "2026-12-01T00:00:00Z".parse().expect("an instant"),
    };
    let lost = reserve(ledger, one("bld_b", tomorrow)).await;
    assert_eq!(
        lost,
        Committed::Short(short),
        "the day has room, the month not"
    );
    assert_eq!(
        figures(ledger, &policy, Purse::Daily, tomorrow).await,
        [0, 0, 25]
    );
    assert_eq!(
        figures(ledger, &policy, Purse::Monthly, tomorrow).await,
        [20, 0, 30]
    );
    let urgent = start(&policy, "bld_c", Purse::Urgent, 20, noon());
    assert_eq!(
        reserve(ledger, urgent).await,
        Committed::Yes,
        "its own budget"
    );
    let spent = ledger.spent(&policy, noon()).await.expect("figures");
    assert_eq!(
        (spent.daily, spent.monthly, spent.urgent),
        (Money::dollars(20), Money::dollars(20), Money::dollars(20))
    );
    sound(ledger).await;
}

async fn a_run_ends_once_and_releases_what_it_did_not_use(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let policy = policy(25, 500);
    for build in ["bld_a", "bld_b"] {
        let one = start(&policy, build, Purse::Daily, 10, noon());
        assert_eq!(reserve(ledger, one).await, Committed::Yes);
    }
    for _ in 0..2 {
        assert_eq!(pay(ledger, vec![settle("bld_a", 4)]).await, Committed::Yes);
    }
    assert_eq!(
        figures(ledger, &policy, Purse::Daily, noon()).await,
        [10, 4, 25]
    );
    let release = |build: &str| Entry::Release {
        build: build.to_owned(),
        run: 1,
    };
    // One that is over, one that is not, one that never reserved.
    let ends = vec![release("bld_a"), release("bld_b"), release("bld_none")];
    assert_eq!(pay(ledger, ends).await, Committed::Yes);
    assert_eq!(
        figures(ledger, &policy, Purse::Daily, noon()).await,
        [0, 4, 25]
    );
    let entries = ledger
        .purse_entries("prs_daily_2026-11-28", 100)
        .await
        .expect("entries");
    let mut told: Vec<_> = entries
        .iter()
        .map(|one| {
            (
                one.build.as_str(),
                one.kind.as_str(),
                one.micros / 1_000_000,
            )
        })
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("bld_a", "released", 6),
            ("bld_a", "reserved", 10),
            ("bld_a", "settled", 4),
            ("bld_b", "released", 10),
            ("bld_b", "reserved", 10),
            ("bld_b", "settled", 0),
        ]
    );
    let claim = claims(ledger, 1).await.remove(0);
    let change = Change {
        money: vec![settle("bld_none", 1)],
        ..Change::default()
    };
    let ended = ledger.end(&claim, &change, &Then::Done).await;
    assert!(
        ended.is_err(),
        "what never reserved cannot have cost anything"
    );
    sound(ledger).await;
}

async fn an_approved_critical_start_leaves_an_allowance(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let policy = policy(25, 30);
    let one = |build: &str, dollars, beyond| Reservation {
        beyond,
        ..start(&policy, build, Purse::Urgent, dollars, noon())
    };
    assert_eq!(
        reserve(ledger, one("bld_a", 28, false)).await,
        Committed::Yes
    );
    assert_eq!(
        reserve(ledger, one("bld_b", 10, true)).await,
        Committed::Yes
    );
    assert_eq!(
        figures(ledger, &policy, Purse::Urgent, noon()).await,
        [38, 0, 38]
    );
    let lost = reserve(ledger, one("bld_c", 1, false)).await;
    assert!(matches!(lost, Committed::Short(short) if short.lacks == Money::dollars(1)));
    // Dearer than reserved: the overrun is in the same entry.
    assert_eq!(pay(ledger, vec![settle("bld_b", 13)]).await, Committed::Yes);
    assert_eq!(
        figures(ledger, &policy, Purse::Urgent, noon()).await,
        [28, 13, 41]
    );
    let entries = ledger
        .purse_entries("prs_urgent_2026-11", 100)
        .await
        .expect("entries");
    let over = entries.iter().find(|one| one.kind == "allowance");
    assert_eq!(
        over.map(|one| (one.build.as_str(), one.micros)),
        Some(("bld_b", 11_000_000))
    );
    sound(ledger).await;
    assert_eq!(pay(ledger, vec![settle("bld_a", 2)]).await, Committed::Yes);
    assert_eq!(
        figures(ledger, &policy, Purse::Urgent, noon()).await,
        [0, 15, 30],
        "the limit falls back to the policy's"
    );
    sound(ledger).await;
}

async fn a_day_and_a_month_roll_over(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let policy = policy(25, 30);
    let last: Instant = "2026-11-30T23:59:59Z".parse().expect("an instant");
    let first = last + TimeDelta::seconds(1);
    let one = |build: &str, at| start(&policy, build, Purse::Monthly, 25, at);
    assert_eq!(reserve(ledger, one("bld_a", last)).await, Committed::Yes);
    assert_eq!(reserve(ledger, one("bld_b", first)).await, Committed::Yes);
    assert_eq!(
        figures(ledger, &policy, Purse::Monthly, last).await,
        [25, 0, 30]
    );
    assert_eq!(
        figures(ledger, &policy, Purse::Monthly, first).await,
        [25, 0, 30]
    );
    // What began before midnight is settled in the day and the month it was reserved in.
    assert_eq!(pay(ledger, vec![settle("bld_a", 20)]).await, Committed::Yes);
    assert_eq!(
        figures(ledger, &policy, Purse::Monthly, last).await,
        [0, 20, 30]
    );
    assert_eq!(
        figures(ledger, &policy, Purse::Daily, first).await,
        [25, 0, 25]
    );
    let history = ledger.purse_history(Some(Purse::Daily), None, 10).await;
    let periods: Vec<String> = history
        .expect("purses")
        .into_iter()
        .map(|row| row.period)
        .collect();
    assert_eq!(periods, ["2026-12-01", "2026-11-30"]);
    sound(ledger).await;
}

async fn a_person_allows_more_for_the_present_period(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (policy, now) = (Policy::default(), ledger.calendar_now());
    let decision = Decision {
        by: "anna".to_owned(),
        reason: "exam week".to_owned(),
    };
    let allow = |purse, dollars| {
        let more = Money::dollars(dollars);
        let allowed = ledger.allow_money("alw_1", purse, more, &decision);
        async move { allowed.await.expect("an answer") }
    };
    let row = allow(Purse::Daily, 10).await.expect("a purse");
    assert_eq!(row.account().budget(), Money::dollars(35));
    let row = allow(Purse::Daily, 10).await.expect("a purse");
    assert_eq!(row.account().budget(), Money::dollars(35), "written once");
    assert_eq!(allow(Purse::Daily, 11).await, None, "another amount");
    assert_eq!(allow(Purse::Monthly, 10).await, None, "another budget");
    let one = start(&policy, "bld_a", Purse::Daily, 30, now);
    assert_eq!(reserve(ledger, one).await, Committed::Yes);
    let spent = ledger.spent(&policy, now).await.expect("figures");
    assert_eq!(spent.more.daily, Money::dollars(10));
    let story = ledger.events(&row.id, 0, 10).await.expect("a story");
    assert!(
        story[0]
            .message
            .starts_with("anna allowed 10.00 USD more for the daily budget of "),
        "{}",
        story[0].message
    );
    sound(ledger).await;
}

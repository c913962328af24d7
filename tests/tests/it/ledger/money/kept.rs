//! What purses keep over time: alerts once per period, another policy, what the scan counts up, and random interleavings.

use ingot_migration::sea_orm::ConnectionTrait;

use super::super::{on_both, race};
use super::*;

on_both!(
    alerts_are_told_once_per_period,
    another_policy_makes_a_start_look_again,
    what_does_not_count_up_is_found,
    random_interleavings_never_overspend,
);

async fn alerts_are_told_once_per_period(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let policy = policy(100, 1_000_000);
    let day = |ledger: Ledger, id: &'static str| async move {
        let story = ledger.events(id, 0, 100).await.expect("a story");
        story
            .iter()
            .map(|event| {
                event
                    .message
                    .split(" of")
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect::<Vec<_>>()
    };
    let today = "prs_daily_2026-11-28";
    for (build, dollars, told) in [
        ("bld_a", 74, &[][..]),
        ("bld_b", 1, &["75 %"]),
        ("bld_c", 10, &["75 %"]),
        ("bld_d", 6, &["75 %", "90 %"]),
    ] {
        let one = start(&policy, build, Purse::Daily, dollars, noon());
        assert_eq!(reserve(ledger, one).await, Committed::Yes);
        assert_eq!(day(ledger.clone(), today).await, told, "{build}");
    }
    let ends = ["bld_a", "bld_b", "bld_c", "bld_d"].map(|build| settle(build, 0));
    assert_eq!(pay(ledger, ends.into()).await, Committed::Yes);
    let again = start(&policy, "bld_e", Purse::Daily, 95, noon());
    assert_eq!(reserve(ledger, again).await, Committed::Yes);
    assert_eq!(
        day(ledger.clone(), today).await.len(),
        2,
        "not again in this period"
    );
    let next = start(
        &policy,
        "bld_f",
        Purse::Daily,
        95,
        noon() + TimeDelta::days(1),
    );
    assert_eq!(reserve(ledger, next).await, Committed::Yes);
    assert_eq!(
        day(ledger.clone(), "prs_daily_2026-11-29").await,
        ["75 %", "90 %"]
    );
    sound(ledger).await;
}

async fn another_policy_makes_a_start_look_again(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let old = Policy::default();
    let new = policy(10, 100);
    let one = |policy: &Policy, revision, build: &str, dollars| Reservation {
        policy: revision,
        ..start(policy, build, Purse::Daily, dollars, noon())
    };
    assert_eq!(
        reserve(ledger, one(&old, 0, "bld_a", 20)).await,
        Committed::Yes
    );
    let imported = ledger
        .import_policy(&new, "the text", "anna", None, None)
        .await;
    imported.expect("a revision");
    let late = reserve(ledger, one(&old, 0, "bld_b", 1)).await;
    assert_eq!(late, Committed::Overtaken);
    let short = reserve(ledger, one(&new, 1, "bld_b", 1)).await;
    assert!(matches!(short, Committed::Short(_)), "{short:?}");
    assert_eq!(
        figures(ledger, &new, Purse::Daily, noon()).await,
        [20, 0, 20],
        "what is committed stays"
    );
    assert_eq!(pay(ledger, vec![settle("bld_a", 3)]).await, Committed::Yes);
    assert_eq!(
        reserve(ledger, one(&new, 1, "bld_b", 7)).await,
        Committed::Yes
    );
    assert_eq!(
        figures(ledger, &new, Purse::Daily, noon()).await,
        [7, 3, 10]
    );
    sound(ledger).await;
}

async fn what_does_not_count_up_is_found(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let policy = policy(25, 500);
    let one = start(&policy, "bld_a", Purse::Daily, 10, noon());
    assert_eq!(reserve(ledger, one).await, Committed::Yes);
    sound(ledger).await;
    let more = "UPDATE purse SET reserved_micros = reserved_micros + 1 WHERE budget = 'daily'";
    ledger
        .database()
        .execute_unprepared(more)
        .await
        .expect("damage");
    let scan = ledger.scan().await.expect("a scan");
    let odd: Vec<_> = scan
        .seen
        .iter()
        .map(|one| (one.invariant, one.subject.as_str()))
        .collect();
    // The run is of a build that is not on record.
    let wanted = [("I5", "prs_daily_2026-11-28"), ("I5", "bld_a run 1")];
    assert_eq!(odd, wanted);
    let over = "UPDATE purse SET spent_micros = limit_micros";
    assert!(
        ledger.database().execute_unprepared(over).await.is_err(),
        "the table refuses"
    );
}

/// Random starts and ends of five replicas over a day's end, of which some meet in one transaction.
async fn random_interleavings_never_overspend(ledgers: Ledgers) {
    let policy = policy(20, 50);
    let ledger = ledgers.ledger();
    let claims = claims(ledger, 160).await;
    let answers = race(&ledgers, 160, |number, ledger| {
        let claim = claims[number].clone();
        let dice = usize::from(uuid::Uuid::new_v4().as_bytes()[0]);
        let at = noon() + TimeDelta::hours(if dice.is_multiple_of(2) { 11 } else { 13 });
        let build = format!("bld_{}", number % 80);
        let purse = [Purse::Daily, Purse::Monthly, Purse::Urgent][dice % 3];
        let one = Reservation {
            beyond: dice.is_multiple_of(16),
            ..start(&policy, &build, purse, 1 + dice as u64 % 7, at)
        };
        let money = match number < 80 {
            true => vec![Entry::Reserve(Box::new(one))],
            false if dice.is_multiple_of(5) => vec![Entry::Release { build, run: 1 }],
            false => vec![settle(&build, dice as u64 % 4)],
        };
        async move {
            let change = Change {
                money,
                ..Change::default()
            };
            (ledger.end(&claim, &change, &Then::Done).await.ok(), number)
        }
    })
    .await;
    let (mut yes, mut short) = (0, 0);
    for (answer, number) in answers {
        match answer {
            Some(Committed::Yes) => yes += 1,
            Some(Committed::Short(_)) => short += 1,
            // Its start was refused, or is yet to come.
            None if number >= 80 => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(yes > 20 && short > 0, "{yes} {short}");
    sound(ledger).await;
}

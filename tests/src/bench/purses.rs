//! How many starts a second reserve on one purse: a thousand visits end at the same time, on three replicas of the ledger, and each
//! reserves in the day's and the month's purse. The last dollars are short for some of them.

use std::time::Instant;

use anyhow::{Result, ensure};
use ingot_domain::money::Money;
use ingot_domain::policy::Policy;
use ingot_domain::policy::given::Given;
use ingot_domain::task::TaskKind;
use ingot_domain::want::Purse;
use ingot_entity::store::{Change, Committed, Entry, NewTask, Outcome, Reservation, Then};

use super::figure::Figure;
use crate::ledgers::Ledgers;

const STARTS: usize = 1_000;
const TARGET: f64 = 500.0;
/// Dollars of the day's budget; each start reserves one.
const BUDGET: u64 = 900;

/// Measures it.
pub async fn measure() -> Result<Vec<Figure>> {
    let ledgers = Ledgers::postgres().await?;
    let replicas = ledgers.replicas(3).await?;
    let ledger = ledgers.ledger();
    let policy = Policy::from(Given {
        daily_budget: Some(Money::dollars(BUDGET)),
        ..Given::default()
    });
    let at = ledger.now();
    let tasks: Vec<NewTask> = (0..STARTS)
        .map(|number| {
            NewTask::about(
                TaskKind::Monitor,
                "us-east-1",
                format!("bench-{number}"),
                at,
            )
        })
        .collect();
    ledger.enqueue(&tasks).await?;
    let mut claims = Vec::new();
    while claims.len() < STARTS {
        let more = ledger.claim_due("monitor", "bench", 100).await?;
        ensure!(
            !more.is_empty(),
            "{} of {STARTS} tasks were due",
            claims.len()
        );
        claims.extend(more);
    }
    let began = Instant::now();
    let visits: Vec<_> = claims
        .into_iter()
        .enumerate()
        .map(|(number, claim)| {
            let one = Reservation {
                build: format!("bld_{number}"),
                run: 1,
                grant: None,
                policy: 0,
                periods: policy.periods(Purse::Daily, at),
                money: Money::dollars(1),
                at,
                beyond: false,
            };
            let change = Change {
                money: vec![Entry::Reserve(Box::new(one))],
                ..Change::default()
            };
            let ledger = replicas[number % replicas.len()].clone();
            tokio::spawn(async move {
                ledger
                    .commit(&Outcome::of(&claim, change, Then::Done))
                    .await
            })
        })
        .collect();
    let mut paid = 0;
    for visit in visits {
        match visit.await?? {
            Committed::Yes => paid += 1,
            Committed::Short(_) => {}
            other => ensure!(false, "{other:?}"),
        }
    }
    let took = began.elapsed().as_secs_f64();
    ensure!(paid == BUDGET, "{paid} of {STARTS} found room for {BUDGET}");
    let odd = ledger.scan().await?.seen;
    let odd: Vec<_> = odd.iter().filter(|one| one.invariant == "I5").collect();
    ensure!(odd.is_empty(), "{odd:?}");
    let rate = STARTS as f64 / took;
    Ok(vec![Figure::judged(
        "1,000 concurrent reservations on one purse",
        "≥ 500/s",
        format!("{rate:.0}/s, {paid} paid, none over the limit"),
        rate >= TARGET,
    )])
}

//! The invariant scan against builds: each kind of damage is made by hand, because the ledger's own transactions do not do it.

use ingot_domain::want::Cause;
use ingot_entity::Ledger;
use ingot_entity::store::{Asked, Change, Then};
use ingot_migration::sea_orm::ConnectionTrait;
use ingot_tests::Ledgers;

use super::builds::ask;
use super::byhand::ByHand;
use super::on_both;
use super::rows::claimed;

on_both!(
    what_runs_unwatched_and_unpaid_is_found,
    of_a_target_one_build_runs,
    a_builder_that_outlives_its_build_is_found,
);

async fn seen(ledger: &Ledger) -> Vec<(&'static str, String)> {
    let scan = ledger.scan().await.expect("a scan");
    let told = |one: ingot_domain::decide::scan::Sighting| (one.invariant, one.subject);
    scan.seen.into_iter().map(told).collect()
}

async fn run(ledger: &Ledger, sql: &str) {
    let done = ledger.database().execute_unprepared(sql).await;
    assert_eq!(done.expect("a change").rows_affected(), 1, "{sql}");
}

async fn asked(ledger: &Ledger, key: &str) -> String {
    match ledger.ask(&ask(key, "web", Cause::Dependency)).await {
        Ok(Asked::New(row)) => row.id,
        other => panic!("{other:?}"),
    }
}

async fn what_runs_unwatched_and_unpaid_is_found(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = asked(ledger, "one").await;
    assert_eq!(seen(ledger).await, []);
    run(ledger, "UPDATE build SET status = 'building', run = 1").await;
    let wanted = [("I3", id.clone()), ("I5", format!("{id} run 1"))];
    assert_eq!(seen(ledger).await, wanted);
    run(ledger, "UPDATE build SET status = 'failed'").await;
    assert_eq!(seen(ledger).await, []);
}

async fn of_a_target_one_build_runs(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    for key in ["one", "two"] {
        let id = asked(ledger, key).await;
        let sql = format!("UPDATE build SET status = 'testing', run = 1 WHERE id = '{id}'");
        run(ledger, &sql).await;
    }
    let twins = seen(ledger).await;
    let twins: Vec<_> = twins.iter().filter(|one| one.0 == "I2").collect();
    assert_eq!(twins, [&("I2", "web 1.2.0 us-east-1".to_owned())]);
}

async fn a_builder_that_outlives_its_build_is_found(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, claim) = claimed(ledger, "w").await;
    asked(ledger, "one").await;
    let built = format!(
        "UPDATE build SET status = 'completed', run = 1, deployment_id = '{}'",
        row.id
    );
    run(ledger, &built).await;
    let runs =
        "UPDATE deployment SET status = 'success', ami_status = 'completed', instance_id = 'i-1'";
    run(ledger, runs).await;
    assert_eq!(seen(ledger).await, [], "a task may be about to end it");
    let ended = ledger.end(&claim, &Change::default(), &Then::Done).await;
    ended.expect("a commit");
    assert_eq!(seen(ledger).await, [("I1", "i-1".to_owned())]);
    run(ledger, "UPDATE deployment SET instance_id = NULL").await;
    assert_eq!(seen(ledger).await, []);
}

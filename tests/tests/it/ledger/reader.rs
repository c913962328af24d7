//! Lists are read beside what writes: they see what was committed, and wait for nothing that writes.

use std::time::Duration;

use ingot_entity::store::DeploymentQuery;
use ingot_migration::sea_orm::{ConnectionTrait, TransactionTrait};
use ingot_tests::Ledgers;

use super::on_both;
use super::rows::create;

on_both!(
    a_list_shows_what_was_written_a_moment_ago,
    a_list_does_not_wait_for_what_writes,
);

async fn a_list_shows_what_was_written_a_moment_ago(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    for number in 1..20 {
        create(ledger, false).await;
        let query = DeploymentQuery::default();
        let listed = ledger.list_deployments(&query, 100).await.expect("a list");
        assert_eq!(listed.len(), number);
    }
}

async fn a_list_does_not_wait_for_what_writes(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    create(ledger, false).await;
    let writing = ledger.database().begin().await.expect("a transaction");
    writing
        .execute_unprepared("UPDATE deployment SET job_name = 'held'")
        .await
        .expect("written");
    let query = DeploymentQuery::default();
    let listed = tokio::time::timeout(Duration::from_secs(5), ledger.list_deployments(&query, 10));
    let listed = listed.await.expect("nothing to wait for").expect("a list");
    assert!(
        listed.len() == 1 && listed[0].job_name != "held",
        "not committed"
    );
    writing.commit().await.expect("committed");
    let listed = ledger.list_deployments(&query, 10).await.expect("a list");
    assert_eq!(listed[0].job_name, "held");
}

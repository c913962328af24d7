//! Accepting a deployment: row, events, first task and idempotency record together, and the same key the same answer.

use ingot_entity::store::{Created, DeploymentQuery, IdempotencyClaim, NewTask, Shape};
use ingot_entity::{Ledger, deployment};
use ingot_migration::sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use ingot_tests::Ledgers;

use super::rows::{create, new_deployment, tasks_of};
use super::{on_both, race};

on_both!(
    a_started_one_has_its_task_and_a_pending_one_has_none,
    the_same_key_answers_with_the_first,
    twenty_requests_with_one_key_are_one_row,
    twenty_different_bodies_under_one_key_are_one_row,
    who_shares_a_transaction_has_all_of_its_own,
    a_refused_request_takes_no_other_with_it,
    what_is_settled_is_on_the_disk,
);

fn with_key(token: &str, key: &str, hash: &str) -> Option<IdempotencyClaim> {
    Some(IdempotencyClaim {
        token_id: token.to_owned(),
        key: key.to_owned(),
        request_hash: hash.to_owned(),
    })
}

async fn ask(ledger: &Ledger, claim: Option<IdempotencyClaim>) -> Created<deployment::Model> {
    let new = new_deployment("v0.9.2", true);
    ledger
        .create_deployment(new, claim)
        .await
        .expect("an answer")
}

async fn count(ledger: &Ledger) -> usize {
    let all = DeploymentQuery::default();
    ledger
        .list_deployments(&all, 200)
        .await
        .expect("a list")
        .len()
}

async fn a_started_one_has_its_task_and_a_pending_one_has_none(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (started, task) = create(ledger, true).await;
    let tasks = tasks_of(ledger, &started.id).await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].id, task.expect("a task").id.to_string());
    assert_eq!(
        (tasks[0].kind.as_str(), tasks[0].state.as_str()),
        ("launch", "available")
    );
    assert_eq!((started.status.as_str(), started.run), ("queued", 1));
    let (pending, task) = create(ledger, false).await;
    assert!(task.is_none() && tasks_of(ledger, &pending.id).await.is_empty());
    assert_eq!((pending.status.as_str(), pending.run), ("pending", 0));
    let stored = ledger.deployment(&pending.id).await.expect("a look");
    assert_eq!(
        stored.expect("a row"),
        pending,
        "it reads back as it was written"
    );
}

async fn the_same_key_answers_with_the_first(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let Created::New(first, _) = ask(ledger, with_key("tok_1", "k", "h")).await else {
        panic!("the first is new");
    };
    let again = ask(ledger, with_key("tok_1", "k", "h")).await;
    assert!(
        matches!(&again, Created::Before(id) if *id == first.id),
        "{again:?}"
    );
    let other = ask(ledger, with_key("tok_1", "k", "another")).await;
    assert!(matches!(other, Created::Mismatch), "{other:?}");
    let stranger = ask(ledger, with_key("tok_2", "k", "another")).await;
    assert!(matches!(stranger, Created::New(..)), "keys are per token");
    assert_eq!(count(ledger).await, 2);
}

async fn twenty_requests_with_one_key_are_one_row(ledgers: Ledgers) {
    let answers = race(&ledgers, 20, |_, ledger| async move {
        ask(&ledger, with_key("tok", "k", "h")).await
    })
    .await;
    let mut new = Vec::new();
    let mut before = Vec::new();
    for answer in answers {
        match answer {
            Created::New(row, _) => new.push(row.id),
            Created::Before(id) => before.push(id),
            Created::Mismatch => panic!("all asked for the same"),
        }
    }
    assert_eq!((new.len(), before.len()), (1, 19));
    assert!(before.iter().all(|id| *id == new[0]));
    assert_eq!(count(ledgers.ledger()).await, 1);
    assert_eq!(tasks_of(ledgers.ledger(), &new[0]).await.len(), 1);
}

async fn twenty_different_bodies_under_one_key_are_one_row(ledgers: Ledgers) {
    let answers = race(&ledgers, 20, |number, ledger| async move {
        ask(&ledger, with_key("tok", "k", &format!("h{number}"))).await
    })
    .await;
    let new = answers
        .iter()
        .filter(|one| matches!(one, Created::New(..)))
        .count();
    let refused = answers
        .iter()
        .filter(|one| matches!(one, Created::Mismatch))
        .count();
    assert_eq!((new, refused), (1, 19));
    assert_eq!(count(ledgers.ledger()).await, 1);
}

/// With and without a key, new and repeated, started and pending: each has its own events and task, and no one else's.
async fn who_shares_a_transaction_has_all_of_its_own(ledgers: Ledgers) {
    let answers = race(&ledgers, 40, |number, ledger| async move {
        let key = (number % 4 != 0).then(|| format!("k{}", number % 12));
        let claim = key.and_then(|key| with_key("tok", &key, "h"));
        let new = new_deployment("v0.9.2", number % 2 == 0);
        ledger
            .create_deployment(new, claim)
            .await
            .expect("an answer")
    })
    .await;
    let mut news = 0;
    for answer in answers {
        let Created::New(row, task) = answer else {
            continue;
        };
        news += 1;
        let ledger = ledgers.ledger();
        let events = ledger.events(&row.id, 0, 10).await.expect("its story");
        assert_eq!(
            i64::try_from(events.len()).expect("a few"),
            row.event_seq,
            "{row:#?}"
        );
        let stored = ledger.deployment(&row.id).await.expect("a look");
        assert_eq!(stored.as_ref(), Some(&row), "it was told as it is stored");
        let tasks = tasks_of(ledger, &row.id).await;
        assert_eq!(tasks.len(), usize::from(row.status == "queued"));
        let told = task.map(|task| (task.id.to_string(), task.unique_key, task.run_at));
        let first = tasks.into_iter().next();
        let stored = first.map(|task| (task.id, task.unique_key, task.run_at));
        assert_eq!(stored, told);
    }
    // Ten without a key; nine keys, since every fourth number has none.
    assert_eq!((news, count(ledgers.ledger()).await), (19, 19));
}

/// A row the database does not take, here one whose id is there already, is refused by itself.
async fn a_refused_request_takes_no_other_with_it(ledgers: Ledgers) {
    let (there, _) = create(ledgers.ledger(), true).await;
    let answers = race(&ledgers, 20, |number, ledger| {
        let mut new = new_deployment("v0.9.2", true);
        if number % 10 == 3 {
            new.id = there.id.parse().expect("an id");
        }
        async move { ledger.create_deployment(new, None).await }
    })
    .await;
    let refused: Vec<usize> = answers
        .iter()
        .enumerate()
        .filter(|(_, answer)| answer.is_err())
        .map(|(number, _)| number)
        .collect();
    assert_eq!(refused, [3, 13], "{answers:#?}");
    assert_eq!(count(ledgers.ledger()).await, 19);
    assert_eq!(tasks_of(ledgers.ledger(), &there.id).await.len(), 1);
}

/// The ledger tells a request that it does not answer in time, and what it told stays true; it serves those after it.
#[tokio::test]
async fn a_stuck_database_does_not_keep_the_next_ones() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let (ledger, other) = (ledgers.ledger(), ledgers.replica().await.expect("another"));
    ask(ledger, None).await;
    let holding = other.database().begin().await.expect("a transaction");
    let lock = "LOCK TABLE idempotency IN ACCESS EXCLUSIVE MODE";
    holding.execute_unprepared(lock).await.expect("the lock");
    let new = new_deployment("v0.9.2", true);
    let told = ledger.create_deployment(new, None).await;
    assert!(told.is_err(), "{told:?}");
    holding.rollback().await.expect("the lock is free");
    let Created::New(row, _) = ask(ledger, None).await else {
        panic!("without a key it is always new");
    };
    assert_eq!(tasks_of(ledger, &row.id).await.len(), 1);
    assert_eq!(count(ledger).await, 2, "the one that failed is not there");
}

/// A connection that is kept ends between two batches: no request is told what is not so, and then all is well again.
#[tokio::test]
async fn a_killed_connection_costs_a_batch_at_most() {
    let ledgers = Ledgers::postgres().await.expect("a ledger");
    let (ledger, other) = (ledgers.ledger(), ledgers.replica().await.expect("another"));
    let together = async || {
        let all = (0..10).map(|_| ledger.create_deployment(new_deployment("v0.9.2", true), None));
        futures::future::join_all(all).await
    };
    let before = together().await;
    assert!(before.iter().all(Result::is_ok), "{before:#?}");
    let kill = "SELECT count(pg_terminate_backend(pid))::text AS word FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'WITH asked%'";
    assert_ne!(word(&other, kill).await, "0", "a desk accepted");
    let mut told = before.len();
    for _ in 0..3 {
        let answers = together().await;
        told += answers.iter().filter(|answer| answer.is_ok()).count();
    }
    assert!(told >= 30, "{told} of 40");
    assert_eq!(count(ledger).await, told);
}

/// One that comes alone is seen by others before it is on the disk, and on the disk before anybody is told.
async fn what_is_settled_is_on_the_disk(ledgers: Ledgers) {
    let (ledger, other) = (ledgers.ledger(), ledgers.ledger());
    let postgres = ledger.shape() == Shape::Postgres;
    let mut early = 0;
    for _ in 0..20 {
        let new = new_deployment("v0.9.2", true);
        let id = new.id.to_string();
        let reached = |written: &str| {
            format!(
                "SELECT (pg_current_wal_flush_lsn() >= CAST('{written}' AS pg_lsn))::text AS word"
            )
        };
        let (told, seen) = std::sync::mpsc::channel();
        // Before the disk is waited for: what is written by now is flushed with the acceptance.
        let ring = |_: &NewTask| async {
            let row = other.deployment(&id).await.expect("a look");
            assert!(row.is_some(), "workers can see it");
            if postgres {
                let written = word(other, "SELECT pg_current_wal_insert_lsn()::text AS word").await;
                let flushed = word(other, &reached(&written)).await == "true";
                told.send((written, flushed)).expect("the test listens");
            }
        };
        let created = ledger.request_deployment(new, None, ring).await;
        let (written, flushed) = seen.try_recv().unwrap_or((String::new(), true));
        assert!(matches!(created, Ok(Created::New(..))), "{created:?}");
        early += usize::from(!flushed);
        if postgres {
            assert_eq!(word(ledger, &reached(&written)).await, "true");
        }
    }
    assert!(early > 0 || !postgres, "the disk was always waited for");
}

async fn word(ledger: &Ledger, sql: &str) -> String {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = ledger.database().query_one_raw(statement).await;
    let row = row.expect("an answer").expect("a row");
    row.try_get("", "word").expect("a word")
}

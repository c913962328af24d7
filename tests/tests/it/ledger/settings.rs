//! What stands around the work: settings, templates, tokens, workers, the clock and the counts of queues.

use chrono::TimeDelta;
use ingot_domain::auth::BearerToken;
use ingot_domain::fingerprint::of_recipe;
use ingot_domain::ids::TokenId;
use ingot_domain::task::{Queue, TaskKind, TaskState};
use ingot_entity::store::{Applied, IdempotencyClaim};
use ingot_tests::Ledgers;
use uuid::Uuid;

use super::rows::enqueue;
use super::{on_both, race};

on_both!(
    the_first_value_of_a_setting_stays,
    ten_replicas_store_one_revision_of_a_template,
    a_change_of_comments_alone_is_a_revision_of_the_same_recipe,
    of_many_who_apply_over_one_revision_one_does,
    a_token_is_good_until_it_is_revoked_or_expires,
    workers_are_seen_while_they_live,
    the_clock_is_the_databases,
    queues_are_counted,
);

async fn the_first_value_of_a_setting_stays(ledgers: Ledgers) {
    let answers = race(&ledgers, 10, |number, ledger| async move {
        let value = format!("v{number}");
        ledger.setting_or("install", &value).await.expect("a value")
    })
    .await;
    assert!(
        answers.iter().all(|value| *value == answers[0]),
        "{answers:?}"
    );
    let later = ledgers.ledger().setting_or("install", "late").await;
    assert_eq!(later.expect("a value"), answers[0]);
}

async fn ten_replicas_store_one_revision_of_a_template(ledgers: Ledgers) {
    let spec = ingot_yaml::kamiwaza();
    let answers = race(&ledgers, 10, |_, ledger| {
        let spec = spec.clone();
        async move {
            ledger
                .apply_template(&spec, "yaml", true, None, None)
                .await
                .expect("stored")
        }
    })
    .await;
    for answer in &answers {
        assert!(
            matches!(answer, Applied::Stored(row) if row.revision == 1),
            "{answer:?}"
        );
    }
    let ledger = ledgers.ledger();
    let mut changed = spec.clone();
    changed.volume.size_gb += 1;
    let claim = |hash: &str| {
        Some(IdempotencyClaim {
            token_id: "tok".to_owned(),
            key: "k".to_owned(),
            request_hash: hash.to_owned(),
        })
    };
    let second = ledger
        .apply_template(&changed, "yaml2", true, None, claim("h"))
        .await
        .expect("stored");
    assert!(
        matches!(&second, Applied::Stored(row) if row.revision == 2),
        "{second:?}"
    );
    let again = ledger
        .apply_template(&changed, "yaml2", true, None, claim("h"))
        .await
        .expect("stored");
    assert!(
        matches!(&again, Applied::Before(id) if id == "kamiwaza@2"),
        "{again:?}"
    );
    let other = ledger
        .apply_template(&spec, "yaml", true, None, claim("g"))
        .await
        .expect("stored");
    assert!(matches!(other, Applied::Mismatch), "{other:?}");
    let listed = ledger.templates().await.expect("a list");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].parsed().expect("a template"), changed);
}

async fn a_change_of_comments_alone_is_a_revision_of_the_same_recipe(ledgers: Ledgers) {
    let mut spec = ingot_yaml::kamiwaza();
    spec.name = "mine".to_owned();
    let ledger = ledgers.ledger();
    let apply = async |yaml: &str, builtin| {
        let applied = ledger
            .apply_template(&spec, yaml, builtin, None, None)
            .await;
        match applied.expect("stored") {
            Applied::Stored(row) => (row.revision, row.yaml),
            other => panic!("{other:?}"),
        }
    };
    for (yaml, revision) in [("a: b", 1), ("a: b", 1), ("# why\na: b", 2), ("a: b", 3)] {
        assert_eq!(apply(yaml, false).await, (revision, yaml.to_owned()));
    }
    let rows = ledger
        .template_revisions("mine", None, 9)
        .await
        .expect("rows");
    let prints: Vec<_> = rows
        .iter()
        .map(|row| row.parsed().map(|one| of_recipe(&one)).ok())
        .collect();
    assert_eq!(prints, vec![Some(of_recipe(&spec)); 3]);
    // The text of what comes with Ingot is written by the binary: two of them do not take turns.
    assert_eq!(apply("a: b", true).await.0, 4);
    assert_eq!(apply("a:  b", true).await, (4, "a: b".to_owned()));
}

async fn of_many_who_apply_over_one_revision_one_does(ledgers: Ledgers) {
    let mut spec = ingot_yaml::kamiwaza();
    spec.name = "mine".to_owned();
    let ledger = ledgers.ledger();
    for (expected, stored) in [(1, false), (0, true)] {
        let applied = ledger.apply_template(&spec, "a: b", false, Some(expected), None);
        let applied = applied.await.expect("an answer");
        assert_eq!(matches!(applied, Applied::Stored(_)), stored, "{applied:?}");
    }
    let answers = race(&ledgers, 10, |number, ledger| {
        let spec = spec.clone();
        async move {
            let yaml = format!("a: {number}");
            let applied = ledger.apply_template(&spec, &yaml, false, Some(1), None);
            applied.await.expect("an answer")
        }
    })
    .await;
    let stored: Vec<_> = answers
        .iter()
        .filter_map(|one| match one {
            Applied::Stored(row) => Some((row.revision, row.yaml.clone())),
            Applied::Moved(Some(newest)) if newest.revision == 2 => None,
            other => panic!("{other:?}"),
        })
        .collect();
    let [(2, yaml)] = stored.as_slice() else {
        panic!("{stored:?}");
    };
    // What the newest says already is no conflict: a repeated order hears of its success.
    let again = ledger.apply_template(&spec, yaml, false, Some(1), None);
    assert!(matches!(again.await, Ok(Applied::Stored(row)) if row.revision == 2));
}

async fn a_token_is_good_until_it_is_revoked_or_expires(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let token = |secret| BearerToken::new(TokenId::new(Uuid::new_v4()), [secret; 32]);
    let (good, old) = (token(1), token(2));
    ledger
        .create_token(&good, "good", None)
        .await
        .expect("stored");
    let past = ledger.now() - TimeDelta::seconds(1);
    ledger
        .create_token(&old, "old", Some(past))
        .await
        .expect("stored");
    let knows = |bearer: BearerToken| async move {
        ledger
            .authenticate(&bearer)
            .await
            .expect("an answer")
            .is_some()
    };
    assert!(knows(good.clone()).await);
    assert!(!knows(old).await, "expired");
    assert!(
        !knows(BearerToken::new(good.id.clone(), [3; 32])).await,
        "a guess"
    );
    assert!(!knows(token(1)).await, "an unknown id");
    let listed = ledger.tokens().await.expect("a list");
    assert!(
        listed
            .iter()
            .all(|row| !good.reveal().contains(&row.secret_hash))
    );
    assert!(ledger.revoke_token(&good.id).await.expect("an answer"));
    assert!(
        !ledger.revoke_token(&good.id).await.expect("an answer"),
        "once is enough"
    );
    assert!(!knows(good).await, "revoked");
}

async fn workers_are_seen_while_they_live(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let began = ledger.now();
    for name in ["a", "b"] {
        ledger
            .worker_alive(name, "0.1.0", began)
            .await
            .expect("a beat");
        ledger
            .worker_alive(name, "0.1.0", began)
            .await
            .expect("another");
    }
    let seen = ledger.workers_since(began).await.expect("a list");
    assert_eq!(seen.len(), 2);
    ledger.worker_stopped("a").await.expect("an end");
    let seen = ledger.workers_since(began).await.expect("a list");
    assert_eq!(seen.len(), 1);
    let later = ledger.now() + TimeDelta::seconds(5);
    assert!(
        ledger
            .workers_since(later)
            .await
            .expect("a list")
            .is_empty()
    );
}

async fn the_clock_is_the_databases(ledgers: Ledgers) {
    let skew = ledgers.ledger().measure_skew().await.expect("a difference");
    assert!(
        skew.num_milliseconds().abs() < 1000,
        "the same machine: {skew}"
    );
    ledgers.ledger().ping().await.expect("it answers");
}

async fn queues_are_counted(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    enqueue(ledger, TaskKind::Monitor, -60).await;
    let held = ledger.claim_due("monitor", "w", 1).await;
    assert_eq!(held.expect("claims").len(), 1);
    enqueue(ledger, TaskKind::Monitor, -30).await;
    enqueue(ledger, TaskKind::Monitor, -10).await;
    enqueue(ledger, TaskKind::Monitor, 60).await;
    let depths = ledger.queue_depths().await.expect("depths");
    assert_eq!(
        depths.len(),
        Queue::ALL.len(),
        "every queue, also an empty one"
    );
    let monitor = depths
        .iter()
        .find(|depth| depth.queue == "monitor")
        .expect("it");
    let count = |wanted| {
        let found = monitor.states.iter().find(|(state, _)| *state == wanted);
        found.map_or(0, |(_, count)| *count)
    };
    assert_eq!(count(TaskState::Available), 2);
    assert_eq!(count(TaskState::Scheduled), 1);
    assert_eq!(count(TaskState::Running), 1);
    let oldest = monitor.oldest_due.expect("a due task");
    let age = ledger.now() - oldest;
    assert!((29..40).contains(&age.num_seconds()), "{age}");
    let idle = depths
        .iter()
        .find(|depth| depth.queue == "notify")
        .expect("it");
    assert!(idle.states.is_empty() && idle.oldest_due.is_none());
}

//! Findings: seen twice they count, seen no more they are cleared and kept, and each scope speaks for itself.

use chrono::TimeDelta;
use ingot_domain::decide::scan::{Sighting, gap, leftover};
use ingot_entity::store::FindingQuery;
use ingot_entity::{Ledger, finding};
use ingot_tests::Ledgers;

use super::{on_both, race};

on_both!(
    a_finding_is_seen_again_then_cleared_and_comes_back_as_another,
    scopes_do_not_clear_each_other,
    a_look_that_is_repeated_at_once_counts_once,
    looks_that_race_write_each_subject_once,
);

async fn all(ledger: &Ledger, open: Option<bool>) -> Vec<finding::Model> {
    let query = FindingQuery {
        open,
        ..FindingQuery::default()
    };
    ledger.list_findings(&query, 100).await.expect("a list")
}

async fn sight(ledger: &Ledger, scope: &str, seen: &[Sighting]) {
    let apart = ledger.now() + TimeDelta::seconds(1);
    ledger.sight(scope, seen, apart).await.expect("a look");
}

fn one(id: &str) -> Sighting {
    gap(id, 5, 4)
}

async fn a_finding_is_seen_again_then_cleared_and_comes_back_as_another(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    sight(ledger, "ledger", &[one("dep_a"), one("dep_b")]).await;
    let violations = ledger.violations().await.expect("counts");
    assert_eq!((violations[0].confirmed, violations[0].suspected), (0, 2));
    let again = Sighting {
        what: "told anew".to_owned(),
        ..one("dep_a")
    };
    sight(ledger, "ledger", &[again]).await;
    let open = all(ledger, Some(true)).await;
    assert_eq!(open.len(), 1, "{open:#?}");
    assert_eq!(
        (
            open[0].subject.as_str(),
            open[0].sightings,
            open[0].what.as_str()
        ),
        ("dep_a", 2, "told anew")
    );
    assert_eq!(open[0].deployment_id.as_deref(), Some("dep_a"));
    let violations = ledger.violations().await.expect("counts");
    assert_eq!((violations[0].confirmed, violations[0].suspected), (1, 0));
    assert!(
        ledger
            .note_outcome(&open[0].id, "removed")
            .await
            .expect("noted")
    );
    assert!(
        !ledger
            .note_outcome(&open[0].id, "adopted")
            .await
            .expect("noted")
    );
    sight(ledger, "ledger", &[]).await;
    assert!(all(ledger, Some(true)).await.is_empty());
    let cleared = all(ledger, Some(false)).await;
    let outcomes: Vec<_> = cleared
        .iter()
        .filter_map(|row| row.outcome.as_deref())
        .collect();
    assert_eq!(outcomes.len(), 2);
    assert!(outcomes.contains(&"removed") && outcomes.contains(&"gone"));
    sight(ledger, "ledger", &[one("dep_a")]).await;
    let back = all(ledger, Some(true)).await;
    assert_eq!((back.len(), back[0].sightings), (1, 1));
    assert_eq!(all(ledger, None).await.len(), 3, "history is kept");
}

async fn scopes_do_not_clear_each_other(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let orphan = leftover("dep_a", "cancelled", "i-1");
    sight(ledger, "us-east-1", std::slice::from_ref(&orphan)).await;
    sight(ledger, "ledger", &[one("dep_a")]).await;
    sight(ledger, "eu-west-1", &[]).await;
    assert_eq!(all(ledger, Some(true)).await.len(), 2);
    let subjects = ledger.open_subjects("I1").await.expect("subjects");
    assert_eq!(subjects, ["i-1"]);
    let mut scopes = ledger.open_scopes().await.expect("scopes");
    scopes.sort();
    assert_eq!(scopes, ["ledger", "us-east-1"]);
}

async fn a_look_that_is_repeated_at_once_counts_once(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    for _ in 0..3 {
        let long_ago = ledger.now() - TimeDelta::seconds(30);
        ledger
            .sight("ledger", &[one("dep_a")], long_ago)
            .await
            .expect("a look");
    }
    assert_eq!(all(ledger, Some(true)).await[0].sightings, 1);
}

async fn looks_that_race_write_each_subject_once(ledgers: Ledgers) {
    let answers = race(&ledgers, 10, |_, ledger| async move {
        let apart = ledger.now() - TimeDelta::seconds(30);
        ledger
            .sight("ledger", &[one("dep_a"), one("dep_b")], apart)
            .await
    })
    .await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(all(ledgers.ledger(), Some(true)).await.len(), 2);
}

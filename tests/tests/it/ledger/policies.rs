//! The policy: revisions stay, one is in force, its story says who changed what, and of many at once each sees the one before.

use ingot_domain::policy::Policy;
use ingot_entity::Ledger;
use ingot_entity::store::{Decision, Imported, POLICY_STORY};
use ingot_tests::Ledgers;

use super::money::policy;
use super::{on_both, race};

on_both!(
    an_import_is_a_revision_and_in_force,
    of_many_who_import_each_is_a_revision,
    an_import_over_another_revision_than_expected_is_refused,
);

async fn import(ledger: &Ledger, spec: &Policy, text: &str) -> (i32, bool) {
    let imported = ledger
        .import_policy(spec, text, "anna", Some("a reason"), None)
        .await;
    match imported.expect("an answer") {
        Imported::Stored { row, new } => (row.revision, new),
        Imported::Moved { .. } => panic!("nothing was expected"),
    }
}

async fn an_import_is_a_revision_and_in_force(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let active = ledger.policy().await.expect("a policy");
    assert_eq!((active.revision, &*active.policy), (0, &Policy::default()));
    let (first, second) = (policy(25, 300), policy(40, 400));
    assert_eq!(import(ledger, &first, "one").await, (1, true));
    assert_eq!(
        import(ledger, &first, "one").await,
        (1, false),
        "word by word"
    );
    assert_eq!(import(ledger, &second, "two").await, (2, true));
    let active = ledger.policy().await.expect("a policy");
    assert_eq!((active.revision, &*active.policy), (2, &second));
    let decision = Decision {
        by: "ben".to_owned(),
        reason: "too dear".to_owned(),
    };
    let none = ledger
        .activate_policy(7, &decision)
        .await
        .expect("an answer");
    assert!(none.is_none());
    let row = ledger
        .activate_policy(1, &decision)
        .await
        .expect("an answer");
    assert_eq!(row.map(|row| row.revision), Some(1));
    assert_eq!(*ledger.policy().await.expect("a policy").policy, first);
    // The newest says the same, but is not in force.
    assert_eq!(import(ledger, &second, "two").await, (2, false));
    assert_eq!(ledger.policy().await.expect("a policy").revision, 2);
    let revisions = ledger.policy_revisions(None, 10).await.expect("revisions");
    let told: Vec<_> = revisions
        .iter()
        .map(|row| (row.revision, row.yaml.as_str()))
        .collect();
    assert_eq!(told, [(2, "two"), (1, "one")]);
    let story = ledger.events(POLICY_STORY, 0, 10).await.expect("a story");
    let told: Vec<&str> = story.iter().map(|event| event.message.as_str()).collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(
        told[2],
        "ben: revision 1 put in force (too dear): daily_budget 40.00 USD → 25.00 USD; \
         monthly_budget 400.00 USD → 300.00 USD; emergency_budget 400.00 USD → 300.00 USD"
    );
}

async fn of_many_who_import_each_is_a_revision(ledgers: Ledgers) {
    let mut revisions = race(&ledgers, 20, |number, ledger| async move {
        let text = format!("text {number}");
        import(&ledger, &policy(number as u64, 300), &text).await
    })
    .await;
    revisions.sort_unstable();
    let wanted: Vec<(i32, bool)> = (1..=20).map(|revision| (revision, true)).collect();
    assert_eq!(revisions, wanted);
    let ledger = ledgers.ledger();
    assert_eq!(ledger.policy().await.expect("a policy").revision, 20);
    let story = ledger.events(POLICY_STORY, 0, 100).await.expect("a story");
    assert_eq!(story.len(), 20);
}

async fn an_import_over_another_revision_than_expected_is_refused(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    import(ledger, &policy(25, 300), "one").await;
    let late = ledger
        .import_policy(&policy(1, 1), "late", "ben", None, Some(0))
        .await;
    assert!(matches!(
        late.expect("an answer"),
        Imported::Moved { is: 1 }
    ));
    let right = ledger
        .import_policy(&policy(1, 1), "late", "ben", None, Some(1))
        .await;
    assert!(matches!(
        right.expect("an answer"),
        Imported::Stored { new: true, .. }
    ));
}

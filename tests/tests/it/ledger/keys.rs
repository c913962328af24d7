//! The image key: the worker that claims it first makes the image, and the database refuses the others.

use ingot_domain::base::ResolvedBase;
use ingot_domain::image::ImageStatus;
use ingot_entity::store::{Change, Committed, Found, ImageQuery, New, OfKey, Then};
use ingot_entity::{Ledger, image};
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::rows::{base, claimed, key, task_now};
use super::{on_both, race};

on_both!(
    one_of_twenty_claims_of_a_key_is_written,
    a_name_is_taken_once_per_account_and_region,
    a_failed_image_frees_its_key,
    a_missing_image_comes_back_beside_its_successor,
    an_image_found_in_the_account_holds_its_key,
);

fn build() -> ResolvedBase {
    base("noble-1", "ami-base")
}

async fn look(ledger: &Ledger, version: &str) -> OfKey {
    let looked = ledger.images_of_key(&key(version), &build()).await;
    looked.expect("a look")
}

fn row(ledger: &Ledger, version: &str, name: &str, deployment: &str) -> image::Model {
    let now = ledger.now();
    let (key, base) = (key(version), build());
    image::Model::claim(&key, &base, 1, name.to_owned(), deployment, "i-1", now)
}

async fn one_of_twenty_claims_of_a_key_is_written(ledgers: Ledgers) {
    let mut holders = Vec::new();
    for number in 0..20 {
        holders.push(claimed(ledgers.ledger(), &format!("w{number}")).await);
    }
    let answers = race(&ledgers, 20, |number, ledger| {
        let (deployment, claim) = holders[number].clone();
        async move {
            let name = format!("name-{number}");
            let change = Change {
                new: vec![New::Image(Box::new(row(
                    &ledger,
                    "v1.0.0",
                    &name,
                    &deployment.id,
                )))],
                ..Change::default()
            };
            let ended = ledger.end(&claim, &change, &Then::Done).await;
            (ended.expect("an answer"), claim.task.id.clone())
        }
    })
    .await;
    let ledger = ledgers.ledger();
    let won = answers
        .iter()
        .filter(|(end, _)| *end == Committed::Yes)
        .count();
    let lost = answers
        .iter()
        .filter(|(end, _)| *end == Committed::Taken)
        .count();
    assert_eq!((won, lost), (1, 19));
    for (end, task) in &answers {
        // A loser's visit has not ended: it looks again and finds the holder.
        let state = if *end == Committed::Yes {
            "completed"
        } else {
            "running"
        };
        assert_eq!(task_now(ledger, task).await.state, state);
    }
    let all = ledger.list_images(&ImageQuery::default(), 100).await;
    assert_eq!(all.expect("a list").len(), 1);
    let images = look(ledger, "v1.0.0").await;
    assert_eq!(images.holder().expect("a holder").status, "claimed");
    assert!(look(ledger, "v1.0.1").await.holder().is_none());
}

async fn a_name_is_taken_once_per_account_and_region(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut ends = Vec::new();
    for version in ["v1.0.0", "v2.0.0"] {
        let (deployment, claim) = claimed(ledger, "w").await;
        let change = Change {
            new: vec![New::Image(Box::new(row(
                ledger,
                version,
                "the name",
                &deployment.id,
            )))],
            ..Change::default()
        };
        ends.push(
            ledger
                .end(&claim, &change, &Then::Done)
                .await
                .expect("an answer"),
        );
    }
    assert_eq!(ends, [Committed::Yes, Committed::Taken]);
}

async fn a_failed_image_frees_its_key(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let first = row(ledger, "v1.0.0", "one", "dep");
    assert!(ledger.record_found(&first).await.expect("an answer"));
    assert_eq!(next(ledger).await, 2);
    assert!(move_on(ledger, &first, ImageStatus::Failed).await);
    assert!(
        !move_on(ledger, &first, ImageStatus::Pending).await,
        "it moved on meanwhile"
    );
    assert!(holder(ledger).await.is_none());
    let again = row(ledger, "v1.0.0", "two", "dep");
    assert!(
        !ledger.record_found(&again).await.expect("an answer"),
        "the number of the first is taken for ever"
    );
    let second = image::Model {
        generation: next(ledger).await,
        ..again
    };
    assert!(ledger.record_found(&second).await.expect("an answer"));
    let third = image::Model {
        generation: next(ledger).await,
        ..row(ledger, "v1.0.0", "three", "dep")
    };
    assert!(
        !ledger.record_found(&third).await.expect("an answer"),
        "one is in the making"
    );
    assert_eq!(next(ledger).await, 3);
}

async fn a_missing_image_comes_back_beside_its_successor(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let first = row(ledger, "v1.0.0", "one", "dep");
    assert!(ledger.record_found(&first).await.expect("an answer"));
    let mut now = first;
    for to in [
        ImageStatus::Pending,
        ImageStatus::Available,
        ImageStatus::Missing,
    ] {
        assert!(move_on(ledger, &now, to).await, "{to}");
        now.status = to.as_str().to_owned();
        now.row_version += 1;
    }
    assert!(
        holder(ledger).await.is_none(),
        "a missing image holds nothing"
    );
    let second = image::Model {
        generation: 2,
        ..row(ledger, "v1.0.0", "two", "dep")
    };
    assert!(ledger.record_found(&second).await.expect("an answer"));
    assert!(
        !move_on(ledger, &now, ImageStatus::Pending).await,
        "of one key one is in the making"
    );
    assert!(move_on(ledger, &second, ImageStatus::Available).await);
    assert!(move_on(ledger, &now, ImageStatus::Available).await);
    assert_eq!(
        holder(ledger).await.expect("a holder").id,
        second.id,
        "the newest generation is taken"
    );
    let stored = ledger.image(&second.id).await.expect("a look");
    let second = stored.expect("a row");
    let disabled = image::Model {
        disabled_at: Some(ledger.now()),
        ..second.clone()
    };
    let written = ledger.amend_image(&second, &disabled).await;
    assert!(written.expect("an answer"));
    assert_eq!(
        holder(ledger).await.expect("a holder").id,
        now.id,
        "a disabled one holds nothing"
    );
    // Enabled again it is back, as its story says.
    let stored = ledger.image(&second.id).await.expect("a look");
    let disabled = stored.expect("a row");
    let enabled = image::Model {
        disabled_at: None,
        ..disabled.clone()
    };
    let written = ledger.amend_image(&disabled, &enabled).await;
    assert!(written.expect("an answer"));
    let back = ledger.came_back(&[&second.id, &now.id]).await;
    let back = back.expect("a look");
    assert!(back.contains_key(&second.id), "{back:?}");
}

async fn move_on(ledger: &Ledger, before: &image::Model, to: ImageStatus) -> bool {
    let after = before.clone().become_status(to).expect("allowed");
    ledger.amend_image(before, &after).await.expect("an answer")
}

async fn next(ledger: &Ledger) -> i32 {
    look(ledger, "v1.0.0").await.next_generation()
}

async fn holder(ledger: &Ledger) -> Option<image::Model> {
    look(ledger, "v1.0.0").await.holder().cloned()
}

async fn an_image_found_in_the_account_holds_its_key(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let found = Found {
        ami_id: "ami-0abc".to_owned(),
        name: "another's".to_owned(),
        available: true,
        size_gb: 20,
        snapshots: vec!["snap-1".to_owned()],
        tags: [("CreatedFrom".to_owned(), "i-9".to_owned())].into(),
    };
    let row = image::Model::found(&key("v1.0.0"), &build(), 1, &found, ledger.now());
    let answers = race(&ledgers, 10, |_, ledger| {
        let row = image::Model::found(&key("v1.0.0"), &build(), 1, &found, ledger.now());
        async move { ledger.record_found(&row).await.expect("an answer") }
    })
    .await;
    assert_eq!(answers.iter().filter(|&&written| written).count(), 1);
    assert!(!ledger.record_found(&row).await.expect("an answer"));
    let stored = ledger
        .image("ami-0abc")
        .await
        .expect("a look")
        .expect("an image");
    assert_eq!(
        (stored.status.as_str(), stored.origin.as_str()),
        ("available", "found")
    );
    assert_eq!(stored.snapshot_ids(), ["snap-1"]);
    let by_id = ledger.image(&stored.id).await.expect("a look");
    assert_eq!(by_id.as_ref(), Some(&stored));
    let known = ledger
        .images_to_reconcile("us-east-1")
        .await
        .expect("a list");
    assert_eq!(known, [stored]);
    assert_eq!(ledger.live_regions().await.expect("regions"), ["us-east-1"]);
}

//! Copies under the lock of the key they have in their region: however many ask at once, one is begun.

use ingot_domain::decide::copy::Wish;
use ingot_domain::image::ImageStatus;
use ingot_entity::store::Copying;
use ingot_entity::{Ledger, image};
use ingot_tests::Ledgers;

use super::rows::{base, key};
use super::{on_both, race};

on_both!(
    one_of_twenty_copies_into_a_region_is_begun,
    a_failed_copy_is_begun_again_and_one_that_is_given_up_keeps_its_key_until_it_is_gone,
);

/// An available image in us-east-1.
async fn source(ledger: &Ledger) -> image::Model {
    let (key, base) = (key("v1.0.0"), base("noble-1", "ami-base"));
    let now = ledger.now();
    let claimed = image::Model::claim(&key, &base, 1, "source".to_owned(), "", "i-1", now);
    let row = image::Model {
        status: ImageStatus::Available.as_str().to_owned(),
        ami_id: Some("ami-source".to_owned()),
        ..claimed
    };
    assert!(ledger.record_found(&row).await.expect("recorded"));
    row
}

async fn one_of_twenty_copies_into_a_region_is_begun(ledgers: Ledgers) {
    let source = source(ledgers.ledger()).await;
    let answers = race(&ledgers, 20, |number, ledger| {
        let source = source.clone();
        async move {
            let region = ["eu-west-1", "us-west-2"][number % 2];
            let begun = ledger.begin_copy(&source, region, &Wish::default()).await;
            begun.expect("an answer")
        }
    })
    .await;
    let begun = answers
        .iter()
        .filter(|(copying, _)| matches!(copying, Copying::Begun(_)));
    assert_eq!(begun.count(), 2, "one for each region");
    let there = answers
        .iter()
        .filter(|(copying, tasks)| matches!(copying, Copying::There(_)) && tasks.is_empty());
    assert_eq!(there.count(), 18);
    let copies = ledgers
        .ledger()
        .copies_of(&source.id)
        .await
        .expect("copies");
    assert_eq!(copies.len(), 2, "{copies:#?}");
    for copy in &copies {
        assert_eq!(copy.content_digest, source.content_digest);
        assert_ne!(copy.key_digest, source.key_digest);
        assert_eq!(copy.event_seq, 1, "its story has begun");
    }
}

async fn a_failed_copy_is_begun_again_and_one_that_is_given_up_keeps_its_key_until_it_is_gone(
    ledgers: Ledgers,
) {
    let ledger = ledgers.ledger();
    let source = source(ledger).await;
    let begin = async || {
        let begun = ledger
            .begin_copy(&source, "eu-west-1", &Wish::default())
            .await;
        begun.expect("an answer").0
    };
    let Copying::Begun(first) = begin().await else {
        panic!("the first one is begun")
    };
    assert!(
        ledger
            .give_up_copy(&first, "not needed")
            .await
            .expect("asked")
    );
    assert!(
        matches!(begin().await, Copying::There(_)),
        "it is being removed"
    );
    let row = ledger.image(&first.id).await.expect("read").expect("there");
    assert_eq!(
        (row.status.as_str(), row.error.as_deref()),
        ("claimed", Some("not needed"))
    );
    let failed = row
        .clone()
        .become_status(ImageStatus::Failed)
        .expect("a step");
    assert!(ledger.amend_image(&row, &failed).await.expect("written"));
    let Copying::Begun(second) = begin().await else {
        panic!("the key is free")
    };
    assert_eq!((first.generation, second.generation), (1, 2));
    assert_ne!(first.name, second.name);
}

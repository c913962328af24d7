//! Images of one key by its content: generations beside each other, claims of this version and of the version before that
//! meet, rows of before that are recognised, other builds of a base, and writes over a version that was read.

use ingot_domain::base::ResolvedBase;
use ingot_domain::image::{ImageKey, ImageStatus};
use ingot_entity::store::{Change, Committed, Moved, Then};
use ingot_entity::{Ledger, image};
use ingot_migration::sea_orm::sea_query::{Expr, OnConflict};
use ingot_migration::sea_orm::{
    ActiveValue::NotSet, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
};
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::rows::{base, claimed, key, on};
use super::{on_both, race};

on_both!(
    several_generations_are_available_and_one_is_in_the_making,
    a_claim_after_a_whole_life_of_another_is_refused,
    claims_of_both_versions_make_one_image,
    a_claim_of_the_version_before_is_passed_over_while_the_key_is_held,
    an_image_of_the_version_before_is_found_and_given_its_build,
    the_same_content_in_two_regions_is_two_keys,
    images_of_other_builds_are_the_same_line_and_newest_first,
    a_write_over_another_version_is_refused,
    a_write_of_the_version_before_counts,
);

fn build() -> ResolvedBase {
    base("noble-1", "ami-base")
}

fn row(ledger: &Ledger, key: &ImageKey, base: &ResolvedBase, name: &str) -> image::Model {
    let now = ledger.now();
    image::Model::claim(key, base, 1, name.to_owned(), "", "i-1", now)
}

/// Inserts a row as the version before does: without the columns it does not know.
async fn insert_as_before(ledger: &Ledger, row: &image::Model) -> bool {
    let row = image::ActiveModel {
        content_digest: NotSet,
        base_owner: NotSet,
        base_name: NotSet,
        base_line: NotSet,
        base_created_at: NotSet,
        base_asked_at: NotSet,
        row_version: NotSet,
        ..row.clone().into_active_model()
    };
    let inserted = image::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(ledger.database())
        .await;
    inserted.expect("an answer") > 0
}

/// Moves a row on as the version before does, without counting.
async fn move_as_before(ledger: &Ledger, id: &str, to: ImageStatus) {
    let moved = image::Entity::update_many()
        .col_expr(image::Column::Status, Expr::value(to.as_str()))
        .filter(image::Column::Id.eq(id))
        .exec(ledger.database())
        .await
        .expect("an update");
    assert_eq!(moved.rows_affected, 1);
}

async fn stored(ledger: &Ledger, id: &str) -> image::Model {
    ledger.image(id).await.expect("a look").expect("a row")
}

async fn move_on(ledger: &Ledger, id: &str, to: ImageStatus) {
    let before = stored(ledger, id).await;
    let after = before.clone().become_status(to).expect("allowed");
    let after = image::Model {
        available_at: Some(ledger.now()),
        ..after
    };
    assert!(
        ledger
            .amend_image(&before, &after)
            .await
            .expect("an answer")
    );
}

/// An available image with an AMI.
async fn available(ledger: &Ledger, row: image::Model) -> image::Model {
    let row = image::Model {
        ami_id: Some(format!("ami-{}", row.name)),
        ..row
    };
    assert!(ledger.record_found(&row).await.expect("an answer"));
    move_on(ledger, &row.id, ImageStatus::Available).await;
    stored(ledger, &row.id).await
}

async fn several_generations_are_available_and_one_is_in_the_making(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (key, base) = (key("v1.0.0"), build());
    for generation in 1..=3 {
        let images = ledger.images_of_key(&key, &base).await.expect("a look");
        assert_eq!(images.next_generation(), generation);
        let next = image::Model {
            generation,
            ..row(ledger, &key, &base, &format!("g{generation}"))
        };
        assert!(ledger.record_found(&next).await.expect("an answer"));
        let second = image::Model {
            generation: generation + 1,
            ..row(ledger, &key, &base, "second")
        };
        assert!(
            !ledger.record_found(&second).await.expect("an answer"),
            "one is in the making"
        );
        move_on(ledger, &next.id, ImageStatus::Available).await;
        let images = ledger.images_of_key(&key, &base).await.expect("a look");
        assert_eq!(images.available().expect("an image").id, next.id);
    }
}

/// What a worker that looked before another's claim, and claims after its end, must not do.
async fn a_claim_after_a_whole_life_of_another_is_refused(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (key, base) = (key("v1.0.0"), build());
    let looked = ledger.images_of_key(&key, &base).await.expect("a look");
    assert!(looked.holder().is_none());
    let other = available(ledger, row(ledger, &key, &base, "other")).await;
    let late = image::Model {
        generation: looked.next_generation(),
        ..row(ledger, &key, &base, "late")
    };
    assert!(!ledger.record_found(&late).await.expect("an answer"));
    let holder = ledger.images_of_key(&key, &base).await.expect("a look");
    assert_eq!(holder.holder().expect("the other").id, other.id);
}

/// Twenty workers, every second one of the version before, each with its own look before its claim, over and over while the
/// winner's image comes to its end: one image of the key is made.
async fn claims_of_both_versions_make_one_image(ledgers: Ledgers) {
    for round in 0..5 {
        let version = format!("v1.{round}.0");
        let key = key(&version);
        let base = build();
        let won = race(&ledgers, 20, |number, ledger| {
            let (key, base) = (key.clone(), base.clone());
            async move {
                let mut won = 0;
                for turn in 0..5 {
                    let images = ledger.images_of_key(&key, &base).await.expect("a look");
                    if images.holder().is_some() {
                        continue;
                    }
                    let claim = image::Model {
                        generation: images.next_generation(),
                        ..row(&ledger, &key, &base, &format!("{number}-{turn}-{round}"))
                    };
                    let written = if number % 2 == 0 {
                        // It counts after its look, so that the number is free whatever happened in between.
                        let now = ledger.images_of_key(&key, &base).await.expect("a look");
                        let generation = now.next_generation();
                        let claim = image::Model {
                            generation,
                            ..claim.clone()
                        };
                        insert_as_before(&ledger, &claim).await
                    } else {
                        ledger.record_found(&claim).await.expect("an answer")
                    };
                    if written {
                        won += 1;
                        move_as_before(&ledger, &claim.id, ImageStatus::Pending).await;
                        move_as_before(&ledger, &claim.id, ImageStatus::Available).await;
                    }
                }
                won
            }
        })
        .await;
        assert_eq!(won.iter().sum::<i32>(), 1, "{version}: {won:?}");
    }
}

async fn a_claim_of_the_version_before_is_passed_over_while_the_key_is_held(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (key, base) = (key("v1.0.0"), build());
    let ours = row(ledger, &key, &base, "ours");
    assert!(ledger.record_found(&ours).await.expect("an answer"));
    // Whatever number it counts.
    let theirs = |name: &str, generation| image::Model {
        generation,
        ..row(ledger, &key, &base, name)
    };
    assert!(!insert_as_before(ledger, &theirs("theirs", 2)).await);
    move_on(ledger, &ours.id, ImageStatus::Available).await;
    assert!(!insert_as_before(ledger, &theirs("theirs", 2)).await);
    move_on(ledger, &ours.id, ImageStatus::Missing).await;
    assert!(insert_as_before(ledger, &theirs("theirs", 2)).await);
}

async fn an_image_of_the_version_before_is_found_and_given_its_build(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (key, base) = (key("v1.0.0"), build());
    let old = row(ledger, &key, &base, "old");
    assert!(insert_as_before(ledger, &old).await);
    assert_eq!(stored(ledger, &old.id).await.content_digest, None);
    let ours = image::Model {
        generation: 2,
        ..row(ledger, &key, &base, "ours")
    };
    assert!(
        !ledger.record_found(&ours).await.expect("an answer"),
        "the old one is in the making"
    );
    move_as_before(ledger, &old.id, ImageStatus::Available).await;
    let images = ledger.images_of_key(&key, &base).await.expect("a look");
    assert_eq!(images.holder().expect("the old one").id, old.id);
    assert_eq!(images.next_generation(), 2);
    let told = stored(ledger, &old.id).await;
    assert_eq!(told.content_digest.as_deref(), Some(key.content().as_str()));
    assert_eq!((told.base(), told.base_identity()), (base, key.base));
}

async fn the_same_content_in_two_regions_is_two_keys(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let here = key("v1.0.0");
    let elsewhere = base("noble-1", "ami-elsewhere");
    let there = ImageKey {
        region: "eu-west-1".to_owned(),
        ..on(&here, &elsewhere)
    };
    assert_eq!(here.content(), there.content());
    let one = available(ledger, row(ledger, &here, &build(), "one")).await;
    let looked = ledger.images_of_key(&there, &elsewhere).await;
    assert!(looked.expect("a look").holder().is_none());
    let two = available(ledger, row(ledger, &there, &elsewhere, "two")).await;
    assert_eq!(one.content_digest, two.content_digest);
    for (key, base, row) in [(&here, build(), &one), (&there, elsewhere, &two)] {
        let images = ledger.images_of_key(key, &base).await.expect("a look");
        assert_eq!(images.holder().expect("its own").id, row.id);
    }
}

async fn images_of_other_builds_are_the_same_line_and_newest_first(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let today = base("noble-9", "ami-9");
    let wanted = on(&key("v1.0.0"), &today);
    let newest = async || {
        let found = ledger.newest_of_other_build(&wanted, &today).await;
        found.expect("a look").map(|image| image.name)
    };
    assert_eq!(newest().await, None);
    let other_line = ResolvedBase {
        line: "ssm:/jammy".to_owned(),
        ..base("jammy-1", "ami-3")
    };
    let lite = ImageKey {
        mode: "lite".to_owned(),
        ..key("v1.0.0")
    };
    let mut later = 0;
    let mut put = async |key: &ImageKey, base: &ResolvedBase, name: &str| {
        later += 1;
        let row = row(ledger, &on(key, base), base, name);
        let created_at = row.created_at + chrono::TimeDelta::seconds(later);
        available(ledger, image::Model { created_at, ..row }).await
    };
    put(&key("v1.0.0"), &build(), "noble-1").await;
    assert_eq!(newest().await.as_deref(), Some("noble-1"));
    let second = put(&key("v1.0.0"), &base("noble-2", "ami-2"), "noble-2").await;
    put(&key("v1.0.0"), &other_line, "another-line").await;
    put(&key("v1.0.1"), &build(), "another-version").await;
    put(&lite, &build(), "another-mode").await;
    assert_eq!(newest().await.as_deref(), Some("noble-2"));
    put(&key("v1.0.0"), &today, "its-own").await;
    assert_eq!(
        newest().await.as_deref(),
        Some("noble-2"),
        "an image of the key itself is no image of another build"
    );
    move_on(ledger, &second.id, ImageStatus::Missing).await;
    assert_eq!(newest().await.as_deref(), Some("noble-1"));
}

async fn a_write_over_another_version_is_refused(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (key, base) = (key("v1.0.0"), build());
    let first = row(ledger, &key, &base, "one");
    assert!(ledger.record_found(&first).await.expect("an answer"));
    let read = stored(ledger, &first.id).await;
    let mut holders = Vec::new();
    for number in 0..10 {
        holders.push(claimed(ledger, &format!("w{number}")).await.1);
    }
    let answers = race(&ledgers, 10, |number, ledger| {
        let (claim, read) = (holders[number].clone(), read.clone());
        async move {
            let pending = read.become_status(ImageStatus::Pending).expect("allowed");
            let change = Change {
                moved: vec![Moved::Image(Box::new(image::Model {
                    ami_id: Some(format!("ami-{number}")),
                    ..pending
                }))],
                ..Change::default()
            };
            let ended = ledger.end(&claim, &change, &Then::Done).await;
            (number, ended.expect("an answer"))
        }
    })
    .await;
    let won: Vec<_> = answers
        .iter()
        .filter(|(_, ended)| *ended == Committed::Yes)
        .collect();
    let lost = |(_, ended): &&(usize, Committed)| *ended == Committed::Overtaken;
    assert_eq!((won.len(), answers.iter().filter(lost).count()), (1, 9));
    let now = stored(ledger, &first.id).await;
    assert_eq!(now.ami_id, Some(format!("ami-{}", won[0].0)));
    assert_eq!(now.row_version, read.row_version + 1);
    // Who reconciles from an old look loses as well.
    let missing = now.clone().become_status(ImageStatus::Missing);
    let missing = missing.expect("allowed");
    assert!(
        !ledger
            .amend_image(&read, &missing)
            .await
            .expect("an answer")
    );
    assert!(ledger.amend_image(&now, &missing).await.expect("an answer"));
}

async fn a_write_of_the_version_before_counts(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (key, base) = (key("v1.0.0"), build());
    let first = row(ledger, &key, &base, "one");
    assert!(ledger.record_found(&first).await.expect("an answer"));
    let read = stored(ledger, &first.id).await;
    move_as_before(ledger, &first.id, ImageStatus::Pending).await;
    let now = stored(ledger, &first.id).await;
    assert_eq!(now.row_version, read.row_version + 1);
    let failed = read.clone().become_status(ImageStatus::Failed);
    let failed = failed.expect("allowed");
    assert!(
        !ledger.amend_image(&read, &failed).await.expect("an answer"),
        "a worker of the version before wrote meanwhile"
    );
}

//! Which recipe a deployment is made by: the revision it was requested with, referred to or copied, or one of its own.

use chrono::TimeDelta;
use ingot_domain::fingerprint;
use ingot_domain::template::Template;
use ingot_entity::store::{Applied, NewDeployment, Revision};
use ingot_entity::{Ledger, LedgerError, deployment, template, worker};
use ingot_migration::sea_orm::ActiveValue::{NotSet, Set};
use ingot_migration::sea_orm::EntityTrait;
use ingot_migration::{Migrator, MigratorTrait};
use ingot_tests::{Ledgers, dump};
use serde_json::json;

use super::on_both;
use super::rows::new_deployment;

on_both!(
    a_recipe_is_the_revision_it_was_requested_with,
    a_deleted_revision_is_an_error_that_names_it,
    copies_are_made_while_a_worker_may_live_that_reads_nothing_else,
    the_way_back_copies_what_only_referred,
);

/// The built-in template as revision 1, and another as revision 2.
async fn two_revisions(ledger: &Ledger) -> [Template; 2] {
    let first = ingot_yaml::kamiwaza();
    let mut second = first.clone();
    second.description = "the next one".to_owned();
    for spec in [&first, &second] {
        let applied = ledger.apply_template(spec, "", false, None, None).await;
        assert!(matches!(applied, Ok(Applied::Stored(_))), "{applied:?}");
    }
    [first, second]
}

fn of_revision(number: i32, spec: &Template, referred: bool) -> NewDeployment {
    NewDeployment {
        recipe: spec.clone().into(),
        revision: Some(Revision {
            number,
            fingerprint: fingerprint::of_recipe(spec),
            referred,
        }),
        ..new_deployment("v0.9.2", true)
    }
}

async fn kept(ledger: &Ledger, new: NewDeployment) -> deployment::Model {
    let id = new.id.to_string();
    ledger.create_deployment(new, None).await.expect("a row");
    row(ledger, &id).await
}

async fn row(ledger: &Ledger, id: &str) -> deployment::Model {
    let row = ledger.deployment(id).await.expect("a look");
    row.expect("it is there")
}

async fn a_recipe_is_the_revision_it_was_requested_with(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let revisions = two_revisions(ledger).await;
    for (number, spec) in (1..).zip(&revisions) {
        let fingerprint = fingerprint::of_recipe(spec);
        let stored = kept(ledger, of_revision(number, spec, true)).await;
        assert!(stored.recipe.is_null(), "revision {number} is not copied");
        assert_eq!(stored.fingerprint, fingerprint);
        // From the ledger, and remembered.
        for _ in 0..2 {
            let read = ledger.recipe(&stored).await.expect("its recipe");
            assert_eq!(*read, *spec, "revision {number}");
        }
        let stored = kept(ledger, of_revision(number, spec, false)).await;
        assert_eq!(stored.recipe, json!(spec), "a copy of {number}");
        assert_eq!(stored.fingerprint, fingerprint);
        assert_eq!(*ledger.recipe(&stored).await.expect("its recipe"), *spec);
        let mut own = of_revision(number, spec, true);
        own.order.user_data = Some("#!/bin/sh".to_owned());
        let stored = kept(ledger, own).await;
        let read = ledger.recipe(&stored).await.expect("its recipe");
        assert_eq!(read.user_data.as_deref(), Some("#!/bin/sh"));
        assert_eq!(read.description, spec.description);
        assert_ne!(stored.fingerprint, fingerprint);
    }
}

async fn a_deleted_revision_is_an_error_that_names_it(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let [first, _] = two_revisions(ledger).await;
    let stored = kept(ledger, of_revision(1, &first, true)).await;
    let key = ("kamiwaza".to_owned(), 1);
    let gone = template::Entity::delete_by_id(key);
    gone.exec(ledger.database()).await.expect("deleted");
    let read = ledger.recipe(&stored).await;
    assert!(
        matches!(&read, Err(LedgerError::Unknown { value, .. }) if value == "kamiwaza@1"),
        "{read:?}"
    );
}

/// As a version before references wrote itself down.
async fn older_worker(ledger: &Ledger, name: &str, heard: TimeDelta) {
    let row = worker::ActiveModel {
        name: Set(name.to_owned()),
        version: Set("0.1.0".to_owned()),
        started_at: Set(ledger.now() + heard),
        heartbeat_at: Set(ledger.now() + heard),
        stopped_at: Set(None),
        reads: NotSet,
    };
    let insert = worker::Entity::insert(row);
    let inserted = insert.exec_without_returning(ledger.database()).await;
    inserted.expect("inserted");
}

async fn copies_are_made_while_a_worker_may_live_that_reads_nothing_else(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let all_read = async || ledger.all_read_references().await.expect("an answer");
    assert!(all_read().await, "no worker is there");
    older_worker(ledger, "long gone", TimeDelta::days(-2)).await;
    ledger
        .worker_alive("new", "0.1.0", ledger.now())
        .await
        .expect("a beat");
    assert!(all_read().await);
    older_worker(ledger, "old", TimeDelta::hours(-3)).await;
    assert!(!all_read().await, "it may wake up again");
    ledger.worker_stopped("old").await.expect("an end");
    assert!(all_read().await, "it stopped");
}

async fn the_way_back_copies_what_only_referred(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let [first, second] = two_revisions(ledger).await;
    let one = kept(ledger, of_revision(1, &first, true)).await;
    let two = kept(ledger, of_revision(2, &second, true)).await;
    let mut own = of_revision(2, &second, true);
    own.order.user_data = Some("#!/bin/sh".to_owned());
    let own = kept(ledger, own).await;
    let db = ledger.database();
    let steps = Migrator::migrations();
    let since = steps.iter().rev();
    let since = since.take_while(|step| step.name() != "m20261126_000006_large");
    let steps = u32::try_from(since.count()).expect("a few");
    Migrator::down(db, Some(steps)).await.expect("down");
    let shape = dump(db).await.expect("the shape");
    assert!(!shape.iter().any(|line| line.contains("template_revision")));
    Migrator::up(db, None).await.expect("up again");
    for (before, spec) in [(&one, &first), (&two, &second)] {
        let now = row(ledger, &before.id).await;
        assert_eq!((now.recipe, now.template_revision), (json!(spec), None));
    }
    let now = row(ledger, &own.id).await;
    assert_eq!(now.recipe, own.recipe);
}

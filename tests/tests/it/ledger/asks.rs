//! Causes that ask again because their build came to nothing, and templates that are switched off and on around them.

use ingot_domain::advisory::level::Level;
use ingot_domain::build::failure::{Ended, FailureClass, switches_off};
use ingot_domain::template::Template;
use ingot_domain::want::Cause;
use ingot_entity::Ledger;
use ingot_entity::store::{Asked, Verdict};
use ingot_migration::sea_orm::ConnectionTrait;
use ingot_tests::Ledgers;

use super::builds::{ask, decision};
use super::on_both;

on_both!(
    what_was_skipped_asks_again_once_its_template_is_on,
    what_failed_asks_again_after_a_switch_on_or_a_new_revision,
    a_template_that_is_off_by_itself_tries_security_once_a_day,
    a_new_revision_switches_on_what_was_off_by_itself,
    failures_are_counted_from_the_last_switch_on,
    what_waits_is_held_while_its_template_is_off,
    a_request_is_stamped_in_whole_seconds,
    the_last_look_is_kept,
);

const HIGH: Cause = Cause::Security {
    level: Some(Level::High),
};

async fn sql(ledger: &Ledger, statement: &str) {
    let done = ledger.database().execute_unprepared(statement).await;
    done.expect(statement);
}

/// Lets a build fail by a cause of its own, from its first revision.
async fn fail(ledger: &Ledger, id: &str) {
    let failed = format!(
        "UPDATE build SET status = 'failed', failure_class = 'own', template_revision = 1, ended_at = requested_at \
         WHERE id = '{id}'"
    );
    sql(ledger, &failed).await;
}

async fn apply(ledger: &Ledger, spec: &Template) {
    let applied = ledger.apply_template(spec, "", false, None, None).await;
    applied.expect("stored");
}

async fn new(ledger: &Ledger, key: &str, template: &str) -> String {
    match ledger.ask(&ask(key, template, HIGH)).await {
        Ok(Asked::New(row)) => row.id,
        other => panic!("{key}: {other:?}"),
    }
}

/// Whether a look finds a cause answered.
async fn answered(ledger: &Ledger, key: &str) -> bool {
    let known = ledger.asked_before(&[key]).await.expect("keys");
    known.contains(key)
}

async fn what_was_skipped_asks_again_once_its_template_is_on(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let off = ledger.switch_off("web", 1, false, &decision()).await;
    off.expect("off");
    let Ok(Asked::Skipped(skipped)) = ledger.ask(&ask("key", "web", HIGH)).await else {
        panic!("not skipped")
    };
    assert!(answered(ledger, "key").await);
    let again = ledger.ask(&ask("key", "web", HIGH)).await;
    assert_eq!(again.expect("an answer"), Asked::Before(skipped.id.clone()));
    assert!(ledger.switch_on("web", &decision()).await.expect("on"));
    assert!(!answered(ledger, "key").await);
    let made = new(ledger, "key", "web").await;
    assert!(answered(ledger, "key").await);
    let again = ledger.ask(&ask("key", "web", HIGH)).await;
    assert_eq!(again.expect("an answer"), Asked::Before(made.clone()));
    // What was skipped stays on record with its request.
    let seen = ledger.build(&skipped.id).await.expect("a look");
    let seen = seen.expect("a build");
    assert_eq!(
        (seen.row.status.as_str(), seen.requests.len()),
        ("skipped", 1)
    );
    // A person's no is an answer, whatever is switched.
    let no = ledger
        .decide_build(&made, Verdict::Reject, &decision())
        .await;
    no.expect("rejected");
    let off = ledger.switch_off("web", 1, false, &decision()).await;
    off.expect("off");
    assert!(ledger.switch_on("web", &decision()).await.expect("on"));
    assert!(answered(ledger, "key").await);
    let again = ledger.ask(&ask("key", "web", HIGH)).await;
    assert_eq!(again.expect("an answer"), Asked::Before(made));
}

async fn what_failed_asks_again_after_a_switch_on_or_a_new_revision(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut spec = ingot_yaml::kamiwaza();
    spec.name = "web".to_owned();
    apply(ledger, &spec).await;
    fail(ledger, &new(ledger, "key", "web").await).await;
    assert!(answered(ledger, "key").await);
    spec.volume.size_gb += 1;
    apply(ledger, &spec).await;
    assert!(!answered(ledger, "key").await);
    fail(ledger, &new(ledger, "key", "web").await).await;
    sql(ledger, "UPDATE build SET template_revision = 2").await;
    assert!(answered(ledger, "key").await);
    let off = ledger.switch_off("web", 2, false, &decision()).await;
    off.expect("off");
    assert!(answered(ledger, "key").await);
    assert!(ledger.switch_on("web", &decision()).await.expect("on"));
    assert!(!answered(ledger, "key").await);
    new(ledger, "key", "web").await;
}

async fn a_template_that_is_off_by_itself_tries_security_once_a_day(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let off = ledger.switch_off("web", 1, true, &decision()).await;
    off.expect("off");
    let other = ledger.ask(&ask("other", "web", Cause::Dependency)).await;
    assert!(matches!(other, Ok(Asked::Skipped(_))), "{other:?}");
    let first = new(ledger, "key", "web").await;
    // It joins what waits; that is the day's try still.
    let joined = ledger.ask(&ask("key 2", "web", HIGH)).await;
    assert!(matches!(joined, Ok(Asked::Joined(_))), "{joined:?}");
    fail(ledger, &first).await;
    assert!(answered(ledger, "key").await);
    let third = ledger.ask(&ask("key 3", "web", HIGH)).await;
    assert!(matches!(third, Ok(Asked::Skipped(_))), "{third:?}");
    // Another day.
    let past = "UPDATE build SET requested_at = '2020-01-01T00:00:00+00:00'";
    sql(ledger, past).await;
    for key in ["key", "key 2", "key 3"] {
        assert!(!answered(ledger, key).await, "{key}");
    }
    assert!(answered(ledger, "other").await);
    let second = new(ledger, "key", "web").await;
    assert_ne!(first, second);
}

async fn a_new_revision_switches_on_what_was_off_by_itself(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    // The last is switched off by itself and then by a person, whose word stands: it is on again by a person's word alone.
    for (name, words) in [
        ("web", &[true][..]),
        ("db", &[false]),
        ("api", &[true, false]),
    ] {
        let mut spec = ingot_yaml::kamiwaza();
        spec.name = name.to_owned();
        apply(ledger, &spec).await;
        for by_itself in words {
            let off = ledger.switch_off(name, 1, *by_itself, &decision()).await;
            assert_eq!(off.expect("off").by_itself, *by_itself, "{name}");
        }
        // The same words are no new revision.
        apply(ledger, &spec).await;
        assert!(ledger.switched_off(name).await.expect("a look").is_some());
        spec.volume.size_gb += 1;
        apply(ledger, &spec).await;
        let is_off = ledger.switched_off(name).await.expect("a look").is_some();
        assert_eq!(is_off, words.contains(&false), "{name}");
    }
}

async fn failures_are_counted_from_the_last_switch_on(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let since = ledger.calendar_now() - chrono::TimeDelta::days(1);
    for key in ["1", "2", "3"] {
        fail(ledger, &new(ledger, key, "web").await).await;
    }
    let ends = ledger.builds_ended(since).await.expect("ends");
    assert!(switches_off("web", &ends), "{ends:?}");
    let off = ledger.switch_off("web", 1, true, &decision()).await;
    off.expect("off");
    assert!(ledger.switch_on("web", &decision()).await.expect("on"));
    let mut ends = ledger.builds_ended(since).await.expect("ends");
    let failed = |ledger: &Ledger| Ended {
        template: "web".to_owned(),
        at: ledger.calendar_now(),
        failed: Some(FailureClass::Own),
    };
    for expected in [false, false, true] {
        ends.push(failed(ledger));
        assert_eq!(switches_off("web", &ends), expected, "{ends:?}");
    }
}

async fn what_waits_is_held_while_its_template_is_off(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    for (name, cause) in [
        ("a", HIGH),
        ("b", HIGH),
        ("c", Cause::Dependency),
        ("d", HIGH),
    ] {
        ledger.ask(&ask(name, name, cause)).await.expect("asked");
    }
    for (name, by_itself) in [("a", false), ("b", true), ("c", true)] {
        let off = ledger.switch_off(name, 1, by_itself, &decision()).await;
        off.expect("off");
    }
    let mut queue = ledger.build_queue().await.expect("a queue");
    let held = queue.hold(&ledger.all_switched_off().await.expect("a list"));
    let names = |all: &[ingot_entity::store::Queued]| {
        let names = all.iter().map(|one| one.row.template.clone());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(
        (names(&held), names(&queue.waiting)),
        (
            ["a".to_owned(), "c".to_owned()].into(),
            ["b".to_owned(), "d".to_owned()].into(),
        )
    );
}

async fn a_request_is_stamped_in_whole_seconds(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    for number in 0..3 {
        let asked = ledger
            .ask(&ask(&number.to_string(), &number.to_string(), HIGH))
            .await;
        let Ok(Asked::New(row)) = asked else {
            panic!("{asked:?}")
        };
        assert_eq!(row.requested_at.timestamp_subsec_nanos(), 0);
        assert!(row.requested_at <= ledger.calendar_now());
    }
}

async fn the_last_look_is_kept(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    assert_eq!(ledger.last_look().await.expect("a look"), None);
    for text in ["2026-11-28T10:00:00Z", "2026-11-28T10:55:00Z"] {
        let at: ingot_domain::Instant = text.parse().expect("an instant");
        ledger.keep_look(at).await.expect("kept");
        assert_eq!(ledger.last_look().await.expect("a look"), Some(at));
    }
}

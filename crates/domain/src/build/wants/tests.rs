//! Every trigger as a table.

use super::*;
use crate::policy::season::{Campaign, Schedule};
use crate::want::Trigger;
use crate::zone::Zone;

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn subject() -> Subject {
    Subject {
        aim: Aim {
            template: "web".to_owned(),
            version: "v1.2.0".to_owned(),
            mode: "default".to_owned(),
            arch: Arch::X86_64,
            region: "us-east-1".to_owned(),
        },
        newest: Some(Newest {
            id: "img_1".to_owned(),
            made: at("2026-11-20T00:00:00Z"),
            current: true,
        }),
        lacks: Vec::new(),
        launches: 0,
        launched_here: true,
        coming: false,
        imaged: true,
        built: false,
        threshold: None,
        popular: None,
        rebuild: None,
        parent: None,
    }
}

fn lacked(id: &str, kind: UpdateKind) -> Lacked {
    Lacked {
        id: id.to_owned(),
        detected: at("2026-11-27T10:00:00Z"),
        kind,
        said: String::new(),
    }
}

fn keys(subject: Subject, policy: &Policy, now: &str) -> Vec<(Trigger, String)> {
    let facts = Facts {
        subjects: vec![subject],
        looked: at(now) - TimeDelta::minutes(1),
    };
    let found = wants(&facts, policy, at(now));
    found
        .into_iter()
        .map(|want| (want.cause.trigger(), want.key))
        .collect()
}

const NOW: &str = "2026-11-27T12:00:00Z";

#[test]
fn a_template_with_a_threshold_of_its_own_is_popular_by_it() {
    let used = |threshold, launches| Subject {
        newest: None,
        launches,
        threshold,
        ..subject()
    };
    let policy = Policy::default();
    for (threshold, launches, asked) in [
        (None, 4, 0),
        (None, 5, 1),
        (Some(3), 3, 1),
        (Some(3), 2, 0),
        (Some(8), 7, 0),
    ] {
        let found = keys(used(threshold, launches), &policy, NOW);
        assert_eq!(found.len(), asked, "{threshold:?} {launches}");
    }
}

#[test]
fn the_first_image_of_a_template_that_only_builds_image_is_asked_for_at_its_first_launch() {
    let bare = Subject {
        newest: None,
        built: true,
        ..subject()
    };
    let asked = keys(bare.clone(), &Policy::default(), NOW);
    let key = "first/web/v1.2.0/default/x86_64/us-east-1".to_owned();
    assert_eq!(asked, [(Trigger::Dependency, key)]);
    let unlaunched = Subject {
        launched_here: false,
        ..bare.clone()
    };
    let coming = Subject {
        coming: true,
        ..bare.clone()
    };
    let imaged_by_deployments = Subject {
        built: false,
        ..bare
    };
    for other in [unlaunched, coming, imaged_by_deployments] {
        assert_eq!(keys(other, &Policy::default(), NOW), []);
    }
}

#[test]
fn a_parents_new_revision_asks_for_a_build_of_its_heirs() {
    let heir = |current, since| {
        let mut heir = subject();
        heir.newest.as_mut().expect("an image").current = current;
        heir.parent = Some(Parent {
            pin: "base@4".to_owned(),
            since: at(since),
        });
        heir
    };
    let key = "parent/base@4/web/v1.2.0/default/x86_64/us-east-1".to_owned();
    let asked = keys(heir(false, "2026-11-27T10:00:00Z"), &Policy::default(), NOW);
    assert_eq!(asked, [(Trigger::Dependency, key)]);
    // An image of this recipe, one made since, and none at all ask for nothing.
    let bare = Subject {
        newest: None,
        ..heir(false, "2026-11-27T10:00:00Z")
    };
    for other in [
        heir(true, "2026-11-27T10:00:00Z"),
        heir(false, "2026-11-19T10:00:00Z"),
        bare,
    ] {
        assert_eq!(keys(other, &Policy::default(), NOW), []);
    }
}

#[test]
fn an_update_that_the_newest_image_lacks_asks_once_and_keeps_its_key() {
    let policy = Policy {
        max_age: Length::parse("30 days").expect("a length"),
        ..Policy::default()
    };
    let critical = UpdateKind::Security(Some(Level::Critical));
    let lacking = Subject {
        lacks: vec![
            lacked("upd_1", critical),
            lacked("upd_2", UpdateKind::Other),
        ],
        ..subject()
    };
    let expected = vec![
        (
            Trigger::Security,
            "upd_1/web/v1.2.0/default/x86_64/us-east-1".to_owned(),
        ),
        (
            Trigger::Dependency,
            "upd_2/web/v1.2.0/default/x86_64/us-east-1".to_owned(),
        ),
    ];
    assert_eq!(keys(lacking.clone(), &policy, NOW), expected);
    assert_eq!(
        keys(lacking.clone(), &policy, "2026-11-27T13:00:00Z"),
        expected
    );
    let bare = Subject {
        newest: None,
        ..lacking
    };
    assert_eq!(keys(bare, &policy, NOW), []);
}

#[test]
fn a_judgement_says_what_an_update_is() {
    use SecurityLevel as Is;
    for (word, level, kind) in [
        (
            "security",
            Is::High,
            UpdateKind::Security(Some(Level::High)),
        ),
        ("security", Is::Unknown, UpdateKind::Security(None)),
        ("unknown", Is::Unknown, UpdateKind::Security(None)),
        ("security", Is::None, UpdateKind::Other),
        ("maintenance", Is::None, UpdateKind::Other),
        ("feature", Is::Unknown, UpdateKind::Other),
    ] {
        assert_eq!(UpdateKind::of(word, level), kind, "{word} {level}");
    }
}

#[test]
fn launches_make_a_template_popular_unless_its_image_is_fresh_or_it_was_asked_for_this_week() {
    let policy = Policy::default();
    let used = |launches| Subject {
        launches,
        newest: None,
        ..subject()
    };
    let count = |subject: Subject| keys(subject, &policy, NOW).len();
    assert_eq!((count(used(4)), count(used(5))), (0, 1));
    let fresh = Subject {
        newest: subject().newest,
        ..used(9)
    };
    assert_eq!(count(fresh.clone()), 0);
    let mut changed = fresh;
    changed.newest.as_mut().expect("one").current = false;
    assert_eq!(count(changed), 1);
    let coming = Subject {
        coming: true,
        ..used(9)
    };
    let never = Subject {
        imaged: false,
        ..used(9)
    };
    let elsewhere = Subject {
        launched_here: false,
        ..used(9)
    };
    assert_eq!((count(coming), count(never), count(elsewhere)), (0, 0, 0));
    let asked = |days| Subject {
        popular: Some(at(NOW) - TimeDelta::days(days)),
        ..used(9)
    };
    assert_eq!((count(asked(6)), count(asked(7))), (0, 1));
}

#[test]
fn age_asks_once_per_image_and_only_when_the_base_has_moved_on() {
    let policy = Policy::default();
    let old = subject();
    let age = |subject: &Subject, now| {
        let all = keys(subject.clone(), &policy, now);
        let scheduled = |one: &&(Trigger, String)| one.0 == Trigger::Scheduled;
        all.iter()
            .filter(scheduled)
            .map(|one| one.1.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(age(&old, "2026-11-28T00:00:00Z"), Vec::<String>::new());
    let behind = Subject {
        lacks: vec![lacked("upd_1", UpdateKind::Other)],
        ..old
    };
    assert_eq!(age(&behind, "2026-11-27T00:00:00Z"), Vec::<String>::new());
    let key = "age/img_1/web/v1.2.0/default/x86_64/us-east-1".to_owned();
    assert_eq!(age(&behind, "2026-11-27T00:00:01Z"), [key]);
}

#[test]
fn of_the_fires_since_the_last_look_the_latest_counts() {
    let line = Line::parse("0 2 * * *").expect("a line");
    let subject = Subject {
        rebuild: Some(line),
        ..subject()
    };
    let policy = Policy::default();
    let facts = |looked: &str| Facts {
        subjects: vec![subject.clone()],
        looked: at(looked),
    };
    let keys = |looked: &str, now: &str| {
        let found = wants(&facts(looked), &policy, at(now));
        found.into_iter().map(|want| want.key).collect::<Vec<_>>()
    };
    let of = |fire: &str| vec![subject.aim.key(&format!("cron/{}", at(fire).timestamp()))];
    assert!(keys("2026-11-27T02:00:00Z", "2026-11-27T12:00:00Z").is_empty());
    assert_eq!(
        keys("2026-11-27T01:59:59Z", "2026-11-27T02:00:00Z"),
        of("2026-11-27T02:00:00Z")
    );
    assert_eq!(
        keys("2026-11-20T00:00:00Z", "2026-11-27T12:00:00Z"),
        of("2026-11-27T02:00:00Z")
    );
}

#[test]
fn a_campaign_asks_from_its_lead_to_its_date() {
    let campaign = |text: &str| Policy {
        seasonal_precompilation: Some(Campaign {
            enabled: true,
            schedule: Schedule::parse(text).ok(),
            templates: vec!["web".to_owned()],
        }),
        ..Policy::default()
    };
    let count = |text: &str, now: &str| keys(subject(), &campaign(text), now).len();
    let before = "10 days before 2027-01-18";
    assert_eq!(count(before, "2027-01-07T23:59:59Z"), 0);
    assert_eq!(count(before, "2027-01-08T00:00:00Z"), 1);
    assert_eq!(count(before, "2027-01-17T23:59:59Z"), 1);
    assert_eq!(count(before, "2027-01-18T00:00:00Z"), 0);
    assert_eq!(count("on 2027-01-04", "2027-01-04T12:00:00Z"), 1);
    assert_eq!(count("2 weeks before semester start", NOW), 0);
    // Clocks in Berlin go forward on 2027-03-28 and back on 2027-10-31: leads of days are local days all the same.
    let berlin = |text: &str, now: &str| {
        let policy = Policy {
            timezone: Zone::parse("Europe/Berlin").expect("a zone"),
            ..campaign(text)
        };
        keys(subject(), &policy, now).len()
    };
    for (text, first) in [
        ("10 days before 2027-04-01", "2027-03-21T23:00:00Z"),
        ("1 week before 2027-11-03", "2027-10-26T22:00:00Z"),
        ("36 hours before 2027-03-29", "2027-03-27T10:00:00Z"),
        ("on 2027-03-28", "2027-03-27T23:00:00Z"),
    ] {
        assert_eq!(berlin(text, first), 1, "{text}");
        let before = (at(first) - TimeDelta::seconds(1)).to_rfc3339();
        assert_eq!(berlin(text, &before), 0, "{text}");
    }
    assert_eq!(berlin("on 2027-03-28", "2027-03-28T21:59:59Z"), 1);
    assert_eq!(berlin("on 2027-03-28", "2027-03-28T22:00:00Z"), 0);
    let off = Policy {
        max_age: Length::parse("30 days").expect("a length"),
        ..campaign("10 days before 2026-11-30")
    };
    // Another version of it is the same campaign's.
    let newer = Subject {
        aim: Aim {
            version: "v1.3.0".to_owned(),
            ..subject().aim
        },
        ..subject()
    };
    let key = "campaign/2026-11-30/web/default/x86_64/us-east-1".to_owned();
    for one in [subject(), newer] {
        assert_eq!(keys(one, &off, NOW), [(Trigger::Scheduled, key.clone())]);
    }
    let other = Subject {
        aim: Aim {
            template: "db".to_owned(),
            ..subject().aim
        },
        ..subject()
    };
    assert!(keys(other, &off, NOW).is_empty());
}

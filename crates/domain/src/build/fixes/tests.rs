//! Which fixes ask for a build, by tables.

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::advisory::base::Base;
use crate::advisory::record::{Cve, Fix, Kind, Reach};
use crate::arch::Arch;
use crate::guest::packages::Listed;

fn day(number: i64) -> Instant {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + number)
}

fn carried(lines: &str) -> Carried {
    let base = Base::parse("ubuntu-22.04").expect("a base image");
    Carried::new(base, Listed::read(lines))
}

const OLD: &str = "openssh-server\t1:8.9p1-3ubuntu0.7\tamd64\topenssh\t1:8.9p1-3ubuntu0.7
nginx\t1.18.0-1\tamd64\tnginx\t1.18.0-1";

fn imaged() -> Imaged {
    Imaged {
        aim: Aim {
            template: "web".to_owned(),
            version: "1.0.0".to_owned(),
            mode: "default".to_owned(),
            arch: Arch::X86_64,
            region: "us-east-1".to_owned(),
        },
        image: "img_1".to_owned(),
        ami: Some("ami-1".to_owned()),
        listed: day(5),
        carried: carried(OLD),
    }
}

fn advisory(id: &str, package: &str, fixed: &str, published: i64) -> Advisory {
    Advisory {
        os: crate::advisory::base::Os::Ubuntu,
        id: id.to_owned(),
        release: "22.04".to_owned(),
        kind: Kind::Security,
        published: day(published),
        modified: None,
        withdrawn: None,
        first_seen: None,
        severity: Some("high".to_owned()),
        titled: vec![],
        cves: vec![Cve {
            id: "CVE-2024-6387".to_owned(),
            ..Cve::default()
        }],
        fixes: vec![Fix {
            package: package.to_owned(),
            source: None,
            fixed: Some(fixed.to_owned()),
            reach: Reach::Plain,
            arch: None,
        }],
    }
}

fn asked(head: &Head, advisories: &[Advisory]) -> Vec<Want> {
    wanted(&imaged(), head, advisories, &Signals::default(), day(9))
}

fn ssh(published: i64) -> Advisory {
    advisory("USN-1", "openssh", "1:8.9p1-3ubuntu0.10", published)
}

#[test]
fn a_fix_that_came_after_the_install_is_asked_for_once() {
    let wants = asked(&Head::Unwatched, &[ssh(7)]);
    let [want] = wants.as_slice() else {
        panic!("{wants:?}");
    };
    assert_eq!(want.key, "fix/USN-1/img_1");
    assert_eq!(want.about.as_deref(), Some("USN-1"));
    let level = Some(Level::High);
    assert_eq!(want.cause, Cause::Security { level });
    assert!(want.said.contains("1:8.9p1-3ubuntu0.7"), "{}", want.said);
    assert!(want.said.contains("1:8.9p1-3ubuntu0.10"), "{}", want.said);
}

#[test]
fn what_another_install_would_leave_out_too_is_not_asked_for() {
    let none = |known: Advisory| asked(&Head::Unwatched, &[known]).is_empty();
    assert!(none(ssh(5)), "out when the install listed it");
    assert!(none(ssh(10)), "not out yet");
    assert!(
        none(advisory("A", "openssh", "1:8.9p1-3ubuntu0.7", 7)),
        "it has it"
    );
    assert!(none(advisory("A", "curl", "9", 7)), "not carried");
    let mut known = ssh(7);
    known.fixes[0].reach = Reach::Subscription;
    assert!(none(known), "no archive has it");
    let mut known = ssh(7);
    known.withdrawn = Some(day(8));
    assert!(none(known), "withdrawn");
    let mut known = ssh(7);
    known.published = Advisory::UNDATED;
    assert!(none(known), "without a day");
    // Seen here after the install, although its day was before that.
    let mut known = ssh(4);
    known.first_seen = Some(day(6));
    assert!(!none(known));
}

#[test]
fn what_the_newest_build_of_the_base_brings_is_left_to_its_update() {
    let listed = |lines: &str| Head::Listed {
        build: "20240701".to_owned(),
        carried: Box::new(carried(lines)),
    };
    let made = |at, own| Head::Made {
        build: "20240701".to_owned(),
        at: day(at),
        own,
    };
    let fixed = "openssh-server\t1:8.9p1-3ubuntu0.10\tamd64\topenssh\t1:8.9p1-3ubuntu0.10";
    let table = [
        (listed(fixed), false),
        (listed(OLD), true),
        // The template installs it by itself: no base brings it.
        (listed("curl\t1\tamd64\tcurl\t1"), true),
        (made(6, false), true),
        (made(8, false), false),
        (made(8, true), true),
        (Head::Unwatched, true),
    ];
    for (head, asks) in table {
        assert_eq!(!asked(&head, &[ssh(7)]).is_empty(), asks, "{head:?}");
    }
}

#[test]
fn the_gravest_is_asked_for_first() {
    let with = |id: &str, word: Option<&str>| Advisory {
        id: id.to_owned(),
        severity: word.map(str::to_owned),
        ..ssh(7)
    };
    let all = [
        with("A", Some("low")),
        with("B", None),
        with("C", Some("high")),
    ];
    let wants = asked(&Head::Unwatched, &all);
    let order: Vec<_> = wants
        .iter()
        .filter_map(|want| want.about.as_deref())
        .collect();
    assert_eq!(order, ["C", "B", "A"]);
    assert_eq!(wants[1].cause, Cause::Security { level: None });
}

//! What looks at tracks mean: each pitfall of ADVISORIES 1.2.

mod names;

use super::newest::{Alarm, Look, Recorded, Seen, Verdict, absent, newest};
use super::{Mark, Shown, Track, known};
use crate::Instant;
use crate::arch::Arch;

const CANONICAL: &str = "099720109477";
const STRANGER: &str = "111122223333";

fn at(text: &str) -> Instant {
    text.parse().expect("a time")
}

fn now() -> Instant {
    at("2024-07-02T12:00:00Z")
}

fn track(name: &str) -> Track {
    known::find(name).expect(name)
}

fn jammy(build: &str) -> String {
    format!("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-{build}")
}

fn shown(name: &str) -> Shown {
    Shown {
        id: format!("ami-{}", &name[name.len() - 8..]),
        owner: CANONICAL.to_owned(),
        name: name.to_owned(),
        arch: Some(Arch::X86_64),
        created_at: Some(at("2024-07-01T16:36:59Z")),
        deprecated_at: None,
        usable: true,
    }
}

fn mark(name: &str) -> Mark {
    Mark {
        owner: CANONICAL.to_owned(),
        name: name.to_owned(),
    }
}

fn look(track: &Track, recorded: Recorded<'_>, seen: Seen<'_>) -> Look {
    let rule = track.rule().expect("rule");
    let owner = track.owners.of("us-east-1").expect("owner");
    newest(track, &rule, owner, (recorded, seen), now())
}

fn listing<'a>(images: &'a [Shown]) -> Seen<'a> {
    Seen {
        images,
        pointed: None,
    }
}

#[test]
fn builds_are_ordered_by_number_with_their_respins() {
    let track = track("ubuntu-22.04");
    let names = [jammy("20210129"), jammy("20210119"), jammy("20210119.1")];
    let images: Vec<Shown> = names.iter().map(|name| shown(name)).collect();
    let found = look(&track, Recorded::default(), listing(&images[1..]));
    let Verdict::Baseline(found) = found.verdict else {
        panic!("{found:?}")
    };
    assert_eq!(
        found.image.name, names[2],
        "the respin is newer than its day"
    );
    let head = mark(&names[2]);
    let recorded = Recorded {
        head: Some(&head),
        here: Some("ami-210119.1"),
        pointed: None,
    };
    let verdict = look(&track, recorded, listing(&images)).verdict;
    assert!(matches!(verdict, Verdict::Update(new) if new.image.name == names[0]));
}

#[test]
fn another_accounts_image_of_the_name_never_counts() {
    let track = track("ubuntu-22.04");
    let mut fake = shown(&jammy("20240702"));
    fake.owner = STRANGER.to_owned();
    let images = [shown(&jammy("20240701")), fake];
    let found = look(&track, Recorded::default(), listing(&images));
    assert!(matches!(&found.verdict, Verdict::Baseline(new) if new.image.owner == CANONICAL));
    assert!(matches!(&found.alarms[..], [Alarm::Foreign { owner, .. }] if owner == STRANGER));
    // An alias is no owner: a parameter that leads to a stranger's image moves nothing.
    let seen = Seen {
        images: &images,
        pointed: Some(&images[1].id),
    };
    let found = look(&track, Recorded::default(), seen);
    assert!(matches!(&found.verdict, Verdict::Baseline(new) if new.image.owner == CANONICAL));
    let stranger = |alarm: &Alarm| matches!(alarm, Alarm::Stranger { why, .. } if why.contains("another account"));
    assert!(found.alarms.iter().any(stranger), "{found:?}");
    assert_eq!(found.pointed, None);
}

#[test]
fn a_region_without_the_build_is_pending_and_one_that_had_it_is_not() {
    let track = track("ubuntu-22.04");
    let head = mark(&jammy("20240701"));
    let old = [shown(&jammy("20240629"))];
    let mut recorded = Recorded {
        head: Some(&head),
        ..Recorded::default()
    };
    let found = look(&track, recorded, listing(&old)).verdict;
    assert!(matches!(found, Verdict::Pending(Some(_))), "{found:?}");
    assert!(matches!(
        look(&track, recorded, listing(&[])).verdict,
        Verdict::Pending(None)
    ));
    recorded.here = Some("ami-20240701");
    assert_eq!(absent(recorded, listing(&old)), ["ami-20240701"]);
    let found = look(&track, recorded, listing(&old)).verdict;
    assert!(matches!(found, Verdict::Withdrawn(Some(_))), "{found:?}");
    // Asked for by id it is still there, deprecated: the vendor went back.
    let mut still = shown(&jammy("20240701"));
    still.deprecated_at = Some(at("2024-07-02T00:00:00Z"));
    let both = [old[0].clone(), still.clone()];
    let found = look(&track, recorded, listing(&both)).verdict;
    assert!(matches!(found, Verdict::RolledBack(Some(_))), "{found:?}");
    // With no other build listed the line has merely come of age.
    let alone = look(&track, recorded, listing(&[still])).verdict;
    assert!(matches!(alone, Verdict::Same(_)), "{alone:?}");
}

#[test]
fn a_parameter_that_points_back_alarms_and_asks_for_no_update() {
    let track = track("ubuntu-22.04");
    let images = [shown(&jammy("20240629")), shown(&jammy("20240701"))];
    let head = mark(&jammy("20240701"));
    let recorded = Recorded {
        head: Some(&head),
        here: Some(&images[1].id),
        pointed: Some(&head),
    };
    let seen = Seen {
        images: &images,
        pointed: Some(&images[0].id),
    };
    let found = look(&track, recorded, seen);
    assert!(matches!(found.verdict, Verdict::Same(_)), "{found:?}");
    assert!(
        matches!(&found.alarms[..], [Alarm::PointsBack { to, .. }] if to.ends_with("20240629"))
    );
    assert_eq!(found.pointed, Some(mark(&jammy("20240629"))));
}

#[test]
fn a_change_of_line_is_an_update_with_a_tag() {
    let track = track("amazon-linux-2023");
    let owner = "137112412989";
    let name =
        |day: &str, kernel: &str| format!("al2023-ami-2023.5.{day}.0-kernel-{kernel}-x86_64");
    let image = |name: String, id: &str| Shown {
        id: id.to_owned(),
        owner: owner.to_owned(),
        name,
        ..shown("12345678")
    };
    let images = [
        image(name("20240701", "6.12"), "ami-612"),
        image(name("20240701", "6.1"), "ami-61"),
    ];
    let first = look(&track, Recorded::default(), listing(&images)).verdict;
    assert!(
        matches!(&first, Verdict::Baseline(new) if new.image.id == "ami-61"),
        "{first:?}"
    );
    let head = Mark {
        owner: owner.to_owned(),
        name: name("20240701", "6.1"),
    };
    let recorded = Recorded {
        head: Some(&head),
        here: Some("ami-61"),
        pointed: None,
    };
    let same = look(&track, recorded, listing(&images)).verdict;
    assert!(matches!(same, Verdict::Same(_)), "{same:?}");
    let seen = Seen {
        images: &images,
        pointed: Some("ami-612"),
    };
    let found = look(&track, recorded, seen);
    assert!(matches!(&found.verdict, Verdict::Update(new) if new.image.id == "ami-612"));
    assert_eq!(found.tags, ["feature:kernel-6.1->kernel-6.12"]);
    let alma = super::known::find("almalinux-9")
        .expect("track")
        .rule()
        .expect("rule");
    let read = |name: &str| alma.read(name).expect("a build");
    let tags =
        read("AlmaLinux OS 9.6.20250601 x86_64").tags(&read("AlmaLinux OS 9.5.20250101 x86_64"));
    assert_eq!(tags, ["feature:9.5->9.6"]);
}

#[test]
fn images_that_cannot_be_launched_and_deprecated_ones_are_no_candidates() {
    let track = track("ubuntu-22.04");
    let old = shown(&jammy("20240629"));
    let spoil: [fn(&mut Shown); 3] = [
        |image| image.usable = false,
        |image| image.arch = Some(Arch::Arm64),
        |image| image.deprecated_at = Some(at("2024-07-01T00:00:00Z")),
    ];
    for spoil in spoil {
        let mut new = shown(&jammy("20240701"));
        spoil(&mut new);
        let images = [old.clone(), new];
        let found = look(&track, Recorded::default(), listing(&images)).verdict;
        assert!(matches!(found, Verdict::Baseline(it) if it.image.name == old.name));
    }
}

#[test]
fn a_track_whose_owner_changed_is_told() {
    let track = track("ubuntu-22.04");
    let head = Mark {
        owner: STRANGER.to_owned(),
        name: jammy("20240701"),
    };
    let recorded = Recorded {
        head: Some(&head),
        ..Recorded::default()
    };
    let found = look(&track, recorded, listing(&[shown(&jammy("20240701"))]));
    assert!(matches!(&found.alarms[..], [Alarm::OwnerChanged { from, .. }] if from == STRANGER));
    assert!(matches!(found.verdict, Verdict::Same(_)));
}

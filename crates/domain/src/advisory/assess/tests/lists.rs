//! What lists of packages say, and what they cannot: versions that are not told, sources that are not, a list that was cut or
//! is of another day.

use super::*;
use crate::advisory::packages::{Package, PackageList};

/// What every image has.
const EVERY: [&str; 5] = ["base-files", "dpkg", "libc6", "util-linux", "zlib1g"];

fn package(name: &str, version: &str, source: Option<&str>) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        source: source.map(str::to_owned),
        source_version: None,
    }
}

/// A whole list with some packages more, each with its source.
fn whole(more: &[(&str, &str, Option<&str>)]) -> Option<PackageList> {
    let every = EVERY.map(|name| package(name, "9-1", Some(name)));
    let more = more
        .iter()
        .map(|(name, version, source)| package(name, version, *source));
    let packages = every.into_iter().chain(more).collect();
    Some(PackageList::new(packages, &BaseSet::default()))
}

fn with(old: Option<PackageList>, new: Option<PackageList>) -> Images {
    Images {
        old_list: old,
        new_list: new,
        ..images()
    }
}

fn said(images: &Images, advisories: &[Advisory]) -> Assessment {
    let signals = Signals::default();
    judged(images, advisories, &signals, Some(&fresh()), at(25, 0))
}

#[test]
fn versions_on_both_sides_beat_the_window() {
    let list = |version| whole(&[("sudo", version, Some("sudo"))]);
    // Long before the window: only the versions count.
    let one = [advisory(1, at(1, 0) - TimeDelta::days(90), "sudo", "high")];
    let table = [
        ("1.0-1", "1.0-2", Some(Status::Fixed), SecurityLevel::High),
        (
            "1.0-1",
            "1.0-1",
            Some(Status::StillVulnerable),
            SecurityLevel::None,
        ),
        ("1.0-2", "1.0-3", None, SecurityLevel::None),
    ];
    for (old, new, status, level) in table {
        let said = said(&with(list(old), list(new)), &one);
        let row = said.evidence.first().map(|row| row.status);
        assert_eq!((row, said.security_level), (status, level), "{old} {new}");
        assert_eq!(said.confidence, Confidence::High, "{:?}", said.reasons);
    }
}

#[test]
fn a_version_that_is_not_told_leaves_the_days_to_speak() {
    let list = |version| whole(&[("sudo", version, Some("sudo"))]);
    let inside = advisory(1, at(5, 9), "sudo", "high");
    let before = advisory(1, at(1, 0) - TimeDelta::days(90), "sudo", "high");
    let undated = advisory(1, Advisory::UNDATED, "sudo", "high");
    let likely = Some(Status::Likely);
    let table = [
        // Names alone on both sides are as good as the set of usual packages.
        ("", "", &inside, likely, SecurityLevel::High),
        ("-", "latest", &inside, likely, SecurityLevel::High),
        ("", "", &before, None, SecurityLevel::None),
        ("", "", &undated, None, SecurityLevel::None),
        // One side is told.
        ("", "1.0-2", &inside, likely, SecurityLevel::High),
        (
            "",
            "1.0-1",
            &inside,
            Some(Status::StillVulnerable),
            SecurityLevel::None,
        ),
        ("1.0-2", "", &inside, None, SecurityLevel::None),
        ("1.0-1", "", &inside, likely, SecurityLevel::High),
        ("1.0-1", "", &before, likely, SecurityLevel::High),
        (
            "1.0-1",
            "",
            &undated,
            Some(Status::Possible),
            SecurityLevel::Unknown,
        ),
    ];
    for (old, new, one, status, level) in table {
        let said = said(&with(list(old), list(new)), std::slice::from_ref(one));
        let row = said.evidence.first().map(|row| row.status);
        let day = one.published;
        assert_eq!(
            (row, said.security_level),
            (status, level),
            "{old:?} {new:?} {day}"
        );
        assert_eq!(said.confidence, Confidence::Low);
        let told = said
            .reasons
            .iter()
            .any(|why| why.contains("tells no version of 1 packages, such as sudo"));
        assert!(told, "{:?}", said.reasons);
    }
}

#[test]
fn a_source_that_is_not_told_may_be_the_one_of_a_fix() {
    let list = |version, source| whole(&[("libtiff6", version, source)]);
    let inside = advisory(1, at(5, 9), "tiff", "high");
    let undated = advisory(1, Advisory::UNDATED, "tiff", "high");
    let possible = (
        Some(Status::Possible),
        SecurityLevel::Unknown,
        Confidence::Low,
    );
    let table = [
        ("1.0-1", "1.0-2", None, &inside, possible),
        ("1.0-1", "1.0-2", None, &undated, possible),
        ("", "", None, &inside, possible),
        // Its own versions speak against it.
        (
            "1.0-2",
            "1.0-3",
            None,
            &inside,
            (None, SecurityLevel::None, Confidence::Medium),
        ),
        (
            "1.0-1",
            "1.0-1",
            None,
            &inside,
            (None, SecurityLevel::None, Confidence::Medium),
        ),
        (
            "1.0-1",
            "1.0-2",
            Some("tiff"),
            &inside,
            (Some(Status::Fixed), SecurityLevel::High, Confidence::High),
        ),
        (
            "1.0-1",
            "1.0-2",
            Some("other"),
            &inside,
            (None, SecurityLevel::None, Confidence::High),
        ),
    ];
    for (old, new, source, one, wanted) in table {
        let said = said(
            &with(list(old, source), list(new, source)),
            std::slice::from_ref(one),
        );
        let row = said.evidence.first().map(|row| row.status);
        assert_eq!(
            (row, said.security_level, said.confidence),
            wanted,
            "{old} {new} {source:?}"
        );
        if row == Some(Status::Possible) {
            assert_eq!(said.upper_bound, SecurityLevel::High);
            let told = said
                .reasons
                .iter()
                .any(|why| why.contains("libtiff6 may be built of tiff"));
            assert!(told, "{:?}", said.reasons);
        }
    }
    // A notice that names the binaries of its source leaves nothing open.
    let mut named = inside.clone();
    named.fixes.push(Fix {
        package: "libtiff5".to_owned(),
        ..named.fixes[0].clone()
    });
    let said = said(&with(list("1.0-1", None), list("1.0-2", None)), &[named]);
    assert_eq!(
        (said.security_level, said.evidence.len()),
        (SecurityLevel::None, 0)
    );
}

#[test]
fn a_list_that_was_cut_does_not_take_a_usual_package_away() {
    let cut = || {
        let dpkg = package("dpkg", "9-1", Some("dpkg"));
        Some(PackageList::new(vec![dpkg], &BaseSet::default()))
    };
    let sudo = advisory(1, at(5, 9), "sudo", "high");
    let rare = advisory(2, at(5, 9), "chromium", "critical");
    let full = whole(&[("sudo", "1.0-2", Some("sudo"))]);
    for (old, new) in [(cut(), cut()), (full.clone(), cut()), (cut(), full)] {
        let said = said(&with(old, new), &[sudo.clone(), rare.clone()]);
        assert_eq!(said.security_level, SecurityLevel::Unknown);
        assert_eq!(
            (said.upper_bound, said.confidence),
            (SecurityLevel::High, Confidence::Low)
        );
        let told = said
            .reasons
            .iter()
            .any(|why| why.contains("is not whole: it lacks base-files, "));
        assert!(told, "{:?}", said.reasons);
    }
    let said = said(&with(cut(), cut()), &[rare]);
    assert_eq!(
        (said.security_level, said.confidence),
        (SecurityLevel::None, Confidence::Low)
    );
}

#[test]
fn lists_of_another_day_say_nothing_of_these_builds() {
    let versions = |version| {
        let more = ["sudo", "bash", "curl", "apt"].map(|name| (name, version, Some(name)));
        whole(&more)
    };
    let back = said(&with(versions("1.0-2"), versions("1.0-1")), &[]);
    assert_eq!(back.security_level, SecurityLevel::Unknown);
    assert!(
        back.reasons[0].contains("go back: 4 packages"),
        "{:?}",
        back.reasons
    );
    assert_eq!(
        said(&with(versions("1.0-1"), versions("1.0-2")), &[]).security_level,
        SecurityLevel::None
    );

    let day = |days| at(1, 0) - TimeDelta::days(days);
    let fixes = |days| {
        let named = (1..).zip(["sudo", "bash", "curl"]);
        let of = named.map(|(number, name)| advisory(number, day(days), name, "high"));
        of.collect::<Vec<_>>()
    };
    let old = || with(versions("1.0-1"), versions("1.0-1"));
    let stale = said(&old(), &fixes(60));
    assert_eq!(stale.security_level, SecurityLevel::Unknown);
    let told = |said: &Assessment| {
        said.reasons
            .iter()
            .any(|why| why.contains("is older than 202407"))
    };
    assert!(told(&stale), "{:?}", stale.reasons);
    // Fixes of the days before, those of years before, and one alone say nothing of its day.
    assert!(!told(&said(&old(), &fixes(-7))) && !told(&said(&old(), &fixes(400))));
    assert!(!told(&said(&old(), &fixes(60)[..2])));
    assert!(!told(&said(
        &with(versions("1.0-2"), versions("1.0-2")),
        &fixes(60)
    )));
}

#[test]
fn a_release_whose_records_stop_early_is_incomplete() {
    let images = images();
    for (day, level) in [
        (at(5, 0), SecurityLevel::None),
        (at(5, 0) - TimeDelta::days(40), SecurityLevel::Unknown),
    ] {
        let mut feed = fresh();
        if let Some(span) = feed.releases.get_mut("22.04") {
            span.newest = Some(day);
        }
        let said = judged(&images, &[], &Signals::default(), Some(&feed), at(25, 0));
        assert_eq!(said.security_level, level, "{:?}", said.reasons);
        let told = said
            .reasons
            .iter()
            .any(|why| why.contains("records for ubuntu-22.04 stop on 2024-05-26, 45 days"));
        assert_eq!(told, level == SecurityLevel::Unknown, "{:?}", said.reasons);
    }
}

proptest! {
    /// Whatever a version's text is, a fix that is published in the window is not taken for absent with certainty.
    #[test]
    fn no_text_of_a_version_makes_a_false_none_certain(old in "[ -~]{0,12}", new in "[ -~]{0,12}") {
        let list = |version: &str| whole(&[("sudo", version, Some("sudo"))]);
        let said = said(&with(list(&old), list(&new)), &[advisory(1, at(5, 9), "sudo", "high")]);
        let told = [&old, &new].iter().all(|text| text.trim_start().split_once(':').map_or(text.trim_start(), |(_, rest)| rest.trim_start()).starts_with(|c: char| c.is_ascii_digit()));
        if said.confidence == Confidence::High {
            prop_assert!(told, "{old:?} {new:?} {:?}", said.security_level);
        }
    }
}

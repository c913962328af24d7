//! The worked examples of ADVISORIES 4.7 and the replay of AlmaLinux's images, on real data where it is present.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use ingot_advisories::Folder;
use ingot_domain::advisory::apply::Images;
use ingot_domain::advisory::assess::{Assessment, Known, UpdateType, assess};
use ingot_domain::advisory::base::{Base, Build, Os};
use ingot_domain::advisory::level::SecurityLevel;

fn data() -> Option<(PathBuf, Folder)> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/advisories"
    ));
    path.is_dir().then_some(())?;
    // The data is of November 2026; a later record would be of the future.
    let folder = Folder::read(&path, time("2026-11-28T00:00:00Z")).expect("a folder");
    for os in Os::ALL {
        let feed = folder
            .feed(os)
            .unwrap_or_else(|| panic!("{os:?} has a feed"));
        // The trimmed record of Red Hat fixes an extended stream only; nothing may be unread.
        assert!(feed.damaged.is_empty(), "{os:?}: {:?}", feed.damaged);
    }
    Some((path, folder))
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect(text)
}

fn judged(
    folder: &Folder,
    base: &str,
    from: &str,
    to: &str,
    created: Option<&str>,
    at: Option<&str>,
) -> Assessment {
    let base = Base::parse(base).expect("base");
    let (old, new) = (
        Build::parse(from).expect("build"),
        Build::parse(to).expect("build"),
    );
    let created = created.map_or_else(|| new.end(), time);
    let set = folder.base_set(&base);
    let images = Images {
        old_list: folder.manifest(&base, &old, &set),
        new_list: folder.manifest(&base, &new, &set),
        base: base.clone(),
        old,
        new,
        created,
        set,
    };
    let known = Known {
        listed: folder.listed(&base, &images.old, &images.new),
        images: &images,
        advisories: &folder.advisories,
        signals: folder.signals(),
        feed: folder.feed(base.os),
    };
    assess(&known, at.map_or(created, time))
}

#[test]
fn the_worked_examples_come_out_as_they_should() {
    let Some((_, folder)) = data() else { return };
    let said = judged(
        &folder,
        "ubuntu-22.04",
        "20240629",
        "20240701",
        Some("2024-07-01T16:36:59Z"),
        None,
    );
    let headline = said.headline.clone().expect("a headline");
    assert_eq!(
        (said.update_type, said.security_level),
        (UpdateType::Security, SecurityLevel::Critical),
        "{said:#?}"
    );
    assert_eq!(headline.advisory.as_deref(), Some("USN-6859-1"));
    assert_eq!(headline.cve.as_deref(), Some("CVE-2024-6387"));

    let pwnkit = |at| {
        judged(
            &folder,
            "ubuntu-20.04",
            "20220118",
            "20220131",
            None,
            Some(at),
        )
        .security_level
    };
    assert_eq!(pwnkit("2022-02-01T00:00:00Z"), SecurityLevel::High);
    assert_eq!(pwnkit("2022-06-27T00:00:00Z"), SecurityLevel::Critical);

    for base in ["ubuntu-20.04", "ubuntu-22.04"] {
        let said = judged(
            &folder,
            base,
            "20240319",
            "20240405",
            None,
            Some("2024-04-10T00:00:00Z"),
        );
        assert_eq!(said.security_level, SecurityLevel::None, "{said:#?}");
    }
    let said = judged(
        &folder,
        "almalinux-9",
        "9.6.20251113",
        "9.7.20251118",
        None,
        None,
    );
    assert_eq!(
        (said.update_type, said.security_level),
        (UpdateType::Feature, SecurityLevel::None),
        "{said:#?}"
    );
}

#[test]
fn the_replay_of_almalinux_is_spread_as_measured() {
    let Some((path, folder)) = data() else { return };
    let csv = std::fs::read_to_string(path.join("almalinux/images_us_east_1.csv")).expect("images");
    let mut lines: BTreeMap<u32, Vec<Build>> = BTreeMap::new();
    for line in csv.lines().skip(1) {
        if let Ok(build) = Build::parse(line.split(',').next().unwrap_or_default()) {
            lines.entry(build.release[0]).or_default().push(build);
        }
    }
    let mut spread: BTreeMap<&str, u32> = BTreeMap::new();
    for (major, mut builds) in lines
        .into_iter()
        .filter(|(major, _)| [8, 9].contains(major))
    {
        builds.sort_by(|a, b| a.key().cmp(&b.key()));
        for pair in builds.windows(2) {
            let said = judged(
                &folder,
                &format!("almalinux-{major}"),
                &pair[0].name,
                &pair[1].name,
                None,
                None,
            );
            *spread.entry(said.security_level.as_str()).or_default() += 1;
        }
    }
    let wanted = BTreeMap::from([("critical", 12), ("high", 20), ("medium", 3), ("none", 1)]);
    assert_eq!(spread, wanted);
}

//! Changelogs of packages beside the feeds: which fixes they tell of, and that an upload's urgency is no severity.

use std::fs;

use ingot_advisories::Folder;
use ingot_domain::advisory::base::{Base, Os};

fn folder(name: &str, text: &str) -> Folder {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
    let now = "2030-03-01T00:00:00Z".parse().expect("a time");
    Folder::read(folder.path(), now).expect("a folder")
}

fn entry(version: &str, dist: &str, urgency: &str, cve: &str) -> String {
    format!(
        r#"{{"version":"{version}","dist":"{dist}","urgency":"{urgency}","cves":["{cve}"],"date":"Sun, 10 Aug 2025 09:54:02 -0600"}}"#
    )
}

fn changelog(dist: &str) -> String {
    let entries = [
        // Another version of the same CVE's fix, an upload to unstable that the update takes along, and what lies outside.
        entry("1.0-1+deb12u5", dist, "high", "CVE-2025-0005"),
        entry("1.0-1+deb12u4", dist, "high", "CVE-2025-0004"),
        entry("1.0-1+deb12u3", "unstable", "medium", "CVE-2025-0003"),
        entry("1.0-1+deb12u2", dist, "emergency", "CVE-2025-0004"),
        entry("1.0-1+deb12u1", dist, "critical", "CVE-2025-0001"),
    ];
    format!(
        r#"[{{"binary":"libtiff6","source":"tiff","old":"1.0-1+deb12u1+b2","new":"1.0-1+deb12u4+b1","entries":[{}],"cves":[]}}]"#,
        entries.join(",")
    )
}

#[test]
fn an_urgency_is_no_severity_and_other_updates_entries_do_not_count() {
    let table = [
        ("debian/changes.json", "bookworm-security", Os::Debian, "12"),
        ("ubuntu/changes.json", "jammy-security", Os::Ubuntu, "22.04"),
    ];
    for (name, dist, os, release) in table {
        let read = folder(name, &changelog(dist));
        let told: Vec<_> = read
            .advisories
            .iter()
            .map(|one| {
                let severity = one.severity.is_none() && one.cves[0].severity.is_none();
                assert!(severity && one.is_undated(), "{}", one.id);
                let mut fixed: Vec<_> = one
                    .fixes
                    .iter()
                    .filter_map(|fix| fix.fixed.clone())
                    .collect();
                fixed.sort();
                ((one.os, one.release.as_str(), one.id.as_str()), fixed)
            })
            .collect();
        let wanted = [
            ("CVE-2025-0003", vec!["1.0-1+deb12u3"]),
            ("CVE-2025-0004", vec!["1.0-1+deb12u2", "1.0-1+deb12u4"]),
        ];
        assert_eq!(told.len(), wanted.len(), "{told:?}");
        for ((who, fixed), (id, versions)) in told.iter().zip(wanted) {
            assert_eq!(
                (*who, fixed.iter().map(String::as_str).collect()),
                ((os, release, id), versions)
            );
        }
        let base = Base::parse(&format!("{}-{release}", os.prefix())).expect("a base");
        assert_eq!(
            read.base_set(&base).source_of("libtiff6"),
            Some("tiff"),
            "{name}"
        );
    }
}

//! What a folder cannot know is said: it lacks the release, the days before its oldest record, a month, a page, the list of
//! what is exploited.

use std::fs;

use chrono::{DateTime, Utc};
use ingot_advisories::Folder;
use ingot_domain::advisory::apply::Images;
use ingot_domain::advisory::assess::{Assessment, Confidence, Known, UpdateType, assess};
use ingot_domain::advisory::base::{Base, Build};
use ingot_domain::advisory::level::SecurityLevel;

const AT: &str = "2030-03-01T00:00:00Z";
const KEV: (&str, &str) = ("kev/kev.csv", "cveID,dateAdded\nCVE-2029-0009,2029-01-01\n");

fn judged(files: &[(&str, String)], base: &str, from: &str, to: &str) -> Assessment {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    let at: DateTime<Utc> = AT.parse().expect("a time");
    let folder = Folder::read(folder.path(), at).expect("a folder");
    let base = Base::parse(base).expect("a base");
    let (old, new) = (
        Build::parse(from).expect("old"),
        Build::parse(to).expect("new"),
    );
    let images = Images {
        set: folder.base_set(&base),
        repositories: folder.repositories(&base, &old, &new),
        created: new.end(),
        old_list: None,
        new_list: None,
        base,
        old,
        new,
    };
    let known = Known {
        images: &images,
        advisories: &folder.advisories,
        listed: folder.listed(&images.base, &images.old, &images.new),
        signals: folder.signals(),
        feed: folder.feed(images.base.os),
        earlier: None,
    };
    assess(&known, at)
}

fn unknown(said: &Assessment, reason: &str) {
    let text = format!("{:#?} {:?}", said.reasons, said.security_level);
    assert!(
        said.reasons.iter().any(|said| said.contains(reason)),
        "{reason}: {text}"
    );
    assert_eq!(said.security_level, SecurityLevel::Unknown, "{text}");
    assert_eq!(said.update_type, UpdateType::Unknown, "{text}");
    assert!(said.confidence <= Confidence::Low, "{text}");
}

fn rocky(id: &str, day: &str, package: &str, word: &str, cve: &str) -> String {
    let name = package.split("-0:").next().unwrap_or_default();
    format!(
        r#"{{"name":"{id}","published_at":"{day}T00:00:00Z","synopsis":"{word}: {name} security update","kind":"Security","severity":"{word}","cves":[{{"cve":"{cve}"}}],"packages":[{{"nevra":"{package}.rpm"}}]}}"#
    )
}

fn page(records: &[String], total: usize, next: &str) -> String {
    let records = records.join(",");
    format!(r#"{{"advisories":[{records}],"total":{total},"links":{{"next":{next}}}}}"#)
}

/// Two records around the window from January 10th to 20th, for a package that no base carries.
fn around() -> Vec<String> {
    let one = |id: &str, day: &str| {
        rocky(
            id,
            day,
            "tomcat-0:9.0-1.el9.x86_64",
            "Important",
            "CVE-2030-0001",
        )
    };
    vec![
        one("RLSA-2030:0001", "2030-01-02"),
        one("RLSA-2030:0002", "2030-02-20"),
    ]
}

fn kev() -> (&'static str, String) {
    (KEV.0, KEV.1.to_owned())
}

#[test]
fn a_release_without_a_record_is_unknown() {
    let files = [("rocky/page.json", page(&around(), 2, "null")), kev()];
    let said = judged(&files, "rocky-9", "9.4-20300110.0", "9.4-20300120.0");
    assert_eq!(
        said.security_level,
        SecurityLevel::None,
        "{:?}",
        said.reasons
    );
    assert_eq!(said.confidence, Confidence::Medium);
    let said = judged(&files, "rocky-8", "8.10-20300110.0", "8.10-20300120.0");
    unknown(&said, "holds no advisory for release 8");
}

#[test]
fn a_window_that_begins_before_the_oldest_record_is_unknown() {
    let files = [("rocky/page.json", page(&around(), 2, "null")), kev()];
    let said = judged(&files, "rocky-9", "9.4-20291210.0", "9.4-20300120.0");
    unknown(&said, "begin on 2030-01-02, after the old build");
}

#[test]
fn a_page_that_is_not_the_last_is_incomplete() {
    for (total, next) in [(500, "null"), (2, "\"/api/v3/advisories/?page=2\"")] {
        let files = [("rocky/page.json", page(&around(), total, next)), kev()];
        let said = judged(&files, "rocky-9", "9.4-20300110.0", "9.4-20300120.0");
        unknown(&said, "the pages of Apollo");
    }
    let two = around();
    let files = [
        (
            "rocky/1.json",
            page(&two[..1], 2, "\"/api/v3/advisories/?page=2\""),
        ),
        ("rocky/2.json", page(&two[1..], 2, "null")),
        kev(),
    ];
    let said = judged(&files, "rocky-9", "9.4-20300110.0", "9.4-20300120.0");
    assert_eq!(
        said.security_level,
        SecurityLevel::None,
        "{:?}",
        said.reasons
    );
}

fn bulletin(month: &str, day: &str) -> String {
    format!(
        r#"<cvrf:cvrfdoc xmlns:cvrf="x"><DocumentTracking><Identification><ID>{month}</ID></Identification><InitialReleaseDate>{day}T08:00:00Z</InitialReleaseDate><CurrentReleaseDate>{day}T08:00:00Z</CurrentReleaseDate></DocumentTracking><ProductTree><FullProductName ProductID="1">Windows Server 2022</FullProductName></ProductTree><Vulnerability><CVE>CVE-2030-0001</CVE><ProductStatuses><Status Type="Known Affected"><ProductID>1</ProductID></Status></ProductStatuses><Threats><Threat Type="Severity"><Description>Moderate</Description><ProductID>1</ProductID></Threat></Threats></Vulnerability></cvrf:cvrfdoc>"#
    )
}

#[test]
fn a_month_without_its_bulletin_is_named() {
    let files = [
        ("windows/1.xml", bulletin("2030-Jan", "2030-01-08")),
        ("windows/3.xml", bulletin("2030-Mar", "2030-02-28")),
        kev(),
    ];
    let said = judged(&files[..1], "windows-2022", "2029.12.13", "2030.01.09");
    assert_eq!(said.security_level, SecurityLevel::Medium);
    assert!(
        said.reasons.iter().all(|said| !said.contains("bulletin")),
        "{:?}",
        said.reasons
    );
    let said = judged(&files[..1], "windows-2022", "2029.11.01", "2030.01.09");
    assert_eq!(said.confidence, Confidence::Low);
    for month in ["2029-Nov", "2029-Dec"] {
        assert!(
            said.reasons.iter().any(|said| said.contains(month)),
            "{:?}",
            said.reasons
        );
    }
    let said = judged(&files[..1], "windows-2025", "2029.12.13", "2030.01.09");
    unknown(&said, "holds no advisory for release 2025");
}

#[test]
fn without_kev_what_counts_is_less_sure() {
    let mut records = around();
    records.push(rocky(
        "RLSA-2030:0003",
        "2030-01-15",
        "openssl-0:3.0-9.el9.x86_64",
        "Moderate",
        "CVE-2030-0003",
    ));
    let feed = ("rocky/page.json", page(&records, 3, "null"));
    let level = |more: &[(&str, &str)]| {
        let mut files = vec![(feed.0, feed.1.clone())];
        files.extend(more.iter().map(|(name, text)| (*name, (*text).to_owned())));
        let said = judged(&files, "rocky-9", "9.4-20300110.0", "9.4-20300120.0");
        assert_eq!(
            said.security_level,
            SecurityLevel::Medium,
            "{:?}",
            said.reasons
        );
        (said.confidence, said.reasons.join("; "))
    };
    assert_eq!(level(&[KEV]), (Confidence::Medium, String::new()));
    let (broken, empty) = (
        ("kev/kev.json", "{\"vulnerabilities\": ["),
        ("kev/kev.json", "{}"),
    );
    for kev in [&[][..], &[broken], &[empty], &[KEV, broken]] {
        let (confidence, said) = level(kev);
        assert!(
            confidence == Confidence::Low && said.contains("(R1)"),
            "{kev:?} {said}"
        );
    }
    let broken = ("epss/scores-2030-01-20.csv.gz", "no gzip");
    let (confidence, said) = level(&[KEV, broken]);
    assert_eq!(confidence, Confidence::Low);
    assert!(said.contains("(R2)") && said.contains("csv.gz"), "{said}");
}

#[test]
fn a_record_for_one_architecture_is_for_that_one() {
    let mut records = around();
    let package = "openssl-0:3.0-9.el9.x86_64";
    records.push(rocky(
        "RLSA-2030:0003",
        "2030-01-15",
        package,
        "Important",
        "CVE-2030-0003",
    ));
    let files = [("rocky/page.json", page(&records, 3, "null")), kev()];
    let level = |base| judged(&files, base, "9.4-20300110.0", "9.4-20300120.0").security_level;
    assert_eq!(level("rocky-9"), SecurityLevel::High);
    assert_eq!(level("rocky-9-arm64"), SecurityLevel::None);
}

fn update(id: &str, day: &str, collection: &str, package: &str) -> String {
    format!(
        r#"<update type="security"><id>{id}</id><title>{id}: important priority package update for kernel-livepatch</title><issued date="{day} 17:56:00"/><severity>important</severity><references/><pkglist><collection short="{collection}">{package}</collection></pkglist></update>"#
    )
}

#[test]
fn live_patches_concern_no_plain_image() {
    let package = r#"<package name="kernel-livepatch-6.1.1" version="1.0" release="1.amzn2023" epoch="0" arch="x86_64"/>"#;
    let stream = "amazon-linux-2023-kernel-livepatch";
    let old = update("ALAS2023-2030-001", "2030-01-02", "amazon-linux-2023", "");
    let late = update("ALAS2023-2030-009", "2030-02-25", "amazon-linux-2023", "");
    let live = [
        update("ALAS2023LIVEPATCH-2030-001", "2030-01-15", stream, ""),
        update("ALAS2023LIVEPATCH-2030-002", "2030-01-15", stream, package),
        update("ALAS2023-2030-003", "2030-01-15", stream, package),
    ];
    let all = format!("<updates>{old}{}{late}</updates>", live.concat());
    let builds = ("2023.5.20300110.0", "2023.5.20300120.0");
    let said = judged(
        &[("amazon/updateinfo.xml", all.clone()), kev()],
        "amazon-linux-2023",
        builds.0,
        builds.1,
    );
    assert_eq!(
        said.security_level,
        SecurityLevel::None,
        "{:#?}",
        said.evidence
    );
    let files = [
        (
            "amazon/2023.5.20300110/updateinfo.xml",
            format!("<updates>{old}{late}</updates>"),
        ),
        ("amazon/2023.5.20300120/updateinfo.xml", all),
        kev(),
    ];
    let said = judged(&files, "amazon-linux-2023", builds.0, builds.1);
    assert_eq!(
        said.security_level,
        SecurityLevel::None,
        "{:#?}",
        said.evidence
    );
}

/// The samples' own catalogue has an entry without a day, which makes nothing less sure.
#[test]
fn one_bad_entry_of_kev_is_named_alone() {
    let files = [
        ("rocky/page.json", page(&around(), 2, "null")),
        (
            "kev/kev.csv",
            "cveID,dateAdded\nCVE-2029-0009,2029-01-01\nCVE-2029-0010,\n".to_owned(),
        ),
    ];
    let said = judged(&files, "rocky-9", "9.4-20300110.0", "9.4-20300120.0");
    assert_eq!(said.confidence, Confidence::Medium, "{:?}", said.reasons);
}

#[test]
fn the_samples_bad_entries_make_nothing_less_sure() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let folder = Folder::read(&path, AT.parse().expect("a time")).expect("the samples");
    for os in ingot_domain::advisory::base::Os::ALL {
        let state = folder.feed(os).expect("a feed");
        assert_eq!(state.signals, Vec::<String>::new(), "{os:?}");
    }
}

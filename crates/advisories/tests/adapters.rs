//! Every reader on small samples of our own: what it keeps of each record, line by line.

use std::path::Path;

use chrono::{DateTime, Utc};
use ingot_advisories::Folder;
use ingot_domain::advisory::base::{Base, Build, Os};
use ingot_domain::advisory::record::{Advisory, Cve, Fix, Reach};

const EXPECTED: &str = include_str!("samples/expected.txt");

fn samples() -> Folder {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    Folder::read(&path, at("2030-02-01T00:00:00Z")).expect("the samples")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect(text)
}

fn line(advisory: &Advisory) -> String {
    let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
    let cve = |cve: &Cve| {
        let mark = if cve.exploited { "!" } else { "" };
        format!(
            "{}{mark}({},{})",
            cve.id,
            word(&cve.severity),
            cve.vectors.len()
        )
    };
    let fix = |fix: &Fix| {
        let reach = match fix.reach {
            Reach::Plain => "",
            Reach::Subscription => "?",
            Reach::Unused => "~",
        };
        let arch = fix.arch.map(|arch| format!("@{arch:?}"));
        let source = fix.source.as_ref().map(|source| format!("<{source}"));
        format!(
            "{reach}{}{}{}={}",
            fix.package,
            source.unwrap_or_default(),
            arch.unwrap_or_default(),
            word(&fix.fixed)
        )
    };
    let cves: Vec<String> = advisory.cves.iter().map(cve).collect();
    let mut fixes: Vec<String> = advisory.fixes.iter().map(fix).collect();
    fixes.sort();
    format!(
        "{} {} {} {:?} {} [{}] [{}] {}",
        advisory.os.prefix(),
        advisory.release,
        advisory.id,
        advisory.kind,
        if advisory.is_undated() {
            "-".to_owned()
        } else {
            advisory.published.format("%m-%dT%H:%M").to_string()
        },
        word(&advisory.severity),
        cves.join(" "),
        fixes.join(" ")
    )
}

#[test]
fn every_reader_keeps_what_its_format_says() {
    let mut told: Vec<String> = samples().advisories.iter().map(line).collect();
    told.sort();
    let mut wanted: Vec<&str> = EXPECTED.lines().collect();
    wanted.sort_unstable();
    assert_eq!(told, wanted, "\n{}\n", told.join("\n"));
}

#[test]
fn what_cannot_be_read_is_named_beside_its_feed() {
    let folder = samples();
    let table: [(Os, &[&str]); 7] = [
        (Os::Ubuntu, &[]),
        (Os::Debian, &["debian/list line 5: no date and id"]),
        (
            Os::Rocky,
            &["rocky/page.json entry 3: `RLSA/../x` is no id"],
        ),
        (Os::AlmaLinux, &[]),
        (Os::Amazon, &[]),
        (Os::Rhel, &[]),
        (Os::Windows, &[]),
    ];
    for (os, wanted) in table {
        let state = folder.feed(os).unwrap_or_else(|| panic!("{os:?}"));
        assert_eq!(state.damaged.len(), wanted.len(), "{:?}", state.damaged);
        for (said, wanted) in state.damaged.iter().zip(wanted) {
            assert!(said.contains(wanted), "{said}");
        }
    }
    assert_eq!(
        folder.damaged(),
        ["kev/kev.csv line 3: no CVE or date"],
        "KEV's trouble leaves no feed incomplete"
    );
}

#[test]
fn signs_of_exploitation_have_their_days() {
    let folder = samples();
    let exploited = &folder.signals().exploited;
    let row = |id: &str| (exploited[id].since, exploited[id].ransomware);
    assert_eq!(row("CVE-2030-0001"), (at("2030-01-05T00:00:00Z"), true));
    assert_eq!(row("CVE-2030-0002"), (at("2030-02-05T00:00:00Z"), false));
    let newest = folder.signals().likelihood["CVE-2030-0002"];
    let [before] = folder.signals().likelihood_before["CVE-2030-0002"].as_slice() else {
        panic!("one day before");
    };
    let days = [*before, newest].map(|day| (day.since, day.value));
    let wanted = [
        (at("2030-01-04T00:00:00Z"), 0.2),
        (at("2030-01-06T00:00:00Z"), 0.7),
    ];
    assert_eq!(days, wanted);
    assert!(!folder.signals().likelihood.contains_key("CVE-2030-0003"));
}

#[test]
fn repositories_of_two_releases_are_told_apart() {
    let base = Base::parse("amazon-linux-2023").expect("base");
    let build = |text| Build::parse(text).expect(text);
    let (old, new) = (build("2023.5.20240624.0"), build("2023.5.20240701.0"));
    let folder = samples();
    let [before, after] = folder.repositories(&base, &old, &new).expect("both");
    assert_eq!(before.iter().collect::<Vec<_>>(), ["ALAS2023-2030-001"]);
    assert_eq!(after.len(), 3);
    let unknown = build("2023.5.20240708.0");
    assert!(folder.repositories(&base, &new, &unknown).is_none());
}

//! Documents as hosts send them: what each is, what it holds, where it leads; and what is cut, damaged or a bomb.

use std::io::Write;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};
use ingot_advisories::fetched::{Fetched, Told};
use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::feed::Feed;
use tempfile::TempDir;

const UBUNTU: Feed = Feed::Vendor(Os::Ubuntu);
const ALMA: Feed = Feed::Vendor(Os::AlmaLinux);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_735_689_600, 0).expect("2025-01-01")
}

struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn read(&self, feed: Feed, url: &str, bytes: &[u8], from: usize) -> Result<Told, String> {
        let path: PathBuf = self.0.path().join("document");
        std::fs::write(&path, bytes).expect("a file");
        let path = path.as_path();
        Fetched { feed, url, path }.read(from, now())
    }
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("packed")
}

fn alsa(number: usize) -> String {
    format!(
        r#"{{"id":"ALSA-2024:{number}","summary":"Important: bash security update","published":"2024-07-01T00:00:00Z","modified":"2024-07-02T00:00:00Z","related":["CVE-2024-{number}"],"affected":[{{"package":{{"ecosystem":"AlmaLinux:9","name":"bash"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"5.1.8-{number}.el9"}}]}}]}}]}}"#
    )
}

/// A zip archive, every second entry packed.
fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut all, mut list) = (Vec::new(), Vec::new());
    for (number, (name, bytes)) in files.iter().enumerate() {
        let mut sum = Crc::new();
        sum.update(bytes);
        let (method, packed) = match number % 2 {
            0 => (0_u16, bytes.clone()),
            _ => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
                encoder.write_all(bytes).expect("written");
                (8, encoder.finish().expect("packed"))
            }
        };
        let at = u32::try_from(all.len()).expect("short");
        let mut facts = Vec::new();
        facts.extend([20, 0, 0, 0]);
        facts.extend(method.to_le_bytes());
        facts.extend([0; 4]);
        facts.extend(sum.sum().to_le_bytes());
        facts.extend(u32::try_from(packed.len()).expect("short").to_le_bytes());
        facts.extend(u32::try_from(bytes.len()).expect("short").to_le_bytes());
        facts.extend(u16::try_from(name.len()).expect("short").to_le_bytes());
        facts.extend([0; 2]);
        all.extend(b"PK\x03\x04");
        all.extend(&facts);
        all.extend(name.as_bytes());
        all.extend(packed);
        list.extend(b"PK\x01\x02\x14\x00");
        list.extend(&facts);
        list.extend([0; 10]);
        list.extend(at.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let from = u32::try_from(all.len()).expect("short");
    let count = u16::try_from(files.len()).expect("few").to_le_bytes();
    all.extend(&list);
    all.extend(b"PK\x05\x06\x00\x00\x00\x00");
    all.extend(count);
    all.extend(count);
    all.extend(u32::try_from(list.len()).expect("short").to_le_bytes());
    all.extend(from.to_le_bytes());
    all.extend([0; 2]);
    all
}

fn archive(count: usize) -> Vec<u8> {
    let files: Vec<(String, Vec<u8>)> = (1_000..1_000 + count)
        .map(|number| {
            (
                format!("ALSA-2024:{number}.json"),
                alsa(number).into_bytes(),
            )
        })
        .collect();
    zip(&files)
}

const ZIP: &str = "https://example.org/AlmaLinux/all.zip";

#[test]
fn an_archive_is_read_in_parts_and_none_is_lost() {
    let disk = Disk::new();
    let whole = archive(450);
    let (mut from, mut ids, mut parts) = (0, std::collections::BTreeSet::new(), 0);
    loop {
        let told = disk.read(ALMA, ZIP, &whole, from).expect("a part");
        assert!(told.unread.is_empty(), "{:?}", told.unread);
        let advisories = told.pages.iter().flat_map(|page| &page.advisories);
        ids.extend(advisories.map(|one| one.id.clone()));
        parts += 1;
        match told.rest {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!((ids.len(), parts), (450, 3));
}

#[test]
fn an_archive_that_is_cut_is_refused_and_a_damaged_entry_is_named() {
    let disk = Disk::new();
    let whole = archive(20);
    for length in [10, whole.len() / 2, whole.len() - 10, whole.len() - 1] {
        let told = disk.read(ALMA, ZIP, &whole[..length], 0);
        assert!(told.is_err(), "{length}: {told:?}");
    }
    let mut damaged = whole.clone();
    let at = damaged
        .windows(9)
        .position(|found| found == b"Important")
        .expect("an entry that is not packed");
    damaged[at] = b'X';
    let told = disk.read(ALMA, ZIP, &damaged, 0).expect("the others");
    assert_eq!(told.unread.len(), 1, "{:?}", told.unread);
    assert!(told.unread[0].contains("is damaged"), "{:?}", told.unread);
    let kept: usize = told.pages.iter().map(|page| page.advisories.len()).sum();
    assert_eq!(kept, 19);
}

#[test]
fn an_archive_of_damaged_entries_is_refused_before_all_are_unpacked() {
    let disk = Disk::new();
    let damaged = |count| {
        let mut whole = archive(count);
        let found = |from: &[u8]| from.windows(9).position(|found| found == b"Important");
        let mut at = 0;
        while let Some(next) = found(&whole[at..]) {
            at += next;
            whole[at] = b'i';
        }
        whole
    };
    // Every second entry is packed and stays whole.
    let told = disk.read(ALMA, ZIP, &damaged(190), 0).expect("the others");
    assert_eq!(told.damaged, 95);
    let whole: Vec<(String, Vec<u8>)> = (0..150)
        .map(|number| (format!("{number}.json"), b"Important".to_vec()))
        .collect();
    let mut whole = zip(&whole);
    let sums: Vec<usize> = (0..whole.len() - 4)
        .filter(|at| whole[*at..].starts_with(b"PK\x01\x02"))
        .collect();
    for at in sums {
        whole[at + 16] ^= 1;
    }
    let refused = disk.read(ALMA, ZIP, &whole, 0).expect_err("refused");
    assert!(refused.contains("damaged"), "{refused}");
}

#[test]
fn an_archive_whose_entries_share_bytes_or_unpack_to_too_much_is_refused() {
    let disk = Disk::new();
    let files: Vec<(String, Vec<u8>)> = (0..200)
        .map(|number| (format!("{number}.json"), vec![b' '; 1_000]))
        .collect();
    let change = |at: usize, value: u32| {
        let mut whole = zip(&files);
        let places: Vec<usize> = (0..whole.len() - 4)
            .filter(|place| whole[*place..].starts_with(b"PK\x01\x02"))
            .collect();
        for place in places {
            whole[place + at..place + at + 4].copy_from_slice(&value.to_le_bytes());
        }
        disk.read(ALMA, ZIP, &whole, 0).expect_err("refused")
    };
    let over = change(20, 100_000);
    assert!(over.contains("over each other"), "{over}");
    let long = change(24, 15 * 1024 * 1024);
    assert!(long.contains("unpacks to more"), "{long}");
}

#[test]
fn a_bomb_a_cut_file_a_document_type_and_nothing_are_refused() {
    let disk = Disk::new();
    let url = "https://example.org/updateinfo.xml.gz";
    let bomb = gz(&vec![b' '; 64 * 1024 * 1024]);
    assert!(bomb.len() < 200_000);
    let told = disk.read(ALMA, url, &bomb, 0);
    assert!(
        told.clone().is_err_and(|why| why.contains("longer than")),
        "{told:?}"
    );
    let cut = gz(alsa(1_000).as_bytes());
    let told = disk.read(
        ALMA,
        "https://example.org/a.json.gz",
        &cut[..cut.len() - 6],
        0,
    );
    assert!(
        told.clone().is_err_and(|why| why.contains("cut")),
        "{told:?}"
    );
    let entity =
        br#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><updates><update/></updates>"#;
    let told = disk.read(ALMA, url, entity, 0);
    assert!(
        told.clone().is_err_and(|why| why.contains("document type")),
        "{told:?}"
    );
    for nothing in [
        "",
        "  \n",
        "<html>maintenance</html>",
        "{}",
        "[]",
        "not found",
    ] {
        let told = disk.read(
            Feed::Kev,
            "https://example.org/kev.json",
            nothing.as_bytes(),
            0,
        );
        assert!(told.is_err(), "{nothing:?}: {told:?}");
    }
    let half = &alsa(1_000)[..100];
    assert!(
        disk.read(ALMA, "https://example.org/a.json", half.as_bytes(), 0)
            .is_err()
    );
}

#[test]
fn a_page_of_a_list_leads_to_the_next() {
    let disk = Disk::new();
    let notice = |number: usize| {
        format!(
            r#"{{"id":"USN-{number}-1","published":"2024-07-01T09:06:31","cves_ids":["CVE-2024-6387"],"release_packages":{{"jammy":[{{"name":"openssh","version":"1:8.9p1-3ubuntu0.10","is_source":true}}]}}}}"#
        )
    };
    let page = |offset: usize, count: usize, all: usize| {
        let notices: Vec<String> = (offset..offset + count)
            .map(|at| notice(6000 + at))
            .collect();
        format!(
            r#"{{"limit":2,"offset":{offset},"total_results":{all},"notices":[{}]}}"#,
            notices.join(",")
        )
    };
    let url = "https://example.org/security/notices.json?limit=2&offset=2&order=oldest";
    let told = disk
        .read(UBUNTU, url, page(2, 2, 5).as_bytes(), 0)
        .expect("a page");
    assert_eq!(told.listed, Some((2, 5)));
    assert_eq!(
        told.next,
        ["https://example.org/security/notices.json?limit=2&order=oldest&offset=4"]
    );
    let told = disk
        .read(UBUNTU, url, page(4, 1, 5).as_bytes(), 0)
        .expect("the last");
    assert_eq!((told.next.len(), told.listed), (0, Some((1, 5))));
    let empty = disk.read(UBUNTU, url, page(2, 0, 5).as_bytes(), 0);
    assert!(empty.is_err_and(|why| why.contains("2 of 5")));

    let rocky = Feed::Vendor(Os::Rocky);
    let apollo = r#"{"advisories":[{"name":"RLSA-2024:1","synopsis":"Important: bash security update","severity":"Important","kind":"Security","published_at":"2024-07-05T00:00:00Z","cves":[],"packages":[{"nevra":"bash-0:5.1.8-9.el9.x86_64.rpm","repo_name":"BaseOS"}],"affected_products":["Rocky Linux 9 x86_64"]}],"total":7,"page":1,"links":{"next":"/api/v3/advisories/?page=2&size=1"}}"#;
    let url = "https://example.org/api/v3/advisories/?page=1&size=1";
    let told = disk.read(rocky, url, apollo.as_bytes(), 0).expect("a page");
    assert_eq!(
        told.next,
        ["https://example.org/api/v3/advisories/?page=2&size=1"]
    );
    assert_eq!(told.listed, Some((1, 7)));
    assert!(
        !told
            .unread
            .iter()
            .any(|why| why.contains("pages of Apollo")),
        "{:?}",
        told.unread
    );
}

#[test]
fn a_repository_and_an_index_lead_to_their_documents() {
    let disk = Disk::new();
    let amazon = Feed::Vendor(Os::Amazon);
    let list = "https://cdn.example.org/al2023/core/guids/0a1b/x86_64/\n";
    let url = "https://cdn.example.org/al2023/core/mirrors/latest/x86_64/mirror.list";
    let told = disk.read(amazon, url, list.as_bytes(), 0).expect("a list");
    let repomd = "https://cdn.example.org/al2023/core/guids/0a1b/x86_64/repodata/repomd.xml";
    assert_eq!(told.next, [repomd]);
    let index = r#"<?xml version="1.0"?><repomd><data type="primary"><location href="repodata/p.xml.gz"/></data><data type="updateinfo"><location href="repodata/updateinfo.xml.gz"/></data></repomd>"#;
    let told = disk
        .read(amazon, repomd, index.as_bytes(), 0)
        .expect("an index");
    assert_eq!(
        told.next,
        ["https://cdn.example.org/al2023/core/guids/0a1b/x86_64/repodata/updateinfo.xml.gz"]
    );

    let windows = Feed::Vendor(Os::Windows);
    let updates =
        r#"{"value":[{"ID":"2024-Aug"},{"ID":"2024-Jul"},{"ID":"2016-Apr-B"},{"ID":"../x"}]}"#;
    let url = "https://api.example.org/cvrf/v3.0/updates";
    let told = disk
        .read(windows, url, updates.as_bytes(), 0)
        .expect("an index");
    assert_eq!(
        told.next,
        [
            "https://api.example.org/cvrf/v3.0/cvrf/2024-Aug",
            "https://api.example.org/cvrf/v3.0/cvrf/2024-Jul"
        ]
    );
}

#[test]
fn scores_are_read_some_lines_at_a_time_and_none_is_lost() {
    let disk = Disk::new();
    let head =
        "#model_version:v2025.03.14,score_date:2024-07-02T00:00:00+0000\ncve,epss,percentile\n";
    let line = |number: usize| format!("CVE-2024-{number},0.5,0.9\n");
    let lines: String = (10_000..19_500).map(line).collect();
    let text = gz(format!("{head}{lines}").as_bytes());
    let url = "https://example.org/epss_scores-current.csv.gz";
    let (mut from, mut cves) = (0, std::collections::BTreeSet::new());
    for part in 1.. {
        let told = disk.read(Feed::Epss, url, &text, from).expect("a part");
        assert!(told.unread.is_empty(), "{:?}", told.unread);
        cves.extend(
            told.pages
                .iter()
                .flat_map(|page| page.signals.cves().cloned()),
        );
        match told.rest {
            Some(next) => from = next,
            None => {
                assert_eq!(part, 3);
                break;
            }
        }
    }
    assert_eq!(cves.len(), 9_500);
}

#[test]
fn what_a_document_is_is_told_by_its_contents() {
    let disk = Disk::new();
    let records = |told: Result<Told, String>| -> usize {
        let pages = told.expect("records").pages;
        let advisories = pages.iter().map(|page| page.advisories.len());
        let signals = pages.iter().map(|page| page.signals.cves().count());
        advisories.sum::<usize>() + signals.sum::<usize>()
    };
    let kev = br#"{"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2024-6387","dateAdded":"2024-07-02"}]}"#;
    let kev_url = "https://example.org/feeds/latest";
    assert_eq!(records(disk.read(Feed::Kev, kev_url, kev, 0)), 1);
    assert_eq!(records(disk.read(Feed::Kev, kev_url, &gz(kev), 0)), 1);
    let epss = b"#model_version:v2025.03.14,score_date:2024-07-02T00:00:00+0000\ncve,epss,percentile\nCVE-2024-6387,0.5,0.9\n";
    let url = "https://example.org/epss_scores-current.csv.gz";
    assert_eq!(records(disk.read(Feed::Epss, url, &gz(epss), 0)), 1);
    let dsa = b"[01 Jul 2024] DSA-5724-1 openssh - security update\n\t{CVE-2024-6387}\n\t[bookworm] - openssh 1:9.2p1-2+deb12u3\n";
    let debian = Feed::Vendor(Os::Debian);
    let url = "https://example.org/-/raw/master/data/DSA/list";
    assert_eq!(records(disk.read(debian, url, dsa, 0)), 1);
    let lines = format!("{}\n{}\n", alsa(1_000), alsa(1_001));
    let url = "https://example.org/alma";
    assert_eq!(records(disk.read(ALMA, url, lines.as_bytes(), 0)), 2);
}

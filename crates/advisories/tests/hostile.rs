//! Feeds as an attacker would write them: time and memory stay bounded, the neighbours are read, the trouble is named.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ingot_advisories::Folder;
use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::record::FeedState;

/// What reading may take of memory, beside what the text itself does.
const MOST_MEMORY: u64 = 700 * 1024 * 1024;

fn usn(id: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{id}","upstream":["UBUNTU-CVE-2024-0001"],"published":"2024-07-01T09:00:00Z",{more}"affected":[{{"package":{{"ecosystem":"Ubuntu:22.04:LTS","name":"sudo"}},"ranges":[{{"events":[{{"fixed":"2"}}]}}]}}]}}"#
    )
}

/// Reads a folder of one hostile file beside a good neighbour, and says how the feed stands and which ids were kept.
fn read(name: &str, bytes: &[u8]) -> (FeedState, Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    };
    put("ubuntu/usn.jsonl", usn("USN-1-1", "").as_bytes());
    put(name, bytes);
    let began = Instant::now();
    let now = "2024-08-01T00:00:00Z".parse().expect("a time");
    let read = Folder::read(folder.path(), now).expect("a folder");
    assert!(began.elapsed() < Duration::from_secs(60), "{name}");
    if let Ok(status) = fs::read_to_string(Path::new("/proc/self/status")) {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: u64 = peak
            .and_then(|peak| peak.split_whitespace().next()?.parse().ok())
            .unwrap_or_default();
        assert!(kib * 1024 < MOST_MEMORY, "{name}: {kib} KiB");
    }
    let ids = read.advisories.iter().map(|advisory| advisory.id.clone());
    let ids: Vec<String> = ids.collect();
    assert!(ids.contains(&"USN-1-1".to_owned()), "{name}: {ids:?}");
    let state = read.feed(Os::Ubuntu).cloned().unwrap_or_default();
    (state, ids, read.damaged().to_vec())
}

fn named(state: &FeedState, wanted: &str) {
    assert!(
        state.damaged.iter().any(|said| said.contains(wanted)),
        "{wanted}: {:?}",
        state.damaged
    );
}

#[test]
fn a_gzip_bomb_is_left_packed() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let block = vec![b' '; 1024 * 1024];
    for _ in 0..300 {
        packed.write_all(&block).expect("packed");
    }
    let (state, ids, _) = read("ubuntu/bomb.json.gz", &packed.finish().expect("packed"));
    named(&state, "ubuntu/bomb.json.gz is longer than");
    assert_eq!(ids.len(), 1);
    let (state, ..) = read("ubuntu/broken.json.gz", b"\x1f\x8b\x08\0no gzip");
    named(&state, "ubuntu/broken.json.gz cannot be read");
}

#[test]
fn entities_and_document_types_are_refused() {
    let laughs = br#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
        <!ENTITY x SYSTEM "file:///etc/passwd">]><updates><update type="security"><id>&b;&x;</id></update></updates>"#;
    let (state, ..) = read("ubuntu/updateinfo.xml", laughs);
    named(&state, "declares a document type");
    let deep = "<a>".repeat(100_000);
    let (state, ..) = read("ubuntu/deep.xml", deep.as_bytes());
    named(&state, "nests deeper than 64 elements");
    let cut = b"<updates><update type=\"security\"><id>ALAS-1";
    let (state, ..) = read("ubuntu/cut.xml", cut);
    named(&state, "ubuntu/cut.xml");
}

#[test]
fn a_description_of_ten_megabytes_costs_its_record_nothing() {
    let long = format!(r#""details":"{}","#, "x".repeat(10 * 1024 * 1024));
    let (state, ids, _) = read("ubuntu/long.jsonl", usn("USN-2-1", &long).as_bytes());
    assert_eq!((ids.len(), state.damaged.len()), (2, 0));
    let longer = format!(r#""details":"{}","#, "x".repeat(20 * 1024 * 1024));
    let text = format!("{}\n{}", usn("USN-2-1", &longer), usn("USN-3-1", ""));
    let (state, ids, _) = read("ubuntu/longer.jsonl", text.as_bytes());
    named(
        &state,
        "ubuntu/longer.jsonl line 1: is one record of more than",
    );
    assert!(ids.contains(&"USN-3-1".to_owned()));
}

#[test]
fn lists_and_nesting_without_end_are_bounded() {
    let deep = "[".repeat(1_000_000);
    let (state, ..) = read("ubuntu/deep.json", deep.as_bytes());
    named(&state, "ubuntu/deep.json is no JSON");
    let many = format!("[{}0]", "0,".repeat(20_000_000));
    let (_, ids, _) = read("ubuntu/many.json", many.as_bytes());
    assert_eq!(ids.len(), 1);
    let cves: Vec<String> = (0..200_000)
        .map(|n| format!(r#""CVE-2024-{n:06}""#))
        .collect();
    let more = format!(r#""related":[{}],"#, cves.join(","));
    let (_, ids, _) = read("ubuntu/cves.jsonl", usn("USN-2-1", &more).as_bytes());
    assert_eq!(ids.len(), 2);
}

#[test]
fn a_damaged_record_costs_its_neighbours_nothing() {
    let good = usn("USN-2-1", "");
    for (name, text, wanted) in [
        (
            "ubuntu/cut.jsonl",
            format!("{}\n{good}\n", &good[..good.len() / 2]),
            "ubuntu/cut.jsonl line 1",
        ),
        (
            "ubuntu/list.json",
            format!("[{good},{{\"id\":\"USN-3-1\",\"affected\":[]"),
            "ubuntu/list.json is no JSON to its end",
        ),
        (
            "ubuntu/types.json",
            format!("[{{\"id\":7,\"affected\":{{}}}},{good}]"),
            "ubuntu/types.json entry 0",
        ),
        (
            "ubuntu/nul.jsonl",
            format!("\0\0\0\n{good}\n"),
            "ubuntu/nul.jsonl line 1",
        ),
        (
            "ubuntu/undated.jsonl",
            format!(
                "{}\n{good}",
                usn("USN-3-1", "").replace("2024-07-01T09:00:00Z", "soon")
            ),
            "USN-3-1 has no time of publication",
        ),
    ] {
        let (state, ids, _) = read(name, text.as_bytes());
        named(&state, wanted);
        assert_eq!(ids, ["USN-1-1", "USN-2-1"], "{name}");
    }
    let (state, ..) = read("ubuntu/bytes.json", b"\xff\xfe\0{");
    named(&state, "ubuntu/bytes.json is no UTF-8 text");
}

#[test]
fn ids_that_lead_elsewhere_are_refused_and_doubles_are_one() {
    for id in [
        "USN-../../etc/passwd",
        "USN-1/2",
        "USN-1?x=y",
        "USN-<b>1</b>",
    ] {
        let (state, ids, _) = read("ubuntu/id.jsonl", usn(id, "").as_bytes());
        named(&state, "is no id");
        assert_eq!(ids.len(), 1, "{id}");
    }
    let twice = format!("{}\n{}\n", usn("USN-1-1", ""), usn("USN-1-1", ""));
    let (state, ids, _) = read("ubuntu/twice.jsonl", twice.as_bytes());
    assert_eq!((ids.len(), state.records), (1, 1));
}

#[test]
fn a_record_that_was_withdrawn_keeps_the_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ubuntu");
    fs::create_dir_all(&path).expect("made");
    let more = r#""withdrawn":"2024-07-20T10:00:00Z","#;
    fs::write(path.join("usn.jsonl"), usn("USN-1-1", more)).expect("written");
    let now = "2024-08-01T00:00:00Z".parse().expect("a time");
    let read = Folder::read(folder.path(), now).expect("a folder");
    let withdrawn = read.advisories[0].withdrawn.map(|at| at.to_rfc3339());
    assert_eq!(withdrawn.as_deref(), Some("2024-07-20T10:00:00+00:00"));
}

#[test]
fn records_of_the_future_are_named_and_make_no_feed_fresh() {
    let future = usn("USN-2-1", "").replace("2024-07-01", "2999-07-01");
    let (state, ids, notes) = read("ubuntu/future.jsonl", future.as_bytes());
    assert_eq!(ids.len(), 2);
    assert_eq!(notes, ["USN-2-1 is dated 2999-07-01, in the future"]);
    let newest = state.newest.map(|at| at.to_rfc3339());
    assert_eq!(newest.as_deref(), Some("2024-07-01T09:00:00+00:00"));
}

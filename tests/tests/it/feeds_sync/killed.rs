//! Workers that die between the steps of a sync: what was read is not lost, what is read again is not doubled.

use std::time::Duration;

use std::time::Instant;

use ingot_client::feed::Feed;
use ingot_tests::Stack;

use super::host::{Host, Manner};
use super::{LONG, kev, list, mirrored, seen, stack, story};

#[tokio::test]
async fn a_worker_killed_between_pages_loses_none_and_doubles_none() {
    let mut stack = stack(1).await;
    let host = Host::start().await;
    let url = list(&host, 12, 120);
    let feed = killed(&mut stack, "ubuntu", &url, 3).await;
    assert_eq!(
        (feed.records, feed.state.as_str()),
        (120, "ok"),
        "{feed:#?}"
    );
    let heard = host.heard();
    let mut pages: Vec<&String> = heard.iter().map(|(path, _, _)| path).collect();
    pages.sort();
    pages.dedup();
    assert_eq!(pages.len(), 12, "every page: {heard:?}");
    let begun = heard.iter().filter(|(path, _, _)| path.ends_with("=0"));
    assert!(
        begun.count() <= 2,
        "the list goes on where it was: {heard:?}"
    );
    for number in [6_000, 6_057, 6_119] {
        let id = format!("USN-{number}-1");
        let known = stack.client.advisory(&id).await.unwrap();
        assert_eq!(known.advisories.len(), 1, "{known:#?}");
    }
}

#[tokio::test]
async fn a_worker_killed_over_what_lies_on_its_disk_loses_none_and_doubles_none() {
    let mut stack = stack(1).await;
    let host = Host::start().await;
    // Six pages of signals, which wait on the disk.
    host.put("/kev.json", kev(12_000), Manner::Well);
    let feed = killed(&mut stack, "kev", &host.url("/kev.json"), 4).await;
    assert_eq!(
        (feed.records, feed.state.as_str()),
        (12_000, "ok"),
        "{feed:#?}"
    );
    let told = story(&stack, "kev").await;
    assert!(
        told.iter().any(|line| line.starts_with("feed.anew")),
        "another worker begins anew: {told:#?}"
    );
    // An archive of which 200 entries are read at a time.
    host.put("/all.zip", archive(450), Manner::Well);
    let feed = killed(&mut stack, "almalinux", &host.url("/all.zip"), 3).await;
    assert_eq!(
        (feed.records, feed.state.as_str()),
        (450, "ok"),
        "{feed:#?}"
    );
}

/// Workers that die after so many steps in all, one after the other, and one that brings the sync to its end.
async fn killed(stack: &mut Stack, name: &str, url: &str, deaths: usize) -> Feed {
    for place in 0..stack.workers.len() {
        if stack.workers[place].runs() {
            stack.kill_worker(place).await.unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let shared = folder.path().display();
    let plan = format!("feed.stepped=abort*{deaths};shared={shared}");
    let environment: [(&str, &str); 1] = [("INGOT_FAILPOINTS", &plan)];
    mirrored(stack, name, url).await;
    let asked = stack.client.sync_feed(name).await.unwrap();
    for _ in 0..=deaths {
        let place = stack.add_worker_with(&environment).await.unwrap();
        let deadline = Instant::now() + LONG;
        while stack.workers[place].runs() {
            assert!(Instant::now() < deadline, "{}", stack.said());
            let feed = seen(stack, name).await;
            if feed.has_ended_since(asked.asked_at) {
                assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), deaths);
                return feed;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    panic!("it did not end: {}", stack.said())
}

/// A zip archive of OSV records, none of them packed.
fn archive(count: usize) -> Vec<u8> {
    let (mut all, mut list) = (Vec::new(), Vec::new());
    for number in 1_000..1_000 + count {
        let name = format!("ALSA-2026:{number}.json");
        let record = format!(
            r#"{{"id":"ALSA-2026:{number}","summary":"Important: bash security update","published":"2026-11-20T00:00:00Z","related":["CVE-2026-{number}"],"affected":[{{"package":{{"ecosystem":"AlmaLinux:9","name":"bash"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"5.1.8-{number}.el9"}}]}}]}}]}}"#
        );
        let word = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
        let mut facts = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        facts.extend(sum(record.as_bytes()).to_le_bytes());
        facts.extend(word(record.len()));
        facts.extend(word(record.len()));
        facts.extend(word(name.len()));
        list.extend(b"PK\x01\x02\x14\x00");
        list.extend(&facts);
        list.extend([0; 10]);
        list.extend(word(all.len()));
        list.extend(name.as_bytes());
        all.extend(b"PK\x03\x04");
        all.extend(&facts);
        all.extend(name.as_bytes());
        all.extend(record.as_bytes());
    }
    let word = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    let from = word(all.len());
    all.extend(&list);
    all.extend(b"PK\x05\x06\x00\x00\x00\x00");
    let half = u16::try_from(count).unwrap().to_le_bytes();
    all.extend([half, half].concat());
    all.extend(word(list.len()));
    all.extend(from);
    all.extend([0, 0]);
    all
}

/// The sum that zip keeps of an entry.
fn sum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(!0, step)
}

//! Feeds over the network, from a real host on loopback: fetched once and unchanged for nothing, in parts and in pages, by
//! workers that die; and what is cut, shrunken, a bomb, slow, or leads inward, which leaves the old records and says why.

mod host;
mod killed;

use std::time::Duration;

use ingot_client::feed::{Feed, SetFeed};
use ingot_tests::{Options, Stack, until};

use host::{Host, Manner};

const LONG: Duration = Duration::from_secs(120);

/// The settings of processes that may ask loopback.
fn outside(feeds: &str) -> Vec<(String, String)> {
    [("INGOT_FEEDS", feeds), ("INGOT_FEED_CIDRS", "127.0.0.0/8")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// A stack of which only the feeds that a test turns on are fetched: with workers, or embedded without.
async fn stack(workers: usize) -> Stack {
    let options = Options {
        workers: 0,
        environment: outside("asked"),
        ..Options::default()
    };
    if workers == 0 {
        let stack = Stack::embedded_with(options).await.unwrap();
        quiet(&stack).await;
        return stack;
    }
    let mut stack = Stack::scaled_with(options).await.unwrap();
    quiet(&stack).await;
    stack.environment.extend(outside("network"));
    for _ in 0..workers {
        stack.add_worker().await.unwrap();
    }
    stack
}

/// No publisher is asked by tests.
async fn quiet(stack: &Stack) {
    for feed in stack.client.feeds().await.unwrap().items {
        let off = SetFeed {
            enabled: Some(false),
            urls: None,
        };
        stack.client.set_feed(&feed.name, &off).await.unwrap();
    }
}

async fn mirrored(stack: &Stack, feed: &str, url: &str) {
    let set = SetFeed {
        enabled: Some(true),
        urls: Some(vec![url.to_owned()]),
    };
    stack.client.set_feed(feed, &set).await.unwrap();
}

async fn seen(stack: &Stack, name: &str) -> Feed {
    let all = stack.client.feeds().await.unwrap().items;
    all.into_iter().find(|feed| feed.name == name).unwrap()
}

/// Asks for a sync and waits for its end.
async fn synced(stack: &Stack, name: &str) -> Feed {
    let asked = stack.client.sync_feed(name).await.unwrap();
    let waited = until("the end of a sync", LONG, || async {
        let feed = seen(stack, name).await;
        Ok(feed.has_ended_since(asked.asked_at).then_some(feed))
    })
    .await;
    waited.unwrap_or_else(|error| panic!("{error:#}\n{}", stack.said()))
}

async fn story(stack: &Stack, name: &str) -> Vec<String> {
    let filter = ingot_client::event::EventFilter::default();
    let page = stack.client.feed_events(name, &filter).await.unwrap();
    page.items
        .into_iter()
        .map(|line| format!("{} {}", line.kind, line.message))
        .collect()
}

fn kev(count: usize) -> String {
    let entries: Vec<String> = (0..count)
        .map(|number| {
            let number = 1_000 + number;
            format!(r#"{{"cveID":"CVE-2024-{number}","dateAdded":"2026-11-20"}}"#)
        })
        .collect();
    format!(
        r#"{{"catalogVersion":"2026.11.20","vulnerabilities":[{}]}}"#,
        entries.join(",")
    )
}

fn notices(offset: usize, count: usize, all: usize) -> String {
    let notices: Vec<String> = (offset..offset + count)
        .map(|number| {
            let number = 6_000 + number;
            format!(
                r#"{{"id":"USN-{number}-1","published":"2026-11-20T09:06:31","cves_ids":["CVE-2026-{number}"],"release_packages":{{"jammy":[{{"name":"openssh","version":"1:8.9p1-3","is_source":true}}]}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"limit":{count},"offset":{offset},"total_results":{all},"notices":[{}]}}"#,
        notices.join(",")
    )
}

/// A list of notices in pages of ten; answers where it begins.
fn list(host: &Host, pages: usize, told: usize) -> String {
    for page in 0..pages {
        let path = match page {
            0 => "/notices.json?limit=10&offset=0".to_owned(),
            _ => format!("/notices.json?limit=10&offset={}", page * 10),
        };
        host.put(&path, notices(page * 10, 10, told), Manner::Well);
    }
    host.url("/notices.json?limit=10&offset=0")
}

#[tokio::test]
async fn a_feed_is_fetched_once_and_unchanged_for_nothing_embedded() {
    fetched(&stack(0).await).await;
}

#[tokio::test]
async fn a_feed_is_fetched_once_and_unchanged_for_nothing_scaled() {
    fetched(&stack(2).await).await;
}

async fn fetched(stack: &Stack) {
    let host = Host::start().await;
    host.put("/kev.json", kev(100), Manner::Well);
    mirrored(stack, "kev", &host.url("/kev.json")).await;
    let first = synced(stack, "kev").await;
    assert_eq!(
        (first.records, first.state.as_str()),
        (100, "ok"),
        "{first:#?}"
    );
    assert_eq!(first.source, Some(host.url("/kev.json")));
    assert!(first.next_sync_at > first.last_checked, "{first:#?}");
    host.heard();
    let again = synced(stack, "kev").await;
    assert_eq!(again.records, 100);
    assert!(again.fetched_at > first.fetched_at, "{again:#?}");
    let heard = host.heard();
    assert!(
        !heard.is_empty() && heard.iter().all(|(_, _, status)| *status == 304),
        "{heard:?}"
    );
    host.put("/kev.json", kev(120), Manner::WithoutRanges);
    let more = synced(stack, "kev").await;
    assert_eq!(more.records, 120, "{more:#?}");

    // What has far fewer records, is cut, no catalogue, or away, replaces nothing and says why.
    for (bytes, manner, state, why) in [
        (
            kev(50),
            Manner::Well,
            "stale",
            "50 records where there were 120",
        ),
        (kev(150), Manner::Cut, "stale", "broke off"),
        (
            "<html>maintenance</html>".to_owned(),
            Manner::Well,
            "stale",
            "no JSON",
        ),
        (kev(150), Manner::Status(403), "failing", "403"),
        (kev(150), Manner::Status(503), "failing", "503"),
    ] {
        host.put("/kev.json", bytes, manner);
        let bad = synced(stack, "kev").await;
        assert_eq!((bad.records, bad.state.as_str()), (120, state), "{bad:#?}");
        assert!(bad.why.iter().any(|said| said.contains(why)), "{bad:#?}");
        assert!(bad.last_error.is_some_and(|said| said.contains(why)));
    }
    host.put("/kev.json", kev(121), Manner::Well);
    let well = synced(stack, "kev").await;
    assert_eq!(
        (well.records, well.state.as_str()),
        (121, "ok"),
        "{well:#?}"
    );
    assert_eq!(well.last_error, None);
    let told = story(stack, "kev").await;
    for kind in ["feed.set", "feed.synced", "feed.refused", "feed.failed"] {
        assert!(told.iter().any(|line| line.starts_with(kind)), "{told:#?}");
    }
    let told = stack.ingot(&["advisories", "logs", "kev"]).await.unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("121 records from"), "{told}");
    let done = stack.ingot(&["advisories", "sync", "kev"]).await.unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[tokio::test]
async fn a_host_that_leads_inward_a_bomb_and_a_silent_one_are_refused() {
    let stack = stack(0).await;
    let host = Host::start().await;
    let metadata = "http://169.254.169.254/latest/meta-data/".to_owned();
    let other = "http://127.0.0.1:1/".to_owned();
    for place in [metadata, other] {
        host.put("/kev.json", "", Manner::Redirect(place));
        mirrored(&stack, "kev", &host.url("/kev.json")).await;
        let bad = synced(&stack, "kev").await;
        let why = bad.last_error.clone().unwrap_or_default();
        assert!(why.contains("redirects to"), "{bad:#?}");
        assert_eq!(
            (bad.state.as_str(), bad.records > 0),
            ("failing", true),
            "samples stay"
        );
    }
    let set = SetFeed {
        enabled: None,
        urls: Some(vec!["http://169.254.169.254/latest".to_owned()]),
    };
    assert!(stack.client.set_feed("kev", &set).await.is_err());
    let link = SetFeed {
        enabled: Some(true),
        urls: Some(vec!["https://169.254.169.254/latest".to_owned()]),
    };
    stack.client.set_feed("kev", &link).await.unwrap();
    let bad = synced(&stack, "kev").await;
    let why = bad.last_error.clone().unwrap_or_default();
    assert!(why.contains("address inside"), "{bad:#?}");

    host.put("/epss.csv.gz", bomb(), Manner::Well);
    mirrored(&stack, "epss", &host.url("/epss.csv.gz")).await;
    let bad = synced(&stack, "epss").await;
    let why = bad.last_error.clone().unwrap_or_default();
    assert!(why.contains("longer than"), "{bad:#?}");

    host.put("/kev.json", kev(10), Manner::Silent);
    mirrored(&stack, "kev", &host.url("/kev.json")).await;
    let run = stack.ingot(&["advisories", "sync", "kev"]).await.unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("took longer than 15 s"), "{said}");
    assert!(said.contains("ingot advisories set kev --mirror"), "{said}");
    let bad = seen(&stack, "kev").await;
    assert_eq!(bad.state, "failing", "{bad:#?}");
    // The API and its other work went on meanwhile.
    assert!(stack.client.feeds().await.is_ok());
}

/// 64 MiB of spaces, packed: members of one MiB each, one after the other.
fn bomb() -> Vec<u8> {
    // A member as gzip writes it: a stored-length trailer after 1 MiB of blanks; made once with `gzip -9`.
    let member = include_bytes!("feeds_sync/blanks.gz");
    member.repeat(64)
}

#[tokio::test]
async fn a_large_file_comes_in_parts_and_one_that_changes_begins_anew() {
    let stack = stack(1).await;
    let host = Host::start().await;
    // About 10 MiB: three parts.
    let filler = " ".repeat(10 * 1024 * 1024);
    let large = format!("{}{filler}", kev(50));
    host.put("/kev.json", large.clone(), Manner::Well);
    mirrored(&stack, "kev", &host.url("/kev.json")).await;
    let feed = synced(&stack, "kev").await;
    assert_eq!((feed.records, feed.state.as_str()), (50, "ok"), "{feed:#?}");
    let parts = host.heard();
    let statuses: Vec<u16> = parts.iter().map(|(_, _, status)| *status).collect();
    assert_eq!(statuses, [206, 206, 206], "{parts:?}");

    host.put("/kev.json", large, Manner::Changing);
    let bad = synced(&stack, "kev").await;
    assert_eq!((bad.records, bad.state.as_str()), (50, "stale"), "{bad:#?}");
    let told = story(&stack, "kev").await;
    let anew = told.iter().filter(|line| line.starts_with("feed.anew"));
    assert_eq!(anew.count(), 2, "{told:#?}");
}

#[tokio::test]
async fn a_list_that_ends_early_or_has_an_unread_part_leaves_no_feed_ok() {
    let stack = stack(2).await;
    let host = Host::start().await;
    let url = list(&host, 3, 30);
    mirrored(&stack, "ubuntu", &url).await;
    let feed = synced(&stack, "ubuntu").await;
    assert_eq!((feed.records, feed.state.as_str()), (30, "ok"), "{feed:#?}");
    let told = story(&stack, "ubuntu").await;
    let once = told.iter().filter(|line| line.starts_with("feed.synced"));
    assert_eq!(once.count(), 1, "two workers, one sync: {told:#?}");

    list(&host, 3, 45);
    host.put(
        "/notices.json?limit=10&offset=30",
        notices(30, 0, 45),
        Manner::Well,
    );
    let bad = synced(&stack, "ubuntu").await;
    assert_eq!((bad.records, bad.state.as_str()), (30, "stale"), "{bad:#?}");
    assert!(
        bad.why.iter().any(|why| why.contains("30 of 45")),
        "{bad:#?}"
    );

    list(&host, 3, 30);
    let damaged = notices(10, 10, 30).replace("USN-6015-1", "../../etc");
    host.put("/notices.json?limit=10&offset=10", damaged, Manner::Well);
    let bad = synced(&stack, "ubuntu").await;
    assert_eq!((bad.records, bad.state.as_str()), (29, "stale"), "{bad:#?}");
    assert_eq!(bad.unread.len(), 1, "{bad:#?}");
    assert!(bad.why.iter().any(|why| why.contains("could not be read")));
}

#[tokio::test]
async fn feeds_that_are_due_are_fetched_without_being_asked_for_and_off_is_off() {
    let stack = stack(2).await;
    let host = Host::start().await;
    host.put("/kev.json", kev(10), Manner::Well);
    mirrored(&stack, "kev", &host.url("/kev.json")).await;
    let feed = until("a sync by itself", LONG, || async {
        let feed = seen(&stack, "kev").await;
        Ok(feed.last_checked.is_some().then_some(feed))
    });
    assert_eq!(feed.await.unwrap().records, 10);
    assert_eq!(host.heard().len(), 1, "by one of two workers, once");
    assert!(stack.client.sync_feed("epss").await.is_err(), "it is off");
}

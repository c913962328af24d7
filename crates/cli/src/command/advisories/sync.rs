//! `ingot advisories sync` and `set`: feeds fetched over the network now, waited for with what is happening, and from where.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ingot_client::feed::{Feed, FeedSync, SetFeed};
use ingot_client::{Client, Page};

use super::feeds;
use crate::args::advisories::sync::{SetArgs, SyncArgs};
use crate::failure::{Exit, TimedOut, Usage};
use crate::output::{Output, clean};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// After so long without a worker's sign it is said what may be missing.
const SILENT: Duration = Duration::from_secs(20);

/// Asks, and waits until every sync has ended.
pub(crate) async fn run(
    client: &Client,
    output: Output,
    wanted: SyncArgs,
) -> anyhow::Result<ExitCode> {
    let names: Vec<String> = match wanted.feed {
        Some(name) => vec![name],
        None => {
            let all = client.feeds().await?.items;
            let on = all.into_iter().filter(|feed| feed.enabled);
            on.map(|feed| feed.name).collect()
        }
    };
    let mut asked = Vec::new();
    for name in names {
        let answer = client.sync_feed(&name).await?;
        asked.push((name, answer.asked_at));
    }
    let seen = match wanted.no_wait {
        true => of(client, &asked).await?,
        false => waited(client, &asked, wanted.timeout).await?,
    };
    let failed = |feed: &&Feed| feed.last_error.is_some();
    let mut exit = ExitCode::SUCCESS;
    if !wanted.no_wait {
        for feed in seen.iter().filter(failed) {
            tell(feed);
            exit = Exit::Failed.into();
        }
    }
    let page = Page {
        items: seen,
        next_cursor: None,
    };
    output.result(&page, |page| feeds::of(&page.items))?;
    Ok(exit)
}

/// The feeds that were asked for, as they are.
async fn of(client: &Client, asked: &[(String, DateTime<Utc>)]) -> anyhow::Result<Vec<Feed>> {
    let mut all = client.feeds().await?.items;
    all.retain(|feed| asked.iter().any(|(name, _)| *name == feed.name));
    Ok(all)
}

async fn waited(
    client: &Client,
    asked: &[(String, DateTime<Utc>)],
    longest: Duration,
) -> anyhow::Result<Vec<Feed>> {
    let (begun, mut told) = (Instant::now(), Vec::new());
    let mut silent = Some(SILENT);
    loop {
        let seen = of(client, asked).await?;
        let ended = |feed: &Feed| {
            let at = asked.iter().find(|(name, _)| *name == feed.name);
            at.is_some_and(|(_, at)| feed.has_ended_since(*at))
        };
        for feed in &seen {
            let said = match &feed.syncing {
                _ if ended(feed) => match &feed.last_error {
                    Some(_) => format!("{}: failed", clean(&feed.name)),
                    None => format!("{}: {} records", clean(&feed.name), feed.records),
                },
                Some(sync) => progress(feed, sync),
                None => continue,
            };
            if !told.contains(&said) {
                eprintln!("{said}");
                told.push(said);
                silent = None;
            }
        }
        if seen.iter().all(ended) {
            return Ok(seen);
        }
        if silent.is_some_and(|silent| begun.elapsed() > silent) {
            eprintln!(
                "no worker has begun yet: `ingot status` says whether one runs, `ingot tasks list --queue feeds` what waits"
            );
            silent = None;
        }
        if begun.elapsed() > longest {
            let what =
                "the syncs have not ended yet and go on; `ingot advisories feeds` shows them";
            return Err(TimedOut(what.to_owned()).into());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn progress(feed: &Feed, sync: &FeedSync) -> String {
    let mut said = clean(&feed.name);
    match (&sync.document, sync.of_bytes) {
        (Some(document), Some(of)) if of > sync.bytes => {
            let part = sync.bytes * 100 / of.max(1);
            said.push_str(&format!(": {part} % of {}", clean(document)));
        }
        (Some(document), _) => said.push_str(&format!(": {}", clean(document))),
        (None, _) => said.push_str(": all documents are there"),
    }
    // Every tenth page is enough to see that it goes on.
    let tens = sync.pages / 10 * 10;
    if tens > 0 {
        said = format!("{}: {tens} pages", clean(&feed.name));
    }
    said
}

/// Why a feed was not fetched, and what to do.
fn tell(feed: &Feed) {
    let name = clean(&feed.name);
    let why = clean(feed.last_error.as_deref().unwrap_or_default());
    eprintln!("{name}: {why}");
    let away = ["cannot be reached", "cannot be looked up", "took longer"];
    if away.iter().any(|word| why.contains(word)) {
        eprintln!(
            "{name}: is its host reachable from the workers (a proxy is named by HTTPS_PROXY)? In a closed network name a mirror \
             with `ingot advisories set {name} --mirror https://…`, or load a folder with `ingot advisories load DIR`"
        );
    }
    if why.contains("address inside") {
        eprintln!("{name}: a mirror in a private network is opened to workers by `--feed-cidrs`");
    }
}

/// `ingot advisories set`
pub(crate) async fn set(client: &Client, output: Output, wanted: SetArgs) -> anyhow::Result<()> {
    let urls = match (wanted.publisher, wanted.mirror.is_empty()) {
        (true, _) => Some(Vec::new()),
        (false, false) => Some(wanted.mirror),
        (false, true) => None,
    };
    let enabled = match (wanted.on, wanted.off) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    if urls.is_none() && enabled.is_none() {
        let text = "say what to set: --mirror URL, --publisher, --on or --off";
        return Err(Usage(text.to_owned()).into());
    }
    let set = SetFeed { enabled, urls };
    let feed = client.set_feed(&wanted.feed, &set).await?;
    output.result(&feed, |feed| {
        let state = if feed.enabled { "" } else { "\nit is off" };
        format!(
            "{} is fetched from {}{state}",
            clean(&feed.name),
            clean(&feed.urls.join(", "))
        )
    })
}

//! `ingot advisories load`: a folder of vendors' files, read here and sent to the API, one feed after the other, page by
//! page.

use ingot_advisories::parts::{self, Part};
use ingot_client::feed::{EndFeedLoad, Feed, FeedPage, NewFeedLoad};
use ingot_client::{Client, ClientError, Page};
use sha2::{Digest, Sha256};

use super::feeds;
use crate::args::advisories::feeds::LoadArgs;
use crate::failure::Refused;
use crate::output::{Output, clean};

/// How often a page is sent whose answer was lost.
const TRIES: u32 = 4;
/// The pause before the second time.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// Runs it. One feed that is refused stops no other; the first refusal is the command's.
pub(crate) async fn run(client: &Client, output: Output, wanted: LoadArgs) -> anyhow::Result<()> {
    let shown = wanted.folder.display().to_string();
    let mut files =
        parts::files(&wanted.folder).map_err(|cause| Refused(format!("`{shown}`: {cause}")))?;
    for name in &wanted.feed {
        if !files.iter().any(|files| files.feed.name() == name) {
            let there: Vec<&str> = files.iter().map(|files| files.feed.name()).collect();
            let there = there.join(", ");
            return Err(
                Refused(format!("`--feed {name}`: `{shown}` has files of: {there}")).into(),
            );
        }
    }
    if !wanted.feed.is_empty() {
        files.retain(|files| wanted.feed.iter().any(|name| files.feed.name() == name));
    }
    if files.is_empty() {
        return Err(Refused(format!(
            "`{shown}` holds no feed: it needs a subfolder per vendor (ubuntu, debian, almalinux, rocky, redhat, amazon, \
             windows) or kev or epss, with the vendors' files"
        ))
        .into());
    }
    let (mut loaded, mut refused) = (Vec::new(), None);
    for files in files {
        let part = files.read(crate::command::now());
        let name = part.feed.name();
        if part.records == 0 {
            eprintln!("{name}: no record could be read, it is left as it is");
            tell_unread(&part);
            continue;
        }
        match send(client, &part, &shown, wanted.fewer).await {
            Ok(feed) => {
                tell_unread(&part);
                loaded.push(feed);
            }
            Err(ClientError::Problem(problem)) if matches!(problem.status, 409 | 422) => {
                // The first is the command's error.
                if refused.is_some() {
                    eprintln!("{name}: {}", clean(&problem.detail));
                }
                refused = refused.or(Some(ClientError::Problem(problem)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if loaded.is_empty() && refused.is_none() {
        return Err(Refused(format!("`{shown}` holds no record that can be read")).into());
    }
    let page = Page {
        items: loaded,
        next_cursor: None,
    };
    if output.json || !page.items.is_empty() {
        output.result(&page, |page| feeds::of(&page.items))?;
    }
    refused.map_or(Ok(()), |error| Err(error.into()))
}

async fn send(
    client: &Client,
    part: &Part,
    source: &str,
    fewer: bool,
) -> Result<Feed, ClientError> {
    let name = part.feed.name();
    let etag = digest(part);
    let new = NewFeedLoad {
        etag: Some(etag.clone()),
    };
    let begun = client.begin_feed_load(name, &new).await?;
    let Some(generation) = begun.generation else {
        eprintln!(
            "{name}: the same {} records are loaded already",
            part.records
        );
        let feeds = client.feeds().await?.items;
        let same = feeds.into_iter().find(|feed| feed.name == name);
        return same.ok_or_else(|| ClientError::Setup(format!("the API knows no feed `{name}`")));
    };
    let all = part.pages.len();
    for (number, page) in part.pages.iter().enumerate() {
        let page = FeedPage { page: page.clone() };
        again(async || client.add_feed_page(name, generation, number, &page).await).await?;
        let sent = number + 1;
        if sent == all || sent % 10 == 0 {
            eprintln!(
                "{name}: {sent} of {all} pages, {} records in all",
                part.records
            );
        }
    }
    let end = EndFeedLoad {
        source: source.to_owned(),
        etag: Some(etag),
        unread: part.unread.iter().take(20).cloned().collect(),
        fewer,
    };
    again(async || client.end_feed_load(name, generation, &end).await).await
}

/// Pages and ends may come twice, so one whose answer was lost is sent again.
async fn again<T>(mut call: impl AsyncFnMut() -> Result<T, ClientError>) -> Result<T, ClientError> {
    let mut tries = 1;
    loop {
        match call().await {
            Err(ClientError::Unreachable { .. }) if tries < TRIES => {
                tokio::time::sleep(PAUSE * tries).await;
                tries += 1;
            }
            end => return end,
        }
    }
}

/// What differs when the records do.
fn digest(part: &Part) -> String {
    let mut digest = Sha256::new();
    for page in &part.pages {
        // What cannot be written as JSON is refused when it is sent.
        digest.update(serde_json::to_vec(page).unwrap_or_default());
    }
    let hex: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}

fn tell_unread(part: &Part) {
    for unread in part.unread.iter().take(5) {
        eprintln!("{}: not read: {}", part.feed.name(), clean(unread));
    }
    if part.unread.len() > 5 {
        eprintln!(
            "{}: {} parts could not be read",
            part.feed.name(),
            part.unread.len()
        );
    }
}

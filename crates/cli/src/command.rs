//! The commands that are clients of the HTTP API and nothing else, and what they share.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use ingot_client::{ClientError, Page};

use crate::args::page::PageArgs;
use crate::failure::Refused;

pub(crate) mod advisories;
pub(crate) mod auto_ami;
pub(crate) mod aws;
pub(crate) mod base_images;
pub(crate) mod base_updates;
pub(crate) mod budget;
pub(crate) mod builds;
pub(crate) mod config;
pub(crate) mod deploy;
pub(crate) mod deployments;
pub(crate) mod doctor;
pub(crate) mod findings;
pub(crate) mod guide;
pub(crate) mod ids;
pub(crate) mod images;
pub(crate) mod mistakes;
pub(crate) mod notifications;
pub(crate) mod operations;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod prices;
pub(crate) mod queues;
pub(crate) mod retention;
pub(crate) mod story;
pub(crate) mod tasks;
pub(crate) mod templates;
pub(crate) mod why;

/// Repetitions of a creating call whose answer was lost.
const REPEATS: u32 = 3;

/// One page, or with `--all` every page as if it were one.
async fn pages<T>(
    wanted: &PageArgs,
    mut fetch: impl AsyncFnMut(Option<String>) -> Result<Page<T>, ClientError>,
) -> anyhow::Result<Page<T>> {
    let mut page = fetch(wanted.cursor.clone()).await?;
    while wanted.all
        && let Some(cursor) = page.next_cursor.take()
    {
        let next = fetch(Some(cursor)).await?;
        page.items.extend(next.items);
        page.next_cursor = next.next_cursor;
    }
    Ok(page)
}

/// Says on stderr that there is more, which is not part of the result.
fn mention_rest<T>(page: &Page<T>, json: bool) {
    if page.items.is_empty() && !json {
        eprintln!("nothing found");
    }
    if let Some(cursor) = page.next_cursor.as_deref().filter(|_| !json) {
        eprintln!(
            "there is more: --all, or --cursor {}",
            crate::output::clean(cursor)
        );
    }
}

/// Repeats a creating call whose answer was lost; its idempotency key makes that safe.
async fn repeated<T>(
    pause: Duration,
    mut call: impl AsyncFnMut() -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let mut repeats = 0;
    loop {
        match call().await {
            Err(error) if repeats < REPEATS && may_be_lost(&error) => {
                repeats += 1;
                eprintln!("no answer; asking again ({repeats} of {REPEATS})");
                tokio::time::sleep(pause * repeats).await;
            }
            end => return end,
        }
    }
}

/// Whether the call may have had its effect without us hearing of it. A connection that was never made had none.
fn may_be_lost(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { source, .. } => !source.is_connect() && !source.is_builder(),
        ClientError::Foreign { status, .. } => *status >= 500,
        ClientError::Problem(problem) => matches!(problem.status, 500 | 502..=504),
        ClientError::Setup(_) => false,
    }
}

/// A text file, or stdin for `-`.
fn read(path: &Path) -> anyhow::Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|cause| Refused(format!("stdin cannot be read as UTF-8 text: {cause}")))?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(|cause| {
        let shown = path.display();
        Refused(format!("`{shown}` cannot be read as UTF-8 text: {cause}")).into()
    })
}

/// A key that no other request has.
fn random_key() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// This computer's time in whole seconds, for commands that ask no API: the command line is the outermost room.
#[expect(
    clippy::disallowed_methods,
    reason = "what is judged or listed begins now unless a time is given"
)]
pub(crate) fn now() -> ingot_domain::Instant {
    let now = chrono::Utc::now();
    chrono::DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_pages_become_one_and_one_page_stays_one() {
        let fetch = async |cursor: Option<String>| {
            let at: u32 = cursor.map_or(0, |cursor| cursor.parse().unwrap_or(9));
            Ok(Page {
                items: vec![at],
                next_cursor: (at < 2).then(|| (at + 1).to_string()),
            })
        };
        let all = PageArgs {
            all: true,
            ..PageArgs::default()
        };
        let page = pages(&all, fetch).await.expect("pages");
        assert_eq!((page.items, page.next_cursor), (vec![0, 1, 2], None));
        let page = pages(
            &PageArgs {
                cursor: Some("1".to_owned()),
                ..PageArgs::default()
            },
            fetch,
        )
        .await
        .expect("page");
        assert_eq!(
            (page.items, page.next_cursor),
            (vec![1], Some("2".to_owned()))
        );
    }

    #[tokio::test]
    async fn a_lost_answer_is_asked_for_again_and_a_refusal_is_not() {
        let lost = || ClientError::Foreign {
            url: String::new(),
            status: 502,
            detail: String::new(),
        };
        let refused = || ClientError::Foreign {
            url: String::new(),
            status: 404,
            detail: String::new(),
        };
        let mut calls = 0;
        let end = repeated(Duration::ZERO, async || {
            calls += 1;
            if calls < 3 { Err(lost()) } else { Ok(calls) }
        });
        assert_eq!(end.await.ok(), Some(3));
        let mut calls = 0;
        let end: Result<(), _> = repeated(Duration::ZERO, async || {
            calls += 1;
            Err(lost())
        })
        .await;
        assert_eq!((end.is_err(), calls), (true, 1 + REPEATS));
        let mut calls = 0;
        let end: Result<(), _> = repeated(Duration::ZERO, async || {
            calls += 1;
            Err(refused())
        })
        .await;
        assert_eq!((end.is_err(), calls), (true, 1));
    }
}

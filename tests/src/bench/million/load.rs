//! The mixed load: a few clients on kept connections take the next request from one list, in which all kinds are mixed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};

use super::super::http::Connection;
use super::super::sample::Sample;
use super::asks::{Ask, EACH};
use crate::stack::Stack;

/// Connections.
pub(super) const CLIENTS: usize = 4;
/// Neighbours in the list are of different kinds, and all kinds come up all the time. A prime, so that the walk meets all.
const STRIDE: usize = 104_729;

/// What came of one kind.
#[derive(Debug)]
pub(super) struct Answers {
    /// The kind.
    pub(super) name: String,
    /// How long it took.
    pub(super) took: Sample,
}

/// Asks everything once and answers what it took, the slowest kind by its p99 first.
pub(super) async fn load(stack: &Stack, asks: Vec<Ask>) -> Result<Vec<Answers>> {
    let (asks, next) = (Arc::new(asks), Arc::new(AtomicUsize::new(0)));
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let api = Connection::open(stack.client.base(), &stack.token).await?;
        clients.push(tokio::spawn(client(
            api,
            Arc::clone(&asks),
            Arc::clone(&next),
        )));
    }
    let mut took = vec![Vec::new(); asks.len()];
    for client in clients {
        for (kind, micros) in client.await?? {
            took[kind].push(micros);
        }
    }
    let answers = asks.iter().zip(took).map(|(ask, took)| Answers {
        name: ask.name.clone(),
        took: Sample::of(took),
    });
    let mut answers: Vec<Answers> = answers.collect();
    answers.sort_by_key(|one| std::cmp::Reverse(one.took.p99()));
    Ok(answers)
}

async fn client(
    mut api: Connection,
    asks: Arc<Vec<Ask>>,
    next: Arc<AtomicUsize>,
) -> Result<Vec<(usize, i64)>> {
    let all = asks.len() * EACH;
    let mut took = Vec::new();
    loop {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        if turn >= all {
            return Ok(took);
        }
        let place = turn * STRIDE % all;
        let (kind, number) = (place % asks.len(), place / asks.len());
        let Some(path) = asks[kind].paths.get(number) else {
            continue;
        };
        let sent = Instant::now();
        let (status, body) = match asks[kind].posts() {
            true => api.post(path, &format!("bench-{place}"), "").await?,
            false => api.get(path).await?,
        };
        let micros = i64::try_from(sent.elapsed().as_micros())?;
        ensure!(
            asks[kind].statuses.contains(&status),
            "{path} was answered with {status}: {}",
            String::from_utf8_lossy(body)
        );
        took.push((kind, micros));
    }
}

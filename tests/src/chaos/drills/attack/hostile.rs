//! The attackers, all on loopback and all bounded: by their number, by their rate, and by the token that ends them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::chaos::schedule::Chance;

/// Connections the strangers share.
const LINES: u32 = 20;
/// Live logs that are opened a second.
const OPENED: u32 = 110;
/// Bytes of a giant head.
const GIANT: usize = 1 << 20;

/// What became of their attempts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    refused: AtomicUsize,
    throttled: AtomicUsize,
    hung_up: AtomicUsize,
    listening: AtomicUsize,
    no_room: AtomicUsize,
    too_long: AtomicUsize,
    strange: AtomicUsize,
}

impl Counts {
    pub(super) fn throttled(&self) -> usize {
        self.throttled.load(Ordering::Relaxed)
    }

    pub(super) fn hung_up(&self) -> usize {
        self.hung_up.load(Ordering::Relaxed)
    }

    pub(super) fn listening(&self) -> usize {
        self.listening.load(Ordering::Relaxed)
    }

    pub(super) fn no_room(&self) -> usize {
        self.no_room.load(Ordering::Relaxed)
    }

    pub(super) fn too_long(&self) -> usize {
        self.too_long.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        write!(
            f,
            "{} requests with bad tokens ({} answered 401, {} 429), {} live logs open and {} without room, {} slow clients \
             hung up on, {} giant heads, {} answers of another kind",
            of(&self.refused) + of(&self.throttled),
            of(&self.refused),
            of(&self.throttled),
            of(&self.listening),
            of(&self.no_room),
            of(&self.hung_up),
            of(&self.too_long),
            of(&self.strange)
        )
    }
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Runs an attacker again and again, whatever becomes of it, until the end.
fn again<F>(
    crowd: &mut JoinSet<()>,
    end: &CancellationToken,
    mut one: impl FnMut() -> F + Send + 'static,
) where
    F: Future<Output = Result<()>> + Send,
{
    let end = end.clone();
    crowd.spawn(
        end.run_until_cancelled_owned(async move {
            loop {
                // A connection that is refused or ends is what the attack is about.
                let _ = one().await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .discarded(),
    );
}

/// The end of an attacker says nothing.
trait Discarded {
    fn discarded(self) -> impl Future<Output = ()> + Send;
}

impl<F: Future<Output = Option<()>> + Send> Discarded for F {
    async fn discarded(self) {
        let _ = self.await;
    }
}

/// Requests with unknown tokens: most look genuine, some cannot be a token, some have none.
pub(super) fn strangers(
    address: &str,
    seed: u64,
    rate: u32,
    counts: &Arc<Counts>,
    end: &CancellationToken,
    crowd: &mut JoinSet<()>,
) {
    for line in 0..LINES {
        let (address, counts) = (address.to_owned(), Arc::clone(counts));
        let mut chance = Chance(seed ^ u64::from(line));
        again(crowd, end, move || {
            let seed = chance.below(u64::MAX);
            stranger(
                address.clone(),
                Chance(seed),
                rate / LINES,
                Arc::clone(&counts),
            )
        });
    }
}

async fn stranger(
    address: String,
    mut chance: Chance,
    rate: u32,
    counts: Arc<Counts>,
) -> Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(&address).await?);
    let mut turn = tokio::time::interval(Duration::from_secs(1) / rate);
    loop {
        turn.tick().await;
        let mut hex = || format!("{:016x}", chance.below(u64::MAX));
        let token = match hex().as_bytes()[0] {
            b'0' => String::new(),
            b'1' => "Authorization: Bearer ingot_nonsense\r\n".to_owned(),
            _ => {
                let (id, secret) = (
                    [hex(), hex()].concat(),
                    [hex(), hex(), hex(), hex()].concat(),
                );
                format!("Authorization: Bearer ingot_{id}_{secret}\r\n")
            }
        };
        let request = format!("GET /v1/deployments HTTP/1.1\r\nHost: {address}\r\n{token}\r\n");
        stream.write_all(request.as_bytes()).await?;
        let (status, later) = answer(&mut stream).await?;
        match status {
            401 => count(&counts.refused),
            429 if later => count(&counts.throttled),
            _ => count(&counts.strange),
        }
    }
}

/// Reads an answer to its end; its status, and whether it says when to come back.
async fn answer(stream: &mut BufReader<TcpStream>) -> Result<(u16, bool)> {
    let (status, later, length) = head(stream).await?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok((status, later))
}

async fn head(stream: &mut BufReader<TcpStream>) -> Result<(u16, bool, usize)> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line
        .split_whitespace()
        .nth(1)
        .and_then(|word| word.parse().ok());
    let status = status.context("no answer")?;
    let (mut later, mut length) = (false, 0);
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse()?;
            }
            Some((name, _)) => later |= name.eq_ignore_ascii_case("retry-after"),
            None => return Ok((status, later, length)),
        }
    }
}

/// Clients that send a byte of their head each second and never all of it; every fourth sends nothing at all.
pub(super) fn slow(
    address: &str,
    number: usize,
    counts: &Arc<Counts>,
    end: &CancellationToken,
    crowd: &mut JoinSet<()>,
) {
    for one in 0..number {
        let (address, counts) = (address.to_owned(), Arc::clone(counts));
        again(crowd, end, move || {
            snail(address.clone(), one % 4 == 0, Arc::clone(&counts))
        });
    }
}

async fn snail(address: String, silent: bool, counts: Arc<Counts>) -> Result<()> {
    let mut stream = TcpStream::connect(&address).await?;
    if !silent {
        stream
            .write_all(b"GET /v1/deployments HTTP/1.1\r\nX-Slow: ")
            .await?;
    }
    let mut byte = [0; 1];
    loop {
        let read = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut byte)).await;
        let gone = match read {
            Ok(Ok(0) | Err(_)) => true,
            // It is told why before.
            Ok(Ok(_)) => false,
            Err(_) => !silent && stream.write_all(b"x").await.is_err(),
        };
        if gone {
            count(&counts.hung_up);
            return Ok(());
        }
    }
}

/// Live logs of a deployment on which nothing happens.
pub(super) fn listeners(
    address: &str,
    token: &str,
    id: &str,
    number: usize,
    counts: &Arc<Counts>,
    end: &CancellationToken,
    crowd: &mut JoinSet<()>,
) {
    let request = format!(
        "GET /v1/deployments/{id}/events/stream HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    for one in 0..number {
        let (address, request) = (address.to_owned(), request.clone());
        let (counts, end) = (Arc::clone(counts), end.clone());
        let wait = Duration::from_secs(1) / OPENED * u32::try_from(one).unwrap_or(0);
        crowd.spawn(async move {
            let listening = async {
                tokio::time::sleep(wait).await;
                listener(address, request, counts).await
            };
            end.run_until_cancelled(listening).await;
        });
    }
}

async fn listener(address: String, request: String, counts: Arc<Counts>) -> Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(&address).await?);
    stream.write_all(request.as_bytes()).await?;
    match head(&mut stream).await? {
        (200, ..) => count(&counts.listening),
        (429, true, _) => count(&counts.no_room),
        _ => count(&counts.strange),
    }
    let mut rest = vec![0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Heads of a MiB, a few a second.
pub(super) fn giants(
    address: &str,
    counts: &Arc<Counts>,
    end: &CancellationToken,
    crowd: &mut JoinSet<()>,
) {
    let (address, counts) = (address.to_owned(), Arc::clone(counts));
    again(crowd, end, move || {
        giant(address.clone(), Arc::clone(&counts))
    });
}

async fn giant(address: String, counts: Arc<Counts>) -> Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(&address).await?);
    let filler = "x".repeat(GIANT);
    let request =
        format!("GET /v1/deployments HTTP/1.1\r\nHost: {address}\r\nX-Giant: {filler}\r\n\r\n");
    let written = stream.write_all(request.as_bytes()).await;
    match head(&mut stream).await {
        Ok((431, ..)) => count(&counts.too_long),
        Ok(_) => count(&counts.strange),
        // Hung up on in the middle of it.
        Err(_) => count(&counts.too_long),
    }
    written.map_err(Into::into)
}

//! The load generator, the same for every peer: HTTP/1.1 on kept connections, one request at a time on each, written and
//! read by hand so that the client costs little. Prints one line of JSON.
//!
//! `peer-load --port P --told JSON --connections 32 --seconds 10` sends as fast as it is answered;
//! `peer-load --port P --told JSON --count 300` sends one request each 20 to 120 ms.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use ingot_peers::arguments::Options;
use ingot_peers::{Payload, now, told};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::read(std::env::args().skip(1))?;
    let port: u16 = options.must("port")?;
    let told: Option<String> = options.maybe("told")?;
    let route = Route::of(told.as_deref().unwrap_or("{}"))?;
    let mut sum = Sum::default();
    let began = Instant::now();
    if let Some(count) = options.maybe::<usize>("count")? {
        trickle(port, &route, count, &mut sum).await?;
    } else {
        let connections: usize = options.must("connections")?;
        let until = began + Duration::from_secs(options.must("seconds")?);
        let senders = (0..connections).map(|number| send(port, &route, number, until));
        for sent in futures::future::join_all(senders).await {
            let sent = sent?;
            sum.took.extend(sent.took);
            sum.errors += sent.errors;
        }
    }
    told::say(&sum.line(began.elapsed()));
    Ok(())
}

/// What a request looks like: `/tasks`, or what the peer's `api` said about itself.
struct Route {
    path: String,
    headers: String,
    body: String,
}

impl Route {
    fn of(told: &str) -> Result<Self> {
        let told: Value = serde_json::from_str(told).context("--told is JSON")?;
        let text = |name: &str, or: &str| told[name].as_str().unwrap_or(or).to_owned();
        let headers = told["headers"].as_object().into_iter().flatten();
        let headers = headers
            .map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap_or_default()));
        Ok(Self {
            path: text("path", "/tasks"),
            headers: headers.collect(),
            body: text("body", r#"{"row":$row,"due":$due}"#),
        })
    }

    /// The whole request. The key is unlike any other of this or another run.
    fn request(&self, i: usize) -> String {
        let Payload { row, due } = Payload::nth(i, None);
        let key = format!("{due}-{i}");
        let fill = |text: &str| {
            text.replace("$row", &row.to_string())
                .replace("$due", &due.to_string())
                .replace("$key", &key)
        };
        let (path, headers, body) = (fill(&self.path), &self.headers, fill(&self.body));
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
             idempotency-key: {key}\r\n{headers}content-length: {length}\r\n\r\n{body}"
        )
    }
}

#[derive(Default)]
struct Sum {
    /// Microseconds from writing a request to its whole answer.
    took: Vec<i64>,
    errors: usize,
}

impl Sum {
    fn line(mut self, elapsed: Duration) -> String {
        self.took.sort_unstable();
        let at = |part: f64| {
            let last = self.took.len().saturating_sub(1);
            self.took.get((last as f64 * part) as usize).copied()
        };
        serde_json::json!({
            "requests": self.took.len(),
            "errors": self.errors,
            "seconds": elapsed.as_secs_f64(),
            "rate": self.took.len() as f64 / elapsed.as_secs_f64(),
            "p50_us": at(0.5),
            "p99_us": at(0.99),
        })
        .to_string()
    }
}

async fn send(port: u16, route: &Route, number: usize, until: Instant) -> Result<Sum> {
    let mut connection = Connection::open(port).await?;
    let mut sum = Sum::default();
    let mut i = number * 1_000_003;
    while Instant::now() < until {
        connection.once(route, i, &mut sum).await?;
        i += 1;
    }
    Ok(sum)
}

/// Gaps of 20 to 120 ms that are the same in every run and have no rhythm a poll could fall into.
async fn trickle(port: u16, route: &Route, count: usize, sum: &mut Sum) -> Result<()> {
    let mut connection = Connection::open(port).await?;
    let mut chance: u64 = 0x9e37_79b9_7f4a_7c15;
    for i in 0..count {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        tokio::time::sleep(Duration::from_micros(20_000 + chance % 100_000)).await;
        connection.once(route, i, sum).await?;
    }
    Ok(())
}

struct Connection {
    stream: TcpStream,
    port: u16,
    read: Vec<u8>,
}

impl Connection {
    async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            port,
            read: Vec::with_capacity(4096),
        })
    }

    async fn once(&mut self, route: &Route, i: usize, sum: &mut Sum) -> Result<()> {
        let request = route.request(i);
        let began = now();
        self.stream.write_all(request.as_bytes()).await?;
        let answer = self.answer().await?;
        sum.took.push(now() - began);
        if !(200..300).contains(&answer.status) {
            sum.errors += 1;
            if sum.errors == 1 {
                eprintln!(
                    "answered {}: {}",
                    answer.status,
                    String::from_utf8_lossy(&self.read)
                );
            }
        }
        self.read.clear();
        if answer.closes {
            *self = Self::open(self.port).await?;
        }
        Ok(())
    }

    /// Reads one whole answer.
    async fn answer(&mut self) -> Result<Answer> {
        loop {
            if let Some(answer) = Answer::whole(&self.read)? {
                return Ok(answer);
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                bail!("the server closed the connection within an answer");
            }
        }
    }
}

struct Answer {
    status: u16,
    closes: bool,
}

impl Answer {
    /// The answer in these bytes, when all of it is there.
    fn whole(read: &[u8]) -> Result<Option<Self>> {
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = std::str::from_utf8(&read[..end])?.to_ascii_lowercase();
        let header = |name: &str| {
            let mut lines = head.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
        };
        let body = &read[end + 4..];
        let whole = match header("content-length") {
            Some(length) => body.len() >= length.parse()?,
            None if header("transfer-encoding") == Some("chunked") => body.ends_with(b"0\r\n\r\n"),
            None => true,
        };
        let status = head.split(' ').nth(1).context("a status")?;
        Ok(whole.then_some(Self {
            status: status.parse()?,
            closes: header("connection") == Some("close"),
        }))
    }
}

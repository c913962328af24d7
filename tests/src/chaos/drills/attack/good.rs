//! Clients the attack must not be felt by: a few requests a second each, on kept connections and on fresh ones.

use std::time::Duration;

use anyhow::Result;
use futures::StreamExt;
use ingot_client::Client;
use reqwest::{RequestBuilder, StatusCode};
use tokio::time::Instant;
use uuid::Uuid;

use crate::stack::Stack;

/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one waits for an answer before it counts as none.
const PATIENCE: Duration = Duration::from_secs(10);

/// What good clients saw.
#[derive(Debug, Default)]
pub(super) struct Customer {
    times: Vec<Duration>,
    /// Answers that were no success, and requests without one.
    pub(super) wrong: Vec<String>,
}

impl Customer {
    pub(super) fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.times.sort_unstable();
        self.wrong.extend(other.wrong);
    }

    pub(super) fn served(&self) -> usize {
        self.times.len()
    }

    /// By nearest rank.
    pub(super) fn quantile(&self, per_mille: usize) -> Duration {
        let rank = (self.times.len() * per_mille).div_ceil(1000).max(1);
        self.times.get(rank - 1).copied().unwrap_or_default()
    }

    pub(super) fn words(&self) -> String {
        format!(
            "p50 {:.1?}, p99 {:.1?}, max {:.1?} of {}",
            self.quantile(500),
            self.quantile(990),
            self.quantile(1000),
            self.served()
        )
    }
}

/// Reads lists and one deployment, and asks for one now and then.
pub(super) async fn customer(
    base: String,
    token: String,
    number: usize,
    time: Duration,
) -> Result<Customer> {
    let mut http = reqwest::Client::builder().timeout(PATIENCE);
    if number == 0 {
        // One that connects anew each time.
        http = http.pool_max_idle_per_host(0);
    }
    let http = http.build()?;
    let (mut seen, end) = (Customer::default(), Instant::now() + time);
    let mut turn = number;
    while Instant::now() < end {
        turn += 1;
        let request: RequestBuilder = match turn % 10 {
            0 => {
                // Pending: it costs the workers nothing, whose own load is measured.
                let mut order = Stack::order(&format!("v8.{number}.{turn}"));
                order.start = Some(false);
                let key = Uuid::new_v4().to_string();
                let post = http.post(format!("{base}/v1/deployments"));
                post.header("Idempotency-Key", key).json(&order)
            }
            1 | 4 | 7 => http.get(format!("{base}/v1/queues")),
            2 => http.get(format!("{base}/")),
            _ => http.get(format!("{base}/v1/deployments?limit=20")),
        };
        let began = Instant::now();
        let answer = request.bearer_auth(&token).send().await;
        match whole(answer).await {
            Ok(()) => seen.times.push(began.elapsed()),
            Err(why) => seen.wrong.push(why),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(seen)
}

async fn whole(answer: reqwest::Result<reqwest::Response>) -> Result<(), String> {
    let answer = answer.map_err(|error| error.to_string())?;
    let status: StatusCode = answer.status();
    let body = answer.text().await.map_err(|error| error.to_string())?;
    match status.is_success() {
        true => Ok(()),
        false => Err(format!("{status}: {body}")),
    }
}

/// Follows a deployment live to its end; answers how many lines came.
pub(super) async fn follow(client: Client, id: String) -> Result<usize> {
    let stream = client.follow(&id, 0).await?;
    let mut stream = std::pin::pin!(stream);
    let mut lines = 0;
    while let Some(line) = stream.next().await {
        line?;
        lines += 1;
    }
    Ok(lines)
}

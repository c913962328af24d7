//! The transaction with nothing around it: what this Postgres gives at so many connections.
//! `peer-bare --connections 32 --count 10000` prints one line of JSON.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::Result;
use ingot_peers::arguments::{Options, variable};
use ingot_peers::kind::transaction;
use ingot_peers::{Payload, told};
use sqlx::{Connection, PgConnection};
use tokio::sync::Barrier;

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::read(std::env::args().skip(1))?;
    let connections: usize = options.must("connections")?;
    let count: usize = options.must("count")?;
    let url = variable("DATABASE_URL")?;
    let next = Arc::new(AtomicUsize::new(0));
    let ready = Arc::new(Barrier::new(connections + 1));
    let mut running = Vec::new();
    for row in 0..connections {
        let (next, ready) = (Arc::clone(&next), Arc::clone(&ready));
        let mut connection = PgConnection::connect(&url).await?;
        running.push(tokio::spawn(async move {
            // Prepares the statements.
            transaction(&mut connection, i32::try_from(row)?).await?;
            ready.wait().await;
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= count {
                    return Ok::<(), anyhow::Error>(());
                }
                transaction(&mut connection, Payload::nth(i, None).row).await?;
            }
        }));
    }
    ready.wait().await;
    let began = Instant::now();
    for one in running {
        one.await??;
    }
    let seconds = began.elapsed().as_secs_f64();
    told::say(
        &serde_json::json!({ "count": count, "seconds": seconds, "rate": count as f64 / seconds })
            .to_string(),
    );
    Ok(())
}

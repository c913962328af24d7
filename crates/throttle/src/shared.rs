//! The buckets in Redis, one script per call. Redis is asked for at most a moment; when it does not answer it is left alone
//! for another, and the caller goes by its own share.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use crate::bucket::{Draw, Leave};

/// Longer than a healthy server takes on a busy machine, shorter than anybody notices.
const ANSWER: Duration = Duration::from_millis(500);
/// A server that did not answer is not asked again before.
const REST: Duration = Duration::from_secs(2);
/// The instant from which the server remembers.
const SINCE: &str = "ingot-bucket-since";

/// The buckets all replicas draw from.
pub(crate) struct Shared {
    connection: ConnectionManager,
    script: redis::Script,
    away_until: Mutex<Option<Instant>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// Over a connection that is made when it is first needed.
    pub(crate) fn at(url: &str) -> Result<Self, redis::RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(100));
        let client = redis::Client::open(url)?;
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
            script: redis::Script::new(include_str!("take.lua")),
            away_until: Mutex::default(),
        })
    }

    /// Whether it is worth asking.
    pub(crate) fn rests(&self, now: Instant) -> bool {
        self.away().is_some_and(|until| now < until)
    }

    /// One token from each bucket, or a penalty for each. `spent` is what was taken from them meanwhile without asking,
    /// in the same order. `None` when Redis did not answer.
    pub(crate) async fn ask(
        &self,
        draws: &[Draw],
        spent: &[f64],
        patience: Duration,
        penalise: bool,
    ) -> Option<Leave> {
        let mut call = self.script.prepare_invoke();
        call.key(SINCE)
            .arg(patience.as_secs_f64())
            .arg(u8::from(penalise));
        for ((name, size), spent) in draws.iter().zip(spent) {
            call.key(format!("ingot-bucket-{name}"))
                .arg(size.capacity)
                .arg(size.refill)
                .arg(spent);
        }
        let mut connection = self.connection.clone();
        let asked = call.invoke_async::<(u8, u64)>(&mut connection);
        let answer = match tokio::time::timeout(ANSWER, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        match answer {
            Ok((given, micros)) => {
                if self.away().take().is_some() {
                    tracing::info!("EC2's rates are shared through Redis again");
                }
                let wait = Duration::from_micros(micros);
                Some(if given == 1 {
                    Leave::After(wait)
                } else {
                    Leave::Never(wait)
                })
            }
            Err(error) => {
                if self.away().replace(Instant::now() + REST).is_none() {
                    tracing::warn!(%error, "Redis does not share EC2's rates: each process keeps to its own part");
                }
                None
            }
        }
    }

    fn away(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.away_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

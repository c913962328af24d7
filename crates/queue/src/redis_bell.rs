//! apalis-redis as a doorbell: short tickets, our own publish, a bounded depth, and start-up checks of the server.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use apalis::prelude::{BackendExt, TaskSink};
use apalis_redis::{Config, RedisStorage};
use futures::channel::mpsc;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use crate::ticket::TicketCodec;
use crate::{BellError, DEPTH, Ticket};

/// A stall of Redis shorter than this costs nothing (FAULTS X1: the default of 0.5 s kills workers).
const ANSWER: Duration = Duration::from_secs(8);
/// A ring that takes longer is given up; the relay rings again.
const RING: Duration = Duration::from_secs(3);

/// Up to so many workers are called by a bell: each looks for what is due without waiting for its ticket, a round trip
/// sooner, and all but one in vain. More of them would cost the ledger more than that is worth.
const CALLED: usize = 4;
/// What a bell says that calls every listening worker.
pub(crate) const CALL: &str = "call";
/// What a bell says that does not: a ticket has come.
const TICKET: &str = "1";

/// What the server looks like at start-up and at each health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisReport {
    /// `maxmemory-policy`; `None` when the server does not tell (an ACL without CONFIG).
    pub eviction: Option<String>,
    /// Server clock minus the given instant, in milliseconds.
    pub clock_ahead_ms: i64,
}

impl RedisReport {
    /// An evicting server may drop half of a ticket, which kills workers (APALIS.md, section 3).
    pub fn evicts(&self) -> bool {
        self.eviction
            .as_deref()
            .is_some_and(|policy| policy != "noeviction")
    }
}

/// Rings over Redis. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct RedisBell {
    client: redis::Client,
    conn: ConnectionManager,
    listeners: Arc<Mutex<HashMap<String, Vec<mpsc::UnboundedSender<()>>>>>,
    /// How many heard the last bell.
    ears: Arc<AtomicUsize>,
}

impl fmt::Debug for RedisBell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBell").finish_non_exhaustive()
    }
}

impl RedisBell {
    /// Connects to `redis://` or `rediss://`.
    pub async fn connect(url: &str) -> Result<Self, BellError> {
        let client = redis::Client::open(url)?;
        let conn = manager(&client).await?;
        Ok(Self::over(client, conn))
    }

    /// The same without waiting for the server: it is connected to when it is first needed, and then whenever it is back.
    pub fn connect_later(url: &str) -> Result<Self, BellError> {
        let client = redis::Client::open(url)?;
        let conn = ConnectionManager::new_lazy_with_config(client.clone(), config())?;
        Ok(Self::over(client, conn))
    }

    fn over(client: redis::Client, conn: ConnectionManager) -> Self {
        Self {
            client,
            conn,
            listeners: Arc::default(),
            ears: Arc::default(),
        }
    }

    /// The settings that survive (APALIS.md section 1.3). Ten seconds of heartbeat times twelve: an orphan threshold that
    /// no drain of a 30 s visit reaches (FAULTS X3).
    pub(crate) fn config(queue: &str) -> Config {
        Config::default()
            .queue(format!("ingot-{queue}"))
            .batch_size(1)
            .heartbeat_interval(Duration::from_secs(10))
            .missed_heartbeats(12)
            .lock_tasks(false)
            .emit_events(false)
    }

    /// A connection of its own, for a consumer.
    pub(crate) async fn connection(&self) -> Result<ConnectionManager, BellError> {
        Ok(manager(&self.client).await?)
    }

    pub(crate) fn client(&self) -> &redis::Client {
        &self.client
    }

    pub(crate) fn conn(&self) -> ConnectionManager {
        self.conn.clone()
    }

    pub(crate) async fn ring(&self, queue: &str, ticket: Ticket) -> Result<(), BellError> {
        let storage =
            RedisStorage::<Ticket>::new(self.conn.clone()).with_config(Self::config(queue));
        let mut storage = storage.with_codec(TicketCodec);
        let mut conn = self.conn.clone();
        let channel = channel(queue);
        let few = (1..=CALLED).contains(&self.ears.load(Ordering::Relaxed));
        let says = if few { CALL } else { TICKET };
        let rung = async {
            let publish = redis::cmd("PUBLISH").arg(channel).arg(says).to_owned();
            let (publish, push) = (publish.query_async(&mut conn), storage.push(ticket));
            let (published, pushed) = if few {
                // A worker that is called does not wait for the ticket, so neither does the call.
                let published = publish.await;
                (published, push.await)
            } else {
                // A worker that is told of a ticket must find it: both go over one connection, in this order, without
                // waiting in between.
                let (pushed, published) = futures::join!(push, publish);
                (published, pushed)
            };
            pushed.map_err(|error| BellError::Apalis(error.to_string()))?;
            self.ears.store(published?, Ordering::Relaxed);
            Ok(())
        };
        tokio::time::timeout(RING, rung)
            .await
            .unwrap_or(Err(BellError::Slow))
    }

    pub(crate) async fn room(&self, queue: &str) -> Result<usize, BellError> {
        let config = Self::config(queue);
        let mut conn = self.conn.clone();
        let asked = async {
            let (active, scheduled): (usize, usize) = redis::pipe()
                .cmd("LLEN")
                .arg(config.active_jobs_list())
                .cmd("ZCARD")
                .arg(config.scheduled_jobs_set())
                .query_async(&mut conn)
                .await?;
            Ok(DEPTH.saturating_sub(active + scheduled))
        };
        tokio::time::timeout(RING, asked)
            .await
            .unwrap_or(Err(BellError::Slow))
    }

    /// Asks the server for its eviction policy and its clock, compared with `now_ms` (milliseconds since 1970).
    pub async fn report(&self, now_ms: i64) -> Result<RedisReport, BellError> {
        let mut conn = self.conn.clone();
        let asked = async {
            let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut conn).await?;
            let policy: Result<HashMap<String, String>, _> = redis::cmd("CONFIG")
                .arg("GET")
                .arg("maxmemory-policy")
                .query_async(&mut conn)
                .await;
            let eviction = policy
                .ok()
                .and_then(|mut answer| answer.remove("maxmemory-policy"));
            Ok(RedisReport {
                eviction,
                clock_ahead_ms: seconds * 1000 + micros / 1000 - now_ms,
            })
        };
        tokio::time::timeout(RING, asked)
            .await
            .unwrap_or(Err(BellError::Slow))
    }

    /// Registers a listener that is woken when `queue` rings.
    pub(crate) fn listen(&self, queue: &str) -> mpsc::UnboundedReceiver<()> {
        let (sender, receiver) = mpsc::unbounded();
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.entry(channel(queue)).or_default().push(sender);
        receiver
    }

    /// Wakes the listeners of a channel, of all channels without one; forgets those that stopped listening.
    pub(crate) fn wake(&self, channel: Option<&str>) {
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (name, senders) in listeners.iter_mut() {
            if channel.is_none_or(|channel| channel == name) {
                senders.retain(|sender| sender.unbounded_send(()).is_ok());
            }
        }
    }
}

/// The channel our own publish uses.
pub(crate) fn channel(queue: &str) -> String {
    format!("{CHANNEL}{queue}")
}

/// The queue of a channel.
pub(crate) fn queue_of(channel: &str) -> Option<&str> {
    channel.strip_prefix(CHANNEL)
}

const CHANNEL: &str = "ingot-bell-";

async fn manager(client: &redis::Client) -> Result<ConnectionManager, redis::RedisError> {
    ConnectionManager::new_with_config(client.clone(), config()).await
}

fn config() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(3)))
        .set_response_timeout(Some(ANSWER))
        .set_number_of_retries(3)
        .set_max_delay(Duration::from_secs(2))
}

//! What all live logs of a deployment share: one look at its row each 300 ms, however many follow it, and the lines that
//! came of it. How many may be open at once is bounded (FAULTS F40).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ingot_client::Event;
use ingot_domain::deployment::everything_finished;
use ingot_entity::Ledger;
use ingot_entity::store::{ami_status_of, status_of};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::present;

/// How often a followed deployment is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// Live logs one process keeps open; each costs a connection and its memory.
const MOST: usize = 1024;
/// Newest lines that are shared; who is further behind reads the rest by itself.
const SHARED: usize = 200;
/// When to come back if there is no room, in seconds.
const LATER: u64 = 10;

/// A deployment as of the last look.
#[derive(Debug, Clone)]
pub(crate) struct News {
    /// The number of its last line.
    pub(crate) seq: i64,
    /// Nothing more will come.
    pub(crate) finished: bool,
    /// Its newest lines up to `seq`, without a gap.
    pub(crate) lines: Arc<[Event]>,
}

type Told = watch::Sender<Option<News>>;

/// The deployments that are followed, and the room for followers.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    ledger: Ledger,
    /// Ends the looks when the process does.
    shutdown: CancellationToken,
    followed: Arc<Mutex<HashMap<String, Told>>>,
    room: Arc<Semaphore>,
}

impl Live {
    /// Follows nothing yet.
    pub(crate) fn new(ledger: Ledger, shutdown: CancellationToken) -> Self {
        Self {
            ledger,
            shutdown,
            followed: Arc::default(),
            room: Arc::new(Semaphore::new(MOST)),
        }
    }

    /// A place for one more live log, until it is dropped.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.room).try_acquire_owned().map_err(|_| {
            let detail = format!(
                "{MOST} live logs are open at this process; read `/events` by its cursor meanwhile"
            );
            ApiError::TooMany(detail, LATER)
        })
    }

    /// The same of a deployment that is known because a reader follows it: one more follower asks the ledger nothing.
    pub(crate) fn follow_too(&self, id: &str) -> Option<watch::Receiver<Option<News>>> {
        let followed = self.followed();
        let told = followed.get(id)?;
        let known = told.borrow().is_some();
        known.then(|| told.subscribe())
    }

    /// What happens to a deployment from now on. The first follower sets the looks going, the last one ends them.
    pub(crate) fn follow(&self, id: &str) -> watch::Receiver<Option<News>> {
        let mut followed = self.followed();
        if let Some(told) = followed.get(id) {
            return told.subscribe();
        }
        let (told, news) = watch::channel(None);
        followed.insert(id.to_owned(), told.clone());
        tokio::spawn(look_on(self.clone(), id.to_owned(), told));
        news
    }

    /// Ends the looks at a deployment that no reader follows, or that is over; false while a reader follows it.
    fn leave(&self, id: &str, told: &Told, over: bool) -> bool {
        // Under the lock no reader can begin to follow.
        let mut followed = self.followed();
        let ends = over || told.receiver_count() == 0;
        if ends {
            followed.remove(id);
        }
        ends
    }

    fn followed(&self) -> MutexGuard<'_, HashMap<String, Told>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn look_on(live: Live, id: String, told: Told) {
    let mut last: Option<News> = None;
    loop {
        match look(&live.ledger, &id, last.as_ref()).await {
            Ok(news) => {
                let same = |last: &News| (last.seq, last.finished) == (news.seq, news.finished);
                if !last.as_ref().is_some_and(same) {
                    told.send_replace(Some(news.clone()));
                }
                last = Some(news);
            }
            Err(error) => tracing::debug!(?error, "a live log could not look; it looks again"),
        }
        let over = last.as_ref().is_some_and(|last| last.finished);
        if live.leave(&id, &told, over) {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = live.shutdown.cancelled() => {
                live.leave(&id, &told, true);
                return;
            }
        }
    }
}

async fn look(ledger: &Ledger, id: &str, last: Option<&News>) -> Result<News, ApiError> {
    // The row is read first: whatever finished it has written its lines by then.
    let Some(row) = ledger.deployment(id).await? else {
        return Ok(News {
            seq: last.map_or(0, |last| last.seq),
            finished: true,
            lines: Arc::default(),
        });
    };
    let finished = everything_finished(status_of(&row)?, ami_status_of(&row)?);
    let shared = i64::try_from(SHARED).unwrap_or(i64::MAX);
    let after = last.map_or((row.event_seq - shared).max(0), |last| last.seq);
    let before = last.map(|last| Arc::clone(&last.lines)).unwrap_or_default();
    if row.event_seq <= after {
        return Ok(News {
            seq: after,
            finished,
            lines: before,
        });
    }
    let rows = ledger.events(id, after, SHARED as u64).await?;
    let mut lines = before.to_vec();
    lines.extend(rows.into_iter().map(present::event));
    lines.drain(..lines.len().saturating_sub(SHARED));
    let seq = lines.last().map_or(after, |line| line.seq);
    Ok(News {
        seq,
        // More lines than are shared at once: the next look tells the rest.
        finished: finished && seq >= row.event_seq,
        lines: lines.into(),
    })
}

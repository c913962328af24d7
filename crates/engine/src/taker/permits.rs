//! One queue's permits: how many tasks the next claim may take, and which of them begins when.
//!
//! While visits are short more is claimed than there are permits: as many as would begin soon ([`Lately`]). Claims then
//! carry as many as a statement is cheapest for, and the next one is under way while the last is being visited.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::ahead::{AHEAD_MOST, Lately};

/// Most tasks of one claim.
pub(super) const MOST: usize = 128;
/// Visits that are over and wait for their commit, for each that may be under way: the next claim need not wait for the
/// last commit, and a ledger that is slow to commit still slows the claims down.
const OPEN: usize = 8;

/// How long a claim from a backlog waits for half of the permits to be free: short beside any visit that does something,
/// long beside one that does not.
const GATHER: Duration = Duration::from_millis(1);

/// After this, visits have become longer than expected: who still waits for a permit is given back for others to claim.
const PATIENCE: Duration = Duration::from_millis(200);
/// Claims of more than this many are of a multiple of [`MULTIPLE`]: how many is part of the statement's text, and every text is
/// prepared.
const FEW: usize = 16;
const MULTIPLE: usize = 8;

/// The taker of one queue, with its permits.
#[derive(Debug)]
pub(crate) struct Taker {
    /// Visits at once, as last ordered.
    concurrency: AtomicUsize,
    /// A person paused the queue, as last heard.
    paused: AtomicBool,
    /// Those who wait for a permit hear that the queue is paused.
    held: Notify,
    /// A place per claimed task that waits for a permit to visit.
    ahead: Arc<Semaphore>,
    /// What visits took lately.
    lately: Lately,
    /// A permit per visit under way.
    visiting: Arc<Semaphore>,
    /// A permit per claimed task that is not recorded yet.
    open: Arc<Semaphore>,
    pub(crate) heard: Notify,
    pub(crate) lapsed: AtomicBool,
    pub(crate) taking: AtomicBool,
}

/// What a claimed task holds: a permit until its visit is over, or a place among those who wait for one, and its place until
/// the outcome is recorded.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(crate) start: Start,
    pub(crate) open: OwnedSemaphorePermit,
}

/// When a claimed task is visited.
#[derive(Debug)]
pub(crate) enum Start {
    /// At once, by this permit.
    Now(OwnedSemaphorePermit),
    /// By the next permit that is free.
    Ahead(OwnedSemaphorePermit),
}

impl Hold {
    /// Whether its task is begun at once.
    pub(crate) fn begins(&self) -> bool {
        matches!(self.start, Start::Now(_))
    }
}

impl Taker {
    pub(crate) fn new(concurrency: usize) -> Self {
        let concurrency = concurrency.max(1);
        Self {
            concurrency: AtomicUsize::new(concurrency),
            paused: AtomicBool::new(false),
            held: Notify::new(),
            ahead: Arc::new(Semaphore::new(AHEAD_MOST)),
            lately: Lately::new(),
            visiting: Arc::new(Semaphore::new(concurrency)),
            open: Arc::new(Semaphore::new(concurrency.max(MOST) * OPEN)),
            heard: Notify::new(),
            lapsed: AtomicBool::new(false),
            taking: AtomicBool::new(false),
        }
    }

    /// Visits at once.
    pub(crate) fn concurrency(&self) -> usize {
        self.concurrency.load(Ordering::Relaxed)
    }

    /// Whether a person paused the queue.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// Hears whether the queue is paused. What was claimed ahead is given back; what is due is taken once it is resumed.
    pub(crate) fn pause(&self, paused: bool) {
        let was = self.paused.swap(paused, Ordering::Relaxed);
        match (was, paused) {
            (false, true) => self.held.notify_waiters(),
            (true, false) => self.wake_for_lapsed(),
            _ => {}
        }
    }

    /// Hears how many visits at once are wanted. More are free at once; of too many each is gone when its visit ends.
    pub(crate) fn resize(&self, concurrency: usize) {
        let concurrency = concurrency.max(1);
        let was = self.concurrency.swap(concurrency, Ordering::Relaxed);
        if concurrency > was {
            self.visiting.add_permits(concurrency - was);
            self.wake();
        }
        for _ in concurrency..was {
            let visiting = Arc::clone(&self.visiting);
            // It waits its turn among those who want to visit, so that a queue at work shrinks, too.
            tokio::spawn(async move {
                if let Ok(permit) = visiting.acquire_owned().await {
                    permit.forget();
                }
            });
        }
    }

    /// Something is due.
    pub(crate) fn wake(&self) {
        self.heard.notify_one();
    }

    /// A worker's lease ran out.
    pub(crate) fn wake_for_lapsed(&self) {
        self.lapsed.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Permits that are free.
    pub(crate) fn free(&self) -> usize {
        self.visiting.available_permits()
    }

    /// It is at work on a backlog and will find whatever is due without being told.
    pub(crate) fn is_taking(&self) -> bool {
        self.taking.load(Ordering::Relaxed)
    }

    /// Hears a ticket. A process whose permits are full keeps it waiting, so that the next ticket goes to another.
    pub(crate) async fn hear(&self) {
        drop(self.visiting.acquire().await);
        self.wake();
    }

    /// Notes what a visit took.
    pub(crate) fn felt(&self, took: Duration) {
        self.lately.felt(took);
    }

    /// How many more tasks may be claimed than there are permits.
    fn room(&self) -> usize {
        let room = self.lately.room(self.concurrency(), self.free());
        room.saturating_sub(self.waiting())
    }

    /// Claimed tasks that wait for a permit.
    fn waiting(&self) -> usize {
        AHEAD_MOST - self.ahead.available_permits()
    }

    /// The next free permit for a task that was claimed ahead; nothing when the worker stops, the queue is paused or it waited too
    /// long.
    pub(crate) async fn permit(
        &self,
        start: Start,
        stop: &CancellationToken,
    ) -> Option<OwnedSemaphorePermit> {
        let place = match start {
            Start::Now(permit) => return Some(permit),
            Start::Ahead(place) => place,
        };
        let held = self.held.notified();
        tokio::pin!(held);
        held.as_mut().enable();
        if self.is_paused() {
            return None;
        }
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.visiting).acquire_owned());
        let permit = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            () = held => None,
            permit = permit => match permit {
                Ok(permit) => permit.ok(),
                // The visit before it is not over yet, and takes that long at least.
                Err(_) => {
                    self.felt(PATIENCE);
                    None
                }
            },
        };
        drop(place);
        permit
    }

    /// What the next claim may take, at least one and at most [`MOST`]: free permits, and with short visits places to wait for
    /// one. With a backlog, permits that are about to be free are waited for a moment, so that a claim carries many.
    pub(crate) async fn hold(&self, backlog: bool, ahead: bool) -> Option<Vec<Hold>> {
        loop {
            let mut holds = self.seize(backlog, ahead).await?;
            if holds.len() > FEW {
                holds.truncate(holds.len() / MULTIPLE * MULTIPLE);
            }
            if !holds.is_empty() {
                return Some(holds);
            }
        }
    }

    /// Nothing when there was room, and meanwhile a visit turned out to be long.
    async fn seize(&self, backlog: bool, ahead: bool) -> Option<Vec<Hold>> {
        let enough = self.concurrency().min(MOST) / 2;
        let room = || if ahead { self.room() } else { 0 };
        let mut first = None;
        if room() == 0 {
            first = Some(Arc::clone(&self.visiting).acquire_owned().await.ok()?);
        }
        if backlog && room() < enough {
            let half = u32::try_from(enough).unwrap_or(1);
            drop(tokio::time::timeout(GATHER, self.visiting.acquire_many(half)).await);
        }
        let mut open = Some(Arc::clone(&self.open).acquire_owned().await.ok()?);
        let mut room = room();
        // Permits are for those who wait already, even when they have not been asked yet.
        let theirs = room > 0 && self.waiting() > 0;
        let free = || match theirs {
            true => None,
            false => Arc::clone(&self.visiting).try_acquire_owned().ok(),
        };
        let mut holds = Vec::new();
        while holds.len() < MOST {
            let start = match first.take().or_else(free) {
                Some(permit) => Start::Now(permit),
                None if room == 0 => break,
                None => match Arc::clone(&self.ahead).try_acquire_owned() {
                    Ok(place) => {
                        room -= 1;
                        Start::Ahead(place)
                    }
                    Err(_) => break,
                },
            };
            let place = open
                .take()
                .or_else(|| Arc::clone(&self.open).try_acquire_owned().ok());
            let Some(open) = place else { break };
            holds.push(Hold { start, open });
        }
        Some(holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_claim_takes_permits_and_while_visits_are_short_more() {
        let taker = Taker::new(4);
        let first = taker.hold(false, true).await.expect("holds");
        assert_eq!(first.len(), 4, "nothing is known of the visits");
        taker.felt(Duration::from_millis(1));
        taker.lately.ended.store(u64::MAX, Ordering::Relaxed);
        let second = taker.hold(false, true).await.expect("holds");
        assert_eq!(
            second.len(),
            40,
            "no permit, and ten visits of each in time"
        );
        assert!(second.iter().all(|hold| !hold.begins()));
        drop(first);
        let third = taker.hold(false, true).await.expect("holds");
        assert_eq!(third.len(), 4, "all who may wait do");
        drop((second, third));
        let dead = taker.hold(false, false).await.expect("holds");
        assert_eq!(dead.len(), 4, "never ahead of the permits");
        taker.felt(Duration::from_secs(1));
        drop(dead);
        assert_eq!(
            taker.hold(true, true).await.map(|holds| holds.len()),
            Some(4)
        );
    }

    #[tokio::test]
    async fn nothing_is_claimed_ahead_of_permits_that_have_been_busy_for_a_while() {
        let mut taker = Taker::new(4);
        taker.felt(Duration::from_millis(1));
        assert!(taker.room() > 0, "permits are free");
        let holds = taker.hold(false, false).await.expect("holds");
        taker.lately.ended.store(u64::MAX, Ordering::Relaxed);
        assert!(taker.room() > 0, "a visit has just ended");
        taker.lately.ended.store(0, Ordering::Relaxed);
        taker.lately.began -= Duration::from_secs(1);
        assert_eq!(taker.room(), 0, "none has for a while");
        drop(holds);
        assert!(taker.room() > 0);
    }

    #[tokio::test]
    async fn a_pause_gives_back_what_waits_and_begins_what_has_a_permit() {
        let (taker, stop) = (Taker::new(1), CancellationToken::new());
        taker.felt(Duration::from_millis(1));
        let mut holds = taker.hold(false, true).await.expect("holds").into_iter();
        let mut next = || holds.next().expect("a place").start;
        let (begun, waits, later) = (next(), next(), next());
        let waiting = taker.permit(waits, &stop);
        tokio::pin!(waiting);
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        taker.pause(true);
        assert!(waiting.await.is_none(), "it hears of the pause");
        assert!(
            taker.permit(later, &stop).await.is_none(),
            "as it is paused"
        );
        assert!(taker.permit(begun, &stop).await.is_some());
    }

    #[tokio::test]
    async fn fewer_visits_at_once_are_reached_as_visits_end() {
        let taker = Taker::new(2);
        let holds = taker.hold(false, false).await.expect("holds");
        taker.resize(1);
        tokio::task::yield_now().await;
        drop(holds);
        tokio::task::yield_now().await;
        assert_eq!((taker.free(), taker.concurrency()), (1, 1));
        taker.resize(3);
        assert_eq!(taker.free(), 3, "more are there at once");
    }

    #[tokio::test]
    async fn a_task_that_waits_too_long_or_at_the_end_gets_no_permit() {
        let (taker, stop) = (Taker::new(1), CancellationToken::new());
        taker.felt(Duration::from_millis(1));
        let mut holds = taker.hold(false, true).await.expect("holds").into_iter();
        let visited = holds.next().map(|hold| hold.start);
        let mut next = || holds.next().expect("a place").start;
        let (waits, stops, gets) = (next(), next(), next());
        assert!(taker.permit(waits, &stop).await.is_none());
        drop(visited);
        assert!(taker.permit(gets, &stop).await.is_some());
        stop.cancel();
        assert!(taker.permit(stops, &stop).await.is_none());
    }
}

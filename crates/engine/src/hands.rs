//! One queue's hands: how many tasks the next claim may take, and which of them begins when.
//!
//! While visits are short more is claimed than there are hands: what they will get to within [`AHEAD`]. Claims then carry as
//! many as a statement is cheapest for, and the next one is under way while the last is being visited.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant as Moment};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Most tasks of one claim.
const MOST: usize = 128;
/// Visits that are over and wait for their commit, for each that may be under way: the next claim need not wait for the
/// last commit, and a ledger that is slow to commit still slows the claims down.
const OPEN: usize = 8;

/// How long a claim from a backlog waits for half of the hands to be free: short beside any visit that does something,
/// long beside one that does not.
const GATHER: Duration = Duration::from_millis(1);

/// How long a claimed task may wait for a hand by what visits took lately: hardly longer than a claim and a commit take, so
/// that no other worker would have begun much sooner.
const AHEAD: Duration = Duration::from_millis(10);
/// Most tasks that wait for a hand: one claim that is being visited, and the next.
const AHEAD_MOST: usize = 2 * MOST;
/// After this, visits have become longer than expected: who still waits for a hand is given back for others to claim.
const PATIENCE: Duration = Duration::from_millis(200);
/// Claims of more than this many are of a multiple of [`STEP`]: how many is part of the statement's text, and every text is
/// prepared.
const FEW: usize = 16;
const STEP: usize = 8;

/// One queue's hands.
#[derive(Debug)]
pub(crate) struct Taker {
    concurrency: usize,
    /// A permit per claimed task that waits for a hand.
    ahead: Arc<Semaphore>,
    /// What a visit took lately, in microseconds; nothing is claimed ahead before the first.
    lately: AtomicU64,
    /// When the last visit ended, in microseconds since `began`.
    ended: AtomicU64,
    began: Moment,
    /// A permit per visit under way.
    hands: Arc<Semaphore>,
    /// A permit per claimed task that is not recorded yet.
    open: Arc<Semaphore>,
    pub(crate) heard: Notify,
    pub(crate) lapsed: AtomicBool,
    pub(crate) taking: AtomicBool,
}

/// What a claimed task holds: a hand until its visit is over, or a place among those who wait for one, and its place until
/// the outcome is recorded.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(crate) start: Start,
    pub(crate) open: OwnedSemaphorePermit,
}

/// When a claimed task is visited.
#[derive(Debug)]
pub(crate) enum Start {
    /// At once, by this hand.
    Now(OwnedSemaphorePermit),
    /// By the next hand that is free.
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
            concurrency,
            ahead: Arc::new(Semaphore::new(AHEAD_MOST)),
            lately: AtomicU64::new(u64::MAX),
            ended: AtomicU64::new(0),
            began: Moment::now(),
            hands: Arc::new(Semaphore::new(concurrency)),
            open: Arc::new(Semaphore::new(concurrency.max(MOST) * OPEN)),
            heard: Notify::new(),
            lapsed: AtomicBool::new(false),
            taking: AtomicBool::new(false),
        }
    }

    /// Something is due.
    pub(crate) fn wake(&self) {
        self.heard.notify_one();
    }

    /// Somebody's lease ran out.
    pub(crate) fn wake_for_lapsed(&self) {
        self.lapsed.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Hands that are free.
    pub(crate) fn free(&self) -> usize {
        self.hands.available_permits()
    }

    /// It is at work on a backlog and will find whatever is due without being told.
    pub(crate) fn is_taking(&self) -> bool {
        self.taking.load(Ordering::Relaxed)
    }

    /// Hears a ticket. A process whose hands are full keeps it waiting, so that the next ticket goes to another.
    pub(crate) async fn hear(&self) {
        drop(self.hands.acquire().await);
        self.wake();
    }

    /// Notes what a visit took. A long one is believed at once, short ones when there are some.
    pub(crate) fn felt(&self, took: Duration) {
        let took = micros(took);
        self.ended
            .store(micros(self.began.elapsed()), Ordering::Relaxed);
        // Two visits that end together may lose one of them: it is a mean.
        let known = self.lately.load(Ordering::Relaxed);
        self.lately.store(mean(known, took), Ordering::Relaxed);
    }

    /// How many more tasks may be claimed than there are hands.
    fn room(&self) -> usize {
        // All hands are in visits of which none has ended lately: what they take is not known yet.
        let ended = self.ended.load(Ordering::Relaxed);
        if self.free() == 0 && micros(self.began.elapsed()) > ended.saturating_add(micros(AHEAD)) {
            return 0;
        }
        let lately = self.lately.load(Ordering::Relaxed);
        within(AHEAD, lately, self.concurrency).saturating_sub(self.waiting())
    }

    /// Claimed tasks that wait for a hand.
    fn waiting(&self) -> usize {
        AHEAD_MOST - self.ahead.available_permits()
    }

    /// The next free hand for a task that was claimed ahead; nothing when the worker stops or it waited too long.
    pub(crate) async fn hand(
        &self,
        start: Start,
        stop: &CancellationToken,
    ) -> Option<OwnedSemaphorePermit> {
        let place = match start {
            Start::Now(hand) => return Some(hand),
            Start::Ahead(place) => place,
        };
        let hand = tokio::time::timeout(PATIENCE, Arc::clone(&self.hands).acquire_owned());
        let hand = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            hand = hand => match hand {
                Ok(hand) => hand.ok(),
                // The visit before it is not over yet, and takes that long at least.
                Err(_) => {
                    self.felt(PATIENCE);
                    None
                }
            },
        };
        drop(place);
        hand
    }

    /// What the next claim may take, at least one and at most [`MOST`]: free hands, and with short visits places to wait for
    /// one. With a backlog, hands that are about to be free are waited for a moment, so that a claim carries many.
    pub(crate) async fn hold(&self, backlog: bool, ahead: bool) -> Option<Vec<Hold>> {
        loop {
            let mut holds = self.seize(backlog, ahead).await?;
            if holds.len() > FEW {
                holds.truncate(holds.len() / STEP * STEP);
            }
            if !holds.is_empty() {
                return Some(holds);
            }
        }
    }

    /// Nothing when there was room, and meanwhile a visit turned out to be long.
    async fn seize(&self, backlog: bool, ahead: bool) -> Option<Vec<Hold>> {
        let enough = self.concurrency.min(MOST) / 2;
        let room = || if ahead { self.room() } else { 0 };
        let mut first = None;
        if room() == 0 {
            first = Some(Arc::clone(&self.hands).acquire_owned().await.ok()?);
        }
        if backlog && room() < enough {
            let half = u32::try_from(enough).unwrap_or(1);
            drop(tokio::time::timeout(GATHER, self.hands.acquire_many(half)).await);
        }
        let mut open = Some(Arc::clone(&self.open).acquire_owned().await.ok()?);
        let mut room = room();
        // Hands are for those who wait already, even when they have not been asked yet.
        let theirs = room > 0 && self.waiting() > 0;
        let free = || match theirs {
            true => None,
            false => Arc::clone(&self.hands).try_acquire_owned().ok(),
        };
        let mut holds = Vec::new();
        while holds.len() < MOST {
            let start = match first.take().or_else(free) {
                Some(hand) => Start::Now(hand),
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

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The mean after one more visit, in microseconds: halfway to a longer one, an eighth of the way to a shorter one.
fn mean(known: u64, took: u64) -> u64 {
    if took >= known {
        known + (took - known) / 2
    } else if known == u64::MAX {
        took
    } else {
        known - (known - took).div_ceil(8)
    }
}

/// How many visits of this mean so many hands begin within a time.
fn within(time: Duration, mean: u64, hands: usize) -> usize {
    let each = usize::try_from(micros(time) / mean.max(1)).unwrap_or(usize::MAX);
    hands.saturating_mul(each).min(AHEAD_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_hands_get_to_in_time_is_claimed_ahead() {
        // mean in µs, hands, tasks claimed ahead
        let cases = [
            (u64::MAX, 64, 0),
            (20_000, 8, 0),
            (10_001, 64, 0),
            (10_000, 64, 64),
            (5_000, 8, 16),
            (1_000, 1, 10),
            (20, 64, AHEAD_MOST),
            (0, 1, AHEAD_MOST),
        ];
        for (mean, hands, ahead) in cases {
            assert_eq!(
                within(AHEAD, mean, hands),
                ahead,
                "{mean} µs, {hands} hands"
            );
        }
    }

    #[test]
    fn a_long_visit_is_believed_sooner_than_a_short_one() {
        assert_eq!(mean(u64::MAX, 300), 300, "the first is believed");
        assert_eq!(mean(300, 20_300), 10_300, "halfway to a longer one");
        assert_eq!(mean(10_300, 300), 9_050, "an eighth of the way back");
        let mut lately = 20_000;
        for _ in 0..200 {
            lately = mean(lately, 10);
        }
        assert_eq!(lately, 10, "and all of it in the end");
    }

    #[tokio::test]
    async fn a_claim_takes_hands_and_while_visits_are_short_more() {
        let taker = Taker::new(4);
        let first = taker.hold(false, true).await.expect("holds");
        assert_eq!(first.len(), 4, "nothing is known of the visits");
        taker.felt(Duration::from_millis(1));
        taker.ended.store(u64::MAX, Ordering::Relaxed);
        let second = taker.hold(false, true).await.expect("holds");
        assert_eq!(second.len(), 40, "no hand, and ten visits of each in time");
        assert!(second.iter().all(|hold| !hold.begins()));
        drop(first);
        let third = taker.hold(false, true).await.expect("holds");
        assert_eq!(third.len(), 4, "all who may wait do");
        drop((second, third));
        let dead = taker.hold(false, false).await.expect("holds");
        assert_eq!(dead.len(), 4, "never ahead of the hands");
        taker.felt(Duration::from_secs(1));
        drop(dead);
        assert_eq!(
            taker.hold(true, true).await.map(|holds| holds.len()),
            Some(4)
        );
    }

    #[tokio::test]
    async fn nothing_is_claimed_ahead_of_hands_that_have_been_busy_for_a_while() {
        let mut taker = Taker::new(4);
        taker.felt(Duration::from_millis(1));
        assert!(taker.room() > 0, "hands are free");
        let holds = taker.hold(false, false).await.expect("holds");
        taker.ended.store(u64::MAX, Ordering::Relaxed);
        assert!(taker.room() > 0, "a visit has just ended");
        taker.ended.store(0, Ordering::Relaxed);
        taker.began -= Duration::from_secs(1);
        assert_eq!(taker.room(), 0, "none has for a while");
        drop(holds);
        assert!(taker.room() > 0);
    }

    #[tokio::test]
    async fn whoever_waits_too_long_or_at_the_end_gets_no_hand() {
        let (taker, stop) = (Taker::new(1), CancellationToken::new());
        taker.felt(Duration::from_millis(1));
        let mut holds = taker.hold(false, true).await.expect("holds").into_iter();
        let visited = holds.next().map(|hold| hold.start);
        let mut next = || holds.next().expect("a place").start;
        let (waits, stops, gets) = (next(), next(), next());
        assert!(taker.hand(waits, &stop).await.is_none());
        drop(visited);
        assert!(taker.hand(gets, &stop).await.is_some());
        stop.cancel();
        assert!(taker.hand(stops, &stop).await.is_none());
    }
}

//! The watchdog: a thread of its own that sees what no task of the runtime can see, a visit that never yields and a runtime
//! that stands still (FAULTS F23). A time limit ends a visit only where it waits; one that computes for ever, or blocks its
//! thread, would keep its lease and its thread until an operator wondered why. Nothing can end such a thread but the
//! end of its process: others take over what it held, and a task that does it again and again is poison in the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A tick of the watchdog. Times are counted in ticks, so that a process that was stopped or a machine that slept is not
/// taken for one that hangs.
const TICK: Duration = Duration::from_secs(1);
/// Ticks after its limit at which a visit is no longer slow but stuck: its limit has been due for so long, and the
/// runtime did not end it.
const STUCK: u64 = 15;
/// Ticks without a sign of life of the runtime.
const SILENT: u64 = 30;

/// What is being watched.
#[derive(Debug, Default)]
pub(crate) struct Watchdog {
    ticks: AtomicU64,
    /// The tick of the runtime's last sign of life.
    alive: AtomicU64,
    /// Visits being paid by their numbers: the task's id, and the tick at which it began.
    visits: Mutex<HashMap<u64, (String, u64)>>,
    /// The number of the last visit.
    last: AtomicU64,
}

/// Why a process must end, with the visits that may be to blame, oldest first: task ids, and for how many ticks.
#[derive(Debug, PartialEq, Eq)]
enum Hang {
    /// These visits do not yield.
    Visits(Vec<(String, u64)>),
    /// No task of the runtime was run for so many ticks. With one processor, that is how a visit looks that does not yield.
    Runtime(u64, Vec<(String, u64)>),
}

impl Watchdog {
    /// Watches the visit of a task until the answer is dropped.
    pub(crate) fn watch(&self, id: &str) -> Watched<'_> {
        let began = self.ticks.load(Ordering::Relaxed);
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        self.visits_now().insert(number, (id.to_owned(), began));
        Watched {
            watchdog: self,
            number,
        }
    }

    /// Signs of life of the runtime, for as long as it is polled.
    pub(crate) async fn live(&self) {
        loop {
            let now = self.ticks.load(Ordering::Relaxed);
            self.alive.store(now, Ordering::Relaxed);
            tokio::time::sleep(TICK).await;
        }
    }

    /// One tick later; `limit` is a visit's.
    fn tick(&self, limit: Duration) -> Option<Hang> {
        let now = self.ticks.fetch_add(1, Ordering::Relaxed) + 1;
        let silent = now.saturating_sub(self.alive.load(Ordering::Relaxed));
        if silent >= SILENT {
            return Some(Hang::Runtime(silent, self.older_than(0, now)));
        }
        let stuck = self.older_than(limit.as_secs() + STUCK, now);
        (!stuck.is_empty()).then_some(Hang::Visits(stuck))
    }

    /// Visits that began more than so many ticks ago.
    fn older_than(&self, ticks: u64, now: u64) -> Vec<(String, u64)> {
        let mut old: Vec<(String, u64)> = self
            .visits_now()
            .values()
            .map(|(id, began)| (id.clone(), now.saturating_sub(*began)))
            .filter(|(_, age)| *age > ticks)
            .collect();
        old.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        old
    }

    fn visits_now(&self) -> MutexGuard<'_, HashMap<u64, (String, u64)>> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A visit being watched.
#[derive(Debug)]
pub(crate) struct Watched<'a> {
    watchdog: &'a Watchdog,
    number: u64,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.watchdog.visits_now().remove(&self.number);
    }
}

/// The watchdog's thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Awake {
    _until: mpsc::Sender<()>,
}

/// Starts the thread. What it finds is logged, then the process aborts, which leaves the stacks of all threads in a core
/// dump where the machine writes one. A machine that gives no thread gets no watchdog. `limit` is how long a visit may take.
pub(crate) fn start(watchdog: &Arc<Watchdog>, limit: Duration) -> Awake {
    let (until, ended) = mpsc::channel::<()>();
    let watching = Arc::clone(watchdog);
    let watch = move || {
        while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            if let Some(hang) = watching.tick(limit) {
                tell(hang);
                std::process::abort();
            }
        }
    };
    let named = std::thread::Builder::new().name("watchdog".to_owned());
    if let Err(error) = named.spawn(watch) {
        tracing::error!(%error, "there is no watchdog");
    }
    Awake { _until: until }
}

/// Writes it into the log, if that can be done soon: the thread that hangs may hold the log.
fn tell(hang: Hang) {
    let (told, heard) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        match hang {
            Hang::Visits(stuck) => {
                tracing::error!(
                    ?stuck,
                    "visits do not yield: this worker ends, others take over"
                );
            }
            Hang::Runtime(seconds, visits) => {
                tracing::error!(
                    seconds,
                    ?visits,
                    "nothing runs any more: this worker ends, others take over"
                );
            }
        }
        drop(told);
    });
    let _ = heard.recv_timeout(TICK * 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// Ticks with a living runtime; the first that finds something, and what.
    fn ticks(watchdog: &Watchdog, count: u64) -> Option<(u64, Hang)> {
        (1..=count).find_map(|n| {
            let now = watchdog.ticks.load(Ordering::Relaxed);
            watchdog.alive.store(now, Ordering::Relaxed);
            watchdog.tick(LIMIT).map(|hang| (n, hang))
        })
    }

    #[test]
    fn a_visit_that_ends_is_not_stuck_however_many_there_are() {
        let watchdog = Watchdog::default();
        for _ in 0..20 {
            let _watched = watchdog.watch("tsk_1");
            assert_eq!(ticks(&watchdog, LIMIT.as_secs() + STUCK), None);
        }
    }

    #[test]
    fn a_visit_past_its_limit_is_told_by_its_task() {
        let watchdog = Watchdog::default();
        assert_eq!(ticks(&watchdog, 100), None);
        let _watched = watchdog.watch("tsk_1");
        let longest = LIMIT.as_secs() + STUCK;
        let stuck = Hang::Visits(vec![("tsk_1".to_owned(), longest + 1)]);
        assert_eq!(ticks(&watchdog, 100), Some((longest + 1, stuck)));
    }

    #[test]
    fn a_runtime_without_a_sign_of_life_is_told() {
        let watchdog = Watchdog::default();
        assert_eq!(ticks(&watchdog, 100), None);
        let _watched = watchdog.watch("tsk_1");
        let silent = (1..=100).find_map(|n| watchdog.tick(LIMIT * 10).map(|hang| (n, hang)));
        // The last sign of life was one tick before; with it, the visits that may be to blame.
        let visits = vec![("tsk_1".to_owned(), SILENT - 1)];
        assert_eq!(silent, Some((SILENT - 1, Hang::Runtime(SILENT, visits))));
    }

    #[tokio::test]
    async fn a_runtime_that_runs_gives_signs_of_life() {
        let watchdog = Watchdog::default();
        for _ in 0..100 {
            assert_eq!(watchdog.tick(LIMIT), None);
            // One poll, as a runtime gives it that finds the time.
            let _ = tokio::time::timeout(Duration::ZERO, watchdog.live()).await;
        }
    }
}

//! Group commit: callers that wait while a transaction is under way share the next one. No caller waits for company; a
//! batch is what came while the hand before was busy. One round trip and one flush of the disk then carry many.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Most jobs of one batch: enough that a commit's flush hardly counts, few enough that one bad row repeats little.
const MOST: usize = 128;

/// Jobs that are done together. Cheap to clone; ends when the last clone is gone.
pub(in crate::store) struct Group<J, A>(mpsc::UnboundedSender<(J, oneshot::Sender<A>)>);

impl<J, A> Clone for Group<J, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<J, A> fmt::Debug for Group<J, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Group")
    }
}

impl<J: Send + 'static, A: Send + 'static> Group<J, A> {
    /// Starts `width` hands; `work` answers each job of a batch, in order. Before a batch is closed, the callers that
    /// are about to hand a job over are given the turn `yields` times, unless this batch and the one before are of one
    /// job. Jobs whose caller is gone before their turn are done all the same if `keep`.
    pub(in crate::store) fn start<F, Fut>(width: usize, yields: usize, keep: bool, work: F) -> Self
    where
        F: Fn(Vec<J>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Vec<A>> + Send,
    {
        let (sender, receiver) = mpsc::unbounded_channel::<(J, oneshot::Sender<A>)>();
        let (receiver, work) = (Arc::new(Mutex::new(receiver)), Arc::new(work));
        for _ in 0..width {
            let (receiver, work) = (Arc::clone(&receiver), Arc::clone(&work));
            tokio::spawn(async move {
                let mut batch = Vec::with_capacity(MOST);
                let mut crowd = false;
                loop {
                    // The hand that is free takes everything that waits, and what is being handed over at this moment.
                    let mut waiting = receiver.lock().await;
                    if waiting.recv_many(&mut batch, MOST).await == 0 {
                        return;
                    }
                    let yields = if crowd || batch.len() > 1 { yields } else { 0 };
                    for _ in 0..yields {
                        tokio::task::yield_now().await;
                        while batch.len() < MOST
                            && let Ok(job) = waiting.try_recv()
                        {
                            batch.push(job);
                        }
                    }
                    drop(waiting);
                    crowd = batch.len() > 1;
                    // A caller that was told that it failed may have asked elsewhere by now.
                    batch.retain(|(_, ear)| keep || !ear.is_closed());
                    if batch.is_empty() {
                        continue;
                    }
                    let (jobs, ears): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
                    // A panic is a defect, told to those it met; the hand goes on, for there may be no other.
                    let done = AssertUnwindSafe(work(jobs)).catch_unwind().await;
                    let answers = done.unwrap_or_else(|_| {
                        tracing::error!("a batch panicked");
                        Vec::new()
                    });
                    for (ear, answer) in ears.into_iter().zip(answers) {
                        // A caller that stopped waiting finds the outcome in the ledger.
                        let _ = ear.send(answer);
                    }
                }
            });
        }
        Self(sender)
    }

    /// Has a job done; `None` when the hands are gone with their runtime.
    pub(in crate::store) async fn submit(&self, job: J) -> Option<A> {
        let (ear, answer) = oneshot::channel();
        self.0.send((job, ear)).ok()?;
        answer.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn callers_that_wait_share_the_next_batch() {
        let group = Group::start(1, 3, true, |jobs: Vec<usize>| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let size = jobs.len();
            jobs.into_iter().map(|job| (job, size)).collect()
        });
        let all = (0..20).map(|job| {
            let group = group.clone();
            async move { group.submit(job).await }
        });
        let answers = futures::future::join_all(all).await;
        let answers: Vec<(usize, usize)> = answers.into_iter().flatten().collect();
        let jobs: Vec<usize> = answers.iter().map(|(job, _)| *job).collect();
        assert_eq!(jobs, (0..20).collect::<Vec<_>>(), "each its own answer");
        let largest = answers.iter().map(|(_, size)| *size).max();
        assert!(largest >= Some(19), "{answers:?}");
    }

    #[tokio::test]
    async fn a_caller_gone_before_its_turn_is_forgotten_unless_kept() {
        for keep in [false, true] {
            let group = Group::start(1, 3, keep, |jobs: Vec<usize>| async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let seen = jobs.clone();
                jobs.into_iter().map(|_| seen.clone()).collect()
            });
            let other = group.clone();
            let first = tokio::spawn(async move { other.submit(1).await });
            tokio::time::sleep(Duration::from_millis(5)).await;
            let gone = tokio::time::timeout(Duration::from_millis(1), group.submit(2)).await;
            assert!(gone.is_err(), "its turn is not yet");
            let seen = group.submit(3).await;
            assert_eq!(seen, Some(if keep { vec![2, 3] } else { vec![3] }));
            assert_eq!(first.await.ok().flatten(), Some(vec![1]));
        }
    }

    #[tokio::test]
    async fn a_panic_costs_its_batch_and_no_other() {
        let group = Group::start(1, 3, true, |jobs: Vec<bool>| async move {
            assert!(!jobs.contains(&true), "told to");
            jobs
        });
        assert_eq!(group.submit(true).await, None);
        assert_eq!(group.submit(false).await, Some(false));
    }

    #[tokio::test]
    async fn a_caller_without_an_answer_hears_none() {
        let group = Group::start(1, 3, true, |_: Vec<()>| async { Vec::<()>::new() });
        assert_eq!(group.submit(()).await, None);
    }
}

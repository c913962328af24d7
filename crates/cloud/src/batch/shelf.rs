//! The memory of one region and kind: what was asked for when, the answers, and who waits. No clock and no call:
//! every step is a function of the shelf and the given instant.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::BatchSettings;
use crate::error::CloudError;

/// What a waiter gets.
pub(super) type Answer<F> = Result<Option<F>, CloudError>;

/// How many windows two calls are apart at least while questions keep coming.
const SPACING: u32 = 5;

/// A caller that waits for an answer.
#[derive(Debug)]
pub(super) struct Waiter<F> {
    /// About what.
    pub(super) id: String,
    /// Only a call that begins after the question will do.
    now: bool,
    /// Where the answer goes.
    pub(super) to: oneshot::Sender<Answer<F>>,
}

/// One id that is watched.
#[derive(Debug)]
struct Entry<F> {
    /// When it was last asked for.
    asked: Instant,
    /// When the call of the answer began, and what it said.
    answer: Option<(Instant, Option<F>)>,
}

/// One region's memory of one kind.
#[derive(Debug)]
pub(super) struct Shelf<F> {
    entries: HashMap<String, Entry<F>>,
    waiting: Vec<Waiter<F>>,
    /// A batch is going to be taken.
    due: bool,
    /// When the last batch was taken.
    last: Option<Instant>,
}

impl<F> Default for Shelf<F> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            waiting: Vec::new(),
            due: false,
            last: None,
        }
    }
}

/// What becomes of a question.
#[derive(Debug)]
pub(super) enum Asked<F> {
    /// There is a young answer.
    Answered(Option<F>),
    /// It waits. Who gets an instant takes the batch then.
    Waits(oneshot::Receiver<Answer<F>>, Option<Instant>),
}

/// One call to make: its ids, and who waits for it.
#[derive(Debug)]
pub(super) struct Chunk<F> {
    /// What to ask for.
    pub(super) ids: Vec<String>,
    /// Who asked.
    pub(super) waiters: Vec<Waiter<F>>,
}

impl<F: Clone> Shelf<F> {
    /// Takes a question.
    pub(super) fn ask(
        &mut self,
        id: &str,
        now: bool,
        at: Instant,
        settings: &BatchSettings,
    ) -> Asked<F> {
        let entry = self.entries.entry(id.to_owned()).or_insert(Entry {
            asked: at,
            answer: None,
        });
        entry.asked = at;
        if let Some(answer) = entry.young(at, settings.fresh).filter(|_| !now) {
            return Asked::Answered(answer.clone());
        }
        let (to, answer) = oneshot::channel();
        self.waiting.push(Waiter {
            id: id.to_owned(),
            now,
            to,
        });
        if std::mem::replace(&mut self.due, true) {
            return Asked::Waits(answer, None);
        }
        let spaced = self.last.map(|last| last + settings.window * SPACING);
        let when = at + settings.window;
        Asked::Waits(answer, Some(spaced.map_or(when, |spaced| when.max(spaced))))
    }

    /// Takes all callers that wait, in chunks of ids. A caller for whom an answer came meanwhile is served with it; the
    /// room that is left in the last chunk is given to the watched ids with the oldest answers.
    pub(super) fn take(&mut self, at: Instant, settings: &BatchSettings) -> Vec<Chunk<F>> {
        self.due = false;
        self.expire(at, settings.watch);
        let mut by_id: HashMap<String, Vec<Waiter<F>>> = HashMap::new();
        let mut ids = Vec::new();
        for waiter in std::mem::take(&mut self.waiting) {
            let young = self
                .entries
                .get(&waiter.id)
                .and_then(|entry| entry.young(at, settings.fresh));
            match young {
                Some(answer) if !waiter.now => {
                    // A caller that no longer listens needs no answer.
                    let _ = waiter.to.send(Ok(answer.clone()));
                }
                _ => {
                    let same = by_id.entry(waiter.id.clone()).or_default();
                    if same.is_empty() {
                        ids.push(waiter.id.clone());
                    }
                    same.push(waiter);
                }
            }
        }
        if ids.is_empty() {
            return Vec::new();
        }
        self.last = Some(at);
        let room = ids.len().next_multiple_of(settings.chunk) - ids.len();
        let riders = self.riders(&ids, room, at, settings);
        ids.extend(riders);
        let chunks = ids.chunks(settings.chunk).map(|ids| Chunk {
            ids: ids.to_vec(),
            waiters: ids
                .iter()
                .filter_map(|id| by_id.remove(id))
                .flatten()
                .collect(),
        });
        chunks.collect()
    }

    /// Watched ids that are not asked for just now and whose answers are past half their freshness, oldest first.
    fn riders(
        &self,
        ids: &[String],
        room: usize,
        at: Instant,
        settings: &BatchSettings,
    ) -> Vec<String> {
        let asked: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let old = |entry: &Entry<F>| entry.young(at, settings.fresh / 2).is_none();
        let mut riders: Vec<(Option<Instant>, &String)> = self
            .entries
            .iter()
            .filter(|(id, entry)| old(entry) && !asked.contains(id.as_str()))
            .map(|(id, entry)| (entry.answer.as_ref().map(|(begun, _)| *begun), id))
            .collect();
        if riders.len() > room && room > 0 {
            riders.select_nth_unstable(room - 1);
        }
        riders
            .into_iter()
            .take(room)
            .map(|(_, id)| id.clone())
            .collect()
    }

    /// Keeps the answer of a call that began at `begun`, unless a younger one is there or the id is no longer watched.
    pub(super) fn keep(&mut self, id: &str, begun: Instant, answer: Option<F>) {
        if let Some(entry) = self.entries.get_mut(id)
            && entry.answer.as_ref().is_none_or(|(kept, _)| *kept <= begun)
        {
            entry.answer = Some((begun, answer));
        }
    }

    /// Stops watching an id.
    pub(super) fn forget(&mut self, id: &str) {
        self.entries.remove(id);
    }

    /// Drops what no caller asked for in time.
    pub(super) fn expire(&mut self, at: Instant, watch: Duration) {
        self.entries
            .retain(|_, entry| at.duration_since(entry.asked) <= watch);
    }

    /// Nothing is kept and no caller waits.
    pub(super) fn is_idle(&self) -> bool {
        self.entries.is_empty() && self.waiting.is_empty() && !self.due
    }

    /// Ids whose answers are kept.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl<F> Entry<F> {
    fn young(&self, at: Instant, fresh: Duration) -> Option<&Option<F>> {
        let (begun, answer) = self.answer.as_ref()?;
        (at.duration_since(*begun) <= fresh).then_some(answer)
    }
}

#[cfg(test)]
mod load;
#[cfg(test)]
mod tests;

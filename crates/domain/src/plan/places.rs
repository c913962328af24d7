//! Places: no more than `max_parallel_builds` builds of a region at any instant (AUTO-AMI 6.2 c).

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use chrono::TimeDelta;

use crate::Instant;

/// The builds of every region.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    regions: BTreeMap<String, Region>,
}

/// Time is cut where a build begins or ends. A build costs as much as it has company, not as there are builds.
#[derive(Debug, Default)]
struct Region {
    names: Vec<String>,
    /// From each cut until the next one: the builds that run then, as places in `names`. Before the first there are none.
    spans: BTreeMap<Instant, Vec<usize>>,
    /// When no place is free, by its first instant: the end is free again. No two overlap or adjoin.
    full: BTreeMap<Instant, Instant>,
}

impl Places {
    /// So many places in each region, all free.
    pub(super) fn new(most: u32) -> Self {
        Self {
            most: usize::try_from(most).unwrap_or(usize::MAX),
            regions: BTreeMap::new(),
        }
    }

    /// Takes a place from `from` until `to`.
    pub(super) fn take(&mut self, region: &str, name: &str, from: Instant, to: Instant) {
        if from >= to {
            return;
        }
        let region = self.regions.entry(region.to_owned()).or_default();
        region.cut(from);
        region.cut(to);
        let build = region.names.len();
        region.names.push(name.to_owned());
        let mut filled: Vec<(Instant, Instant)> = Vec::new();
        let mut since = None;
        for (at, builds) in region.spans.range_mut(from..to) {
            if let Some(start) = since.take() {
                filled.push((start, *at));
            }
            builds.push(build);
            since = (builds.len() >= self.most).then_some(*at);
        }
        filled.extend(since.map(|start| (start, to)));
        for (start, end) in filled {
            region.fill(start, end);
        }
    }

    /// The first instant from `from` on at which a place is free for the whole length.
    pub(super) fn next(&self, region: &str, from: Instant, length: TimeDelta) -> Instant {
        let Some(region) = self.regions.get(region) else {
            return from;
        };
        let before = region.full.range(..=from).next_back();
        let after = region.full.range((Excluded(from), Unbounded));
        let mut at = from;
        for (starts, ends) in before
            .filter(|(_, ends)| **ends > from)
            .into_iter()
            .chain(after)
        {
            if *starts >= at + length {
                break;
            }
            at = at.max(*ends);
        }
        at
    }

    /// The builds that hold the places until this instant.
    pub(super) fn holders(&self, region: &str, until: Instant) -> Vec<String> {
        let Some(region) = self.regions.get(region) else {
            return Vec::new();
        };
        let span = region.spans.range(..until).next_back();
        let holding = span.into_iter().flat_map(|(_, builds)| builds);
        let mut names: Vec<String> = holding
            .filter_map(|build| region.names.get(*build).cloned())
            .collect();
        names.sort();
        names
    }
}

impl Region {
    /// Cuts time at an instant.
    fn cut(&mut self, at: Instant) {
        if self.spans.contains_key(&at) {
            return;
        }
        let before = self.spans.range(..at).next_back();
        let builds = before.map(|(_, builds)| builds.clone());
        self.spans.insert(at, builds.unwrap_or_default());
    }

    /// No place is free then. Nothing that is full ever gets free.
    fn fill(&mut self, mut start: Instant, mut end: Instant) {
        if let Some((first, last)) = self.full.range(..=start).next_back()
            && *last >= start
        {
            (start, end) = (*first, end.max(*last));
        }
        while let Some((next, last)) = self.full.range((Excluded(start), Unbounded)).next()
            && *next <= end
        {
            let next = *next;
            end = end.max(*last);
            self.full.remove(&next);
        }
        self.full.insert(start, end);
    }
}

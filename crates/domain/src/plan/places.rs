//! Places: no more than `max_parallel_builds` builds of a region at any instant (AUTO-AMI 6.2 c).

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::Instant;

/// The builds of every region.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    regions: BTreeMap<String, Region>,
}

#[derive(Debug, Default)]
struct Region {
    builds: Vec<Busy>,
    /// When no place is free, in order: the ends are free again.
    full: Vec<(Instant, Instant)>,
}

#[derive(Debug)]
struct Busy {
    name: String,
    from: Instant,
    to: Instant,
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
        let name = name.to_owned();
        region.builds.push(Busy { name, from, to });
        region.full = full(&region.builds, self.most);
    }

    /// The first instant from `from` on at which a place is free for the whole length.
    pub(super) fn next(&self, region: &str, from: Instant, length: TimeDelta) -> Instant {
        let full = self
            .regions
            .get(region)
            .map_or(&[][..], |region| &region.full);
        let mut at = from;
        for (starts, ends) in &full[full.partition_point(|(_, ends)| *ends <= from)..] {
            if *starts >= at + length {
                break;
            }
            at = at.max(*ends);
        }
        at
    }

    /// The builds that hold the places until this instant.
    pub(super) fn holders(&self, region: &str, until: Instant) -> Vec<String> {
        let builds = self
            .regions
            .get(region)
            .map_or(&[][..], |region| &region.builds);
        let holding = builds
            .iter()
            .filter(|build| build.from < until && until <= build.to);
        let mut names: Vec<String> = holding.map(|build| build.name.clone()).collect();
        names.sort();
        names
    }
}

/// When at least `most` of the builds are there.
fn full(builds: &[Busy], most: usize) -> Vec<(Instant, Instant)> {
    // Where one ends as another begins, the end comes first.
    let mut turns: Vec<(Instant, bool)> = Vec::new();
    for build in builds {
        turns.extend([(build.from, true), (build.to, false)]);
    }
    turns.sort();
    let (mut count, mut since, mut full) = (0_usize, None, Vec::<(Instant, Instant)>::new());
    for (at, begins) in turns {
        count = if begins { count + 1 } else { count - 1 };
        match since {
            None if count >= most => since = Some(at),
            Some(start) if count < most => {
                since = None;
                match full.last_mut() {
                    Some((_, end)) if *end == start => *end = at,
                    _ if start < at => full.push((start, at)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    full
}

//! The record of every call, for tests that ask what really reached the region.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::filters::glob;
use crate::wire::call::RawCall;

/// One call, as `GET /_sim/journal` shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    /// Position, from 1; given by the journal.
    pub(crate) seq: u64,
    pub(crate) sim_time: String,
    /// Real seconds since the region started.
    pub(crate) real_seconds: f64,
    pub(crate) service: String,
    pub(crate) action: String,
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) access_key: Option<String>,
    pub(crate) params: BTreeMap<String, String>,
    /// `ok`, or the code of the refusal; with a lost answer still what the region decided.
    pub(crate) outcome: String,
    pub(crate) status: u16,
    /// The fault that hit the call.
    pub(crate) fault: Option<String>,
    /// Ids of what the call made or changed.
    pub(crate) effect: Option<String>,
}

/// Entries kept; a run of ten thousand deployments makes about this many.
const MOST: usize = 200_000;

/// The calls since start or the last deletion, the oldest dropped beyond 200,000.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Journal {
    pub(crate) fn add(&mut self, mut entry: Entry) {
        self.last += 1;
        entry.seq = self.last;
        self.entries.push_back(entry);
        if self.entries.len() > MOST {
            self.entries.pop_front();
        }
    }

    /// Forgets the entries; positions keep counting.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Entries after a position, whose action fits a glob.
    pub(crate) fn read(&self, action: Option<&str>, after: u64) -> Vec<&Entry> {
        let fits = |entry: &&Entry| action.is_none_or(|action| glob(action, &entry.action));
        self.entries
            .iter()
            .filter(|entry| entry.seq > after)
            .filter(fits)
            .collect()
    }

    pub(crate) fn last(&self) -> u64 {
        self.last
    }
}

/// Values longer than this are cut.
const LONGEST: usize = 200;

/// The parameters worth recording; user data is only counted, it may hold secrets.
pub(crate) fn summary(raw: &RawCall) -> BTreeMap<String, String> {
    let outside = ["Action", "Version"];
    let form = raw
        .params
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let json = raw
        .json
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), text)
        });
    form.chain(json)
        .filter(|(name, _)| !outside.contains(&name.as_str()))
        .map(|(name, value)| {
            let value = if name == "UserData" {
                format!("{} characters", value.len())
            } else {
                value.chars().take(LONGEST).collect()
            };
            (name, value)
        })
        .collect()
}

//! A script that begins with a loop which waits for a file, so many seconds at most:
//! `n=0; until [ -s PATH ] || [ $n -ge SECONDS ]; do sleep 1; n=$((n+1)); done`. What follows is played at the moment the
//! loop ends, not at the one at which that is seen.

use std::time::Duration;

use super::Machine;

const BEGINS: &str = "n=0; until [ -s ";
const UNTIL: &str = " ] || [ $n -ge ";
const ENDS: &str = " ]; do sleep 1; n=$((n+1)); done";

/// Such a loop.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Waits<'a> {
    path: &'a str,
    seconds: u64,
}

/// The loop a script begins with, and the rest of it.
pub(super) fn read(script: &str) -> Option<(Waits<'_>, &str)> {
    let (first, rest) = script.trim_start().split_once('\n')?;
    let (path, until) = first.strip_prefix(BEGINS)?.split_once(UNTIL)?;
    let seconds = until.strip_suffix(ENDS)?.parse().ok()?;
    Some((Waits { path, seconds }, rest))
}

impl Waits<'_> {
    /// The machine at the moment the loop ended; `None` while it goes on.
    pub(super) fn over<'m>(&self, machine: &Machine<'m>) -> Option<Machine<'m>> {
        let at = |turn: u64| Machine {
            now: machine.since.saturating_add(Duration::from_secs(turn)),
            ..*machine
        };
        let there = |turn: u64| {
            let machine = at(turn);
            machine.has(self.path) && !machine.content(self.path).is_empty()
        };
        let gone = machine.now.saturating_sub(machine.since).as_secs();
        let last = gone.min(self.seconds);
        if !there(last) {
            return (gone >= self.seconds).then(|| at(self.seconds));
        }
        // A record that is there stays: the first turn that saw it is between the last that did not and one that did.
        let (mut without, mut with) = (None, last);
        while without.map_or(0, |turn| turn + 1) < with {
            let middle = (without.map_or(0, |turn| turn + 1) + with) / 2;
            if there(middle) {
                with = middle;
            } else {
                without = Some(middle);
            }
        }
        Some(at(with))
    }
}

//! A schedule: which faults happen when, made from a seed and nothing else.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::edge::{Moment, Trouble, Way};

/// Workers of an installation under chaos.
pub(super) const WORKERS: usize = 3;
/// How long faults begin.
const SPAN: u64 = 20_000;
/// Faults of one schedule.
const FAULTS: u64 = 8;
/// Calls that have an effect, and some that only look.
const ACTIONS: [&str; 7] = [
    "RunInstances",
    "CreateImage",
    "TerminateInstances",
    "CreateSecurityGroup",
    "SendCommand",
    "DescribeInstances",
    "DescribeImages",
];

/// Whose edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Api,
    Worker(usize),
}

/// To which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    Postgres,
    Redis,
    Region,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL, and another one in its place.
    Kill(Whose),
    /// SIGTERM, and another one in its place.
    Restart(Whose),
    /// SIGSTOP for a while.
    Freeze(usize),
    /// Something on an edge for a while.
    Edge(Whose, Server, Trouble),
    /// Connections lost at COMMIT.
    Commit(Whose, Moment, usize),
    Flush,
    /// Killed and back empty after a while.
    LoseRedis,
    /// The server does not answer for a while.
    StallRedis,
    /// `pg_ctl restart` in this mode.
    RestartPostgres(&'static str),
    /// A fault of the region: kind, action and how often.
    Region(&'static str, &'static str, u64),
}

/// A fault and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blow {
    /// Its place in the whole schedule of the seed.
    pub(super) number: usize,
    pub(super) at: Duration,
    pub(super) lasts: Duration,
    pub(super) fault: Fault,
}

/// Faults in the order of their times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) seed: u64,
    pub(super) blows: Vec<Blow>,
}

impl Schedule {
    /// The schedule of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let mut blows: Vec<Blow> = (0..3 + chance.below(FAULTS))
            .map(|_| Blow {
                number: 0,
                at: Duration::from_millis(chance.below(SPAN)),
                lasts: Duration::from_millis(300 + chance.below(12_000)),
                fault: fault(&mut chance),
            })
            .collect();
        blows.sort_by_key(|blow| blow.at);
        for (number, blow) in blows.iter_mut().enumerate() {
            blow.number = number;
        }
        Self { seed, blows }
    }

    pub(super) fn with_only(mut self, only: &BTreeSet<usize>) -> Self {
        self.blows.retain(|blow| only.contains(&blow.number));
        self
    }

    pub(super) fn without(&self, number: usize) -> Self {
        let mut fewer = self.clone();
        fewer.blows.retain(|blow| blow.number != number);
        fewer
    }

    pub(super) fn all(&self) -> Vec<usize> {
        self.blows.iter().map(|blow| blow.number).collect()
    }

    /// As `ONLY` reads them.
    pub(super) fn numbers(&self) -> String {
        let numbers: Vec<String> = self.all().iter().map(usize::to_string).collect();
        numbers.join(",")
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for blow in &self.blows {
            let (at, lasts) = (blow.at.as_secs_f64(), blow.lasts.as_secs_f64());
            writeln!(
                f,
                "  {:2}  at {at:5.1} s for {lasts:4.1} s  {:?}",
                blow.number, blow.fault
            )?;
        }
        Ok(())
    }
}

fn fault(chance: &mut Chance) -> Fault {
    match chance.below(12) {
        0 | 1 => Fault::Kill(whose(chance)),
        2 => Fault::Restart(whose(chance)),
        3 => Fault::Freeze(chance.place()),
        4 | 5 => {
            let server = chance.one(&[Server::Postgres, Server::Redis, Server::Region]);
            Fault::Edge(whose(chance), server, trouble(chance))
        }
        6 => {
            let moment = chance.one(&[Moment::Before, Moment::After]);
            Fault::Commit(whose(chance), moment, 1 + chance.below(4) as usize)
        }
        7 => Fault::Flush,
        8 => chance.one(&[Fault::LoseRedis, Fault::StallRedis]),
        9 => Fault::RestartPostgres(chance.one(&["fast", "immediate"])),
        _ => {
            let kind = chance.one(&["lost_answer", "half_answer", "drop", "throttle", "broken"]);
            Fault::Region(kind, chance.one(&ACTIONS), 1 + chance.below(5))
        }
    }
}

fn whose(chance: &mut Chance) -> Whose {
    match chance.below(4) {
        0 => Whose::Api,
        _ => Whose::Worker(chance.place()),
    }
}

fn trouble(chance: &mut Chance) -> Trouble {
    let wait = Duration::from_millis(5 + chance.below(400));
    chance.one(&[
        Trouble::Cut,
        Trouble::BlackHole,
        Trouble::HalfOpen(Way::Up),
        Trouble::HalfOpen(Way::Down),
        Trouble::Delay(wait),
        Trouble::Drip(Duration::from_millis(1)),
    ])
}

/// SplitMix64: the same numbers from the same seed, on any machine and with any version of a library.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn place(&mut self) -> usize {
        self.below(WORKERS as u64) as usize
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_one_schedule_and_two_are_two() {
        assert_eq!(Schedule::of(7), Schedule::of(7));
        assert_ne!(Schedule::of(7), Schedule::of(8));
        let whole = Schedule::of(7);
        let fewer = whole.without(1);
        assert_eq!(fewer.blows.len() + 1, whole.blows.len());
        let only: BTreeSet<usize> = fewer.all().into_iter().collect();
        assert_eq!(
            Schedule::of(7).with_only(&only),
            fewer,
            "replayed by numbers"
        );
    }

    #[test]
    fn every_kind_of_fault_comes_up() {
        let mut kinds = BTreeSet::new();
        for seed in 0..200 {
            for blow in Schedule::of(seed).blows {
                let said = format!("{:?}", blow.fault);
                kinds.insert(said.split('(').next().unwrap_or_default().to_owned());
            }
        }
        assert_eq!(kinds.len(), 10, "{kinds:?}");
    }
}

//! A bucket's arithmetic, and the buckets of one process. `take.lua` does the same in Redis.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::rates::Size;

/// Whether and when one call may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// The call has its place: it may be sent after this wait, mostly none.
    After(Duration),
    /// No place within the patience; there would be one after this wait.
    Never(Duration),
}

/// One bucket's name with its size.
pub(crate) type Draw = (String, Size);

#[derive(Debug, Clone, Copy)]
struct Level {
    /// Negative when places are given out in advance.
    tokens: f64,
    at: Instant,
}

/// The buckets of this process.
#[derive(Debug)]
pub(crate) struct Buckets {
    levels: HashMap<String, Level>,
    /// A bucket that no call has drawn from is taken as empty at this instant; none means it is full.
    empty_at: Option<Instant>,
}

impl Buckets {
    /// Buckets that are full at first use.
    pub(crate) fn full() -> Self {
        Self {
            levels: HashMap::new(),
            empty_at: None,
        }
    }

    /// Buckets that are empty now.
    pub(crate) fn empty(now: Instant) -> Self {
        Self {
            levels: HashMap::new(),
            empty_at: Some(now),
        }
    }

    /// One token from each of the buckets, or none from any.
    pub(crate) fn take(&mut self, draws: &[Draw], now: Instant, patience: Duration) -> Leave {
        let levels: Vec<f64> = draws.iter().map(|draw| self.level(draw, now)).collect();
        let waits = draws
            .iter()
            .zip(&levels)
            .map(|((_, size), tokens)| ((1.0 - tokens) / size.refill).max(0.0));
        let wait = Duration::from_secs_f64(waits.fold(0.0, f64::max));
        if wait > patience {
            return Leave::Never(wait);
        }
        for ((name, _), tokens) in draws.iter().zip(levels) {
            let tokens = tokens - 1.0;
            self.levels.insert(name.clone(), Level { tokens, at: now });
        }
        Leave::After(wait)
    }

    /// EC2 has fewer tokens than we thought.
    pub(crate) fn penalise(&mut self, draws: &[Draw], now: Instant) {
        for draw in draws {
            let tokens = punished(self.level(draw, now));
            self.levels
                .insert(draw.0.clone(), Level { tokens, at: now });
        }
    }

    fn level(&self, (name, size): &Draw, now: Instant) -> f64 {
        let known = self.levels.get(name).copied();
        let first = self.empty_at.map(|at| Level { tokens: 0.0, at });
        known.or(first).map_or(size.capacity, |level| {
            let passed = now.saturating_duration_since(level.at).as_secs_f64();
            (level.tokens + passed * size.refill).min(size.capacity)
        })
    }
}

/// What is left after EC2 refused a call that our bucket let through: nothing, and one call less than that; never less
/// for more refusals, so that a storm of them does not shut the door.
fn punished(tokens: f64) -> f64 {
    tokens.min((tokens - 1.0).clamp(-1.0, 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        capacity: 5.0,
        refill: 2.0,
    };
    const PATIENCE: Duration = Duration::from_secs(2);

    fn draw() -> Vec<Draw> {
        vec![("a".to_owned(), SIZE)]
    }

    fn waits(buckets: &mut Buckets, now: Instant, times: usize) -> Vec<Leave> {
        (0..times)
            .map(|_| buckets.take(&draw(), now, PATIENCE))
            .collect()
    }

    fn after(ms: u64) -> Leave {
        Leave::After(Duration::from_millis(ms))
    }

    #[test]
    fn a_burst_passes_the_next_get_places_and_the_rest_is_told_when() {
        let (mut buckets, now) = (Buckets::full(), Instant::now());
        let said = waits(&mut buckets, now, 11);
        assert_eq!(said[..5], [after(0); 5]);
        assert_eq!(
            said[5..9],
            [after(500), after(1000), after(1500), after(2000)]
        );
        let never = Leave::Never(Duration::from_millis(2500));
        assert_eq!(
            said[9..],
            [never; 2],
            "a call without a place takes no token"
        );
        let later = now + Duration::from_secs(2);
        assert_eq!(waits(&mut buckets, later, 1), [after(500)]);
        let rested = now + Duration::from_secs(1000);
        assert_eq!(waits(&mut buckets, rested, 6)[5], after(500));
    }

    #[test]
    fn an_empty_start_gives_no_burst() {
        let now = Instant::now();
        let mut buckets = Buckets::empty(now);
        assert_eq!(waits(&mut buckets, now, 2), [after(500), after(1000)]);
    }

    #[test]
    fn two_buckets_give_together_or_not_at_all() {
        let (mut buckets, now) = (Buckets::full(), Instant::now());
        let scarce = Size {
            capacity: 1.0,
            refill: 0.1,
        };
        let both = vec![("a".to_owned(), SIZE), ("b".to_owned(), scarce)];
        assert_eq!(buckets.take(&both, now, PATIENCE), after(0));
        assert!(matches!(
            buckets.take(&both, now, PATIENCE),
            Leave::Never(_)
        ));
        // The refused call has left the first bucket alone.
        assert_eq!(waits(&mut buckets, now, 5)[3], after(0));
    }

    #[test]
    fn a_refusal_by_ec2_empties_the_bucket_and_a_storm_of_them_does_not_shut_it() {
        let (mut buckets, now) = (Buckets::full(), Instant::now());
        buckets.penalise(&draw(), now);
        assert_eq!(waits(&mut buckets, now, 1), [after(500)]);
        for _ in 0..100 {
            buckets.penalise(&draw(), now);
        }
        assert_eq!(waits(&mut buckets, now, 1), [after(1000)]);
    }

    /// Over any window the departures are at most what the bucket holds and what flows in.
    #[test]
    fn no_window_has_more_departures_than_the_bucket_allows() {
        let start = Instant::now();
        let mut buckets = Buckets::full();
        let mut departures: Vec<Duration> = Vec::new();
        for step in 0..600u64 {
            // Three per 100 ms, a rest, then three per 100 ms again.
            let come = Duration::from_millis(step / 3 * 100 + if step > 300 { 4_000 } else { 0 });
            if let Leave::After(wait) = buckets.take(&draw(), start + come, PATIENCE) {
                departures.push(come + wait);
            }
        }
        departures.sort_unstable();
        for (first, from) in departures.iter().enumerate() {
            for (last, to) in departures.iter().enumerate().skip(first) {
                let allowed = SIZE.capacity + SIZE.refill * (*to - *from).as_secs_f64();
                let count = (last - first + 1) as f64;
                assert!(count <= allowed + 1e-6, "{count} from {from:?} to {to:?}");
            }
        }
        assert!(departures.len() > 40, "{}", departures.len());
    }
}

//! What one attempt of a delivery leads to: done, another attempt and when, or the end. Pure: the instant and the chance come
//! from outside. A receiver that is down is paused as a whole and tried with one delivery now and then; a receiver that
//! refuses one message pauses only that one (AUTO-AMI 8, FAULTS F38).

use std::time::Duration;

use chrono::TimeDelta;

use crate::Instant;

/// How long a delivery is tried, and a receiver that takes nothing.
pub const GIVEN_UP: Duration = Duration::from_secs(72 * 3600);

/// Waits between attempts; the last one repeats.
const LADDER: [u64; 7] = [5, 30, 120, 600, 1_800, 3_600, 10_800];

/// The longest pause a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The receiver took it.
    Taken,
    /// It is too busy: 429, or 503 with `Retry-After`.
    Busy {
        /// What it said.
        why: String,
        /// How long it asks us to wait.
        after: Option<Duration>,
    },
    /// It did not answer, broke off, or failed itself: 5xx, a timeout, no connection, an SMTP 4xx.
    Down(String),
    /// It refused this message: another 4xx, a redirect, an SMTP 5xx.
    Refused(String),
    /// It says that it is gone for good: 410.
    Gone(String),
    /// It was never asked: its address leads inside, its secret cannot be opened.
    Unfit(String),
}

/// What is known at the end of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct Tried {
    /// Now, by the ledger's clock.
    pub now: Instant,
    /// When this delivery was tried first.
    pub first: Instant,
    /// Its attempts, this one too.
    pub attempts: u32,
    /// Since when the receiver takes nothing, if it does not.
    pub failing_since: Option<Instant>,
    /// Failures of the receiver in a row, this one too.
    pub failures: u32,
    /// In `0.0..1.0`.
    pub chance: f64,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Delivered.
    Done,
    /// Another attempt.
    Again {
        /// When.
        at: Instant,
        /// Whether all deliveries of the receiver wait for it.
        pause: bool,
        /// What went wrong.
        why: String,
    },
    /// This delivery is given up.
    Over(String),
    /// The receiver is disabled, and this delivery given up with it.
    Disable {
        /// Why, in words of our own, for other receivers: what its host said is not theirs.
        told: &'static str,
        /// Why, with what its host said.
        why: String,
    },
}

/// What follows from an answer.
pub fn due(answer: &Answer, tried: Tried) -> Next {
    let age = |since: Instant| (tried.now - since).to_std().unwrap_or_default();
    let wait = |attempts: u32| tried.now + jittered(attempts, tried.chance);
    let dead = tried
        .failing_since
        .is_some_and(|since| age(since) >= GIVEN_UP);
    match answer {
        Answer::Taken => Next::Done,
        Answer::Gone(why) => Next::Disable {
            told: "it says that it is gone for good",
            why: why.clone(),
        },
        Answer::Busy { why, .. }
        | Answer::Down(why)
        | Answer::Refused(why)
        | Answer::Unfit(why)
            if dead =>
        {
            Next::Disable {
                told: "it has taken nothing for 72 hours",
                why: format!("it has taken nothing for 72 hours; last: {why}"),
            }
        }
        Answer::Busy { why, after } => Next::Again {
            at: match after {
                Some(after) => {
                    let asked = (*after).clamp(Duration::from_secs(1), LONGEST_ASKED);
                    let spread = asked.mul_f64(0.1 * tried.chance.clamp(0.0, 1.0));
                    tried.now + delta(asked + spread)
                }
                None => wait(tried.failures),
            },
            pause: true,
            why: why.clone(),
        },
        Answer::Down(why) | Answer::Unfit(why) => Next::Again {
            at: wait(tried.failures),
            pause: true,
            why: why.clone(),
        },
        Answer::Refused(why) if age(tried.first) >= GIVEN_UP => Next::Over(why.clone()),
        Answer::Refused(why) => Next::Again {
            at: wait(tried.attempts),
            pause: false,
            why: why.clone(),
        },
    }
}

/// The wait after so many failures: a step of the ladder, a fifth more or less.
fn jittered(attempts: u32, chance: f64) -> TimeDelta {
    let step = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    let seconds = LADDER[step.min(LADDER.len() - 1)];
    delta(Duration::from_secs(seconds).mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0)))
}

fn delta(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Instant {
        "2026-11-28T12:00:00Z".parse().expect("an instant")
    }

    fn tried(attempts: u32, hours_failing: Option<i64>) -> Tried {
        let since = hours_failing.map(|hours| now() - TimeDelta::hours(hours));
        Tried {
            now: now(),
            first: since.unwrap_or(now()),
            attempts,
            failing_since: since,
            failures: attempts,
            chance: 0.5,
        }
    }

    fn down() -> Answer {
        Answer::Down("it answered 500".to_owned())
    }

    #[test]
    fn a_receiver_that_is_down_is_paused_longer_each_time() {
        let mut last = TimeDelta::zero();
        for (attempts, seconds) in [
            (1, 5),
            (2, 30),
            (3, 120),
            (4, 600),
            (7, 10_800),
            (50, 10_800),
        ] {
            let Next::Again { at, pause, .. } = due(&down(), tried(attempts, Some(1))) else {
                panic!("it is tried again");
            };
            assert!(pause);
            assert_eq!((at - now()).num_seconds(), seconds);
            assert!(at - now() >= last);
            last = at - now();
        }
    }

    #[test]
    fn jitter_spreads_a_fifth_to_each_side() {
        for chance in [0.0, 0.25, 0.99] {
            let Next::Again { at, .. } = due(
                &down(),
                Tried {
                    chance,
                    ..tried(5, Some(1))
                },
            ) else {
                panic!("it is tried again");
            };
            let seconds = (at - now()).num_seconds();
            assert!((1_440..2_160).contains(&seconds), "{seconds}");
        }
    }

    #[test]
    fn after_72_hours_without_success_the_receiver_is_disabled() {
        assert!(matches!(
            due(&down(), tried(30, Some(71))),
            Next::Again { .. }
        ));
        let Next::Disable { told, why } = due(&down(), tried(30, Some(72))) else {
            panic!("it is disabled");
        };
        assert!(why.contains("72 hours") && why.contains("500"), "{why}");
        assert!(told.contains("72 hours") && !told.contains("500"), "{told}");
    }

    #[test]
    fn one_refused_message_pauses_no_other_and_ends_alone() {
        let refused = Answer::Refused("it answered 413".to_owned());
        let fresh = Tried {
            failing_since: None,
            ..tried(2, Some(1))
        };
        assert!(matches!(
            due(&refused, fresh),
            Next::Again { pause: false, .. }
        ));
        let old = Tried {
            failing_since: None,
            ..tried(20, Some(73))
        };
        assert_eq!(due(&refused, old), Next::Over("it answered 413".to_owned()));
    }

    #[test]
    fn what_a_busy_receiver_asks_for_is_done_within_bounds() {
        let busy = |after| Answer::Busy {
            why: "it answered 429".to_owned(),
            after,
        };
        for (asked, least, most) in [
            (Some(90), 90, 99),
            (Some(0), 1, 2),
            (Some(10_000_000), 86_400, 95_040),
            (None, 5, 5),
        ] {
            let answer = busy(asked.map(Duration::from_secs));
            let Next::Again { at, pause, .. } = due(&answer, tried(1, None)) else {
                panic!("it is tried again");
            };
            assert!(pause);
            let seconds = (at - now()).num_seconds();
            assert!((least..=most).contains(&seconds), "{asked:?}: {seconds}");
        }
    }

    #[test]
    fn one_that_is_gone_is_disabled_at_once_and_success_ends_it() {
        let gone = Answer::Gone("it answered 410".to_owned());
        let Next::Disable { told, .. } = due(&gone, tried(1, None)) else {
            panic!("it is disabled");
        };
        assert!(
            !told.contains("410"),
            "what its host said stays with it: {told}"
        );
        assert_eq!(due(&Answer::Taken, tried(9, Some(80))), Next::Done);
    }
}

//! How often a running installation is asked about, and what is said when it cannot be.

use std::time::Duration;

use super::first_boot::{ABSENT, AGENT};

/// Installations of one worker up to which a failure is told within ten seconds.
pub const PROMPT: usize = 100;

/// Questions a second by all installations of a worker: SSM's rates are the account's (L10), SendCommand's bucket refills
/// with five a second (`ingot_throttle`), and one of them is for other questions.
const QUESTIONS: u64 = 4;
/// Looks for answers a second up to [`PROMPT`] installations, of the twenty that GetCommandInvocation's bucket takes: up to
/// five more are the first looks, and because a question has a whole number of them.
const LOOKS: u64 = 15;
/// The same of more installations: their failures are not promised within ten seconds.
const LOOKS_OF_MANY: u64 = 6;
/// The longest that a question waits on its instance: SSM ends the command after a minute.
const HOLD: u64 = 45;

/// Seconds until the first look: a command takes one at least.
const FIRST: u64 = 2;

/// How an installation is watched: a question waits on the instance for the end of the script, so that the end is seen at
/// the next look, however seldom questions are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watching {
    /// How long the question waits on the instance, whole seconds.
    pub hold: Duration,
    /// Until the first look for its answer: the script may have ended between two questions.
    pub first: Duration,
    /// Between two looks after that.
    pub look: Duration,
    /// Looks after which it counts as lost.
    pub lost: u32,
    /// Between an answer and the next question.
    pub pause: Duration,
}

/// How an installation is watched by how long nothing new has come and by how many installations this worker watches.
pub fn watching(quiet: Duration, watched: usize) -> Watching {
    const MINUTE: u64 = 60;
    let watched = u64::try_from(watched.max(1)).unwrap_or(u64::MAX);
    let usual = match quiet.as_secs() / MINUTE {
        0..5 => 3,
        5..15 => 10,
        _ => 30,
    };
    let cycle = watched.div_ceil(QUESTIONS).max(usual);
    let hold = cycle.min(HOLD);
    let share = if watched <= PROMPT as u64 {
        LOOKS
    } else {
        LOOKS_OF_MANY
    };
    // The command itself takes a second beside its wait, at the end of which the last look stands.
    let rest_ms = (hold + 1 - FIRST) * 1000;
    let looks = rest_ms.div_ceil((watched * 1000 / share).max(3000));
    Watching {
        hold: Duration::from_secs(hold),
        first: Duration::from_secs(FIRST),
        look: Duration::from_millis(rest_ms / looks),
        lost: u32::try_from(looks)
            .unwrap_or(u32::MAX)
            .saturating_add(LATE),
        pause: Duration::from_secs(cycle - hold),
    }
}

/// At any pace the questions of one worker are not more than two hundred a second.
pub fn least(watched: usize) -> Duration {
    let share = u64::try_from(watched).unwrap_or(u64::MAX).saturating_mul(5);
    Duration::from_millis(share.max(250))
}

/// How long after a look at a console the next one follows: within a minute, unless there are so many that all looks would
/// be more than five calls a second.
pub fn listen_to_console(watched: usize) -> Duration {
    let share = u64::try_from(watched)
        .unwrap_or(u64::MAX)
        .saturating_mul(200);
    Duration::from_secs(20).max(Duration::from_millis(share))
}

/// Looks that an answer may be late by before its question counts as lost.
const LATE: u32 = 10;

/// How long after SSM did not know the instance it is asked again.
pub const ABSENT_AGAIN: Duration = Duration::from_secs(10);

/// How long a deployment that gives up waits for its instance to say why.
pub const LAST_WORDS: Duration = Duration::from_secs(60);

/// Whether an instance of this age that SSM has not known for so long is worth a word in the story: the agent registers a
/// minute or two after the boot.
pub fn is_missed(age: Duration, absent: Duration) -> bool {
    age >= AGENT && absent >= ABSENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_installation_is_asked_about_less_often() {
        let minutes = [0, 4, 5, 14, 15, 600];
        let held = minutes
            .map(|minutes| watching(Duration::from_secs(minutes * 60), 1))
            .map(|watching| (watching.hold.as_secs(), watching.pause.as_secs()));
        assert_eq!(held, [(3, 0), (3, 0), (10, 0), (10, 0), (30, 0), (30, 0)]);
    }

    #[test]
    fn all_questions_and_looks_of_a_worker_stay_within_the_rates_of_the_account() {
        for quiet in [0, 400, 4000] {
            for watched in 1..=3000_usize {
                let one = watching(Duration::from_secs(quiet), watched);
                let cycle = (one.hold + Duration::from_secs(1) + one.pause).as_secs_f64();
                let questions = watched as f64 / cycle;
                let rest = one.hold + Duration::from_secs(1) - one.first;
                let looks = questions * (1.0 + rest.as_secs_f64() / one.look.as_secs_f64());
                assert!(
                    questions <= 4.0,
                    "{watched}: {questions} questions a second"
                );
                let most = if watched <= PROMPT { 20.0 } else { 12.0 };
                assert!(looks <= most, "{watched}: {looks} looks a second");
            }
            assert!(PROMPT as f64 / least(PROMPT).as_secs_f64() <= 240.0);
        }
    }

    #[test]
    fn of_a_thousand_each_is_asked_every_four_minutes() {
        let one = watching(Duration::ZERO, 1000);
        assert_eq!((one.hold + one.pause).as_secs(), 250);
        assert_eq!(one.look, Duration::from_secs(44));
    }

    #[test]
    fn consoles_are_read_within_a_minute() {
        let read = [1, 100, 300, 1000].map(|watched| listen_to_console(watched).as_secs());
        assert_eq!(read, [20, 20, 60, 200]);
    }

    #[test]
    fn a_failure_is_heard_of_within_ten_seconds_however_quiet_it_was() {
        for watched in 1..=PROMPT {
            for quiet in [0, 400, 4000] {
                let one = watching(Duration::from_secs(quiet), watched);
                // The instance notices within a second, and the failure came just after a look; or it came when the
                // question had just ended. What remains of the ten seconds is for the visits themselves: one, or three.
                let second = Duration::from_secs(1);
                let amid = second + one.look;
                let between = second + one.pause + one.first;
                assert!(amid <= Duration::from_millis(7100), "{watched}: {amid:?}");
                assert!(between <= Duration::from_secs(3), "{watched}: {between:?}");
            }
        }
    }

    #[test]
    fn an_agent_that_may_still_register_is_not_missed() {
        assert!(!is_missed(AGENT / 2, ABSENT));
        assert!(!is_missed(AGENT, ABSENT / 2));
        assert!(is_missed(AGENT, ABSENT));
    }
}

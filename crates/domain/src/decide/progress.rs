//! How often a running installation is asked about, and what is said when it cannot be.

use std::time::Duration;

use super::first_boot::{ABSENT, AGENT};

/// Installations of one worker up to which a failure is told within ten seconds.
pub const PROMPT: usize = 100;

/// How long after an answer the next question follows, by how long nothing new has come and by how many installations
/// this worker watches. A failure is to be told within ten seconds, and most come soon after something new; but SSM's
/// rates are the account's (L10): a question is two calls, and beyond [`PROMPT`] all questions are twelve calls a second.
pub fn ask_after(quiet: Duration, watched: usize) -> Duration {
    const MINUTE: u64 = 60;
    let seconds = match quiet.as_secs() / MINUTE {
        0..5 => 3,
        5..15 => 10,
        _ => 30,
    };
    let watched_ms = u64::try_from(watched)
        .unwrap_or(u64::MAX)
        .saturating_mul(1000);
    let share = if watched <= PROMPT {
        watched_ms / 20
    } else {
        watched_ms / 6
    };
    Duration::from_secs(seconds).max(Duration::from_millis(share))
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

/// When the answer to a question is looked for: a command takes a second at least.
pub fn listen_after(looks: u32) -> Duration {
    match looks {
        0 | 1 => Duration::from_secs(2),
        _ => super::first_boot::listen_after(looks),
    }
}

/// Looks after which a question counts as lost.
pub const LOST: u32 = 12;

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
        let asked =
            minutes.map(|minutes| ask_after(Duration::from_secs(minutes * 60), 1).as_secs());
        assert_eq!(asked, [3, 3, 10, 10, 30, 30]);
    }

    #[test]
    fn many_installations_share_few_calls() {
        let table = [(1, 3), (60, 3), (100, 5), (120, 20), (1000, 166)];
        for (watched, seconds) in table {
            let period = ask_after(Duration::ZERO, watched);
            assert_eq!(period.as_secs(), seconds, "{watched}");
            let calls = 2.0 * watched as f64 / period.as_secs_f64();
            assert!(
                calls <= 40.1 && (watched <= PROMPT || calls <= 12.1),
                "{watched}: {calls}"
            );
            assert!(
                watched as f64 / least(watched).as_secs_f64() <= 240.0,
                "{watched}"
            );
        }
    }

    #[test]
    fn consoles_are_read_within_a_minute() {
        let read = [1, 100, 300, 1000].map(|watched| listen_to_console(watched).as_secs());
        assert_eq!(read, [20, 20, 60, 200]);
    }

    #[test]
    fn a_failure_that_comes_soon_after_news_is_heard_of_within_ten_seconds() {
        // The worst case: it fails just after a question was answered on the instance.
        let worst = listen_after(0) + ask_after(Duration::ZERO, PROMPT) + listen_after(0);
        assert!(worst <= Duration::from_secs(9), "{worst:?}");
    }

    #[test]
    fn an_agent_that_may_still_register_is_not_missed() {
        assert!(!is_missed(AGENT / 2, ABSENT));
        assert!(!is_missed(AGENT, ABSENT / 2));
        assert!(is_missed(AGENT, ABSENT));
    }
}

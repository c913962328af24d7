//! How often a running installation is asked about, and what is said when it cannot be.

use std::time::Duration;

use super::first_boot::{ABSENT, AGENT};

/// How long after an answer the next question follows, by how long nothing new has come. A failure is to be told within
/// ten seconds, and most come soon after something new.
pub fn ask_after(quiet: Duration) -> Duration {
    const MINUTE: u64 = 60;
    let seconds = match quiet.as_secs() / MINUTE {
        0..5 => 3,
        5..15 => 10,
        _ => 30,
    };
    Duration::from_secs(seconds)
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
        let asked = minutes.map(|minutes| ask_after(Duration::from_secs(minutes * 60)).as_secs());
        assert_eq!(asked, [3, 3, 10, 10, 30, 30]);
    }

    #[test]
    fn a_failure_that_comes_soon_after_news_is_heard_of_within_ten_seconds() {
        // The worst case: it fails just after a question was answered on the instance.
        let worst = listen_after(0) + ask_after(Duration::ZERO) + listen_after(0);
        assert!(worst <= Duration::from_secs(8), "{worst:?}");
    }

    #[test]
    fn an_agent_that_may_still_register_is_not_missed() {
        assert!(!is_missed(AGENT / 2, ABSENT));
        assert!(!is_missed(AGENT, ABSENT / 2));
        assert!(is_missed(AGENT, ABSENT));
    }
}

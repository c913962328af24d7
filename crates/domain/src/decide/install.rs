//! Whether an installation is over, from what the instance answered. Judged after the answer, never before it: perhaps
//! no worker ran and asked for hours, and the installation was over all the time.

use std::time::Duration;

/// How long install-finished may take after readiness.
pub const LONGEST: Duration = Duration::from_secs(90 * 60);
/// How often an instance is asked, in simulated seconds.
pub const ASK: Duration = Duration::from_secs(15);
/// How often the answer is looked for, in simulated seconds.
pub const LISTEN: Duration = Duration::from_secs(2);

/// What asking led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The command ended with 0: the installation is over.
    Over,
    /// It ended otherwise, was not delivered, or SSM does not know the instance.
    NotYet,
    /// It is on its way.
    Asked,
    /// SSM does not know the command: not yet, or not any more.
    Unheard,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The settling delay begins.
    Settle,
    /// Look for the answer after this simulated wait.
    Listen(Duration),
    /// Ask anew after this simulated wait.
    AskAgain(Duration),
    /// No image can be made.
    Fail(&'static str),
}

/// Decides; `since_ready` is simulated.
pub fn asked(answer: Answer, since_ready: Duration) -> Next {
    let late = since_ready >= LONGEST;
    match answer {
        Answer::Over => Next::Settle,
        Answer::Asked => Next::Listen(LISTEN),
        Answer::Unheard if !late => Next::Listen(LISTEN),
        Answer::NotYet if !late => Next::AskAgain(ASK),
        Answer::NotYet | Answer::Unheard => Next::Fail(
            "the installation did not report its end in 90 minutes; see the template's `install_finished` and whether SSM reaches the instance (instance profile)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_judged_by_an_answer() {
        let (soon, late) = (Duration::from_secs(60), LONGEST);
        let table = [
            (Answer::Over, soon, Next::Settle),
            (Answer::Over, late * 10, Next::Settle),
            (Answer::Asked, late * 10, Next::Listen(LISTEN)),
            (Answer::Unheard, soon, Next::Listen(LISTEN)),
            (Answer::NotYet, soon, Next::AskAgain(ASK)),
        ];
        for (answer, since, step) in table {
            assert_eq!(asked(answer, since), step, "{answer:?} after {since:?}");
        }
        for answer in [Answer::NotYet, Answer::Unheard] {
            assert!(matches!(asked(answer, late), Next::Fail(_)), "{answer:?}");
        }
    }
}

//! Whether an installation is over, from what the instance answered. Judged after the answer, never before it: perhaps
//! no worker ran and asked for hours, and the installation was over all the time.

use std::time::Duration;

/// How long install-finished may take after readiness.
pub const LONGEST: Duration = Duration::from_secs(90 * 60);
/// How often an instance is asked, in simulated seconds.
pub const ASK: Duration = Duration::from_secs(15);
/// How long an installation whose script has failed may still turn out well by the template's own sign (a file that
/// something in the background writes). cloud-init's `error` is final at once.
pub const GRACE: Duration = Duration::from_secs(120);

/// When the answer is looked for: soon at first, then less and less often (L10).
pub fn listen_after(looks: u32) -> Duration {
    super::first_boot::listen_after(looks)
}

/// What asking led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The command ended with 0: the installation is over.
    Over,
    /// The installation failed, and says how. `surely` when no sign of the template's can come any more.
    Failed {
        /// For people.
        why: String,
        /// cloud-init itself says so.
        surely: bool,
    },
    /// It ended otherwise, was not delivered, or SSM does not know the instance.
    NotYet,
    /// It is on its way.
    Asked,
    /// SSM does not know the command: not yet, or not any more.
    Unheard,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The settling delay begins.
    Settle,
    /// Look for the answer after this simulated wait.
    Listen(Duration),
    /// Ask anew after this simulated wait.
    AskAgain(Duration),
    /// No image can be made.
    Fail(String),
}

/// Decides; `since_ready` is simulated, `looks` counts those for the answer to this question.
pub fn asked(answer: Answer, since_ready: Duration, looks: u32) -> Next {
    let late = since_ready >= LONGEST;
    match answer {
        Answer::Over => Next::Settle,
        Answer::Failed { why, surely } if surely || since_ready >= GRACE => {
            Next::Fail(format!("the installation failed: {why}"))
        }
        Answer::Failed { .. } => Next::AskAgain(ASK),
        Answer::Asked => Next::Listen(listen_after(looks)),
        Answer::Unheard if !late => Next::Listen(listen_after(looks)),
        Answer::NotYet if !late => Next::AskAgain(ASK),
        Answer::NotYet | Answer::Unheard => Next::Fail(
            "the installation did not report its end in 90 minutes; see the template's `install_finished` and whether SSM reaches the instance (instance profile)"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_judged_by_an_answer() {
        let (soon, late) = (Duration::from_secs(60), LONGEST);
        let listen = Next::Listen(listen_after(0));
        let failed = |surely| Answer::Failed {
            why: "exit code 7".to_owned(),
            surely,
        };
        let table = [
            (Answer::Over, soon, Next::Settle),
            (Answer::Over, late * 10, Next::Settle),
            (Answer::Asked, late * 10, listen.clone()),
            (Answer::Unheard, soon, listen),
            (Answer::NotYet, soon, Next::AskAgain(ASK)),
            (failed(false), soon, Next::AskAgain(ASK)),
        ];
        for (answer, since, step) in table {
            assert_eq!(
                asked(answer.clone(), since, 0),
                step,
                "{answer:?} after {since:?}"
            );
        }
        let ends = [
            (Answer::NotYet, late),
            (Answer::Unheard, late),
            (failed(true), soon),
            (failed(false), GRACE),
        ];
        for (answer, since) in ends {
            let step = asked(answer.clone(), since, 0);
            assert!(matches!(step, Next::Fail(_)), "{answer:?} after {since:?}");
        }
    }

    #[test]
    fn looks_become_rarer() {
        let all: Vec<_> = (0..8).map(listen_after).collect();
        assert!(all.is_sorted() && all.first() < all.last(), "{all:?}");
    }
}

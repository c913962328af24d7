//! Whether a cached launch is ready: its page may answer long before the script of its first boot is over, with the
//! identity of the instance its image was made from (REAL-AWS H6). So the instance is asked through SSM; where nothing can
//! be asked, EC2's status checks and two good answers of the page stand for it.

use std::time::Duration;

use crate::guest::question::Heard;

/// How long a first boot may take after the page first answered.
pub const LONGEST: Duration = Duration::from_secs(90 * 60);
/// How old an instance is before its silence towards SSM counts: the agent registers a minute or two after the boot.
pub const AGENT: Duration = Duration::from_secs(5 * 60);
/// How long SSM must have known nothing of it then.
pub const ABSENT: Duration = Duration::from_secs(60);
/// How long an image without cloud-init may take: it may run user data by other means.
pub const OTHER_MEANS: Duration = Duration::from_secs(15 * 60);
/// How far apart the two good answers are that stand for a first boot nothing was heard of.
pub const APART: Duration = Duration::from_secs(30);
/// How often EC2's status checks are looked at.
pub const CHECK: Duration = Duration::from_secs(15);
/// How long they may take after the page answered; EC2 needs two to five minutes.
pub const LONGEST_CHECK: Duration = Duration::from_secs(60 * 60);
/// While the page does not answer, the instance is asked this often at most: its script may have failed.
pub const ASK_UNANSWERED: Duration = Duration::from_secs(120);

/// What asking led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The instance answered.
    Heard(Heard),
    /// The question is on its way.
    Asked,
    /// SSM does not know the question, not yet or not any more.
    Unheard,
    /// SSM does not know the instance, or could not deliver the question.
    Absent,
    /// SSM refused, and will refuse again.
    Refused(String),
}

/// What is known when an answer is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// Simulated time since the launch.
    pub age: Duration,
    /// Since the page first answered; zero before.
    pub since_page: Duration,
    /// Since SSM first knew nothing of the instance; zero when it did.
    pub absent: Duration,
    /// Questions answered with "not yet".
    pub asks: u32,
    /// Looks for the answer to this question.
    pub looks: u32,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The first boot is over.
    Over,
    /// It cannot be observed: why, for people.
    NotObserved(String),
    /// Look for the answer after this simulated wait.
    Listen(Duration),
    /// Ask anew after this simulated wait.
    AskAgain(Duration),
    /// The deployment has failed.
    Fail(String),
}

/// When an answer is looked for: soon at first, then less and less often (L10: SSM's rates are the account's).
pub fn listen_after(looks: u32) -> Duration {
    const SECONDS: [u64; 5] = [2, 3, 5, 8, 15];
    let at = usize::try_from(looks).unwrap_or(usize::MAX);
    Duration::from_secs(SECONDS.get(at).copied().unwrap_or(15))
}

/// When the next question follows a "not yet".
pub fn ask_after(asks: u32) -> Duration {
    const SECONDS: [u64; 4] = [5, 10, 15, 20];
    let at = usize::try_from(asks).unwrap_or(usize::MAX);
    Duration::from_secs(SECONDS.get(at).copied().unwrap_or(30))
}

/// Looks after which a question counts as lost: SSM gives an undelivered one up after 60 s.
const LOST: u32 = 12;

/// Decides after an answer.
pub fn heard(answer: Answer, view: View) -> Next {
    let late = view.since_page >= LONGEST;
    match answer {
        Answer::Heard(Heard::Over) => Next::Over,
        Answer::Heard(Heard::Failed(why)) => Next::Fail(format!("its first boot failed: {why}")),
        Answer::Heard(Heard::Silent) => Next::NotObserved(
            "cloud-init is over and the first-boot script has not written down its end".to_owned(),
        ),
        Answer::Heard(Heard::NoCloudInit) if view.since_page >= OTHER_MEANS => {
            Next::NotObserved("the instance has no cloud-init".to_owned())
        }
        Answer::Refused(why) => Next::NotObserved(format!("SSM refused the question: {why}")),
        Answer::Absent if view.age >= AGENT && view.absent >= ABSENT => Next::NotObserved(
            "SSM does not reach the instance (no agent, or its profile does not let it)".to_owned(),
        ),
        Answer::Heard(_) if late => Next::Fail(
            "its first boot was not over 90 minutes after the page answered; see the script `first_boot` and /var/log/cloud-init-output.log on the instance"
                .to_owned(),
        ),
        Answer::Asked | Answer::Unheard if view.looks >= LOST && late => {
            Next::NotObserved("SSM took the question and never answered it".to_owned())
        }
        Answer::Asked | Answer::Unheard if view.looks < LOST => {
            Next::Listen(listen_after(view.looks))
        }
        Answer::Heard(_) | Answer::Absent | Answer::Asked | Answer::Unheard => {
            Next::AskAgain(ask_after(view.asks))
        }
    }
}

/// EC2's verdict on an instance (DescribeInstanceStatus).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checks {
    /// Both checks passed.
    Passed,
    /// Not (yet): EC2's words.
    Pending(String),
    /// They cannot be asked for.
    Unknown(String),
}

/// What follows EC2's verdict on an instance whose first boot nothing was heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its page may be asked now.
    Probe,
    /// Look again after this simulated wait.
    Wait(Duration),
    /// The deployment has failed.
    Fail(String),
}

/// Decides after EC2's verdict.
pub fn checked(checks: &Checks, since_page: Duration) -> Standing {
    match checks {
        Checks::Passed | Checks::Unknown(_) => Standing::Probe,
        Checks::Pending(what) if since_page >= LONGEST_CHECK => Standing::Fail(format!(
            "EC2's status checks of the instance have not passed in an hour: {what}"
        )),
        Checks::Pending(_) => Standing::Wait(CHECK),
    }
}

/// Whether this good answer is the second one; `since_first` is the time since the first, if there was one.
pub fn proven(since_first: Option<Duration>) -> bool {
    since_first.is_some_and(|since| since >= APART)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: View = View {
        age: Duration::from_secs(240),
        since_page: Duration::from_secs(5),
        absent: Duration::ZERO,
        asks: 0,
        looks: 0,
    };

    #[test]
    fn answers_decide() {
        use Answer::*;
        let seconds = Duration::from_secs;
        let late = View {
            since_page: LONGEST,
            ..VIEW
        };
        let absent = |age, absent| View {
            age: seconds(age),
            absent: seconds(absent),
            ..VIEW
        };
        let looked = |looks| View { looks, ..VIEW };
        let not_yet = || Heard(super::Heard::NotYet);
        let table = [
            (not_yet(), VIEW, Next::AskAgain(seconds(5))),
            (
                not_yet(),
                View { asks: 9, ..VIEW },
                Next::AskAgain(seconds(30)),
            ),
            (Heard(super::Heard::Over), late, Next::Over),
            (Asked, VIEW, Next::Listen(seconds(2))),
            (Asked, looked(3), Next::Listen(seconds(8))),
            (Unheard, looked(11), Next::Listen(seconds(15))),
            (Unheard, looked(12), Next::AskAgain(seconds(5))),
            (Asked, looked(12), Next::AskAgain(seconds(5))),
            (Absent, absent(100, 100), Next::AskAgain(seconds(5))),
            (Absent, absent(400, 59), Next::AskAgain(seconds(5))),
            (
                Heard(super::Heard::NoCloudInit),
                VIEW,
                Next::AskAgain(seconds(5)),
            ),
        ];
        for (answer, view, next) in table {
            assert_eq!(heard(answer.clone(), view), next, "{answer:?} {view:?}");
        }
        let unobserved = [
            (Absent, absent(300, 60)),
            (Refused("AccessDenied".to_owned()), VIEW),
            (Heard(super::Heard::Silent), VIEW),
            (Heard(super::Heard::NoCloudInit), late),
            (Unheard, View { looks: 12, ..late }),
        ];
        for (answer, view) in unobserved {
            let next = heard(answer.clone(), view);
            assert!(matches!(next, Next::NotObserved(_)), "{answer:?}: {next:?}");
        }
        for (answer, view) in [
            (not_yet(), late),
            (Heard(super::Heard::Failed("exit code 7".to_owned())), VIEW),
        ] {
            let next = heard(answer.clone(), view);
            assert!(matches!(next, Next::Fail(_)), "{answer:?}: {next:?}");
        }
    }

    #[test]
    fn every_wait_ends() {
        // Whatever SSM answers again and again, some time after the page answered it is decided.
        let late = View {
            age: LONGEST * 2,
            since_page: LONGEST,
            absent: LONGEST,
            asks: 500,
            looks: LOST,
        };
        for answer in [
            Answer::Asked,
            Answer::Unheard,
            Answer::Absent,
            Answer::Heard(Heard::NotYet),
            Answer::Heard(Heard::NoCloudInit),
        ] {
            let next = heard(answer.clone(), late);
            let ends = matches!(next, Next::NotObserved(_) | Next::Fail(_) | Next::Over);
            assert!(ends, "{answer:?}: {next:?}");
        }
        let pending = Checks::Pending("impaired".to_owned());
        assert_eq!(checked(&pending, CHECK), Standing::Wait(CHECK));
        assert!(matches!(
            checked(&pending, LONGEST_CHECK),
            Standing::Fail(_)
        ));
    }

    #[test]
    fn two_good_answers_apart_stand_for_a_boot_that_was_not_seen() {
        assert!(!proven(None), "one is not enough");
        assert!(!proven(Some(APART / 2)), "nor are two at once");
        assert!(proven(Some(APART)));
        assert_eq!(checked(&Checks::Passed, CHECK), Standing::Probe);
        let unknown = Checks::Unknown("denied".to_owned());
        assert_eq!(checked(&unknown, CHECK), Standing::Probe);
    }
}

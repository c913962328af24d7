//! The scrub of identity around CreateImage: whether it is ordered, what the order and the question after the reboot led
//! to. It is never worth an image: every way ends, soon, with a word that stands on the image.

use std::time::Duration;

use crate::guest::scrub::Scrub;

/// What is known before anything is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// The template wants it.
    pub wanted: bool,
    /// The image is made of the running instance.
    pub no_reboot: bool,
    /// The template names an instance profile, without which SSM reaches nothing.
    pub profile: bool,
}

/// Why it is not ordered at all, if so.
pub fn before(view: Before) -> Option<&'static str> {
    if !view.wanted {
        Some("the template switches it off (`images: {scrub: false}`)")
    } else if view.no_reboot {
        Some("the image is made without a reboot, and a running instance keeps its identity")
    } else if !view.profile {
        Some("the template names no `instance_profile`, so SSM cannot reach the instance")
    } else {
        None
    }
}

/// What the instance said to the order, or to the question whether it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nothing yet: the command is under way.
    Nothing,
    /// SSM does not reach the instance.
    Absent,
    /// SSM refuses.
    Refused(String),
    /// Exit code 0.
    Well,
    /// Exit code 3, with what it printed.
    Partly(String),
    /// Any other exit code, with what it printed.
    Badly(i32, String),
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Look for the answer again.
    Listen,
    /// Send the command again.
    AskAgain,
    /// It is settled; the reason is for people.
    Settle(Scrub, Option<String>),
}

/// Commands sent at most, for the order and for the question each.
pub const TRIES: u32 = 3;
/// Looks for one answer at most: SSM gives an undelivered command up after 60 s.
pub const LOOKS: u32 = 8;
/// After this the reboot is over, and a scrub that has not run never will for this image (F31: about two minutes).
pub const REBOOTED: Duration = Duration::from_secs(5 * 60);

/// Decides after the order.
pub fn ordered(heard: &Heard, tries: u32, looks: u32) -> Next {
    let not_run = |why: String| Next::Settle(Scrub::NotRun, Some(why));
    match heard {
        Heard::Nothing if looks < LOOKS => Next::Listen,
        // It may have arrived: the question after the reboot tells.
        Heard::Nothing | Heard::Well => Next::Settle(Scrub::Ordered, None),
        Heard::Absent if tries < TRIES => Next::AskAgain,
        Heard::Absent => not_run("SSM does not reach the instance".to_owned()),
        Heard::Refused(why) => not_run(format!("SSM refused it: {why}")),
        Heard::Partly(_) => not_run("the instance has no systemd to run it".to_owned()),
        Heard::Badly(code, said) => not_run(format!(
            "it could not be ordered (exit code {code}): {said}"
        )),
    }
}

/// What is known when the question after the reboot is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Simulated time since CreateImage answered.
    pub age: Duration,
    /// EC2 has finished the image.
    pub complete: bool,
    /// Questions answered.
    pub asks: u32,
    /// Looks for the answer to this one.
    pub looks: u32,
}

/// Decides after the question whether it ran.
pub fn after(heard: &Heard, view: View) -> Next {
    let failed = |why: String| Next::Settle(Scrub::Failed, Some(why));
    let last = view.complete && view.asks >= TRIES;
    match heard {
        Heard::Well => Next::Settle(Scrub::Done, None),
        Heard::Partly(what) => failed(format!("it could not do all of it: {what}")),
        Heard::Badly(..) if view.age >= REBOOTED || last => {
            failed("it did not run: the instance did not go down in an orderly way".to_owned())
        }
        Heard::Refused(why) => failed(format!("SSM refused to ask whether it ran: {why}")),
        Heard::Nothing if view.looks < LOOKS => Next::Listen,
        Heard::Nothing | Heard::Absent | Heard::Badly(..) if !last => Next::AskAgain,
        Heard::Nothing | Heard::Absent | Heard::Badly(..) => {
            failed("the instance did not say after its reboot whether it ran".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ordered_only_where_it_can_run() {
        for wanted in [true, false] {
            for no_reboot in [true, false] {
                for profile in [true, false] {
                    let why = before(Before {
                        wanted,
                        no_reboot,
                        profile,
                    });
                    assert_eq!(why.is_none(), wanted && !no_reboot && profile, "{why:?}");
                }
            }
        }
    }

    #[test]
    fn the_order_is_settled_whatever_is_heard() {
        let table = [
            (Heard::Nothing, 0, LOOKS, Scrub::Ordered),
            (Heard::Well, 1, 1, Scrub::Ordered),
            (Heard::Absent, TRIES, 0, Scrub::NotRun),
            (Heard::Refused("denied".into()), 1, 0, Scrub::NotRun),
            (Heard::Partly(String::new()), 1, 1, Scrub::NotRun),
            (Heard::Badly(1, "no space".into()), 1, 1, Scrub::NotRun),
        ];
        for (heard, tries, looks, scrub) in table {
            let next = ordered(&heard, tries, looks);
            assert!(
                matches!(&next, Next::Settle(is, _) if *is == scrub),
                "{heard:?}: {next:?}"
            );
        }
        assert_eq!(ordered(&Heard::Absent, 1, 0), Next::AskAgain);
        assert_eq!(ordered(&Heard::Nothing, 0, 1), Next::Listen);
    }

    #[test]
    fn the_question_is_settled_once_the_image_is_there() {
        let view = View {
            age: Duration::from_secs(130),
            complete: false,
            asks: 1,
            looks: 1,
        };
        let late = View {
            age: REBOOTED,
            ..view
        };
        let last = View {
            complete: true,
            asks: TRIES,
            looks: LOOKS,
            ..view
        };
        let not_yet = Heard::Badly(1, String::new());
        assert_eq!(after(&Heard::Well, view), Next::Settle(Scrub::Done, None));
        // The machine has not gone down yet.
        assert_eq!(after(&not_yet, view), Next::AskAgain);
        assert_eq!(after(&Heard::Absent, view), Next::AskAgain);
        assert_eq!(after(&Heard::Nothing, view), Next::Listen);
        let failed = |next: Next| matches!(next, Next::Settle(Scrub::Failed, Some(_)));
        assert!(failed(after(&not_yet, late)));
        assert!(failed(after(&Heard::Partly("truncate".into()), view)));
        for heard in [
            not_yet,
            Heard::Absent,
            Heard::Nothing,
            Heard::Refused("x".into()),
        ] {
            assert!(failed(after(&heard, last)), "{heard:?}");
        }
    }
}

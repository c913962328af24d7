//! What a deployment's story says of a fault it met: once per occurrence, in plain words, and nothing while the story
//! says the same already.

use std::time::Duration;

use crate::event::{Line, Source};
use crate::wait::Wait;

/// Work that is taken up this much after it was due was held up by a fault, not by the queue's usual few milliseconds.
pub const HELD_UP: Duration = Duration::from_secs(60);
const LOST: &str = "deployment.worker_lost";
const DELAYED: &str = "deployment.delayed";
/// What a line about AWS is called.
pub const CLOUD: &str = "deployment.cloud_waits";

/// The facts of one visit.
#[derive(Debug, Clone, Copy, Default)]
pub struct View<'a> {
    /// The claim before ended without an outcome.
    pub worker_lost: bool,
    /// How long after it was due the task was taken up.
    pub late: Duration,
    /// What AWS refuses, when the visit ends waiting for that.
    pub cloud: Option<Refusal<'a>>,
    /// The kind of the story's last event.
    pub last: Option<&'a str>,
}

/// What AWS refuses.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// What the task waits for now.
    pub on: &'a Wait,
    /// The call's own words, where they are known.
    pub said: Option<&'a str>,
    /// How long it has waited for the same (as the cloud's time goes).
    pub waited: Duration,
    /// The story has told of this code since it began.
    pub told: bool,
}

/// The lines the visit adds.
pub fn lines(view: View<'_>) -> Vec<Line> {
    let last = view.last;
    let mut lines = Vec::new();
    if view.worker_lost {
        let said = "Its worker was lost; another one continues";
        lines.push(Line::info(LOST, Source::Monitor, said).warn());
    } else if view.late >= HELD_UP && last != Some(DELAYED) {
        let said = format!(
            "Waited {} longer than planned: no worker could take it up (none was there, or the ledger or Redis was away)",
            span(view.late)
        );
        lines.push(Line::info(DELAYED, Source::Monitor, said).warn());
    }
    if let Some(Refusal {
        on,
        said,
        waited,
        told: false,
    }) = view.cloud
        && waited >= on.told_after()
    {
        let ends = on.ends();
        let said = match said {
            Some(said) => format!("{on}: {said}; it is tried again, {ends}"),
            None => format!("{on}; it is tried again, {ends}"),
        };
        lines.push(Line::info(CLOUD, Source::Monitor, said).warn());
    }
    lines
}

fn span(late: Duration) -> String {
    match (late.as_secs() / 60, late.as_secs() % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(view: View<'_>) -> Vec<String> {
        lines(view).into_iter().map(|line| line.kind).collect()
    }

    #[test]
    fn a_lost_worker_is_told_each_time() {
        let view = View {
            worker_lost: true,
            late: HELD_UP * 9,
            last: Some(LOST),
            ..View::default()
        };
        assert_eq!(kinds(view), [LOST], "the lease explains the delay");
    }

    #[test]
    fn a_delay_is_told_once_until_something_else_happens() {
        let late = |late, kind| {
            kinds(View {
                late,
                last: Some(kind),
                ..View::default()
            })
        };
        assert_eq!(late(HELD_UP, "deployment.queued"), [DELAYED]);
        assert!(late(HELD_UP, DELAYED).is_empty());
        assert!(late(HELD_UP - Duration::from_secs(1), "deployment.queued").is_empty());
        let said = lines(View {
            late: Duration::from_secs(185),
            ..View::default()
        });
        assert!(
            said[0]
                .message
                .starts_with("Waited 3 min 5 s longer than planned")
        );
    }

    fn told(on: &Wait, waited: Duration, told: bool) -> Vec<Line> {
        lines(View {
            cloud: Some(Refusal {
                on,
                said: Some("RunInstances in x: no"),
                waited,
                told,
            }),
            last: Some("deployment.launching"),
            ..View::default()
        })
    }

    #[test]
    fn what_heals_by_itself_is_told_after_two_minutes_and_once() {
        let code = "RequestLimitExceeded".to_owned();
        let rate = Wait::Rate { code };
        let soon = Duration::from_secs(60);
        assert!(told(&rate, soon, false).is_empty());
        let lines = told(&rate, soon * 2, false);
        assert_eq!(lines[0].kind, CLOUD);
        assert!(told(&rate, soon * 9, true).is_empty());
    }

    #[test]
    fn what_a_person_must_mend_is_told_at_once() {
        let code = "VcpuLimitExceeded".to_owned();
        let lines = told(&Wait::Quota { code }, Duration::ZERO, false);
        assert_eq!(
            lines[0].message,
            "a limit of the AWS account is reached (VcpuLimitExceeded): RunInstances in x: no; it is tried again, for 4 h at most"
        );
    }
}

//! What a deployment's story says of a fault it met: once per occurrence, in plain words, and nothing while somebody is
//! already being told the same.

use std::time::Duration;

use crate::event::{Line, Source};

/// Work that is taken up this much after it was due was held up by a fault, not by the queue's usual few milliseconds.
pub const HELD_UP: Duration = Duration::from_secs(60);
/// AWS may refuse this long (as the cloud's time goes) before it is worth a line.
pub const PATIENCE: Duration = Duration::from_secs(120);

const LOST: &str = "deployment.worker_lost";
const DELAYED: &str = "deployment.delayed";
const CLOUD: &str = "deployment.cloud_waits";

/// The facts of one visit.
#[derive(Debug, Clone, Copy, Default)]
pub struct View<'a> {
    /// The claim before ended without an outcome.
    pub worker_lost: bool,
    /// How long after it was due the task was taken up.
    pub late: Duration,
    /// What AWS answers instead of doing what it is asked, when the visit ends waiting for that.
    pub cloud: Option<&'a str>,
    /// The story's last event: its kind, and the felt time since.
    pub last: Option<(&'a str, Duration)>,
}

/// The lines the visit adds.
pub fn lines(view: View<'_>) -> Vec<Line> {
    let last = view.last.map(|(kind, _)| kind);
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
    let quiet = view.last.is_some_and(|(_, since)| since >= PATIENCE);
    if let Some(why) = view.cloud
        && quiet
        && last != Some(CLOUD)
    {
        let said = format!("AWS refuses or throttles calls, it goes on when AWS lets it: {why}");
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
            last: Some((LOST, Duration::ZERO)),
            ..View::default()
        };
        assert_eq!(kinds(view), [LOST], "the lease explains the delay");
    }

    #[test]
    fn a_delay_is_told_once_until_something_else_happens() {
        let late = |late, kind| {
            kinds(View {
                late,
                last: Some((kind, Duration::ZERO)),
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

    #[test]
    fn aws_is_told_after_two_minutes_of_silence_and_once() {
        let cloud = |kind, since| {
            kinds(View {
                cloud: Some("AWS: throttled (RequestLimitExceeded)"),
                last: Some((kind, since)),
                ..View::default()
            })
        };
        assert_eq!(cloud("deployment.launching", PATIENCE), [CLOUD]);
        assert!(cloud("deployment.launching", PATIENCE / 2).is_empty());
        assert!(cloud(CLOUD, PATIENCE * 9).is_empty());
    }
}

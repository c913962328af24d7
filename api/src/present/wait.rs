//! Waits as the API shows them.

use chrono::TimeDelta;
use ingot_client::Wait;
use ingot_domain::pace::Pace;
use ingot_domain::wait::{Patience, Wait as On};
use ingot_entity::store::Waiting;

/// A wait; its patience is the cloud's time and passes at a pace.
pub(crate) fn wait(waiting: &Waiting, pace: Pace) -> Wait {
    let on = &waiting.on;
    let longest = match on.patience() {
        Patience::Longest(longest) => TimeDelta::from_std(pace.wait(longest)).ok(),
        Patience::Until(_) => None,
    };
    Wait {
        on: on.on().to_owned(),
        code: on.code().map(str::to_owned),
        refused: on.is_weather(),
        sentence: on.to_string(),
        since: waiting.since,
        until: waiting
            .since
            .zip(longest)
            .map(|(since, longest)| since + longest),
        ends: on.ends(),
        next_look_at: waiting.next,
        way_out: on.way_out().to_owned(),
    }
}

/// Of what a deployment's tasks wait for, what matters most: a pause, a refusal, else what lasts, else what comes next.
pub(crate) fn foremost<'a>(waits: impl Iterator<Item = &'a Waiting>, pace: Pace) -> Option<Wait> {
    let rank = |waiting: &&Waiting| {
        let on = &waiting.on;
        (
            matches!(on, On::Paused { .. }),
            on.is_weather(),
            !on.is_passing(),
        )
    };
    let waits: Vec<&Waiting> = waits.collect();
    // The first of the same rank: the longest.
    let best = waits.iter().rev().max_by_key(|waiting| rank(waiting))?;
    Some(wait(best, pace))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(on: On) -> Waiting {
        let at = |text: &str| text.parse().expect("an instant");
        Waiting {
            task_id: "tsk_1".to_owned(),
            kind: "launch".to_owned(),
            deployment_id: Some("dep_1".to_owned()),
            on,
            since: Some(at("2026-11-27T12:00:00Z")),
            next: at("2026-11-27T12:01:00Z"),
        }
    }

    #[test]
    fn a_refusal_stands_before_everything_and_ends_in_its_time() {
        let code = "VcpuLimitExceeded".to_owned();
        let waits = [
            waiting(On::Next),
            waiting(On::Probe),
            waiting(On::Quota { code }),
        ];
        let pace = Pace::new(60.0).expect("a pace");
        let shown = foremost(waits.iter(), pace).expect("a wait");
        assert_eq!((shown.on.as_str(), shown.refused), ("quota", true));
        assert_eq!(shown.code.as_deref(), Some("VcpuLimitExceeded"));
        let until = shown.until.expect("an end").to_rfc3339();
        assert_eq!(until, "2026-11-27T12:04:00+00:00", "4 h at a pace of 60");
        let shown = foremost(waits[..2].iter(), pace).expect("a wait");
        assert_eq!((shown.on.as_str(), shown.until), ("probe", None));
        let at = waits[0].since.expect("a beginning");
        let paused = On::Paused {
            by: "ann".to_owned(),
            since: at,
            reason: "AWS event".to_owned(),
        };
        let waits = [waits[2].clone(), waiting(paused)];
        let shown = foremost(waits.iter(), pace).expect("a wait");
        assert_eq!(
            shown.sentence,
            "paused by ann since 2026-11-27 12:00 UTC: AWS event"
        );
        assert_eq!(foremost(waits[..0].iter(), pace), None);
    }
}

//! Tables of steps, ends and extensions.

use super::*;

fn sight(status: Status, ami: Option<AmiStatus>, has_ami: bool) -> Sight {
    Sight {
        status,
        ami,
        has_ami,
    }
}

fn at(minutes: i64) -> Instant {
    let start = chrono::DateTime::from_timestamp(1_795_000_000, 0).expect("a time");
    start + chrono::TimeDelta::minutes(minutes)
}

const RUNNING: Status = Status::Running;
const READY: Status = Status::Success;

#[test]
fn a_build_ends_with_its_ami_or_after_its_failure_and_only_once() {
    use AmiStatus::*;
    let build = |keep_for_seconds| Terms {
        build: Some(BuildOnly {
            keep_for_seconds,
            again: false,
        }),
        // A build has no time to live of its own.
        ttl: Some(Duration::from_secs(60)),
    };
    let kept = Some(Ends::After(Duration::from_secs(7_200)));
    let now = Some(Ends::Now);
    let table = [
        // (before, after, keep nothing, keep two hours)
        (
            sight(RUNNING, None, false),
            sight(READY, Some(Pending), false),
            None,
            None,
        ),
        (
            sight(READY, Some(Pending), false),
            sight(READY, Some(Creating), false),
            None,
            None,
        ),
        (
            sight(READY, Some(Creating), true),
            sight(READY, Some(Completed), true),
            now,
            now,
        ),
        (
            sight(READY, Some(Pending), false),
            sight(READY, Some(Skipped), true),
            now,
            now,
        ),
        (
            sight(READY, Some(Pending), false),
            sight(READY, Some(Skipped), false),
            now,
            kept,
        ),
        (
            sight(READY, Some(Creating), false),
            sight(READY, Some(Failed), false),
            now,
            kept,
        ),
        (
            sight(RUNNING, None, false),
            sight(Status::Failed, Some(Skipped), false),
            now,
            kept,
        ),
        (
            sight(RUNNING, None, false),
            sight(Status::ReadinessTimeout, Some(Skipped), false),
            now,
            kept,
        ),
        (
            sight(Status::Failed, Some(Skipped), false),
            sight(Status::Failed, Some(Skipped), false),
            None,
            None,
        ),
        (
            sight(READY, Some(Completed), true),
            sight(READY, Some(Completed), true),
            None,
            None,
        ),
        (
            sight(Status::Queued, None, false),
            sight(Status::Destroyed, Some(Skipped), true),
            None,
            None,
        ),
        (
            sight(RUNNING, None, false),
            sight(Status::Cancelled, Some(Skipped), false),
            None,
            None,
        ),
    ];
    for (before, after, nothing, two_hours) in table {
        assert_eq!(
            ends(build(0), before, after),
            nothing,
            "{before:?} {after:?}"
        );
        assert_eq!(
            ends(build(7_200), before, after),
            two_hours,
            "{before:?} {after:?}"
        );
        assert_eq!(ends(Terms::default(), before, after), None);
    }
}

#[test]
fn a_time_to_live_counts_from_ready_or_from_failure() {
    let day = Duration::from_secs(86_400);
    let terms = Terms {
        build: None,
        ttl: Some(day),
    };
    let running = sight(RUNNING, None, false);
    for status in [READY, Status::Failed, Status::ReadinessTimeout] {
        let after = sight(status, None, false);
        assert_eq!(
            ends(terms, running, after),
            Some(Ends::After(day)),
            "{status}"
        );
        assert_eq!(ends(terms, after, after), None, "{status}");
    }
    for status in [
        RUNNING,
        Status::Cancelled,
        Status::Destroyed,
        Status::Queued,
    ] {
        assert_eq!(
            ends(terms, running, sight(status, None, false)),
            None,
            "{status}"
        );
    }
}

#[test]
fn an_end_is_told_an_hour_before_and_waits_for_an_ami() {
    use AmiStatus::*;
    let end = at(600);
    let look = |told, ami, minutes| due(end, told, ami, true, at(minutes), NOTICE);
    assert_eq!(look(None, Some(Completed), 539), Due::Nothing);
    assert_eq!(look(None, Some(Completed), 540), Due::Tell);
    assert_eq!(look(Some(end), Some(Completed), 541), Due::Nothing);
    // One that was moved is told again.
    assert_eq!(look(Some(at(300)), Some(Completed), 541), Due::Tell);
    for ami in [None, Some(Completed), Some(Failed), Some(Skipped)] {
        assert_eq!(look(Some(end), ami, 600), Due::End);
    }
    for ami in [Pending, Creating] {
        assert_eq!(look(Some(end), Some(ami), 700), Due::Nothing);
    }
    assert_eq!(due(end, None, None, false, at(0), NOTICE), Due::Forget);
}

#[test]
fn an_end_is_moved_set_or_taken_away() {
    let hours = |hours: u64| Extend::By(Duration::from_secs(hours * 3_600));
    let (now, end) = (at(0), at(60));
    assert_eq!(extended(Some(end), hours(4), now), Ok(Some(at(300))));
    // What has passed is no start.
    assert_eq!(extended(Some(at(-60)), hours(4), now), Ok(Some(at(240))));
    assert_eq!(extended(None, Extend::Until(at(30)), now), Ok(Some(at(30))));
    assert_eq!(extended(Some(end), Extend::Never, now), Ok(None));
    for (at_, how, field) in [
        (None, hours(4), "by_seconds"),
        (Some(end), Extend::Until(at(-1)), "until"),
        (Some(end), Extend::Until(at(60 * 24 * 400)), "until"),
        (Some(end), hours(24 * 400), "until"),
        (Some(end), hours(u64::MAX / 3_600), "until"),
    ] {
        let error = extended(at_, how, now).expect_err("refused");
        assert_eq!(error.field, field, "{error:?}");
    }
}

#[test]
fn a_time_to_live_is_a_minute_to_a_year() {
    for good in [60, 28_800, 31_536_000] {
        assert!(check_ttl("ttl", good).is_ok());
    }
    for bad in [0, 59, 31_536_001, u32::MAX] {
        assert!(check_ttl("ttl", bad).is_err(), "{bad}");
    }
}

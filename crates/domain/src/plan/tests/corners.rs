//! The sentences of AUTO-AMI 5 and 6 that are easily read past, one table each.

use super::*;
use crate::policy::season::Prep;
use crate::window::Windows;
use crate::zone::Zone;

#[test]
fn a_request_that_lies_ahead_waits_for_it_and_a_lead_counts_from_it() {
    let manual = Cause::Manual { urgent: false };
    let ahead = |id, cause| {
        one(
            Given::default(),
            target("a", 30, "1"),
            vec![request(id, cause, "2026-11-27T13:00:00Z")],
        )
    };
    assert_eq!(
        told(&ahead("r1", manual)),
        ["r1 scheduled 11-27T13:00:00 daily"]
    );
    assert_eq!(
        told(&ahead("r1", security(Level::Critical))),
        ["r1 scheduled 11-27T13:00:00 urgent"]
    );
    let mut lead = ahead("r1", manual);
    lead.policy.notify_before_rebuild = true;
    assert_eq!(told(&lead), ["r1 scheduled 11-27T13:30:00 daily"]);
    // Never for critical ones.
    let mut critical = ahead("r1", Cause::Manual { urgent: true });
    critical.policy.notify_before_rebuild = true;
    assert_eq!(told(&critical), ["r1 scheduled 11-27T13:00:00 urgent"]);
    // The lead of a request of long ago is over.
    let mut old = one(
        Given::default(),
        target("a", 30, "1"),
        vec![request("r1", manual, "2026-11-27T11:30:00Z")],
    );
    old.policy.notify_before_rebuild = true;
    assert_eq!(told(&old), ["r1 start 11-27T12:00:00 daily"]);
}

#[test]
fn a_running_build_whose_time_is_over_ends_in_five_minutes_for_place_and_target() {
    let manual = Cause::Manual { urgent: false };
    let mut scenario = one(
        Given {
            max_parallel_builds: Some(1),
            ..Given::default()
        },
        target("a", 30, "1"),
        vec![request("r1", manual, NOON)],
    );
    for (runs, start) in [
        (running("2026-11-27T11:59:59Z", None), "12:05:00"),
        // What ends now runs no more.
        (running(NOON, None), "12:00:00"),
        (running(NOON, Some("a")), "12:00:00"),
        (running("2026-11-27T12:00:01Z", None), "12:00:01"),
        (running("2026-11-20T00:00:00Z", Some("a")), "12:05:00"),
        (running("2026-11-27T12:40:00Z", Some("a")), "12:40:00"),
        (running("2026-11-27T12:40:00Z", Some("b")), "12:40:00"),
    ] {
        scenario.running = vec![runs.clone()];
        let state = if start == "12:00:00" {
            "start"
        } else {
            "scheduled"
        };
        assert_eq!(
            told(&scenario),
            [format!("r1 {state} 11-27T{start} daily")],
            "{runs:?}"
        );
        // In another region only the target counts.
        scenario.running[0].region = "eu-west-1".to_owned();
        let elsewhere = runs.target.as_deref() == Some("a");
        assert_eq!(
            told(&scenario)[0].contains(start),
            elsewhere || start == "12:00:00",
            "{runs:?}"
        );
    }
}

#[test]
fn a_window_gives_way_to_a_deadline_and_a_high_one_may_use_the_urgent_purse() {
    let high = |requested| vec![request("r1", security(Level::High), requested)];
    // Deadline 20:00, latest start 19:30, window at 02:00 tomorrow.
    let mut scenario = one(
        Given::default(),
        target("a", 30, "10"),
        high("2026-11-26T20:00:00Z"),
    );
    assert_eq!(told(&scenario), ["r1 start 11-27T12:00:00 daily"]);
    assert_eq!(scenario.plan().builds[0].window, Some(WindowKind::Urgent));
    scenario.spent.daily = dollars("20");
    assert_eq!(told(&scenario), ["r1 start 11-27T12:00:00 urgent"]);
    scenario.policy.approve_emergency_builds = false;
    // None is in time: the earliest is midnight from daily, before the window.
    assert_eq!(told(&scenario), ["r1 scheduled 11-28T00:00:00 daily"]);
    assert!(scenario.plan().builds[0].late);
    scenario.queue[0].requests[0].approved = true;
    assert_eq!(told(&scenario), ["r1 start 11-27T12:00:00 urgent"]);
    // In time in its own window: it keeps to it, however much money there is.
    let scenario = one(
        Given::default(),
        target("a", 30, "10"),
        high("2026-11-27T03:00:00Z"),
    );
    assert_eq!(told(&scenario), ["r1 scheduled 11-28T02:00:00 daily"]);
    assert!(!scenario.plan().builds[0].late);
    // A deadline that has passed is met at once: now is the later of the two.
    let scenario = one(
        Given::default(),
        target("a", 30, "10"),
        high("2026-11-20T03:00:00Z"),
    );
    assert_eq!(told(&scenario), ["r1 start 11-27T12:00:00 daily"]);
    assert!(scenario.plan().builds[0].late);
}

#[test]
fn sixty_two_days_count_with_their_last_instant() {
    let manual = Cause::Manual { urgent: false };
    let ahead = |requested| {
        one(
            Given::default(),
            target("a", 30, "1"),
            vec![request("r1", manual, requested)],
        )
    };
    assert_eq!(
        told(&ahead("2027-01-28T12:00:00Z")),
        ["r1 scheduled 01-28T12:00:00 daily"]
    );
    assert_eq!(told(&ahead("2027-01-28T12:00:01Z")), ["r1 blocked - -"]);
    // A window that opens at that instant.
    let mut last = ahead("2027-01-28T11:59:59Z");
    last.queue[0].requests[0].cause = Cause::Popularity;
    last.policy.build_window = Windows::parse("12:00-12:01").expect("a window");
    assert_eq!(told(&last), ["r1 scheduled 01-28T12:00:00 daily"]);
    last.policy.build_window = Windows::parse("12:01-12:02").expect("a window");
    assert_eq!(told(&last), ["r1 blocked - -"]);
}

#[test]
fn a_campaign_starts_at_any_time_of_its_dates() {
    let campaign = Cause::Scheduled {
        campaign: "2027-01-18".parse().ok(),
    };
    let mut scenario = one(
        Given {
            timezone: Zone::parse("America/New_York").ok(),
            ..Given::default()
        },
        target("a", 60, "1"),
        vec![request("r1", campaign, NOON)],
    );
    let build = scenario.plan().builds.remove(0);
    assert_eq!(build.deadline, Some(at("2027-01-18T05:00:00Z")));
    assert_eq!(told(&scenario), ["r1 scheduled 11-28T07:00:00 daily"]);
    scenario.policy.semester_prep_window =
        Prep::parse("11-28..11-28", &scenario.policy.academic_calendar).ok();
    assert_eq!(told(&scenario), ["r1 scheduled 11-28T05:00:00 daily"]);
    assert_eq!(scenario.plan().builds[0].window, Some(WindowKind::Build));
    // A popular one that the group's first is not a campaign of does not.
    scenario.queue[0]
        .requests
        .push(request("r0", security(Level::Medium), NOON));
    assert_eq!(told(&scenario), ["r0 scheduled 11-28T07:00:00 daily"]);
}

#[test]
fn unknown_is_read_as_the_policy_says() {
    let unknown = Cause::Security { level: None };
    let mut scenario = one(
        Given::default(),
        target("a", 30, "1"),
        vec![request("r1", unknown, NOON)],
    );
    let build = scenario.plan().builds.remove(0);
    assert_eq!(
        (build.urgency, build.deadline),
        (Urgency::High, Some(at("2026-11-28T12:00:00Z")))
    );
    scenario.policy.security_updates.unknown_as = crate::policy::UnknownAs::Medium;
    let build = scenario.plan().builds.remove(0);
    assert_eq!(
        (build.urgency, build.deadline),
        (Urgency::Normal, Some(at("2026-12-04T12:00:00Z")))
    );
}

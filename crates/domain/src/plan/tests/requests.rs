//! The sentences about requests: deadlines, coalescing, priority and rank (AUTO-AMI 5 and 6.1).

use super::*;
use crate::policy::length::Length;

#[test]
fn an_immediate_window_leaves_the_expected_time_and_five_minutes() {
    let given = Given {
        critical_window: Length::parse("immediate").ok(),
        high_window: Length::parse("immediate").ok(),
        ..Given::default()
    };
    for cause in [
        security(Level::Critical),
        Cause::Manual { urgent: true },
        security(Level::High),
    ] {
        let scenario = one(
            given.clone(),
            target("a", 25, "1"),
            vec![request("r1", cause, "2026-11-27T11:58:00Z")],
        );
        let build = &scenario.plan().builds[0];
        assert_eq!(build.deadline, Some(at("2026-11-27T12:28:00Z")));
        assert_eq!(build.latest_start, Some(at("2026-11-27T12:03:00Z")));
        assert_eq!((build.state, build.late), (State::Start, false));
    }
}

#[test]
fn requests_of_one_target_become_one() {
    // Low ones that need approval are merely listed beside what needs none.
    let low = request("r0", security(Level::Low), "2026-11-20T00:00:00Z");
    let popular = request("r2", Cause::Popularity, "2026-11-27T10:00:00Z");
    let aged = request("r1", Cause::Dependency, "2026-11-17T11:59:59Z");
    let merged = one(
        Given::default(),
        target("a", 30, "1"),
        vec![popular.clone(), low.clone(), aged.clone()],
    );
    let build = merged.plan().builds.remove(0);
    assert_eq!(
        (build.id.as_str(), build.coalesced.as_slice()),
        ("r1", &["r0".to_owned(), "r2".to_owned()][..])
    );
    // The first by rank rules; ten days are the oldest's.
    assert_eq!(
        (build.trigger, build.priority, build.deadline),
        (Trigger::Popularity, 60, None)
    );
    // All of them need approval: so does the whole.
    let approval = one(Given::default(), target("a", 30, "1"), vec![low.clone()]);
    assert_eq!(told(&approval), ["r0 awaiting_approval - -"]);
    // One that is manual: at any time.
    let manual = request("r9", Cause::Manual { urgent: false }, NOON);
    let high = request("r3", security(Level::High), NOON);
    let with = one(
        Given::default(),
        target("a", 30, "1"),
        vec![high, manual, low],
    );
    let build = with.plan().builds.remove(0);
    assert_eq!(
        (build.id.as_str(), build.trigger, build.window),
        ("r3", Trigger::Security, None)
    );
    assert_eq!((build.state, build.coalesced.len()), (State::Start, 2));
    // `max_cost` is the first's by rank, not the others'.
    let mut dear = with;
    dear.queue[0].requests[1].max_cost = Some(dollars("0.5"));
    assert_eq!(told(&dear), ["r3 start 11-27T12:00:00 daily"]);
    dear.queue[0].requests[0].max_cost = Some(dollars("0.999999"));
    assert_eq!(told(&dear), ["r3 blocked - -"]);
    dear.queue[0].requests[0].max_cost = Some(dollars("1"));
    assert_eq!(told(&dear), ["r3 start 11-27T12:00:00 daily"]);
}

#[test]
fn priority_grows_by_one_a_whole_day_up_to_nineteen_and_never_shrinks() {
    for (requested, priority) in [
        (NOON, 50),
        ("2026-11-26T12:00:01Z", 50),
        ("2026-11-26T12:00:00Z", 51),
        ("2026-11-08T12:00:00Z", 69),
        ("2026-11-07T12:00:00Z", 69),
        ("2020-01-01T00:00:00Z", 69),
        ("2026-12-27T12:00:00Z", 50),
    ] {
        let scenario = one(
            Given::default(),
            target("a", 30, "1"),
            vec![request("r1", Cause::Popularity, requested)],
        );
        assert_eq!(scenario.plan().builds[0].priority, priority, "{requested}");
    }
}

#[test]
fn rank_knows_what_is_near_and_what_has_waited_long() {
    let place = |name| target(name, 30, "1");
    // Medium with its latest start 6 hours away ranks as high; a second more, and it does not.
    let medium = |id, requested| {
        waiting(
            place(id),
            vec![request(id, security(Level::Medium), requested)],
        )
    };
    let high = waiting(place("h"), vec![request("h", security(Level::High), NOON)]);
    let ids = |queue: Vec<Waiting>| -> Vec<String> {
        let plan = scene(Given::default(), queue).plan();
        plan.builds.into_iter().map(|build| build.id).collect()
    };
    // Priority decides among those that rank as high: 60 + 6 days below 80.
    assert_eq!(
        ids(vec![medium("m", "2026-11-20T18:30:00Z"), high.clone()]),
        ["h", "m"]
    );
    let manual = waiting(
        place("u"),
        vec![request("u", Cause::Manual { urgent: false }, NOON)],
    );
    assert_eq!(
        ids(vec![manual.clone(), medium("m", "2026-11-20T18:30:00Z")]),
        ["m", "u"]
    );
    assert_eq!(
        ids(vec![manual.clone(), medium("m", "2026-11-20T18:30:01Z")]),
        ["u", "m"]
    );
    // A low one that has waited 30 days ranks as normal, and its 49 stays below 70 and above no other's 50.
    let old = |id, requested| waiting(place(id), vec![request(id, Cause::Dependency, requested)]);
    let young = waiting(
        place("d"),
        vec![request("d", security(Level::Low), "2026-11-27T11:00:00Z")],
    );
    let mut auto = scene(
        Given::default(),
        vec![young, old("o", "2026-10-28T12:00:01Z")],
    );
    auto.policy.security_updates.low = crate::policy::Low::Auto;
    let order = |scenario: &scenario::Scenario| -> Vec<String> {
        scenario
            .plan()
            .builds
            .into_iter()
            .map(|build| build.id)
            .collect()
    };
    assert_eq!(order(&auto), ["o", "d"], "49 above 40");
    auto.queue[0].requests[0].requested = at("2026-11-17T12:00:00Z");
    assert_eq!(order(&auto), ["d", "o"], "50 above 49");
    auto.queue[1].requests[0].requested = at("2026-10-28T12:00:00Z");
    assert_eq!(order(&auto), ["o", "d"], "normal above low");
    // Ids compare as bytes, after all else.
    assert_eq!(
        ids(vec![old("r2", NOON), old("r10", NOON), old("R3", NOON)]),
        ["R3", "r10", "r2"]
    );
    // Deadlines: none comes last.
    let campaign = |id| {
        waiting(
            place(id),
            vec![request(
                id,
                Cause::Scheduled {
                    campaign: "2027-03-01".parse().ok(),
                },
                NOON,
            )],
        )
    };
    let popular = waiting(place("a"), vec![request("a", Cause::Popularity, NOON)]);
    assert_eq!(ids(vec![popular, campaign("z")]), ["z", "a"]);
}

//! Policies: both of the Prism document as they stand, and what is refused, word by word (AUTO-AMI 3).

use ingot_domain::Instant;
use ingot_domain::money::Money;
use ingot_domain::policy::{Low, Policy, UnknownAs};
use ingot_yaml::{parse_policy, policy_warnings};

const UNIVERSITY: &str = include_str!("policies/university.yaml");
const LAB: &str = include_str!("policies/lab.yaml");

fn now() -> Instant {
    "2026-11-28T12:00:00Z".parse().expect("time")
}

fn dollars(text: &str) -> Money {
    Money::parse(text).expect(text)
}

fn refused(yaml: &str) -> String {
    match parse_policy(yaml) {
        Ok(policy) => panic!("accepted: {yaml}\n{policy:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_universitys_policy_imports_as_it_stands() {
    let policy = parse_policy(UNIVERSITY).expect("a policy");
    let updates = &policy.security_updates;
    let windows = [
        updates.critical_window,
        updates.high_window,
        updates.medium_window,
        updates.low_window,
    ];
    let told = windows.map(|window| window.to_string());
    assert_eq!(told, ["1 hour", "6 hours", "1 day", "30 days"]);
    assert!(updates.notify_instructors && !updates.notify_students);
    assert_eq!(policy.daily_budget, dollars("100"));
    assert_eq!(policy.monthly_budget, dollars("2000"));
    assert_eq!(policy.emergency_budget, dollars("250"));
    assert_eq!(policy.build_window.to_string(), "01:00-05:00");
    assert_eq!(policy.urgent_window, policy.build_window);
    let campaign = policy.seasonal_precompilation.as_ref().expect("a campaign");
    let schedule = campaign.schedule.map(|schedule| schedule.to_string());
    assert_eq!(schedule.as_deref(), Some("2 weeks before semester start"));
    assert_eq!(
        campaign.templates,
        ["python-basic", "r-stats", "java-dev", "data-science"]
    );
    assert!(campaign.enabled);
    assert_eq!(
        policy
            .semester_prep_window
            .as_ref()
            .map(ToString::to_string)
            .as_deref(),
        Some("summer")
    );
    // It has no calendar yet, which is worth a word.
    let warnings = policy_warnings(UNIVERSITY, &policy, now());
    let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("line 6, column 15: auto_ami_policy.seasonal_precompilation.schedule: no semester is to come"), "{told:?}");
}

#[test]
fn the_labs_policy_imports_as_it_stands() {
    let policy = parse_policy(LAB).expect("a policy");
    assert_eq!(policy.popularity_threshold, 3);
    assert!(policy.security_updates.critical_window.is_immediate());
    assert_eq!(policy.security_updates.high_window.to_string(), "2 hours");
    assert!(policy.budget_tracking && policy.prefer_off_peak);
    assert!(policy.preserve_running_instances && policy.notify_before_rebuild);
    let others = Policy {
        popularity_threshold: 3,
        budget_tracking: true,
        prefer_off_peak: true,
        notify_before_rebuild: true,
        security_updates: policy.security_updates.clone(),
        ..Policy::default()
    };
    assert_eq!(policy, others);
    assert!(policy_warnings(LAB, &policy, now()).is_empty());
}

#[test]
fn every_key_is_read() {
    let policy = parse_policy(
        r#"auto_ami_policy:
  timezone: America/New_York
  build_window: mon-fri 01:00-05:00, sat 00:00-24:00
  urgent_window: "22:00-04:00"
  prefer_off_peak: true
  daily_budget: 10.10
  monthly_budget: "100.000001"
  emergency_budget: 0
  approve_emergency_builds: False
  budget_tracking: true
  popularity_threshold: 1
  max_age: 2w
  max_parallel_builds: 7
  region_priority: [us-east-1, eu-west-1]
  security_updates:
    critical_window: immediate
    high_window: 90 min
    medium_window: 1 day
    low_window: 1w
    low: auto
    unknown_as: medium
    notify_instructors: false
    notify_students: true
  preserve_running_instances: false
  notify_before_rebuild: true
  notify_lead: 10m
  seasonal_precompilation: {enabled: false, schedule: on 2027-01-04, templates: [a]}
  semester_prep_window: winter
  academic_calendar:
    semesters:
      - {name: Spring 2027, start: 2027-01-18, end: 2027-05-07}
    seasons: {winter: 12-20..01-06}
"#,
    )
    .expect("a policy");
    assert_eq!(policy.daily_budget, dollars("10.1"));
    assert_eq!(policy.monthly_budget, dollars("100.000001"));
    assert_eq!(policy.emergency_budget, Money::ZERO);
    assert_eq!(policy.timezone.name(), "America/New_York");
    assert_eq!(
        policy.build_window.to_string(),
        "mon-fri 01:00-05:00, sat 00:00-24:00"
    );
    assert_eq!(policy.urgent_window.to_string(), "22:00-04:00");
    assert_eq!(
        (policy.popularity_threshold, policy.max_parallel_builds),
        (1, 7)
    );
    assert_eq!(
        (
            policy.security_updates.low,
            policy.security_updates.unknown_as
        ),
        (Low::Auto, UnknownAs::Medium)
    );
    assert_eq!(
        policy.region_priority.as_deref(),
        Some(&["us-east-1".to_owned(), "eu-west-1".to_owned()][..])
    );
    assert_eq!(policy.notify_lead.to_string(), "10 minutes");
    let flags = [
        policy.prefer_off_peak,
        policy.budget_tracking,
        policy.notify_before_rebuild,
        !policy.approve_emergency_builds,
        !policy.preserve_running_instances,
        !policy.security_updates.notify_instructors,
        policy.security_updates.notify_students,
    ];
    assert_eq!(flags, [true; 7]);
    // Entries add to the defaults.
    let seasons: Vec<&String> = policy.academic_calendar.seasons.keys().collect();
    assert_eq!(seasons, ["summer", "winter"]);
    assert_eq!(policy.academic_calendar.semesters.len(), 1);
    let prep = policy.semester_prep_window.expect("dates");
    assert!(prep.contains("2027-01-01".parse().expect("a date")));
    assert_eq!(policy.max_age.to_string(), "2 weeks");
    assert_eq!(parse_policy("auto_ami_policy: {}"), Ok(Policy::default()));
}

/// One key with its value, and what is said about it.
#[test]
fn a_wrong_value_is_named_with_its_place_and_the_way_out() {
    for (line, said) in [
        (
            "daily_budgt: 5",
            "line 2, column 3: auto_ami_policy.daily_budgt: unknown key `daily_budgt`; did you mean `daily_budget`?",
        ),
        (
            "daily_budget: -5",
            "line 2, column 17: auto_ami_policy.daily_budget: `-5`: an amount is never negative",
        ),
        (
            "daily_budget: 1.0000001",
            "7 decimals are more than the six",
        ),
        ("daily_budget: .nan", "`.nan`: write US dollars"),
        ("daily_budget: NaN", "`NaN`: write US dollars"),
        (
            "daily_budget: 010",
            "`010` means different things to different readers of YAML; write `10` for the number",
        ),
        (
            "daily_budget: \"010\"",
            "a leading zero is octal to some readers",
        ),
        ("daily_budget: 1e-7", "`1e-7`: 7 decimals are more"),
        ("daily_budget: 1e", "`1e`: write US dollars"),
        ("daily_budget: true", "`true`: write US dollars"),
        (
            "daily_budget:",
            "the value is empty; give one, or remove the key",
        ),
        ("daily_budget: ~", "the value is empty"),
        ("daily_budget: null", "the value is empty"),
        (
            "daily_budget: [5]",
            "a list stands where a single value is expected",
        ),
        (
            "daily_budget: 5\n  daily_budget: 6",
            "line 3, column 3: auto_ami_policy.daily_budget: the key `daily_budget` stands here a second time, first on line 2",
        ),
        (
            "build_window: 25:00-26:00",
            "`25:00` is no time of day from `00:00` to `24:00`",
        ),
        (
            "build_window: \"02:00-02:00\"",
            "write `00:00-24:00` for always",
        ),
        ("build_window: 02:00", "`02:00` means different things"),
        (
            "build_window: no",
            "`no` means different things to different readers of YAML; write `false` for the boolean, \"no\" for the text",
        ),
        (
            "build_window: true",
            "`true` is a boolean, not a text: `true` is no span of times",
        ),
        (
            "timezone: America/new_york",
            "did you mean `America/New_York`?",
        ),
        (
            "timezone: 5",
            "`5` is a number, not a text: there is no such time zone",
        ),
        ("prefer_off_peak: no", "`no` means different things"),
        (
            "prefer_off_peak: \"true\"",
            "`true` is neither `true` nor `false`",
        ),
        ("prefer_off_peak: 1", "`1` is neither `true` nor `false`"),
        ("popularity_threshold: 0", "`0` is no whole number from 1"),
        (
            "popularity_threshold: 2.5",
            "`2.5` is no whole number from 1",
        ),
        (
            "popularity_threshold: \"3\"",
            "write digits only, without quotes",
        ),
        ("max_parallel_builds: -1", "`-1` is no whole number from 1"),
        (
            "max_age: 7",
            "`7` is a number, not a text: write `immediate`, or a whole number",
        ),
        ("max_age: 1h30m", "write `immediate`, or a whole number"),
        ("max_age: 01:30:00", "`01:30:00` means different things"),
        ("notify_lead: 30", "`30` is a number, not a text"),
        (
            "region_priority: us-east-1",
            "`us-east-1` stands where a list is expected",
        ),
        (
            "region_priority: [a, a]",
            "the region `a` stands here a second time",
        ),
        (
            "region_priority: [no]",
            "auto_ami_policy.region_priority[0]: `no` means different things",
        ),
        ("security_updates: {high: 5h}", "unknown key `high`"),
        (
            "security_updates: {critical_window: now}",
            "auto_ami_policy.security_updates.critical_window: `now`: write `immediate`",
        ),
        (
            "security_updates: {low: never}",
            "unknown value; use one of `approval`, `auto`",
        ),
        (
            "security_updates: {unknown_as: critical}",
            "unknown value; use one of `high`, `medium`",
        ),
        (
            "security_updates: 5",
            "`5` stands where a mapping is expected",
        ),
        ("semester_prep_window: sumer", "did you mean `summer`?"),
        (
            "semester_prep_window: 06-01..06-31",
            "`06-31` is no day of the year",
        ),
        (
            "academic_calendar: {seasons: {winter: 13-01..02-01}}",
            "`13-01` is no day of the year",
        ),
        (
            "academic_calendar: {semesters: [{name: a, start: 2027-02-01, end: 2027-01-01}]}",
            "the end lies before the start; write an end from 2027-02-01 on",
        ),
        (
            "academic_calendar: {semesters: [{name: a, start: 2027-02-30, end: 2027-05-01}]}",
            "write a date of the calendar",
        ),
        (
            "academic_calendar: {semesters: [{name: a, start: 2027-02-01}]}",
            "auto_ami_policy.academic_calendar.semesters[0].end: the key is missing; add `end:`",
        ),
        (
            "seasonal_precompilation: {schedule: soon}",
            "write `2 weeks before semester start`",
        ),
        (
            "seasonal_precompilation: {templates: python-basic}",
            "stands where a list is expected",
        ),
        (
            "timezone: &z UTC",
            "anchors, aliases and tags have no meaning here",
        ),
        ("<<: {timezone: UTC}", "unknown key `<<`"),
        ("timezone: \"\u{202e}UTC\"", "U+202E"),
    ] {
        let told = refused(&format!("auto_ami_policy:\n  {line}\n"));
        assert!(told.contains(said), "{line}\n{told}");
        assert_eq!(
            told.lines().count(),
            1,
            "one mistake is told once: {line}\n{told}"
        );
    }
    for (text, said) in [
        (
            "",
            "the file is empty; start with `auto_ami_policy:`, see docs/plan.md",
        ),
        (
            "- a",
            "a policy is a mapping of keys, not a list; start with `auto_ami_policy:`",
        ),
        ("daily_budget: 5", "unknown key `daily_budget`"),
        ("auto_ami_policy:", "stands where a mapping is expected"),
        (
            "auto_ami_policy: {}\n---\nauto_ami_policy: {}",
            "write one policy per file",
        ),
        (
            "auto_ami_policy:\n\ttimezone: UTC",
            "a tab can not indent YAML",
        ),
    ] {
        let told = refused(text);
        assert!(told.contains(said), "{text}\n{told}");
    }
}

#[test]
fn everything_wrong_is_told_together_in_the_order_of_the_text() {
    let told = refused(
        "auto_ami_policy:\n  timezone: Mars\n  daily_budget: -1\n  build_window: no\n  security_updates:\n    low: 5\n    hihg_window: 1h\n",
    );
    let lines: Vec<&str> = told
        .lines()
        .map(|line| line.split(',').next().unwrap_or_default())
        .collect();
    assert_eq!(
        lines,
        ["line 2", "line 3", "line 4", "line 6", "line 7"],
        "{told}"
    );
}

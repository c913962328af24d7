//! Scenarios: YAML and JSON, and what is refused, word by word (AUTO-AMI 6, "Scenario files").

use ingot_domain::money::Money;
use ingot_domain::plan::scenario::Scenario;
use ingot_yaml::parse_scenario;

/// The example at the end of AUTO-AMI 6.
const EXAMPLE: &str = r#"now: 2026-11-27T12:00:00Z
policy: {daily_budget: 25}
templates:
  - {name: a, region: us-east-1, build_minutes: 25, cost: 8.50}
  - {name: b, region: us-east-1, build_minutes: 40, cost: "10"}
requests:
  - {id: r1, template: a, trigger: security, security_level: critical, requested_at: "2026-11-27T11:30:00Z"}
  - {id: r2, template: b, trigger: popularity, requested_at: 2026-11-27T11:00:00Z}
  - {id: r3, template: b, trigger: security, security_level: medium, requested_at: 2026-11-27T06:00:00-05:00}
"#;
const JSON: &str = r#"{
	"now": "2026-11-27T12:00:00Z",
	"policy": {"auto_ami_policy": {"daily_budget": 25.00}},
	"templates": [
		{"name": "a", "region": "us-east-1", "build_minutes": 25, "cost": 8.5},
		{"name": "b", "region": "us-east-1", "build_minutes": 40, "cost": 10}
	],
	"requests": [
		{"id": "r1", "template": "a", "trigger": "security", "security_level": "critical", "requested_at": "2026-11-27T11:30:00Z"},
		{"id": "r2", "template": "b", "trigger": "popularity", "requested_at": "2026-11-27T11:00:00Z", "max_cost": null},
		{"id": "r3", "template": "b", "trigger": "security", "security_level": "medium", "approved": false, "requested_at": "2026-11-27T11:00:00Z"}
	],
	"spent": {"daily": "0", "monthly": 0, "urgent": 0.0},
	"running": []
}"#;

fn read(text: &str) -> Scenario {
    parse_scenario(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn yaml_and_json_say_the_same() {
    let scenario = read(EXAMPLE);
    assert_eq!(read(JSON), scenario);
    let plan = scenario.plan();
    let told: Vec<String> = plan
        .builds
        .iter()
        .map(|build| {
            let start = build.scheduled_for.map(|at| at.to_rfc3339());
            format!(
                "{} {} {} {:?}",
                build.id,
                build.state,
                start.unwrap_or_default(),
                build.coalesced
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "r1 start 2026-11-27T12:00:00+00:00 []",
            "r2 scheduled 2026-11-28T02:00:00+00:00 [\"r3\"]",
        ]
    );
}

#[test]
fn every_key_is_read() {
    let text = format!(
        "{EXAMPLE}  - {{id: r4, template: a, trigger: manual, urgent: true, max_cost: 0.000001, approved: true, requested_at: 2027-01-01T00:00:00Z}}
  - {{id: r5, template: a, trigger: scheduled, campaign: 2027-01-18, requested_at: 2026-11-27T11:00:00Z}}
  - {{id: r6, template: a, trigger: security, security_level: unknown, requested_at: 2026-11-27T11:00:00Z}}
spent: {{daily: 1.10, monthly: \"0.20\", urgent: 3e0}}
running:
  - {{region: eu-west-1, until: 2026-11-27T13:00:00Z}}
  - {{region: us-east-1, until: 2026-11-27T14:00:00Z, template: b}}
"
    );
    let scenario = read(&text);
    let dollars = |text| Money::parse(text).expect(text);
    assert_eq!(scenario.spent.daily, dollars("1.1"));
    assert_eq!(scenario.spent.monthly, dollars("0.2"));
    assert_eq!(scenario.spent.urgent, dollars("3"));
    assert_eq!(scenario.running[1].target.as_deref(), Some("b"));
    assert_eq!(scenario.running[0].target, None);
    let r4 = &scenario.queue[0].requests[1];
    assert_eq!(
        (r4.id.as_str(), r4.max_cost, r4.approved),
        ("r4", Some(dollars("0.000001")), true)
    );
    assert_eq!(scenario.queue[0].target.expected.num_minutes(), 25);
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_the_way_out() {
    for (from, to, said) in [
        (
            "id: r2",
            "id: r1",
            "requests[1].id: the id `r1` stands at requests[0] already",
        ),
        (
            "name: b",
            "name: a",
            "templates[1].name: the name `a` stands at templates[0] already",
        ),
        (
            "template: a,",
            "template: other,",
            "requests[0].template: `other`: no such template; add it under `templates`",
        ),
        (
            "cost: 8.50",
            "cost: 0",
            "templates[0].cost: `0`: a build reserves more than nothing",
        ),
        ("cost: 8.50", "cost: -1", "never negative"),
        ("cost: 8.50", "cost: 8.5000001", "7 decimals"),
        ("cost: 8.50", "price: 8.50", "unknown key `price`"),
        (
            "build_minutes: 25",
            "build_minutes: 0",
            "`0` is no whole number from 1",
        ),
        (
            "build_minutes: 25",
            "build_minutes: 2.5",
            "`2.5` is no whole number from 1",
        ),
        (
            "trigger: popularity",
            "trigger: popular",
            "unknown value; use one of `popularity`",
        ),
        (
            "trigger: popularity",
            "trigger: security",
            "requests[1].security_level: the key is missing; add `security_level:`",
        ),
        (
            "trigger: popularity",
            "trigger: popularity, security_level: low",
            "`security_level` stands only with `trigger: security`; remove it",
        ),
        (
            "trigger: popularity",
            "trigger: popularity, urgent: false",
            "`urgent` stands only with `trigger: manual`",
        ),
        (
            "trigger: popularity",
            "trigger: dependency, campaign: 2027-01-18",
            "`campaign` stands only with `trigger: scheduled`",
        ),
        (
            "trigger: popularity",
            "trigger: scheduled, campaign: 2027-02-29",
            "requests[1].campaign: `2027-02-29`: write a date of the calendar",
        ),
        (
            "trigger: popularity",
            "trigger: manual, urgent: no",
            "`no` means different things",
        ),
        (
            "security_level: medium",
            "security_level: none",
            "unknown value; use one of `critical`",
        ),
        (
            "now: 2026-11-27T12:00:00Z",
            "now: 2026-11-27T12:00:00",
            "now: `2026-11-27T12:00:00`: write an instant with its offset",
        ),
        (
            "now: 2026-11-27T12:00:00Z",
            "now: 2026-11-27T12:00:00.5Z",
            "instants are whole seconds",
        ),
        (
            "now: 2026-11-27T12:00:00Z\n",
            "",
            "now: the key is missing; add `now:`",
        ),
        (
            "daily_budget: 25",
            "daily_budget: NaN",
            "policy.daily_budget: `NaN`: write US dollars",
        ),
        (
            "daily_budget: 25",
            "daily_budgets: 25",
            "policy.daily_budgets: unknown key",
        ),
        (
            "daily_budget: 25",
            "daily_budget: 25, build_window: 25:00-26:00",
            "policy.build_window: `25:00-26:00`: `25:00` is no time of day",
        ),
        (
            "policy: {",
            "polici: {",
            "unknown key `polici`; did you mean `policy`?",
        ),
        (
            "id: r1",
            "id: 1",
            "`1` without quotes is a number; write \"1\" for the text",
        ),
        ("id: r1", "id: \"\"", "a name has at least one character"),
        (
            "requests:",
            "running: [{region: x, until: 2026-11-27T12:00:00Z, template: q}]\nrequests:",
            "running[0].template: `q`: no such template",
        ),
        (
            "requests:",
            "spent: {dayly: 5}\nrequests:",
            "spent.dayly: unknown key `dayly`; did you mean `daily`?",
        ),
        (
            "requests:",
            "requests: []\nrequests:",
            "the key `requests` stands here a second time",
        ),
    ] {
        assert!(EXAMPLE.contains(from), "{from}");
        let text = EXAMPLE.replacen(from, to, 1);
        let told = match parse_scenario(&text) {
            Ok(scenario) => panic!("accepted {to}: {scenario:?}"),
            Err(error) => error.to_string(),
        };
        assert!(told.contains(said), "{to}\n{told}");
    }
}

#[test]
fn a_thousand_templates_with_twenty_requests_each_are_read() {
    let mut text = "now: 2026-11-27T12:00:00Z\ntemplates:\n".to_owned();
    let count = if cfg!(debug_assertions) { 100 } else { 1_000 };
    for at in 0..count {
        text.push_str(&format!(
            "  - {{name: t{at}, region: us-east-1, build_minutes: 40, cost: 10}}\n"
        ));
    }
    text.push_str("requests:\n");
    for at in 0..count * 20 {
        let template = at % count;
        text.push_str(&format!(
            "  - {{id: r{at}, template: t{template}, trigger: dependency, requested_at: 2026-11-27T11:00:00Z}}\n"
        ));
    }
    let scenario = read(&text);
    assert_eq!(scenario.queue.len(), count);
    assert!(
        scenario
            .queue
            .iter()
            .all(|waiting| waiting.requests.len() == 20)
    );
}

//! A night in which the clocks go back and the month ends, on both shapes: what ran is what the plan printed last before it,
//! start for start, in the windows and from the month's budget that it named.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ingot_client::budget::BudgetFilter;
use ingot_client::build::{Build, BuildFilter};
use ingot_client::plan::PlanFilter;
use ingot_client::policy::PolicyImport;
use ingot_tests::{Options, Stack, until};

const LONG: Duration = Duration::from_secs(400);

/// New York's clocks go back at 06:00 UTC of 1 November 2026, so 01:30 to 02:00 opens twice. October's budget has room for
/// three builds of 0.281894 USD.
const POLICY: &str = "auto_ami_policy:
  timezone: America/New_York
  build_window: '23:00-23:30, 01:30-02:00'
  daily_budget: 5
  monthly_budget: 0.9
  popularity_threshold: 1
  max_parallel_builds: 3
";

const TEMPLATE: &str = "name: NAME
base_image: { track: ubuntu-22.04 }
instance_types: [t3.large]
volume: { size_gb: 20 }
user_data: |
  #!/bin/sh
  # ingot-serves: {\"scheme\": \"http\", \"port\": 8080, \"path\": \"/ok\"}
  true
probe: { scheme: http, port: 8080, path: /ok, first_check_seconds: 60, max_attempts: 120 }
install_finished: none
";

fn options() -> Options {
    Options {
        // Half an hour, a window's length, is 15 s: the scheduler ticks in it however busy the machine is.
        at: Some("2026-11-01T02:20:00Z".to_owned()),
        pace: 120,
        ..Options::default()
    }
}

#[tokio::test]
async fn what_ran_in_a_long_night_at_a_months_end_is_what_the_plan_printed_embedded() {
    night(&Stack::embedded_with(options()).await.unwrap()).await;
}

#[tokio::test]
async fn what_ran_in_a_long_night_at_a_months_end_is_what_the_plan_printed_scaled() {
    night(&Stack::scaled_with(options()).await.unwrap()).await;
}

fn utc(text: &str) -> DateTime<Utc> {
    format!("2026-11-01T{text}:00Z").parse().unwrap()
}

async fn launch(stack: &Stack, name: &str) {
    let yaml = TEMPLATE.replace("NAME", name);
    let applied = stack.client.apply_template(&yaml, name).await;
    applied.unwrap();
    let mut order = Stack::order("v1.0.0");
    order.template = name.to_owned();
    order.create_ami = Some(false);
    let key = format!("launch-{name}");
    stack.client.create_deployment(&order, &key).await.unwrap();
}

async fn builds(stack: &Stack) -> anyhow::Result<Vec<Build>> {
    Ok(stack.client.builds(&BuildFilter::default()).await?.items)
}

async fn night(stack: &Stack) {
    let today = until("the API to read the calendar", LONG, || async {
        let plan = stack.client.plan(&PlanFilter::default()).await?;
        Ok((plan.at < utc("02:50")).then_some(()))
    });
    today.await.unwrap();
    let how = PolicyImport::default();
    stack.client.import_policy(POLICY, &how).await.unwrap();
    for name in ["one", "two", "three", "four"] {
        launch(stack, name).await;
    }
    let mut printed: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    let end = tokio::time::Instant::now() + LONG;
    let all = loop {
        let plan = stack.client.plan(&PlanFilter::default()).await.unwrap();
        for one in plan.builds {
            let (Some(id), Some(at)) = (one.build_id, one.scheduled_for) else {
                continue;
            };
            // What was printed for an instant that has come is what starts; a later print may see half of its commit.
            let before = printed.get(&id).is_none_or(|printed| plan.at < *printed);
            if one.state == "scheduled" && before {
                printed.insert(id, at);
            }
        }
        let all = builds(stack).await.unwrap();
        if all.len() == 4 && all.iter().all(Build::is_over) {
            break all;
        }
        assert!(
            tokio::time::Instant::now() < end,
            "{printed:#?}\n{all:#?}\n{}",
            stack.said()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let mut starts = Vec::new();
    for build in &all {
        assert_eq!(build.status, "completed", "{build:#?}");
        let (planned, started) = (printed[&build.id], build.started_at.unwrap());
        let late = started - planned;
        // Every window is half an hour, in which many ticks of the scheduler lie.
        assert!(
            late >= TimeDelta::zero() && late < TimeDelta::minutes(30),
            "{} was printed for {planned} and started at {started}",
            build.template
        );
        starts.push(planned);
    }
    starts.sort_unstable();
    let wanted = ["03:00", "03:00", "03:00", "05:30"].map(utc);
    assert_eq!(starts, wanted, "{all:#?}");
    let settled = until("nothing to be reserved", LONG, || async {
        let history = BudgetFilter::default();
        let periods = stack.client.budget_history(&history).await?.items;
        let none = periods.iter().all(|one| one.budget.reserved == "0.00");
        Ok(none.then_some(periods))
    });
    let mut runs: BTreeMap<String, usize> = BTreeMap::new();
    for period in settled.await.unwrap() {
        let starts = period.entries.iter().filter(|one| one.kind == "reserved");
        runs.insert(
            format!("{} {}", period.budget.budget, period.budget.period),
            starts.count(),
        );
    }
    let paid = |key: &str| runs.get(key).copied().unwrap_or_default();
    let months = [paid("monthly 2026-10"), paid("monthly 2026-11")];
    assert_eq!(months, [3, 1], "three starts of October: {runs:?}");
}

//! Whether the second act came to what it must: which build ran when, and who paid.

use chrono::{DateTime, Timelike, Utc};
use ingot_client::budget::{BudgetFilter, BudgetPeriod};
use ingot_client::build::{Build, BuildFilter, BuildRequest};
use ingot_client::page::LONGEST_PAGE;
use ingot_client::plan::{PlanFilter, PlanSeen, PlannedBuild};
use ingot_client::{Client, Deployment, DeploymentFilter};
use ingot_domain::money::Money;

use crate::output::clean;

/// The hours of the policy's window.
const NIGHT: std::ops::Range<u32> = 2..5;

/// Everything that is looked at.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) builds: Vec<Build>,
    pub(super) builders: Vec<Deployment>,
    pub(super) periods: Vec<BudgetPeriod>,
    pub(super) plan: PlanSeen,
}

impl Seen {
    /// As it is now.
    pub(super) async fn look(client: &Client) -> anyhow::Result<Self> {
        let limit = Some(LONGEST_PAGE);
        let builds = BuildFilter {
            limit,
            ..BuildFilter::default()
        };
        let builders = DeploymentFilter {
            purpose: Some("build".to_owned()),
            limit,
            ..DeploymentFilter::default()
        };
        let periods = BudgetFilter {
            limit,
            ..BudgetFilter::default()
        };
        Ok(Self {
            builds: client.builds(&builds).await?.items,
            builders: client.deployments(&builders).await?.items,
            periods: client.budget_history(&periods).await?.items,
            plan: client.plan(&PlanFilter::default()).await?,
        })
    }
}

/// The build that many launches asked for.
pub(super) fn popular(builds: &[Build]) -> Option<&Build> {
    of(builds, "python-ml", |one| one.trigger == "popularity")
}

/// The build that a critical hole asked for.
pub(super) fn critical(builds: &[Build]) -> Option<&Build> {
    of(builds, "python-ml", |one| {
        one.security_level.as_deref() == Some("critical")
    })
}

/// The build that a medium hole asked for.
pub(super) fn medium(builds: &[Build]) -> Option<&Build> {
    of(builds, "r-stats", |one| {
        one.security_level.as_deref() == Some("medium")
    })
}

/// The build that costs more than there is.
pub(super) fn dear(builds: &[Build]) -> Option<&Build> {
    of(builds, "gpu-lab", |one| one.urgent)
}

fn of<'a>(
    builds: &'a [Build],
    template: &str,
    asks: impl Fn(&BuildRequest) -> bool,
) -> Option<&'a Build> {
    builds
        .iter()
        .find(|one| one.template == template && one.requests.iter().any(&asks))
}

/// Whether its builder runs.
pub(super) fn has_a_builder(build: &Build) -> bool {
    !build.waits() && !build.is_over()
}

/// Whether it is about to start.
pub(super) fn is_due(build: &Build) -> bool {
    build.status == "queued" && build.scheduled_for.is_none_or(|at| at <= build.at)
}

fn at_night(at: Option<DateTime<Utc>>) -> bool {
    at.is_some_and(|at| NIGHT.contains(&at.hour()))
}

/// What is not as it must be; nothing when all is well.
pub(super) fn problems(seen: &Seen) -> Vec<String> {
    let mut problems = Vec::new();
    let builds = &seen.builds;
    match popular(builds) {
        None => problems.push("five launches asked for no build of python-ml".to_owned()),
        Some(build) => {
            let role = "the popular template";
            completed(role, build, "daily", &mut problems);
            if !at_night(build.started_at) {
                problems.push(format!("{role}: its build did not start at night"));
            }
        }
    }
    match critical(builds) {
        None => problems.push("the critical hole asked for no build of python-ml".to_owned()),
        Some(build) => {
            let role = "the critical hole";
            completed(role, build, "urgent", &mut problems);
            if at_night(build.started_at) || build.late {
                problems.push(format!("{role}: its build did not start at once"));
            }
        }
    }
    match medium(builds) {
        None => problems.push("the medium hole asked for no build of r-stats".to_owned()),
        Some(build) => {
            waits("the medium hole", build, "queued", "window", &mut problems);
            if !at_night(build.scheduled_for) {
                problems.push("the medium hole: its build is not planned for a night".to_owned());
            }
        }
    }
    match dear(builds) {
        None => problems.push("no build of gpu-lab was asked for".to_owned()),
        Some(build) => {
            let role = "the dear build";
            waits(role, build, "awaiting_approval", "purse", &mut problems);
        }
    }
    planned(seen, &mut problems);
    paid(seen, &mut problems);
    for builder in seen.builders.iter().filter(|one| one.instance_id.is_some()) {
        let id = clean(&builder.id);
        problems.push(format!("the builder {id} still has its instance"));
    }
    problems
}

/// A build that must have come to an image.
fn completed(role: &str, build: &Build, purse: &str, problems: &mut Vec<String>) {
    let because = build.error.as_deref().map(clean);
    let because = because.map_or(String::new(), |error| format!(" ({error})"));
    let mut expect = |what: &str, got: Option<&str>, wanted: &str| {
        if got != Some(wanted) {
            let got = clean(got.unwrap_or("nothing"));
            problems.push(format!(
                "{role}: {what} is `{got}`, not `{wanted}`{because}"
            ));
        }
    };
    expect("status", Some(&build.status), "completed");
    expect("budget_source", build.budget_source.as_deref(), purse);
    if build.image_id.is_none() {
        problems.push(format!("{role}: there is no image"));
    }
    let (most, actual) = (amount(&build.estimated_cost), amount(&build.actual_cost));
    if actual.is_none() || actual > most {
        problems.push(format!(
            "{role}: it cost more than was reserved, or nothing is known"
        ));
    }
}

/// A build that must wait.
fn waits(role: &str, build: &Build, status: &str, on: &str, problems: &mut Vec<String>) {
    if build.status != status {
        let got = clean(&build.status);
        problems.push(format!("{role}: status is `{got}`, not `{status}`"));
    }
    if !build.why.iter().any(|why| why.on == on) {
        problems.push(format!("{role}: its build does not wait for its {on}"));
    }
}

/// The plan is what waits, and the same.
fn planned(seen: &Seen, problems: &mut Vec<String>) {
    for build in seen.builds.iter().filter(|one| one.waits()) {
        let of = |one: &&PlannedBuild| one.build_id.as_deref() == Some(build.id.as_str());
        let planned = seen.plan.builds.iter().find(of);
        if planned.map(|one| one.scheduled_for) != Some(build.scheduled_for) {
            let (id, name) = (clean(&build.id), clean(&build.template));
            problems.push(format!("the plan and the build {id} of {name} differ"));
        }
    }
}

/// Nothing is reserved any more, no budget is overspent, and what is spent is what builds cost.
fn paid(seen: &Seen, problems: &mut Vec<String>) {
    for purse in ["daily", "urgent"] {
        let of = |build: &&Build| build.budget_source.as_deref() == Some(purse);
        let cost = seen.builds.iter().filter(of);
        let cost = cost.filter_map(|build| amount(&build.actual_cost));
        let cost = cost.fold(Money::ZERO, Money::plus);
        let periods = seen.periods.iter().map(|one| &one.budget);
        let spent = periods.filter(|one| one.budget == purse);
        let spent = spent.filter_map(|one| Money::parse(&one.spent).ok());
        let spent = spent.fold(Money::ZERO, Money::plus);
        // A build that was started again has spent on its first try, too.
        let again = seen.builds.iter().filter(of).any(|build| build.run > 1);
        let same = spent == cost || (again && spent > cost);
        if !same || spent == Money::ZERO {
            problems.push(format!(
                "the {purse} purse says that {spent} USD are spent, its builds cost {cost} USD"
            ));
        }
    }
    for one in seen.periods.iter().map(|one| &one.budget) {
        let (name, period) = (clean(&one.budget), clean(&one.period));
        let figures = [&one.limit, &one.spent, &one.reserved].map(|text| Money::parse(text));
        let [Ok(limit), Ok(spent), Ok(reserved)] = figures else {
            problems.push(format!("the {name} budget of {period} is no amount"));
            continue;
        };
        if spent.plus(reserved) > limit {
            problems.push(format!("the {name} budget of {period} is overspent"));
        }
        if reserved != Money::ZERO {
            problems.push(format!(
                "the {name} budget of {period} still keeps {reserved} USD"
            ));
        }
    }
}

fn amount(text: &Option<String>) -> Option<Money> {
    Money::parse(text.as_deref()?).ok()
}

#[cfg(test)]
mod tests;

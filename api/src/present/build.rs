//! Builds as the API shows them.

use ingot_client::auto_ami::AutoAmiSwitch;
use ingot_client::build::{Build, BuildCopy, BuildRequest, BuildWhy, Planned};
use ingot_domain::Instant;
use ingot_domain::money::Money;
use ingot_entity::store::BuildSeen;
use ingot_entity::{build, build_request, template_off};
use serde_json::Value;

/// Before the first plan.
const NOT_YET: &str = "the plan has not looked at it yet; it looks every minute";

/// Levels, the gravest first: unknown is read as high unless the policy says medium.
const LEVELS: [&str; 5] = ["critical", "high", "unknown", "medium", "low"];

/// Dollars of a column of micro-dollars.
fn money(micros: i64) -> String {
    Money::from_micros(u64::try_from(micros).unwrap_or_default()).to_string()
}

fn number(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// A build at an instant of the calendar; `progress` is its builder's stage.
pub(crate) fn build(seen: &BuildSeen, progress: Option<String>, now: Instant) -> Build {
    let row = &seen.row;
    let status = row.status.as_str();
    let waits = matches!(status, "queued" | "awaiting_approval");
    let runs = matches!(status, "building" | "testing" | "publishing");
    let said = row.why.as_ref().filter(|_| waits);
    let why = said.map(reasons).unwrap_or_default();
    let level = |one: &build_request::Model| {
        let of_security = one.trigger == "security";
        of_security.then(|| one.level.clone().unwrap_or_else(|| "unknown".to_owned()))
    };
    let levels: Vec<String> = seen.requests.iter().filter_map(level).collect();
    let gravest = LEVELS
        .iter()
        .find(|word| levels.iter().any(|one| one == *word));
    let estimated = row.estimated.map(money);
    let copies = copies(seen);
    Build {
        id: row.id.clone(),
        template: row.template.clone(),
        version: row.version.clone(),
        mode: row.mode.clone(),
        architecture: row.arch.clone(),
        region: row.region.clone(),
        status: row.status.clone(),
        state: said
            .and_then(|why| why.get("state"))
            .and_then(Value::as_str)
            .map(str::to_owned),
        trigger: row.trigger.clone(),
        security_level: gravest.map(|level| (*level).to_owned()),
        urgency: row.urgency.clone(),
        priority: row.priority,
        requested_at: row.requested_at,
        scheduled_for: row.scheduled_for,
        latest_start: row.latest_start,
        deadline: row.deadline,
        late: row.late,
        why_not_now: waits.then(|| why_not_now(row, &why)),
        why,
        budget_source: row.purse.clone(),
        reserved_cost: estimated.clone().filter(|_| runs),
        estimated_cost: estimated,
        actual_cost: row.actual.filter(|_| !waits).map(money),
        max_cost: seen
            .requests
            .iter()
            .filter_map(|one| one.max_cost)
            .min()
            .map(money),
        policy_revision: row.policy_revision.map(number),
        template_revision: row.template_revision.map(number),
        run: number(row.run),
        deployment_id: row.deployment_id.clone(),
        progress: match status {
            "publishing" => Some(copying(&copies)),
            _ => progress.filter(|_| runs),
        },
        image_id: row.image_id.clone(),
        ami_id: seen.ami.clone(),
        copies,
        started_at: row.started_at,
        expected_end: row.expected_end,
        bound_at: row.bound_at,
        ended_at: row.ended_at,
        failure_class: row.failure_class.clone(),
        error: row.error.clone(),
        cancelling: row.cancelling,
        decided_by: row.decided_by.clone(),
        decided_reason: row.decided_reason.clone(),
        requests: seen.requests.iter().map(request).collect(),
        story: format!("/v1/builds/{}/events", row.id),
        at: now,
    }
}

/// How each region stands that the build's image is copied to.
fn copies(seen: &BuildSeen) -> Vec<BuildCopy> {
    let of = |region: String| {
        let row = seen.copies.iter().find(|row| row.region == region);
        BuildCopy {
            region,
            status: row.map_or("wanted", |row| row.status.as_str()).to_owned(),
            image_id: row.map(|row| row.id.clone()),
            ami_id: row.and_then(|row| row.ami_id.clone()),
            error: row.and_then(|row| row.error.clone()),
        }
    };
    seen.row.copied_to().into_iter().map(of).collect()
}

/// How far a build is whose image is copied.
fn copying(copies: &[BuildCopy]) -> String {
    let there = copies.iter().filter(|copy| copy.status == "available");
    format!(
        "copying: {} of {} regions have it",
        there.count(),
        copies.len()
    )
}

/// Takes away what an earlier plan said of a build that was asked for again since.
pub(crate) fn unseen(build: &mut Build) {
    if build.waits() {
        build.state = None;
        build.scheduled_for = None;
        build.why.clear();
        build.why_not_now = Some(NOT_YET.to_owned());
    }
}

fn request(row: &build_request::Model) -> BuildRequest {
    let of_security = row.trigger == "security";
    BuildRequest {
        id: row.id.clone(),
        trigger: row.trigger.clone(),
        security_level: of_security
            .then(|| row.level.clone().unwrap_or_else(|| "unknown".to_owned())),
        urgent: row.urgent,
        campaign: row.campaign.clone(),
        about: row.about.clone(),
        reason: row.said.clone(),
        requested_by: row.requested_by.clone(),
        max_cost: row.max_cost.map(money),
        approved: row.approved,
        requested_at: row.requested_at,
    }
}

/// What the last plan wrote down of a build that waits; what does not read is as if it were not there.
fn reasons(why: &Value) -> Vec<BuildWhy> {
    let on = why.get("on").and_then(Value::as_array);
    let read = |one: &Value| serde_json::from_value(one.clone()).ok();
    on.into_iter().flatten().filter_map(read).collect()
}

/// Why not now, and when: the reasons, then the start or what must happen.
fn why_not_now(row: &build::Model, why: &[BuildWhy]) -> String {
    let mut said: Vec<String> = why.iter().map(|one| one.said.clone()).collect();
    if let Some(pause) = row.not_before {
        let at = pause.format("%Y-%m-%d %H:%M UTC");
        said.insert(0, format!("its last run failed, and it pauses until {at}"));
    }
    let id = &row.id;
    match (row.status.as_str(), row.scheduled_for) {
        ("awaiting_approval", _) => {
            said.push(format!(
                "`ingot builds approve {id} --reason TEXT` lets it start"
            ));
        }
        (_, None) if why.iter().any(|one| one.on == "max_cost") => said.push(format!(
            "approval does not lift that: `ingot builds reject {id} --reason TEXT`, then ask again with a larger one"
        )),
        (_, Some(at)) => said.push(format!("starts {}", at.format("%Y-%m-%d %H:%M UTC"))),
        (_, None) if row.why.is_none() => said.push(NOT_YET.to_owned()),
        (_, None) => {}
    }
    said.join("; ")
}

/// A build that waits or runs, in short.
pub(crate) fn planned(build: &Build) -> Planned {
    Planned {
        build_id: build.id.clone(),
        status: build.status.clone(),
        scheduled_for: build.scheduled_for,
        expected_end: build.expected_end.filter(|_| !build.waits()),
        why_not_now: build.why_not_now.clone(),
    }
}

/// Whether a template's builds are switched on.
pub(crate) fn switch(
    template: &str,
    off: Option<&template_off::Model>,
    popularity_threshold: Option<u32>,
) -> AutoAmiSwitch {
    AutoAmiSwitch {
        template: template.to_owned(),
        enabled: off.is_none(),
        off_since: off.map(|row| row.off_at),
        off_by: off.map(|row| row.off_by.clone()),
        off_reason: off.map(|row| row.off_reason.clone()),
        by_itself: off.is_some_and(|row| row.by_itself),
        popularity_threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reasons_read_as_the_plan_writes_them_and_what_does_not_read_is_left_out() {
        let why = json!({"state": "scheduled", "on": [
            {"on": "window", "until": "2026-11-28T02:00:00Z", "said": "its window is closed"},
            {"on": "purse", "lacks": "3.50", "said": "daily_budget lacks 3.50 USD"},
            {"on": 7},
        ]});
        let read = reasons(&why);
        let told: Vec<_> = read
            .iter()
            .map(|one| (one.on.as_str(), one.until.is_some(), one.lacks.as_deref()))
            .collect();
        assert_eq!(
            told,
            [("window", true, None), ("purse", false, Some("3.50"))]
        );
        assert_eq!(reasons(&json!({})), []);
    }
}

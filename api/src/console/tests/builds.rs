//! The pages about builds, with hostile words in every text, and what they must say.

use ingot_client::auto_ami::{AutoAmiEvent, AutoAmiStatus, AutoAmiSwitch, AutoAmiTemplate};
use ingot_client::build::{Build, BuildFilter, BuildRequest, BuildWhy, Planned};
use ingot_client::plan::{OpenWindow, PlanSeen, PlannedBuild, RunningBuild};
use ingot_domain::build::BuildStatus;

use super::samples::{ATTACK, at, event, page};
use crate::console::*;

fn text() -> String {
    ATTACK.to_owned()
}

fn some() -> Option<String> {
    Some(text())
}

fn why() -> BuildWhy {
    BuildWhy {
        on: text(),
        until: Some(at(9)),
        lacks: some(),
        said: text(),
    }
}

fn build(status: &str) -> Build {
    let waits = matches!(status, "queued" | "awaiting_approval");
    let runs = matches!(status, "building" | "testing" | "publishing");
    Build {
        id: "bld_1".to_owned(),
        template: text(),
        version: text(),
        mode: text(),
        architecture: text(),
        region: text(),
        status: status.to_owned(),
        state: waits.then(|| "blocked".to_owned()),
        trigger: some(),
        security_level: some(),
        urgency: some(),
        priority: 60,
        requested_at: at(1),
        scheduled_for: Some(at(9)),
        latest_start: Some(at(8)),
        deadline: Some(at(9)),
        late: true,
        why: vec![why()],
        why_not_now: waits.then(text),
        budget_source: some(),
        estimated_cost: Some("8.50".to_owned()),
        reserved_cost: runs.then(|| "8.50".to_owned()),
        actual_cost: Some("1.25".to_owned()).filter(|_| !waits && !runs),
        max_cost: some(),
        policy_revision: Some(1),
        template_revision: Some(2),
        run: 1,
        deployment_id: some(),
        progress: runs.then(|| format!("installing: step 2 of 4: {ATTACK}")),
        image_id: some(),
        ami_id: some(),
        copies: Vec::new(),
        started_at: Some(at(2)),
        expected_end: Some(at(9)),
        bound_at: Some(at(9)),
        ended_at: Some(at(3)),
        failure_class: some(),
        error: some(),
        cancelling: false,
        decided_by: some(),
        decided_reason: some(),
        requests: vec![BuildRequest {
            id: "bre_1".to_owned(),
            trigger: text(),
            security_level: some(),
            urgent: true,
            campaign: some(),
            about: some(),
            reason: text(),
            requested_by: some(),
            max_cost: some(),
            approved: true,
            requested_at: at(1),
        }],
        story: text(),
        at: at(5),
    }
}

fn status(enabled: bool) -> AutoAmiStatus {
    AutoAmiStatus {
        at: at(5),
        templates: vec![AutoAmiTemplate {
            switch: AutoAmiSwitch {
                template: text(),
                enabled,
                off_since: Some(at(1)),
                off_by: some(),
                off_reason: some(),
                by_itself: false,
                popularity_threshold: Some(3),
            },
            launches: 8,
            popular: true,
            image_id: some(),
            compiled_at: Some(at(1)),
            current: Some(true),
            lacks: some(),
            builds: vec![Planned {
                build_id: text(),
                status: text(),
                scheduled_for: Some(at(9)),
                expected_end: None,
                why_not_now: some(),
            }],
        }],
        unused: vec![text()],
        recent: vec![AutoAmiEvent {
            at: at(1),
            said: text(),
            about: text(),
        }],
        running: 1,
        scheduled: 1,
        awaiting_approval: 1,
        blocked: 1,
        completion: Some(at(9)),
    }
}

fn plan(state: &str) -> PlanSeen {
    PlanSeen {
        at: at(5),
        policy_revision: 0,
        timezone: text(),
        builds: vec![PlannedBuild {
            id: text(),
            build_id: some(),
            template: text(),
            version: text(),
            region: text(),
            trigger: text(),
            urgency: text(),
            priority: 60,
            state: state.to_owned(),
            scheduled_for: Some(at(9)),
            expected_end: Some(at(10)),
            latest_start: None,
            deadline: Some(at(9)),
            budget_source: some(),
            estimated_cost: some(),
            late: true,
            window: some(),
            coalesced: vec![text()],
            why: vec![why()],
            supposed: true,
        }],
        running: vec![RunningBuild {
            build_id: text(),
            template: text(),
            region: text(),
            started_at: Some(at(1)),
            until: Some(at(8)),
        }],
        windows: vec![OpenWindow {
            window: text(),
            opens: at(1),
            closes: at(9),
        }],
    }
}

/// Each kind of page.
pub(super) fn pages() -> Vec<(String, Result<String, askama::Error>)> {
    let filter = BuildFilter {
        status: Some("queued".to_owned()),
        template: some(),
        region: some(),
        cursor: some(),
        limit: Some(20),
    };
    let none = BuildFilter::default();
    let mut pages = vec![
        (
            "no builds".to_owned(),
            builds_page(&page(vec![], None), &none),
        ),
        (
            "no build matches".to_owned(),
            builds_page(&page(vec![], None), &filter),
        ),
        (
            "a plan".to_owned(),
            plan_page(&plan("scheduled"), ATTACK, ATTACK),
        ),
        (
            "a plan that is blocked".to_owned(),
            plan_page(&plan(ATTACK), "", ""),
        ),
    ];
    for enabled in [true, false] {
        let open = [build("queued"), build("building")];
        let name = format!("auto-ami {enabled}");
        pages.push((name, auto_ami_page(&status(enabled), &open)));
    }
    let statuses = BuildStatus::ALL.iter().map(|status| status.as_str());
    for status in statuses.chain([ATTACK]) {
        let lines = ["info", ATTACK].map(|level| event(4, level, ATTACK));
        pages.push((
            format!("build {status}"),
            build_page(&build(status), &lines),
        ));
        let list = page(vec![build(status)], Some(ATTACK));
        pages.push((format!("builds {status}"), builds_page(&list, &filter)));
    }
    pages
}

#[test]
fn a_build_that_waits_can_be_decided_and_one_that_is_over_cannot() {
    let waits = build_page(&build("queued"), &[]).expect("page");
    for action in ["approve", "reject", "cancel"] {
        let form = format!("action=\"/builds/bld_1/actions/{action}\"");
        assert!(waits.contains(&form), "{action}");
    }
    assert!(waits.contains("Why not now, and when:"), "{waits}");
    let runs = build_page(&build("building"), &[]).expect("page");
    assert!(runs.contains("<progress max=\"4\" value=\"2\""), "{runs}");
    assert!(
        !runs.contains("actions/approve") && runs.contains("actions/cancel"),
        "{runs}"
    );
    let over = build_page(&build("completed"), &[]).expect("page");
    assert!(!over.contains("/actions/"), "{over}");
    for figure in ["8.50 USD", "1.25 USD"] {
        assert!(over.contains(figure), "{figure}");
    }
}

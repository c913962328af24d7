//! What people read of a build.

use super::*;

/// A build that waits for its window.
pub(crate) fn waiting() -> Build {
    let at = |text: &str| text.parse().expect("an instant");
    Build {
        id: "bld_1".to_owned(),
        template: "web".to_owned(),
        version: "v1.2.0".to_owned(),
        mode: "full".to_owned(),
        architecture: "x86_64".to_owned(),
        region: "us-east-1".to_owned(),
        status: "queued".to_owned(),
        state: Some("scheduled".to_owned()),
        trigger: Some("security".to_owned()),
        security_level: Some("medium".to_owned()),
        urgency: Some("normal".to_owned()),
        priority: 60,
        requested_at: at("2026-11-27T11:00:00Z"),
        scheduled_for: Some(at("2026-11-28T02:00:00Z")),
        latest_start: Some(at("2026-12-04T10:20:00Z")),
        deadline: Some(at("2026-12-04T11:00:00Z")),
        late: false,
        why: vec![ingot_client::build::BuildWhy {
            on: "window".to_owned(),
            until: Some(at("2026-11-28T02:00:00Z")),
            lacks: None,
            said: "its window is closed until 2026-11-28T02:00:00Z".to_owned(),
        }],
        why_not_now: Some("its window is closed; starts 2026-11-28 02:00 UTC".to_owned()),
        budget_source: Some("daily".to_owned()),
        estimated_cost: Some("8.50".to_owned()),
        reserved_cost: None,
        actual_cost: None,
        max_cost: None,
        policy_revision: Some(0),
        template_revision: None,
        run: 0,
        deployment_id: None,
        progress: None,
        image_id: None,
        ami_id: None,
        copies: Vec::new(),
        started_at: None,
        expected_end: None,
        bound_at: None,
        ended_at: None,
        failure_class: None,
        error: None,
        cancelling: false,
        decided_by: None,
        decided_reason: None,
        requests: vec![BuildRequest {
            id: "bre_1".to_owned(),
            trigger: "security".to_owned(),
            security_level: Some("medium".to_owned()),
            urgent: false,
            campaign: None,
            about: Some("upd_1".to_owned()),
            reason: "ubuntu-22.04 1 → 2 is security, medium".to_owned(),
            requested_by: None,
            max_cost: None,
            approved: false,
            requested_at: at("2026-11-27T11:00:00Z"),
        }],
        story: "/v1/builds/bld_1/events".to_owned(),
        at: at("2026-11-27T12:00:00Z"),
    }
}

#[test]
fn a_row_says_why_not_now_and_when() {
    let page = Page {
        items: vec![waiting()],
        next_cursor: None,
    };
    let text = rows(&page);
    assert!(text.contains("WHY NOT NOW, AND WHEN"), "{text}");
    assert!(text.contains("in 14 h"), "{text}");
    assert!(
        text.contains("its window is closed; starts 2026-11-28 02:00 UTC"),
        "{text}"
    );
}

#[test]
fn the_details_show_estimate_reservation_and_actual_side_by_side() {
    let text = details(&waiting());
    assert!(
        text.contains("estimated 8.50 USD, reserved -, actual -"),
        "{text}"
    );
    assert!(
        text.contains("deadline      in 6 days (2026-12-04 11:00 UTC)"),
        "{text}"
    );
    assert!(text.contains("security medium"), "{text}");
    let mut runs = waiting();
    runs.image_id = Some("img_1".to_owned());
    runs.ami_id = Some("ami-1".to_owned());
    runs.status = "building".to_owned();
    runs.why_not_now = None;
    runs.run = 1;
    runs.reserved_cost = Some("8.50".to_owned());
    runs.progress = Some("installing: step 2 of 4: nginx".to_owned());
    let text = details(&runs);
    assert!(text.contains("reserved 8.50 USD"), "{text}");
    assert!(text.contains("img_1 (ami-1)"), "{text}");
    assert!(
        text.contains("progress      installing: step 2 of 4: nginx"),
        "{text}"
    );
}

//! The picture and the tables say the same.

use chrono::TimeDelta;

use super::picture::{DAY, LEFT};
use super::*;

/// A plan with one build in the window of the night.
pub(crate) fn plan() -> PlanSeen {
    let at = |text: &str| text.parse().expect("an instant");
    PlanSeen {
        at: at("2026-11-27T12:00:00Z"),
        policy_revision: 0,
        timezone: "UTC".to_owned(),
        builds: vec![PlannedBuild {
            id: "bre_1".to_owned(),
            build_id: Some("bld_1".to_owned()),
            template: "<web>".to_owned(),
            version: "v1.2.0".to_owned(),
            region: "us-east-1".to_owned(),
            trigger: "security".to_owned(),
            urgency: "normal".to_owned(),
            priority: 60,
            state: "scheduled".to_owned(),
            scheduled_for: Some(at("2026-11-28T02:00:00Z")),
            expected_end: Some(at("2026-11-28T02:40:00Z")),
            latest_start: None,
            deadline: None,
            budget_source: Some("daily".to_owned()),
            estimated_cost: Some("8.50".to_owned()),
            late: false,
            window: None,
            coalesced: Vec::new(),
            why: Vec::new(),
            supposed: false,
        }],
        running: Vec::new(),
        windows: vec![OpenWindow {
            window: "build".to_owned(),
            opens: at("2026-11-28T02:00:00Z"),
            closes: at("2026-11-28T06:00:00Z"),
        }],
    }
}

#[test]
fn the_picture_places_what_the_table_says() {
    let plan = plan();
    let picture = picture(&plan);
    let [bar] = picture.builds.as_slice() else {
        panic!("one bar");
    };
    // Fourteen hours after the left edge.
    assert!(
        (bar.x - (LEFT + 14.0 / 24.0 * DAY)).abs() < 0.01,
        "{}",
        bar.x
    );
    let [window] = picture.windows.as_slice() else {
        panic!("one window");
    };
    assert!((window.x - bar.x).abs() < 0.01);
    assert_eq!(picture.days.len(), 7);
    let html = plan_page(&plan, "", "").expect("a page");
    assert!(html.contains("href=\"/builds/bld_1\""), "{html}");
    assert!(!html.contains("<web>"), "{html}");
    assert!(html.contains("8.50 USD"), "{html}");
}

#[test]
fn what_lies_outside_the_week_is_in_the_table_only() {
    let mut plan = plan();
    let far = plan.at + TimeDelta::days(9);
    plan.builds[0].scheduled_for = Some(far);
    plan.builds[0].expected_end = Some(far + TimeDelta::hours(1));
    assert!(picture(&plan).builds.is_empty());
    assert_eq!(builds(&plan).rows.len(), 1);
}

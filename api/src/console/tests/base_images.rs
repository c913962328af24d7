//! The pages about base images, with hostile words in every text, and what they must say.

use ingot_client::doubt::{BASE_IMAGE, FEED};
use ingot_client::{BaseImage, BaseImageRegion, BaseImageUpdate, Doubt, ImageFilter};

use super::samples::{ATTACK, at, event, page};
use crate::console::*;

fn text() -> String {
    ATTACK.to_owned()
}

fn update(kind: &str, level: Option<&str>) -> BaseImageUpdate {
    BaseImageUpdate {
        id: text(),
        name: text(),
        number: 2,
        kind: kind.to_owned(),
        previous_build: Some(text()),
        build: Some(text()),
        previous_image_id: Some(text()),
        image_id: Some(text()),
        region: text(),
        updated_at: at(1),
        created_at: Some(at(0)),
        update_type: level.map(|_| text()),
        security_level: level.map(str::to_owned),
        changelog_url: Some(text()),
        tags: vec![text()],
    }
}

fn region(state: &str, error: Option<String>) -> BaseImageRegion {
    BaseImageRegion {
        region: text(),
        state: state.to_owned(),
        build: Some(text()),
        image_id: Some(text()),
        last_checked: Some(at(1)),
        next_check: Some(at(40)),
        error,
        alarms: vec![text()],
    }
}

/// A base image in which every text is hostile; one that is not watched where there are no regions.
fn base(regions: Vec<BaseImageRegion>) -> BaseImage {
    let history = vec![
        update("update", Some("critical")),
        update("update", None),
        update("withdrawn", None),
        update(ATTACK, Some(ATTACK)),
    ];
    BaseImage {
        name: text(),
        architecture: text(),
        like: Some(text()),
        builtin: false,
        owner: text(),
        aws_filter: text(),
        pattern: text(),
        parameter: Some(text()),
        current_build: Some(text()),
        current_name: Some(text()),
        current_image_id: Some(text()),
        last_checked: Some(at(1)),
        next_check: Some(at(50)),
        pending_region: vec![text()],
        regions,
        dependent_templates: vec![text()],
        last_update: Some(at(1)),
        update_history: history,
        paused_at: None,
        paused_by: None,
        paused_reason: None,
    }
}

fn bare() -> BaseImage {
    BaseImage {
        name: "debian-12".to_owned(),
        builtin: true,
        like: None,
        parameter: None,
        current_build: None,
        current_name: None,
        current_image_id: None,
        last_checked: None,
        next_check: None,
        pending_region: vec![],
        dependent_templates: vec![],
        last_update: None,
        update_history: vec![],
        ..base(vec![])
    }
}

fn paused() -> BaseImage {
    BaseImage {
        paused_at: Some(at(2)),
        paused_by: Some(text()),
        paused_reason: Some(text()),
        ..base(vec![region("current", None)])
    }
}

fn every() -> Vec<BaseImage> {
    let words = [
        "new",
        "none",
        "current",
        "pending",
        "rolled_back",
        "withdrawn",
        ATTACK,
    ];
    let states = words.map(|state| base(vec![region(state, None)]));
    let failing = base(vec![region("current", Some(text()))]);
    states
        .into_iter()
        .chain([failing, paused(), bare()])
        .collect()
}

pub(super) fn pages() -> Vec<(String, Result<String, askama::Error>)> {
    let list = |items| base_images_page(&page(items, None), at(30));
    let mut pages = vec![
        ("base images".to_owned(), list(every())),
        ("no base images".to_owned(), list(vec![])),
    ];
    let lines = ["info", ATTACK].map(|level| event(4, level, ATTACK));
    for (number, one) in every().iter().enumerate() {
        let name = format!("base image {number}");
        pages.push((name, base_image_page(one, &lines, at(30))));
    }
    pages
}

#[test]
fn what_can_be_done_follows_from_whether_it_is_paused() {
    let offered = |one: &BaseImage| {
        let html = base_image_page(one, &[], at(30)).expect("a page");
        ["scan", "pause", "resume"].map(|action| html.contains(&format!("/actions/{action}\"")))
    };
    assert_eq!(offered(&bare()), [true, true, false]);
    assert_eq!(offered(&paused()), [false, false, true]);
}

#[test]
fn a_region_that_could_not_be_looked_at_says_since_when_and_why() {
    let mut one = base(vec![region(
        "current",
        Some("the owner is unknown".to_owned()),
    )]);
    one.regions[0].region = "eu-west-1".to_owned();
    let html = base_image_page(&one, &[], at(30)).expect("a page");
    let said =
        "eu-west-1 cannot be looked at, last tried 2026-01-21 17:00:01 UTC: the owner is unknown";
    assert!(html.contains(said), "{html}");
    assert!(html.contains(">not looked at</span>"), "{html}");
}

#[test]
fn only_what_was_judged_leads_to_its_evidence() {
    let mut one = base(vec![region("current", None)]);
    for (update, id) in one
        .update_history
        .iter_mut()
        .zip(["upd_1", "upd_2", "upd_3", "upd_4"])
    {
        update.id = id.to_owned();
    }
    let html = base_image_page(&one, &[], at(30)).expect("a page");
    assert!(html.contains("href=\"/updates/upd_1\"") && html.contains("href=\"/updates/upd_2\""));
    assert!(!html.contains("/updates/upd_3"), "an alarm is not judged");
}

#[test]
fn what_cannot_be_relied_on_stands_on_top_with_the_way_to_it() {
    let shown = || images_page(&page(vec![], None), &ImageFilter::default(), at(30)).expect("page");
    assert_eq!(with_doubts(shown(), &[]).expect("page"), shown());
    let doubt = |kind: &str| Doubt {
        kind: kind.to_owned(),
        name: text(),
        state: "stale".to_owned(),
        since: Some(at(1)),
        why: text(),
        way_out: text(),
    };
    let html = with_doubts(shown(), &[doubt(FEED), doubt(BASE_IMAGE)]).expect("page");
    let (banner, heading) = (html.find("What cannot be relied on"), html.find("<h1>"));
    assert!(banner.is_some() && banner < heading, "{html}");
    for said in [
        "href=\"/advisories\"",
        "href=\"/base-images\"",
        "since 2026-01-21 17:00 UTC",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains("<script>"), "{html}");
}

//! What the single pages say.

mod base_images;
mod builds;
mod documentation;
mod every_page;
mod held;
mod more;
mod samples;
mod security;

use ingot_client::{CalendarSeen, Deployment, DeploymentFilter, ImageFilter};
use ingot_domain::deployment::{AmiStatus, SkipReason, Status};

use super::*;
use samples::{ATTACK, at, bare, event, hostile, image, page};

#[test]
fn words_from_outside_are_shown_escaped() {
    let shown = "&#60;script&#62;alert(1)&#60;/script&#62;";
    let deployment = hostile(Status::Failed, Some(AmiStatus::Failed));
    let html = deployment_page(&deployment, &[event(1, "error", ATTACK)]).expect("page");
    assert!(html.contains(&format!("<h1>{shown}")), "name");
    assert!(
        html.contains(&format!("<strong>Error:</strong> {shown}")),
        "error"
    );
    assert!(
        html.contains(&format!("<span class=\"message\">{shown}")),
        "line"
    );
    assert!(
        html.contains(&format!(
            "<dt>Tags</dt><dd><ul class=\"tags\"><li><code>{shown}"
        )),
        "tag"
    );
    let list = deployments_page(
        &page(vec![deployment], None),
        &DeploymentFilter::default(),
        at(30),
    );
    assert!(
        list.expect("page")
            .contains(&format!("{shown}&#34; onload=")),
        "list"
    );
}

#[test]
fn what_it_waits_for_is_on_both_pages_and_escaped() {
    let mut deployment = bare(Status::Deploying, None);
    deployment.waiting = Some(ingot_client::Wait {
        on: "quota".to_owned(),
        code: Some("VcpuLimitExceeded".to_owned()),
        refused: true,
        sentence: format!("a limit is reached {ATTACK}"),
        since: Some(at(1)),
        until: Some(at(59)),
        ends: "for 4 h at most".to_owned(),
        next_look_at: at(2),
        way_out: "free something in the account".to_owned(),
    });
    let html = deployment_page(&deployment, &[]).expect("page");
    for words in [
        "<strong>Waits:</strong> a limit is reached",
        "since 2026-",
        "at most",
        "What to do: free something in the account",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    assert!(!html.contains(ATTACK), "escaped");
    let list = deployments_page(
        &page(vec![deployment], None),
        &DeploymentFilter::default(),
        at(30),
    );
    let list = list.expect("page");
    assert!(list.contains("a limit is reached") && !list.contains(ATTACK));
}

#[test]
fn what_is_down_stands_on_top_of_the_page_and_is_escaped() {
    let page = || images_page(&page(vec![], None), &ImageFilter::default(), at(30)).expect("page");
    assert_eq!(with_trouble(page(), &[]).expect("page"), page());
    let html = with_trouble(page(), &[ATTACK.to_owned()]).expect("page");
    let (banner, heading) = (html.find("What is down"), html.find("<h1>"));
    assert!(banner.is_some() && banner < heading, "{html}");
    assert!(html.contains("<li>&#60;script&#62;"), "{html}");
    assert_eq!(html.matches("<main").count(), 1);
}

#[test]
fn a_calendar_of_its_own_stands_in_the_header() {
    let page = || images_page(&page(vec![], None), &ImageFilter::default(), at(30)).expect("page");
    assert_eq!(with_calendar(page(), None).expect("page"), page());
    let seen = CalendarSeen {
        now: at(0),
        pace: 600.0,
        origin: at(0),
        since: at(0),
    };
    let html = with_calendar(page(), Some(&seen)).expect("page");
    let line = format!("<p class=\"calendar\">{}</p>", seen.line());
    let (told, header) = (html.find(&line), html.find("</header>"));
    assert!(told.is_some() && told < header, "{html}");
}

#[test]
fn an_address_that_is_not_of_the_web_is_no_link() {
    let mut deployment = bare(Status::Success, None);
    deployment.access_url = Some("javascript:alert(1)".to_owned());
    let html = deployment_page(&deployment, &[]).expect("page");
    assert!(html.contains("<code>javascript:alert(1)</code>"));
    assert!(!html.contains("href=\"javascript"));
    deployment.access_url = Some("https://127.3.0.1/login".to_owned());
    let html = deployment_page(&deployment, &[]).expect("page");
    assert!(html.contains("<a href=\"https://127.3.0.1/login\" rel=\"noopener noreferrer\">"));
}

#[test]
fn actions_are_offered_exactly_when_they_are_allowed() {
    for &status in Status::ALL {
        for instance in [None, Some("i-1".to_owned())] {
            let mut deployment = bare(status, None);
            deployment.instance_id = instance.clone();
            let html = deployment_page(&deployment, &[]).expect("page");
            let offered = |action: &str| html.contains(&format!("/actions/{action}\""));
            let start = ["pending", "failed", "readiness_timeout"].contains(&status.as_str());
            assert_eq!(offered("retry"), start, "{status}");
            assert_eq!(offered("cancel"), !status.is_final(), "{status}");
            // The instance of a cancelled one ends by itself.
            let destroy =
                instance.is_some() && !matches!(status, Status::Destroyed | Status::Cancelled);
            assert_eq!(offered("destroy"), destroy, "{status}");
        }
    }
}

#[test]
fn the_stages_tell_where_it_is() {
    let words =
        |deployment: &Deployment| stages::stages(deployment).map(|stage| stage.progress.word());
    let table = [
        (
            Status::Pending,
            None,
            ["now", "ahead", "ahead", "ahead", "ahead"],
        ),
        (
            Status::Deploying,
            None,
            ["done", "now", "ahead", "ahead", "ahead"],
        ),
        (
            Status::Running,
            None,
            ["done", "done", "now", "ahead", "ahead"],
        ),
        (
            Status::Success,
            Some(AmiStatus::Creating),
            ["done", "done", "done", "now", "ahead"],
        ),
        (Status::Success, Some(AmiStatus::Completed), ["done"; 5]),
        (
            Status::Success,
            Some(AmiStatus::Failed),
            ["done", "done", "done", "failed", "done"],
        ),
        (
            Status::Success,
            Some(AmiStatus::Skipped),
            ["done", "done", "done", "skipped", "done"],
        ),
        (
            Status::Failed,
            None,
            ["done", "failed", "skipped", "skipped", "over"],
        ),
        (
            Status::Cancelled,
            None,
            ["done", "stopped", "skipped", "skipped", "over"],
        ),
    ];
    for (status, ami, expected) in table {
        assert_eq!(words(&bare(status, ami)), expected, "{status} {ami:?}");
    }
    let mut launched = bare(Status::Failed, None);
    launched.launched_at = Some(at(1));
    assert_eq!(
        words(&launched),
        ["done", "done", "failed", "skipped", "over"]
    );
    launched.ready_at = Some(at(2));
    launched.status = "destroyed".to_owned();
    launched.ami_creation_status = Some("completed".to_owned());
    assert_eq!(words(&launched), ["done", "done", "done", "done", "over"]);
}

#[test]
fn the_live_parts_know_where_to_go_on() {
    let running = bare(Status::Running, None);
    let html =
        deployment_page(&running, &[event(3, "info", "a"), event(4, "info", "b")]).expect("page");
    assert!(html.contains(r#"data-after="4""#) && html.contains(r#"data-finished="false""#));
    let events = "/v1/deployments/dep_00000000000000000000000000000007/events";
    assert!(html.contains(&format!(r#"data-events="{events}""#)));
    assert!(html.contains("Only the last lines are shown"));
    let html = deployment_page(&running, &[]).expect("page");
    assert!(html.contains(r#"data-after="0""#) && !html.contains("Only the last lines"));
    for (status, unfinished) in [(Status::Running, true), (Status::Destroyed, false)] {
        let list = page(vec![bare(status, None)], None);
        let html = deployments_page(&list, &DeploymentFilter::default(), at(30)).expect("page");
        assert!(
            html.contains(&format!(r#"data-unfinished="{unfinished}""#)),
            "{status}"
        );
    }
}

#[test]
fn the_next_page_keeps_the_filter() {
    let filter = DeploymentFilter {
        status: Some("running".to_owned()),
        version: Some(String::new()),
        limit: Some(20),
        ..DeploymentFilter::default()
    };
    let list = page(vec![bare(Status::Running, None)], Some("a/b"));
    let html = deployments_page(&list, &filter, at(30)).expect("page");
    assert!(html.contains("href=\"/?status=running&#38;limit=20&#38;cursor=a%2Fb\""));
    assert!(html.contains("<option value=\"running\" selected>running</option>"));
    let filter = ImageFilter {
        template: Some("kamiwaza".to_owned()),
        ..ImageFilter::default()
    };
    let list = page(vec![image("available", None)], Some("c"));
    let html = images_page(&list, &filter, at(30)).expect("page");
    assert!(html.contains("href=\"/images?template=kamiwaza&#38;cursor=c\""));
}

#[test]
fn each_skip_reason_is_told_in_words_and_leads_to_the_images() {
    for reason in SkipReason::ALL {
        let mut deployment = bare(Status::Success, Some(AmiStatus::Skipped));
        deployment.ami_skip_reason = Some(reason.as_str().to_owned());
        let html = deployment_page(&deployment, &[]).expect("page");
        assert!(html.contains("<dt>Skipped because</dt>"), "{reason}");
        assert!(html.contains("/images?template=kamiwaza&#38;version=v0.9.2&#38;region=us-east-1"));
    }
}

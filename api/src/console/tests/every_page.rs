//! What holds for every page in every state: words from outside are escaped, every absence renders, and nothing stands in
//! a page that the policy would have to allow.

use ingot_client::{DeploymentFilter, ImageFilter, InvalidField, Problem};
use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::image::ImageStatus;

use super::documentation::openapi;
use super::samples::{ATTACK, at, bare, check, event, feed, hostile, image, page};
use super::{base_images, builds, held, more, security};
use crate::console::*;

/// Each kind of page, with hostile words wherever words come in.
fn every_page() -> Vec<(String, String)> {
    let filter = DeploymentFilter {
        status: Some("running".to_owned()),
        template: Some(ATTACK.to_owned()),
        version: Some(ATTACK.to_owned()),
        region: Some(ATTACK.to_owned()),
        purpose: Some(ATTACK.to_owned()),
        cursor: Some(ATTACK.to_owned()),
        limit: Some(20),
    };
    let images = ImageFilter {
        template: Some(ATTACK.to_owned()),
        cursor: Some(ATTACK.to_owned()),
        ..ImageFilter::default()
    };
    let problem = Problem {
        kind: "urn:ingot:problem:conflict".to_owned(),
        title: ATTACK.to_owned(),
        status: 409,
        detail: ATTACK.to_owned(),
        request_id: Some(ATTACK.to_owned()),
        errors: vec![InvalidField {
            field: ATTACK.to_owned(),
            value: ATTACK.to_owned(),
            message: ATTACK.to_owned(),
        }],
    };
    let none = DeploymentFilter::default();
    let mut pages = vec![
        (
            "empty list".to_owned(),
            deployments_page(&page(vec![], None), &none, at(30)),
        ),
        (
            "nothing matches".to_owned(),
            deployments_page(&page(vec![], None), &filter, at(30)),
        ),
        (
            "no images".to_owned(),
            images_page(&page(vec![], None), &ImageFilter::default(), at(30)),
        ),
        ("no checks".to_owned(), aws_page(&[], at(0))),
        ("no feeds".to_owned(), feeds_page(&[], at(0))),
        (
            "feeds".to_owned(),
            feeds_page(
                &["ok", "stale", "failing", "empty", ATTACK].map(feed),
                at(30),
            ),
        ),
        (
            "checks".to_owned(),
            aws_page(&["asked", "done", "failed", ATTACK].map(check), at(30)),
        ),
        ("login".to_owned(), login_page(None, ATTACK)),
        ("login again".to_owned(), login_page(Some(ATTACK), "/")),
        ("problem".to_owned(), problem_page(&problem)),
        ("docs".to_owned(), docs_page(&openapi())),
        ("empty docs".to_owned(), docs_page("{}")),
    ];
    let amis = AmiStatus::ALL.iter().copied().map(Some).chain([None]);
    for ami in amis {
        for &status in Status::ALL {
            for (what, deployment) in [("bare", bare(status, ami)), ("full", hostile(status, ami))]
            {
                let name = |page| format!("{page} {what} {status} {ami:?}");
                let lines = ["info", "warn", "error", ATTACK].map(|level| event(4, level, ATTACK));
                pages.push((name("deployment"), deployment_page(&deployment, &lines)));
                let list = page(vec![deployment], Some(ATTACK));
                pages.push((name("list"), deployments_page(&list, &filter, at(30))));
            }
        }
    }
    pages.extend(more::pages());
    pages.extend(security::pages());
    pages.extend(held::pages());
    pages.extend(base_images::pages());
    pages.extend(builds::pages());
    for &status in ImageStatus::ALL {
        for text in [None, Some(ATTACK)] {
            let name = format!("image {status} {text:?}");
            let lines = ["info", ATTACK].map(|level| event(4, level, ATTACK));
            let image = image(status.as_str(), text);
            let security = held::of_image(text);
            pages.push((name, image_page(&image, security.as_ref(), &lines, at(30))));
        }
        let both = vec![
            image(status.as_str(), None),
            image(status.as_str(), Some(ATTACK)),
        ];
        pages.push((
            format!("images {status}"),
            images_page(&page(both, Some(ATTACK)), &images, at(30)),
        ));
    }
    pages
        .into_iter()
        .map(|(name, html)| {
            (
                name.clone(),
                html.unwrap_or_else(|error| panic!("{name}: {error}")),
            )
        })
        .collect()
}

#[test]
fn no_page_runs_or_styles_anything_of_its_own() {
    for (name, html) in every_page() {
        let html = html.to_lowercase();
        // Every tag the template engine wrote; what came from outside has no `<` left to open one with.
        for tag in html
            .split('<')
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap_or_default())
        {
            let quoted_away: String = tag.split('"').step_by(2).collect();
            assert!(!quoted_away.contains(" on"), "{name}: <{tag}>");
            assert!(!quoted_away.contains(" style="), "{name}: <{tag}>");
            assert!(!tag.starts_with("style"), "{name}: <{tag}>");
            assert!(!tag.contains("javascript:"), "{name}: <{tag}>");
            if tag.starts_with("script") {
                let ours = ["live", "order"]
                    .map(|file| format!(r#"script src="/assets/{file}.js" defer"#));
                assert!(ours.iter().any(|script| script == tag), "{name}: {tag}");
            }
        }
        assert!(!html.contains("<script>"), "{name}");
        assert!(!html.contains("http-equiv"), "{name}");
        assert!(
            !html.contains('\u{1b}') && !html.contains('\u{202e}') || name == "docs",
            "{name}"
        );
    }
}

#[test]
fn every_page_is_a_whole_document_with_a_title() {
    for (name, html) in every_page() {
        assert!(
            html.starts_with("<!doctype html>\n<html lang=\"en\">"),
            "{name}"
        );
        assert!(html.trim_end().ends_with("</html>"), "{name}");
        assert!(html.contains(" · Ingot</title>"), "{name}");
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        let mut ids: Vec<&str> = html
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(all, ids.len(), "{name}: an id stands twice");
    }
}

#[test]
fn every_file_a_page_names_is_there() {
    for (name, html) in every_page() {
        for file in html.split("\"/assets/").skip(1) {
            let file = file.split('"').next().unwrap_or_default();
            assert!(
                asset(file).is_some_and(|(_, bytes)| !bytes.is_empty()),
                "{name}: {file}"
            );
        }
    }
    assert_eq!(asset("../console.rs"), None);
    assert_eq!(asset(""), None);
}

//! The pages about base images' updates, with hostile words in every text, and what they must say.

use ingot_client::base_update::{
    AffectedTemplate, BaseUpdate, BaseUpdateDetail, Evidence, Judgement, SecurityEntry,
    SecurityStatus,
};

use super::samples::{ATTACK, at};
use crate::console::*;

fn text() -> String {
    ATTACK.to_owned()
}

fn evidence(level: &str, link: Option<&str>) -> Evidence {
    Evidence {
        advisory: Some(text()),
        cve: Some(text()),
        package: text(),
        source: Some(text()),
        old: Some(text()),
        fixed: Some(text()),
        new: Some(text()),
        status: text(),
        grade: text(),
        basis: text(),
        level: level.to_owned(),
        vendor_level: text(),
        vendor_severity: Some(text()),
        rules: vec![text()],
        exploited_since: Some(at(1)),
        epss: Some(0.5),
        published: Some(at(1)),
        link: link.map(str::to_owned),
    }
}

fn update(level: Option<&str>, headline: Option<Evidence>) -> BaseUpdate {
    BaseUpdate {
        id: "upd_1".to_owned(),
        base: text(),
        from: text(),
        to: text(),
        image_id: Some(text()),
        previous_image_id: Some(text()),
        update_type: level.map(|_| text()),
        security_level: level.map(str::to_owned),
        updated_at: at(1),
        changelog_url: Some(text()),
        detected_at: at(2),
        judged_at: Some(at(3)),
        confidence: Some(text()),
        upper_bound: Some(text()),
        headline,
        reasons: vec![text()],
        tags: vec![text()],
        set_by: Some(text()),
        set_reason: Some(text()),
    }
}

fn template(behind: u64) -> AffectedTemplate {
    AffectedTemplate {
        template: text(),
        version: Some(text()),
        ami_id: Some(text()),
        region: Some(text()),
        build: Some(text()),
        builds_behind: behind,
        days_behind: 3,
        planned: None,
    }
}

fn detail(level: Option<&str>) -> BaseUpdateDetail {
    let links = [
        Some("https://ubuntu.com/security/notices/USN-1-1"),
        Some("javascript:alert(1)"),
        None,
    ];
    BaseUpdateDetail {
        update: update(level, Some(evidence("high", None))),
        templates: vec![template(0), template(1), template(2)],
        plan: text(),
        evidence: links.map(|link| evidence("critical", link)).to_vec(),
        outside: vec![text()],
        assessments: [true, false]
            .map(|stands| Judgement {
                seq: 1,
                at: at(1),
                ruleset: text(),
                update_type: text(),
                security_level: "low".to_owned(),
                confidence: text(),
                stands,
                by: stands.then(text),
                reason: stands.then(text),
            })
            .to_vec(),
    }
}

fn status() -> SecurityStatus {
    let levels = [Some("critical"), Some("unknown"), Some("none"), None];
    SecurityStatus {
        at: at(30),
        available: levels
            .map(|level| SecurityEntry {
                security_level: level.unwrap_or("unknown").to_owned(),
                update: update(level, Some(evidence("high", None))),
                gravest: text(),
                templates: vec![template(1), template(0)],
                plan: text(),
            })
            .to_vec(),
        recent: vec![update(None, None), update(Some("low"), None)],
        feeds: vec![text()],
    }
}

pub(super) fn pages() -> Vec<(String, Result<String, askama::Error>)> {
    let empty = SecurityStatus {
        at: at(30),
        available: vec![],
        recent: vec![],
        feeds: vec![],
    };
    let mut pages = vec![
        ("security".to_owned(), security_page(&status())),
        ("security empty".to_owned(), security_page(&empty)),
    ];
    for level in [
        None,
        Some("critical"),
        Some("medium"),
        Some("none"),
        Some("unknown"),
    ] {
        pages.push((format!("update {level:?}"), update_page(&detail(level))));
    }
    let bare = BaseUpdateDetail {
        templates: vec![],
        evidence: vec![],
        outside: vec![],
        assessments: vec![],
        ..detail(None)
    };
    pages.push(("update bare".to_owned(), update_page(&bare)));
    pages
}

#[test]
fn evidence_links_lead_to_the_web_alone() {
    let page = update_page(&detail(Some("critical"))).expect("a page");
    assert!(page.contains("https://ubuntu.com/security/notices/USN-1-1"));
    assert!(!page.contains("javascript:"), "{page}");
}

#[test]
fn a_template_without_an_image_is_not_behind_but_not_built() {
    let page = update_page(&detail(Some("high"))).expect("a page");
    for said in ["not built", "1 build, 3 days", "2 builds, 3 days"] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn an_update_that_no_rule_has_judged_says_so() {
    let page = security_page(&status()).expect("a page");
    assert!(page.contains("not judged yet"));
    let empty = SecurityStatus {
        available: vec![],
        ..status()
    };
    let page = security_page(&empty).expect("a page");
    assert!(page.contains("stands on the newest build"));
}

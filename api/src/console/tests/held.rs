//! What an image lacks, with hostile words in every text, and what its page must say.

use ingot_client::affected::{
    Affected, AffectedBase, AffectedByList, AffectedDeployment, AffectedImage,
};
use ingot_client::base_update::ImageSecurity;
use ingot_client::held::{HeldItem, ImageByList};

use super::samples::{ATTACK, at, image};
use crate::console::*;

fn item(cve: Option<&str>, words: &str) -> HeldItem {
    HeldItem {
        cve: cve.map(str::to_owned),
        advisory: words.to_owned(),
        security_level: words.to_owned(),
        vendor_severity: Some(words.to_owned()),
        package: words.to_owned(),
        installed: Some(words.to_owned()),
        fixed: Some(words.to_owned()),
        subscription: true,
        exploited_since: Some(at(1)),
        published: Some(at(1)),
        link: Some(words.to_owned()),
    }
}

/// How an image stands, with this text wherever one is; none without.
pub(super) fn of_image(text: Option<&str>) -> Option<ImageSecurity> {
    let words = text?;
    let own = || Some(words.to_owned());
    let items = || vec![item(None, words), item(Some(words), words)];
    Some(ImageSecurity {
        base: own(),
        build: own(),
        newest_build: own(),
        builds_behind: 2,
        days_behind: 9,
        lacks: own(),
        predecessor: own(),
        fixed: vec![words.to_owned()],
        open: vec![words.to_owned()],
        by_list: Some(ImageByList {
            taken_at: Some(at(1)),
            taken_by: own(),
            packages: 612,
            absent: None,
            remedy: None,
            system: own(),
            feed: own(),
            feed_fetched_at: Some(at(2)),
            feed_newest: Some(at(2)),
            doubts: vec![words.to_owned()],
            predecessor: own(),
            predecessor_taken_at: Some(at(1)),
            fixed: items(),
            new: items(),
            open: items(),
            unknown: items(),
            left_off: 3,
        }),
    })
}

/// The pages of what has a vulnerability.
pub(super) fn pages() -> Vec<(String, Result<String, askama::Error>)> {
    let words = || ATTACK.to_owned();
    let on = AffectedBase {
        base: words(),
        build: words(),
        fixed_in: Some(words()),
        advisory: Some(words()),
        package: words(),
        grade: words(),
    };
    let list = |holding: &str| AffectedByList {
        holding: holding.to_owned(),
        advisory: Some(words()),
        package: Some(words()),
        installed: Some(words()),
        fixed: Some(words()),
        taken_at: at(1),
    };
    let image = |by_list: Option<AffectedByList>| AffectedImage {
        id: words(),
        ami_id: by_list.is_some().then(words),
        template: words(),
        version: words(),
        region: words(),
        on: Some(on.clone()),
        by_list,
    };
    let deployment = AffectedDeployment {
        id: words(),
        instance_id: words(),
        template: words(),
        version: words(),
        region: words(),
        on: None,
        by_list: Some(list("vulnerable")),
    };
    let full = Affected {
        cve: words(),
        bases: vec![on.clone()],
        images: vec![image(Some(list("unknown"))), image(None)],
        deployments: vec![deployment],
        cleared: vec![words()],
        unknown: 3,
    };
    let empty = Affected {
        cve: words(),
        bases: vec![],
        images: vec![],
        deployments: vec![],
        cleared: vec![],
        unknown: 0,
    };
    vec![
        ("affected".to_owned(), affected_page(&full)),
        ("nothing affected".to_owned(), affected_page(&empty)),
    ]
}

#[test]
fn an_image_without_a_list_says_why_and_what_brings_one() {
    let mut security = of_image(Some(ATTACK)).expect("a standing");
    let by_list = security.by_list.as_mut().expect("a list");
    by_list.taken_at = None;
    by_list.absent = Some("SSM does not reach the instance".to_owned());
    by_list.remedy = Some("a profile that SSM accepts".to_owned());
    let image = image("available", Some("x"));
    let html = image_page(&image, Some(&security), &[], at(30)).expect("a page");
    assert!(html.contains("SSM does not reach the instance"), "{html}");
    assert!(html.contains("a profile that SSM accepts"), "{html}");
    assert!(!html.contains("Open by its own list"), "{html}");
}

#[test]
fn what_is_open_stands_with_its_evidence_and_what_is_left_off() {
    let mut security = of_image(Some("words")).expect("a standing");
    let by_list = security.by_list.as_mut().expect("a list");
    by_list.open = (0..60)
        .map(|number| item(Some(&format!("CVE-2024-{number}")), "USN-1"))
        .collect();
    let image = image("available", Some("x"));
    let html = image_page(&image, Some(&security), &[], at(30)).expect("a page");
    for said in ["CVE-2024-0", "CVE-2024-49", "10 more", "612"] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains("CVE-2024-59"), "{html}");
}

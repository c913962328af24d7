//! The screens against the document.

use super::*;

fn update() -> BaseUpdate {
    let at = DateTime::UNIX_EPOCH;
    BaseUpdate {
        id: "upd_1".to_owned(),
        base: "ubuntu-22.04".to_owned(),
        from: "20240629".to_owned(),
        to: "20240701".to_owned(),
        image_id: None,
        previous_image_id: None,
        update_type: Some("security".to_owned()),
        security_level: Some("critical".to_owned()),
        updated_at: at,
        changelog_url: None,
        detected_at: at,
        judged_at: Some(at),
        confidence: Some("medium".to_owned()),
        upper_bound: Some("critical".to_owned()),
        headline: Some(Evidence {
            advisory: Some("USN-6859-1".to_owned()),
            cve: Some("CVE-2024-6387".to_owned()),
            package: "openssh-server".to_owned(),
            source: None,
            old: None,
            fixed: None,
            new: None,
            status: "likely".to_owned(),
            grade: "C".to_owned(),
            basis: "base_set_window".to_owned(),
            level: "critical".to_owned(),
            vendor_level: "high".to_owned(),
            vendor_severity: Some("high".to_owned()),
            rules: vec!["R3".to_owned()],
            exploited_since: None,
            epss: None,
            published: None,
            link: None,
        }),
        reasons: Vec::new(),
        tags: Vec::new(),
        set_by: None,
        set_reason: None,
    }
}

#[test]
fn the_screen_is_the_documents() {
    let template = |name: &str, ami: Option<&str>| AffectedTemplate {
        template: name.to_owned(),
        version: ami.map(|_| "v1.0.0".to_owned()),
        ami_id: ami.map(str::to_owned),
        region: ami.map(|_| "us-east-1".to_owned()),
        build: None,
        builds_behind: 1,
        days_behind: 2,
        planned: None,
    };
    let status = SecurityStatus {
        at: DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(3),
        available: vec![SecurityEntry {
            security_level: "critical".to_owned(),
            gravest: "upd_1".to_owned(),
            update: update(),
            templates: vec![template("web", Some("ami-1")), template("db", None)],
            plan: "web in us-east-1: no build is asked for".to_owned(),
        }],
        recent: vec![],
        feeds: vec![],
    };
    let screen = security_status(&status, Strokes::Drawn);
    let wanted = "SECURITY UPDATE STATUS

Critical Updates Available:
└── ubuntu-22.04: CVE-2024-6387 (openssh-server)
    ├── Update: 20240629 → 20240701, seen 3 min ago
    ├── Why: USN-6859-1, high by the vendor, rule R3, likely, grade C
    ├── Affected templates: web, db (not built)
    ├── Auto-rebuild: web in us-east-1: no build is asked for
    ├── Manual rebuild: ingot templates auto-ami build --security-update
    └── Evidence: ingot base-images update upd_1";
    assert_eq!(screen, wanted);
}

#[test]
fn nothing_behind_is_said() {
    let status = SecurityStatus {
        at: DateTime::UNIX_EPOCH,
        available: vec![],
        recent: vec![update()],
        feeds: vec!["ubuntu is 3 days old".to_owned()],
    };
    let screen = security_status(&status, Strokes::Plain);
    assert!(
        screen.contains("No template's newest image is behind"),
        "{screen}"
    );
    assert!(
        screen.contains("`-- ubuntu-22.04: security update, critical"),
        "{screen}"
    );
    assert!(screen.contains("Feed: ubuntu is 3 days old"), "{screen}");
}

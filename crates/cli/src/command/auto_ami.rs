//! `ingot templates auto-ami …`.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use ingot_client::Client;
use ingot_client::base_update::{
    AffectedTemplate, BaseUpdate, Evidence, SecurityEntry, SecurityStatus,
};

use crate::args::auto_ami::AutoAmiAction;
use crate::output::tree::{Branch, Strokes, tree};
use crate::output::{Output, clean};

/// Runs one of them.
pub(crate) async fn run(
    client: &Client,
    output: Output,
    action: AutoAmiAction,
) -> anyhow::Result<ExitCode> {
    match action {
        AutoAmiAction::SecurityStatus => {
            let status = client.security_status().await?;
            output.result(&status, |status| security_status(status, Strokes::here()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The levels that have a heading, in the order in which they stand.
const LEVELS: [(&str, &str); 6] = [
    ("critical", "Critical"),
    ("high", "High"),
    ("unknown", "Unknown"),
    ("medium", "Medium"),
    ("low", "Low"),
    ("none", "Other"),
];

/// The document's screen.
fn security_status(status: &SecurityStatus, strokes: Strokes) -> String {
    let mut parts = vec!["SECURITY UPDATE STATUS".to_owned()];
    for feed in &status.feeds {
        parts.push(format!("Feed: {}", clean(feed)));
    }
    let mut any = false;
    for (level, name) in LEVELS {
        let of_level: Vec<Branch> = status
            .available
            .iter()
            .filter(|entry| entry.security_level == level)
            .map(|entry| branch(entry, strokes, status.at))
            .collect();
        if !of_level.is_empty() {
            any = true;
            let title = format!("{name} Updates Available:");
            parts.push(format!("{title}\n{}", tree(strokes, &of_level)));
        }
    }
    if !any {
        parts.push("No template's newest image is behind its base image.".to_owned());
    }
    if !status.recent.is_empty() {
        let recent: Vec<Branch> = status
            .recent
            .iter()
            .map(|update| Branch::new(short(update, status.at), Vec::new()))
            .collect();
        parts.push(format!("Recent Updates:\n{}", tree(strokes, &recent)));
    }
    parts.join("\n\n")
}

fn branch(entry: &SecurityEntry, strokes: Strokes, now: DateTime<Utc>) -> Branch {
    let update = &entry.update;
    let mut text = clean(&update.base);
    if let Some(row) = &update.headline {
        text.push_str(&format!(": {}", headline(row)));
    }
    let mut twigs = vec![format!(
        "Update: {} {} {}, seen {}",
        clean(&update.from),
        strokes.arrow(),
        clean(&update.to),
        ago(update.detected_at, now)
    )];
    if let Some(row) = &update.headline {
        twigs.push(format!("Why: {}", why(row)));
    }
    twigs.extend(
        update
            .reasons
            .iter()
            .map(|reason| format!("Not known: {}", clean(reason))),
    );
    if let (Some(by), Some(reason)) = (&update.set_by, &update.set_reason) {
        twigs.push(format!("Level set by {}: {}", clean(by), clean(reason)));
    }
    let several = |name: &str| {
        let of = |one: &&AffectedTemplate| one.template == name;
        entry.templates.iter().filter(of).count() > 1
    };
    let templates: Vec<String> = entry
        .templates
        .iter()
        .map(|one| match &one.region {
            Some(region) if several(&one.template) => {
                format!("{} in {}", clean(&one.template), clean(region))
            }
            Some(_) => clean(&one.template),
            None => format!("{} (not built)", clean(&one.template)),
        })
        .collect();
    if !templates.is_empty() {
        twigs.push(format!("Affected templates: {}", templates.join(", ")));
    }
    twigs.push(format!("Auto-rebuild: {}", clean(&entry.plan)));
    if let Some(one) = entry.templates.iter().find(|one| one.ami_id.is_some()) {
        let region = one.region.as_deref().unwrap_or("REGION");
        twigs.push(format!(
            "Manual rebuild: ingot deploy {} --version {} --region {} --build-only --again",
            clean(&one.template),
            clean(one.version.as_deref().unwrap_or("VERSION")),
            clean(region)
        ));
    }
    twigs.push(format!(
        "Evidence: ingot base-images update {}",
        clean(&entry.gravest)
    ));
    Branch::new(text, twigs)
}

fn headline(row: &Evidence) -> String {
    let name = row.cve.as_ref().or(row.advisory.as_ref());
    let name = name.map(|name| clean(name)).unwrap_or_default();
    format!("{name} ({})", clean(&row.package))
}

fn why(row: &Evidence) -> String {
    let mut why: Vec<String> = Vec::new();
    why.extend(row.advisory.as_ref().map(|name| clean(name)));
    if let Some(word) = &row.vendor_severity {
        why.push(format!("{} by the vendor", clean(word)));
    }
    if let Some(since) = row.exploited_since {
        why.push(format!("exploited since {}", since.format("%Y-%m-%d")));
    }
    if !row.rules.is_empty() {
        why.push(format!("rules {}", clean(&row.rules.join(" "))));
    }
    why.push(format!(
        "{}, grade {}",
        clean(&row.status),
        clean(&row.grade)
    ));
    why.join(", ")
}

fn short(update: &BaseUpdate, now: DateTime<Utc>) -> String {
    let what = match (&update.update_type, &update.security_level) {
        (Some(kind), Some(level)) if kind == "security" => format!("security update, {level}"),
        (Some(kind), _) => format!("{kind} update"),
        (None, _) => "not judged yet".to_owned(),
    };
    let gone = update.tags.iter().any(|tag| tag == "withdrawn");
    let what = match gone {
        true => format!("{what}, withdrawn by its vendor"),
        false => what,
    };
    format!(
        "{}: {} ({}, seen {})",
        clean(&update.base),
        clean(&what),
        clean(&update.to),
        ago(update.detected_at, now)
    )
}

/// How long ago, by the installation's calendar.
fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let minutes = (now - at).num_minutes().max(0);
    match minutes {
        0 => "just now".to_owned(),
        1..120 => format!("{minutes} min ago"),
        120..2880 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
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
        };
        let status = SecurityStatus {
            at: DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(3),
            available: vec![SecurityEntry {
                security_level: "critical".to_owned(),
                gravest: "upd_1".to_owned(),
                update: update(),
                templates: vec![template("web", Some("ami-1")), template("db", None)],
                plan: "not planned yet".to_owned(),
            }],
            recent: vec![],
            feeds: vec![],
        };
        let screen = security_status(&status, Strokes::Drawn);
        let wanted = "SECURITY UPDATE STATUS

Critical Updates Available:
└── ubuntu-22.04: CVE-2024-6387 (openssh-server)
    ├── Update: 20240629 → 20240701, seen 3 min ago
    ├── Why: USN-6859-1, high by the vendor, rules R3, likely, grade C
    ├── Affected templates: web, db (not built)
    ├── Auto-rebuild: not planned yet
    ├── Manual rebuild: ingot deploy web --version v1.0.0 --region us-east-1 --build-only --again
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
}

//! `ingot templates auto-ami …`.

mod configure;
mod status;

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use ingot_client::Client;
use ingot_client::auto_ami::{AutoAmiEnable, AutoAmiStatus};
use ingot_client::base_update::{
    AffectedTemplate, BaseUpdate, Evidence, SecurityEntry, SecurityStatus,
};
use ingot_client::build::{BuildDecision, Planned};

use crate::args::auto_ami::AutoAmiAction;
use crate::command::builds;
use crate::output::moment::{moment, relative};
use crate::output::tree::{Branch, Strokes, tree};
use crate::output::{Output, clean};

/// Runs one of them.
pub(crate) async fn run(
    client: &Client,
    output: Output,
    action: AutoAmiAction,
) -> anyhow::Result<ExitCode> {
    match action {
        AutoAmiAction::Status => {
            let status = client.auto_ami_status().await?;
            output.result(&status, |status| status::screen(status, Strokes::here()))?;
        }
        AutoAmiAction::SecurityStatus => {
            let status = client.security_status().await?;
            output.result(&status, |status| security_status(status, Strokes::here()))?;
        }
        AutoAmiAction::Build(args) => return builds::ask::run(client, output, *args).await,
        AutoAmiAction::Configure(args) => configure::run(client, output, &args).await?,
        AutoAmiAction::Preferences => configure::preferences(client, output).await?,
        AutoAmiAction::Enable {
            name,
            popularity_threshold,
            reason,
        } => {
            let wanted = AutoAmiEnable {
                reason,
                popularity_threshold,
            };
            let switch = client.enable_auto_ami(&name, &wanted).await?;
            output.result(&switch, status::switched)?;
        }
        AutoAmiAction::Disable { name, reason } => {
            let decision = BuildDecision { reason };
            let switch = client.disable_auto_ami(&name, &decision).await?;
            output.result(&switch, status::switched)?;
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

/// The document's screen of where the automatic builds stand.
pub(crate) fn status_screen(status: &AutoAmiStatus, strokes: Strokes) -> String {
    status::screen(status, strokes)
}

/// The document's screen of the base images that have moved.
pub(crate) fn security_status(status: &SecurityStatus, strokes: Strokes) -> String {
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
        relative(update.detected_at, now)
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
    let planned: Vec<String> = entry
        .templates
        .iter()
        .filter_map(|one| Some(rebuild(&one.template, one.planned.as_ref()?, now)))
        .collect();
    match planned.is_empty() {
        true => twigs.push(format!("Auto-rebuild: {}", clean(&entry.plan))),
        false => twigs.extend(planned),
    }
    if entry.templates.iter().any(|one| one.ami_id.is_some()) {
        let how = "ingot templates auto-ami build --security-update";
        twigs.push(format!("Manual rebuild: {how}"));
    }
    twigs.push(format!(
        "Evidence: ingot base-images update {}",
        clean(&entry.gravest)
    ));
    Branch::new(text, twigs)
}

/// `Auto-rebuild scheduled: web in 30 min (…), bld_…`, or where it is, or what it waits for.
fn rebuild(template: &str, planned: &Planned, now: DateTime<Utc>) -> String {
    let (name, id) = (clean(template), clean(&planned.build_id));
    let why = planned.why_not_now.as_deref().map(clean);
    match (planned.status.as_str(), planned.scheduled_for, why) {
        ("queued", Some(at), _) if at <= now => {
            format!("Auto-rebuild: {name}, about to start, {id}")
        }
        ("queued", Some(at), _) => {
            format!("Auto-rebuild scheduled: {name} {}, {id}", moment(at, now))
        }
        ("queued" | "awaiting_approval", _, Some(why)) => {
            format!("Auto-rebuild waits: {name}: {why} ({id})")
        }
        (status, _, _) => {
            let end = planned.expected_end;
            let end = end.map_or(String::new(), |at| format!(", done {}", moment(at, now)));
            format!("Auto-rebuild {}: {name}{end}, {id}", clean(status))
        }
    }
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
        let word = match row.rules.len() {
            1 => "rule",
            _ => "rules",
        };
        why.push(format!("{word} {}", clean(&row.rules.join(" "))));
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
        relative(update.detected_at, now)
    )
}

#[cfg(test)]
mod tests;

//! The document's screen of where the automatic builds stand, and what switching says.

use chrono::{DateTime, Utc};
use ingot_client::auto_ami::{AutoAmiStatus, AutoAmiSwitch, AutoAmiTemplate};
use ingot_client::build::Planned;

use crate::output::clean;
use crate::output::moment::{moment, relative};
use crate::output::tree::{Branch, Strokes, tree};

/// `AUTO-AMI STATUS`
pub(super) fn screen(status: &AutoAmiStatus, strokes: Strokes) -> String {
    let mut parts = vec!["AUTO-AMI STATUS".to_owned()];
    let (on, off): (Vec<_>, Vec<_>) = status.templates.iter().partition(|one| one.switch.enabled);
    let now = status.at;
    match on.is_empty() {
        true if !off.is_empty() => parts.push(
            "The builds of every template that was launched or built are switched off.".to_owned(),
        ),
        true => parts.push(
            "No template was launched or built yet: `ingot templates list` shows what there is."
                .to_owned(),
        ),
        false => {
            let (popular, other): (Vec<_>, Vec<_>) = on.into_iter().partition(|one| one.popular);
            for (which, listed) in [("Popular", popular), ("Other", other)] {
                let lines = listed.iter();
                let lines = lines.map(|one| Branch::new(line(one, strokes, now), twigs(one, now)));
                let branches: Vec<Branch> = lines.collect();
                if !branches.is_empty() {
                    let tree = tree(strokes, &branches);
                    parts.push(format!(
                        "{which} Templates (auto-compilation enabled):\n{tree}"
                    ));
                }
            }
        }
    }
    if !off.is_empty() {
        let branches: Vec<Branch> = off.iter().map(|one| switched_line(one, now)).collect();
        parts.push(format!("Switched Off:\n{}", tree(strokes, &branches)));
    }
    parts.push(format!(
        "Recent Activity:\n{}",
        tree(strokes, &activity(status))
    ));
    parts.join("\n\n")
}

fn activity(status: &AutoAmiStatus) -> Vec<Branch> {
    let bare = |text: String| Branch::new(text, Vec::new());
    let now = status.at;
    let mut lines: Vec<Branch> = status
        .recent
        .iter()
        .map(|one| bare(format!("{} ({})", clean(&one.said), relative(one.at, now))))
        .collect();
    let s = |count: u64| if count == 1 { "" } else { "s" };
    for (count, said) in [
        (status.running, "running"),
        (status.scheduled, "scheduled"),
        (
            status.awaiting_approval,
            "awaiting approval: ingot builds list --status awaiting_approval",
        ),
        (
            status.blocked,
            "without a start: ingot builds list --status open says why",
        ),
    ] {
        if count > 0 {
            lines.push(bare(format!("{count} build{} {said}", s(count))));
        }
    }
    match status.completion {
        Some(at) => lines.push(bare(format!(
            "Estimated rebuild completion: {}",
            moment(at, now)
        ))),
        None => lines.push(bare("Nothing is being rebuilt".to_owned())),
    }
    lines
}

/// `web: ✓ Compiled (last: 2 days ago)`, and what presses more before it.
fn line(one: &AutoAmiTemplate, strokes: Strokes, now: DateTime<Utc>) -> String {
    let name = clean(&one.switch.template);
    let mark = |drawn: &'static str, plain: &'static str| match strokes {
        Strokes::Drawn => drawn,
        Strokes::Plain => plain,
    };
    let runs = one.builds.iter().find(|build| build.why_not_now.is_none());
    let waits = one.builds.iter().find(|build| build.why_not_now.is_some());
    let lacks = one.lacks.as_deref().filter(|level| *level != "none");
    let state = match (runs, lacks, waits) {
        (Some(build), _, _) => {
            let end = build.expected_end;
            let end = end.map_or(String::new(), |at| format!(" (done {})", moment(at, now)));
            format!("{} {}{end}", mark("⏳", "~"), building(build))
        }
        (None, Some(level), _) => format!(
            "{}  Pending security update ({})",
            mark("⚠️", "!"),
            clean(level)
        ),
        (None, None, Some(build)) => format!("{} {}", mark("⏳", "~"), queued(build, now)),
        (None, None, None) => match one.compiled_at {
            Some(at) => format!("{} Compiled (last: {})", mark("✓", "+"), relative(at, now)),
            None => "Not compiled".to_owned(),
        },
    };
    format!("{name}: {state}")
}

fn building(build: &Planned) -> String {
    match build.status.as_str() {
        "building" => "Building".to_owned(),
        status => format!("Building: {}", clean(status)),
    }
}

fn queued(build: &Planned, now: DateTime<Utc>) -> String {
    match (build.status.as_str(), build.scheduled_for) {
        ("awaiting_approval", _) => "Waits for approval".to_owned(),
        (_, Some(at)) if at <= now => "Queued, about to start".to_owned(),
        (_, Some(at)) => format!("Queued, starts {}", moment(at, now)),
        (_, None) => "Queued, without a start".to_owned(),
    }
}

/// How often it was launched, and each build with why not now.
fn twigs(one: &AutoAmiTemplate, now: DateTime<Utc>) -> Vec<String> {
    let mut twigs = Vec::new();
    if one.launches > 0 {
        let es = if one.launches == 1 { "" } else { "es" };
        twigs.push(format!("{} launch{es} this week", one.launches));
    }
    if one.current == Some(false) {
        twigs.push("its newest image is of an older revision".to_owned());
    }
    for build in &one.builds {
        let id = clean(&build.build_id);
        match &build.why_not_now {
            Some(why) => twigs.push(format!("{id}: {}: {}", queued(build, now), clean(why))),
            None => twigs.push(format!("{id}: {}", clean(&build.status))),
        }
    }
    twigs
}

fn switched_line(one: &AutoAmiTemplate, now: DateTime<Utc>) -> Branch {
    let switch = &one.switch;
    let by = switch.off_by.as_deref().map(clean).unwrap_or_default();
    let why = switch.off_reason.as_deref().map(clean).unwrap_or_default();
    let since = switch
        .off_since
        .map_or(String::new(), |at| relative(at, now));
    let name = clean(&switch.template);
    Branch::new(
        format!("{name}: {why} (by {by}, {since})"),
        vec![format!("ingot templates auto-ami enable {name}")],
    )
}

/// What switching a template's builds says.
pub(super) fn switched(switch: &AutoAmiSwitch) -> String {
    let name = clean(&switch.template);
    match (switch.enabled, &switch.off_by, &switch.off_reason) {
        (false, by, why) => format!(
            "{name}: builds are switched off by {}: {}; requests are recorded as skipped until `ingot templates auto-ami enable {name}`",
            clean(by.as_deref().unwrap_or("-")),
            clean(why.as_deref().unwrap_or("-"))
        ),
        (true, _, _) => match switch.popularity_threshold {
            None => format!("{name}: builds are switched on"),
            Some(1) => {
                format!("{name}: builds are switched on; 1 launch within 7 days makes it popular")
            }
            Some(launches) => format!(
                "{name}: builds are switched on; {launches} launches within 7 days make it popular"
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn template(name: &str) -> AutoAmiTemplate {
        AutoAmiTemplate {
            switch: AutoAmiSwitch {
                template: name.to_owned(),
                enabled: true,
                off_since: None,
                off_by: None,
                off_reason: None,
                by_itself: false,
                popularity_threshold: None,
            },
            launches: 0,
            popular: false,
            image_id: None,
            compiled_at: None,
            current: None,
            lacks: None,
            builds: Vec::new(),
        }
    }

    #[test]
    fn the_screen_is_the_documents() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(3);
        let planned = Planned {
            build_id: "bld_1".to_owned(),
            status: "queued".to_owned(),
            scheduled_for: Some(now + TimeDelta::hours(3)),
            expected_end: None,
            why_not_now: Some("its window is closed".to_owned()),
        };
        let compiled = AutoAmiTemplate {
            compiled_at: Some(now - TimeDelta::days(2)),
            ..template("python-ml")
        };
        let queued = AutoAmiTemplate {
            launches: 8,
            popular: true,
            builds: vec![planned],
            ..template("r-research")
        };
        let lacks = AutoAmiTemplate {
            lacks: Some("critical".to_owned()),
            ..template("gpu")
        };
        let mut off = template("old");
        off.switch.enabled = false;
        off.switch.off_by = Some("ann".to_owned());
        off.switch.off_reason = Some("moves".to_owned());
        off.switch.off_since = Some(now);
        let status = AutoAmiStatus {
            at: now,
            templates: vec![compiled, queued, lacks, off],
            unused: vec!["other".to_owned()],
            recent: vec![ingot_client::auto_ami::AutoAmiEvent {
                at: now - TimeDelta::hours(3),
                said: "ubuntu-22.04 base image updated (security: high)".to_owned(),
                about: "upd_1".to_owned(),
            }],
            running: 0,
            scheduled: 1,
            awaiting_approval: 0,
            blocked: 0,
            completion: Some(now + TimeDelta::hours(4)),
        };
        let wanted = "AUTO-AMI STATUS

Popular Templates (auto-compilation enabled):
└── r-research: ⏳ Queued, starts in 3 h (1970-01-04 03:00 UTC)
    ├── 8 launches this week
    └── bld_1: Queued, starts in 3 h (1970-01-04 03:00 UTC): its window is closed

Other Templates (auto-compilation enabled):
├── python-ml: ✓ Compiled (last: 2 days ago)
└── gpu: ⚠️  Pending security update (critical)

Switched Off:
└── old: moves (by ann, just now)
    └── ingot templates auto-ami enable old

Recent Activity:
├── ubuntu-22.04 base image updated (security: high) (3 h ago)
├── 1 build scheduled
└── Estimated rebuild completion: in 4 h (1970-01-04 04:00 UTC)";
        assert_eq!(screen(&status, Strokes::Drawn), wanted);
        let plain = screen(&status, Strokes::Plain);
        assert!(plain.is_ascii(), "{plain}");
    }
}

//! `ingot templates auto-ami configure` and `preferences`: the document's two screens of the policy in force, and changes of it.

use ingot_client::Client;
use ingot_client::auto_ami::AutoAmiTemplate;
use ingot_client::policy::{InstallationPolicy, PolicyDiffFilter, PolicyEdit, PolicyFilter};
use ingot_domain::policy::length::Length;
use ingot_domain::policy::{Low, Policy};

use crate::args::auto_ami::ConfigureArgs;
use crate::command::policy::{changes, named, warn};
use crate::failure::Usage;
use crate::output::tree::{Branch, Strokes, tree};
use crate::output::{Output, clean};

/// Shows, or changes what the options say.
pub(super) async fn run(
    client: &Client,
    output: Output,
    args: &ConfigureArgs,
) -> anyhow::Result<()> {
    let wanted = args
        .changes()
        .map_err(|key| Usage(format!("`{key}` is given twice: leave one of them out")))?;
    let before = client.policy(PolicyFilter::default()).await?;
    if wanted.is_empty() {
        if args.reason.is_some() || args.expect.is_some() {
            let message = "nothing is to be changed: say what, such as --daily-budget 40, or leave --reason and --expect out";
            return Err(Usage(message.to_owned()).into());
        }
        let policy = read(&before)?;
        return output.result(&before, |shown| screen(&policy, shown, Strokes::here()));
    }
    let edit = PolicyEdit {
        changes: wanted,
        reason: args.reason.clone(),
        expected_revision: args.expect,
    };
    let after = client.edit_policy(&edit).await?;
    let of = PolicyDiffFilter {
        from: Some(before.revision),
        to: Some(after.revision),
    };
    let diff = client.policy_diff(of).await?;
    let policy = read(&after)?;
    output.result(&after, |after| {
        let whole = screen(&policy, after, Strokes::here());
        match diff.changes.is_empty() {
            true => format!("{whole}\n\nNothing changes: it said so before."),
            false => format!("{whole}\n\n{}", changes(&diff.changes)),
        }
    })?;
    warn(&after);
    Ok(())
}

fn read(shown: &InstallationPolicy) -> anyhow::Result<Policy> {
    Ok(serde_json::from_value(shown.auto_ami_policy.clone())?)
}

fn bare(text: String) -> Branch {
    Branch::new(text, Vec::new())
}

/// The document's `configure` screen.
fn screen(policy: &Policy, shown: &InstallationPolicy, strokes: Strokes) -> String {
    let updates = &policy.security_updates;
    let zone = &policy.timezone;
    let lines = [
        format!(
            "Popularity threshold: {} launches",
            policy.popularity_threshold
        ),
        format!("Off-peak window: {} {zone}", policy.build_window),
        format!("Urgent window: {} {zone}", policy.urgent_window),
        format!(
            "Security update window: {} (critical), {} (high), {} (medium), {} (low)",
            updates.critical_window, updates.high_window, updates.medium_window, updates.low_window
        ),
        format!("Daily compilation budget: ${}", policy.daily_budget),
        format!("Monthly compilation budget: ${}", policy.monthly_budget),
        format!("Emergency compilation budget: ${}", policy.emergency_budget),
    ];
    let lines: Vec<Branch> = lines.into_iter().map(|line| bare(clean(&line))).collect();
    format!(
        "Auto-AMI Configuration ({}):\n{}",
        named(shown.revision),
        tree(strokes, &lines)
    )
}

/// `ingot templates auto-ami preferences`
pub(super) async fn preferences(client: &Client, output: Output) -> anyhow::Result<()> {
    let shown = client.policy(PolicyFilter::default()).await?;
    let policy = read(&shown)?;
    let status = client.auto_ami_status().await?;
    output.result(&shown, |_| {
        preferred(&policy, &status.templates, Strokes::here())
    })
}

/// The document's `preferences` screen, and below it the templates that are treated otherwise.
fn preferred(policy: &Policy, templates: &[AutoAmiTemplate], strokes: Strokes) -> String {
    let yes = match strokes {
        Strokes::Drawn => "✓",
        Strokes::Plain => "+",
    };
    let no = match strokes {
        Strokes::Drawn => "✗",
        Strokes::Plain => "-",
    };
    let mark = |is: bool| if is { yes } else { no };
    let within = |window: Length| match window.is_immediate() {
        true => "Auto-rebuild immediately".to_owned(),
        false => format!("Auto-rebuild within {window}"),
    };
    let updates = &policy.security_updates;
    let low = match updates.low {
        Low::Approval => "Manual approval required".to_owned(),
        Low::Auto => within(updates.low_window),
    };
    let security = [
        format!("Critical: {} {yes}", within(updates.critical_window)),
        format!("High: {} {yes}", within(updates.high_window)),
        format!("Medium: {} {yes}", within(updates.medium_window)),
        format!("Low: {low} {yes}"),
        format!("Unknown: treated as {} {yes}", updates.unknown_as),
    ];
    let popular = [
        format!("Enable for frequently used templates {yes}"),
        format!(
            "Threshold: {} launches per week",
            policy.popularity_threshold
        ),
        format!(
            "Off-peak building: {} {} {yes}",
            policy.build_window, policy.timezone
        ),
        format!("Low urgency off-peak only {}", mark(policy.prefer_off_peak)),
    ];
    let budget = [
        format!("Daily compilation budget: ${}", policy.daily_budget),
        format!("Monthly compilation budget: ${}", policy.monthly_budget),
        format!(
            "Approve emergency security builds {}",
            mark(policy.approve_emergency_builds)
        ),
        format!("Track costs by grant {}", mark(policy.budget_tracking)),
    ];
    let announced = match policy.notify_before_rebuild {
        true => format!("Announce rebuilds {} before {yes}", policy.notify_lead),
        false => format!("Announce rebuilds {no}"),
    };
    let notices = [
        announced,
        format!("Tell instructors {}", mark(updates.notify_instructors)),
        format!("Tell students {}", mark(updates.notify_students)),
    ];
    let section = |title: &str, lines: Vec<String>| {
        let lines: Vec<Branch> = lines.iter().map(|line| bare(clean(line))).collect();
        format!("{title}:\n{}", tree(strokes, &lines))
    };
    let mut parts = vec![
        "AUTO-AMI PREFERENCES".to_owned(),
        section("Security Updates", security.to_vec()),
        section("Popularity-based Compilation", popular.to_vec()),
        section("Budget Controls", budget.to_vec()),
        section("Notifications", notices.to_vec()),
    ];
    let otherwise = |one: &AutoAmiTemplate| {
        let switch = &one.switch;
        let name = &switch.template;
        let off = switch.off_reason.as_ref().filter(|_| !switch.enabled);
        match (off, switch.popularity_threshold) {
            (Some(why), _) => Some(format!("{name}: switched off: {why}")),
            (None, Some(1)) => Some(format!("{name}: popular by 1 launch per week")),
            (None, Some(launches)) => {
                Some(format!("{name}: popular by {launches} launches per week"))
            }
            (None, None) => None,
        }
    };
    let others: Vec<String> = templates.iter().filter_map(otherwise).collect();
    if !others.is_empty() {
        parts.push(section("Template Overrides", others));
    }
    parts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_client::auto_ami::AutoAmiSwitch;

    #[test]
    fn the_screens_are_the_documents() {
        let policy = Policy::default();
        let shown = InstallationPolicy {
            revision: 0,
            active: true,
            active_since: None,
            auto_ami_policy: serde_json::Value::Null,
            says: Vec::new(),
            warnings: Vec::new(),
            yaml: None,
            created_by: None,
            created_reason: None,
            created_at: None,
        };
        let text = screen(&policy, &shown, Strokes::Plain);
        for line in [
            "Auto-AMI Configuration (the defaults):",
            "|-- Popularity threshold: 5 launches",
            "|-- Off-peak window: 02:00-06:00 UTC",
            "|-- Daily compilation budget: $25.00",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
        let own = |name: &str, enabled, popularity_threshold| AutoAmiTemplate {
            switch: AutoAmiSwitch {
                template: name.to_owned(),
                enabled,
                off_since: None,
                off_by: None,
                off_reason: Some("x".to_owned()).filter(|_| !enabled),
                by_itself: false,
                popularity_threshold,
            },
            launches: 0,
            popular: false,
            image_id: None,
            compiled_at: None,
            current: None,
            lacks: None,
            builds: Vec::new(),
        };
        let all = [
            own("web", true, Some(3)),
            own("old", false, None),
            own("usual", true, None),
        ];
        let text = preferred(&policy, &all, Strokes::Plain);
        for line in [
            "|-- Critical: Auto-rebuild within 4 hours +",
            "|-- Low: Manual approval required +",
            "|-- Threshold: 5 launches per week",
            "|-- Approve emergency security builds +",
            "|-- web: popular by 3 launches per week",
            "`-- old: switched off: x",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
        assert!(!text.contains("usual"), "{text}");
    }
}

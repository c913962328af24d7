//! `ingot policy import`, `show`, `list`, `diff` and `activate`: the installation's policy, asked of the API.

use std::path::Path;

use ingot_client::policy::{
    InstallationPolicy, PolicyActivation, PolicyChange, PolicyDiff, PolicyDiffFilter, PolicyFilter,
    PolicyImport, PolicyRevision,
};
use ingot_client::{Client, Page};
use ingot_domain::policy::Policy;

use super::parsed;
use crate::output::grid::{Cell, Column, grid};
use crate::output::{Output, clean, clean_lines, table, time};

/// Imports a file; what is wrong with it is told here, with its places, before the API is asked.
pub(super) async fn import(
    client: &Client,
    output: Output,
    file: &Path,
    how: &PolicyImport,
) -> anyhow::Result<()> {
    let (text, _) = parsed(output, file)?;
    let before = client.policy(PolicyFilter::default()).await?;
    let policy = client.import_policy(&text, how).await?;
    let of = PolicyDiffFilter {
        from: Some(before.revision),
        to: Some(policy.revision),
    };
    let diff = client.policy_diff(of).await?;
    output.result(&policy, |policy| {
        let what = match before.revision == policy.revision {
            true => "was in force already".to_owned(),
            false => format!("is in force, in place of {}", named(before.revision)),
        };
        let said = format!("revision {} {what}", policy.revision);
        match diff.changes.is_empty() {
            true => said,
            false => format!("{said}\n{}", changes(&diff.changes)),
        }
    })?;
    warn(&policy);
    Ok(())
}

/// Prints a revision as text, or word by word.
pub(super) fn show(output: Output, policy: &InstallationPolicy, yaml: bool) -> anyhow::Result<()> {
    if let (true, Some(text)) = (yaml && !output.json, &policy.yaml) {
        return crate::output::say(clean_lines(text).trim_end());
    }
    output.result(policy, |policy| {
        let rows = policy.says.iter();
        let says = table(
            ["key", "value"],
            rows.map(|one| [clean(&one.key), clean(&one.text)]),
        );
        format!("{}\n{says}", head(policy))
    })?;
    warn(policy);
    Ok(())
}

fn head(policy: &InstallationPolicy) -> String {
    let mut said = named(policy.revision);
    if let (Some(by), Some(at)) = (&policy.created_by, &policy.created_at) {
        said.push_str(&format!(", imported by {} at {}", clean(by), time(at)));
    }
    if let Some(reason) = &policy.created_reason {
        said.push_str(&format!(" ({})", clean(reason)));
    }
    match (&policy.active_since, policy.active) {
        (Some(since), true) => said.push_str(&format!("; in force since {}", time(since))),
        (None, true) => said.push_str("; in force"),
        (_, false) => said.push_str("; not in force"),
    }
    said
}

/// What a revision is called.
pub(in crate::command) fn named(revision: i32) -> String {
    match revision {
        0 => "the defaults".to_owned(),
        revision => format!("revision {revision}"),
    }
}

/// Warnings go to stderr, so that they are no part of the result.
pub(in crate::command) fn warn(policy: &InstallationPolicy) {
    for warning in &policy.warnings {
        eprintln!("warning: {}", clean(warning));
    }
}

/// Lists the revisions.
pub(super) async fn list(client: &Client, output: Output) -> anyhow::Result<()> {
    let page = client.policy_revisions().await?;
    output.result(&page, |page: &Page<PolicyRevision>| {
        let columns: [Column; 6] = [
            ("revision", Cell::Whole, 1),
            ("in force", Cell::Whole, 1),
            ("imported", Cell::Whole, 2),
            ("by", Cell::Text, 2),
            ("changes", Cell::Text, 3),
            ("reason", Cell::Text, 4),
        ];
        grid(
            &columns,
            page.items.iter().map(|one| {
                let keys: Vec<&str> = one.changes.iter().map(|one| one.key.as_str()).collect();
                [
                    one.revision.to_string(),
                    if one.active { "yes" } else { "-" }.to_owned(),
                    time(&one.created_at),
                    clean(&one.created_by),
                    clean(&keys.join(", ")),
                    clean(one.created_reason.as_deref().unwrap_or("-")),
                ]
            }),
        )
    })?;
    crate::command::mention_rest(&page, output.json);
    Ok(())
}

/// Compares two revisions, or the one in force with a file.
pub(super) async fn diff(
    client: &Client,
    output: Output,
    file: Option<&Path>,
    of: PolicyDiffFilter,
) -> anyhow::Result<()> {
    let diff = match file {
        None => client.policy_diff(of).await?,
        Some(file) => {
            let (_, after) = parsed(output, file)?;
            let from = PolicyFilter { revision: of.from };
            let before = client.policy(from).await?;
            let policy: Policy = serde_json::from_value(before.auto_ami_policy)?;
            let differs = policy.differs(&after).into_iter();
            let changes = differs.map(|one| PolicyChange {
                key: one.key,
                before: one.before,
                after: one.after,
            });
            PolicyDiff {
                from: before.revision,
                to: before.revision + 1,
                changes: changes.collect(),
            }
        }
    };
    output.result(&diff, |diff| match diff.changes.is_empty() {
        true => "nothing changes".to_owned(),
        false => changes(&diff.changes),
    })
}

/// What changes, key by key.
pub(in crate::command) fn changes(changes: &[PolicyChange]) -> String {
    let rows = changes.iter();
    table(
        ["key", "before", "after"],
        rows.map(|one| [clean(&one.key), clean(&one.before), clean(&one.after)]),
    )
}

/// Puts a revision in force.
pub(super) async fn activate(
    client: &Client,
    output: Output,
    wanted: &PolicyActivation,
) -> anyhow::Result<()> {
    let policy = client.activate_policy(wanted).await?;
    output.result(&policy, head)?;
    warn(&policy);
    Ok(())
}

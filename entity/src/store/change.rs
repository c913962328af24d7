//! Deployments as subjects: what a move may change of one, and which steps the transition tables know.

use ingot_domain::deployment::{AmiStatus, Status};
use sea_orm::ConnectionTrait;

use super::LedgerError;
use super::rows::record;
use super::subject::{Stories, Write, move_all, subject};
use crate::deployment;

/// Reads a status column.
pub fn status_of(row: &deployment::Model) -> Result<Status, LedgerError> {
    Status::parse(&row.status).ok_or_else(|| LedgerError::Unknown {
        what: "deployment.status",
        value: row.status.clone(),
    })
}

/// Reads an AMI status column.
pub fn ami_status_of(row: &deployment::Model) -> Result<Option<AmiStatus>, LedgerError> {
    row.ami_status
        .as_deref()
        .map(|word| {
            AmiStatus::parse(word).ok_or_else(|| LedgerError::Unknown {
                what: "deployment.ami_status",
                value: word.to_owned(),
            })
        })
        .transpose()
}

/// Whether the transition tables know this step.
pub(super) fn check(
    before: &deployment::Model,
    after: &deployment::Model,
) -> Result<(), LedgerError> {
    let (from, to) = (status_of(before)?, status_of(after)?);
    if from != to && !from.may_become(to) {
        return Err(LedgerError::Transition {
            what: "deployment",
            from: from.to_string(),
            to: to.to_string(),
        });
    }
    let (from, to) = (ami_status_of(before)?, ami_status_of(after)?);
    // A new run starts the AMI's story again.
    if from != to && before.run == after.run {
        let legal = to.is_some_and(|to| to.may_follow(from));
        if !legal {
            let word = |status: Option<AmiStatus>| {
                status.map_or("null".to_owned(), |status| status.to_string())
            };
            return Err(LedgerError::Transition {
                what: "deployment's AMI",
                from: word(from),
                to: word(to),
            });
        }
    }
    Ok(())
}

record! {
    /// What a visit or a client's request may change of a deployment; the order and the recipe stay as requested. Name,
    /// version and mode become those of a forced image when its launch finds out what that is.
    CHANGED, changed of deployment::Model {
        job_name: "text", version: "text", mode: "text", status: "text", error_message: "text", run: "integer", account: "text", base_image_id: "text",
        base_image_description: "text", launch_path: "text", source_ami_id: "text", instance_id: "text",
        security_group_id: "text", public_ip: "text", private_ip: "text", checks: "integer",
        successes: "integer", probe_class: "text", probe_detail: "text", time_to_ready_ms: "bigint",
        install_command_id: "text", inquiry: "text", installed_at: "timestamptz", reverified_at: "timestamptz",
        ami_status: "text", created_ami_id: "text", ami_created_at: "timestamptz", ami_error: "text",
        ami_skip_reason: "text", image_id: "text", started_at: "timestamptz", launched_at: "timestamptz",
        ready_at: "timestamptz", finished_at: "timestamptz", ends_at: "timestamptz", end_told: "timestamptz",
    }
}

subject!(deployment::Model, "deployment", CHANGED, changed, check);

/// Writes deployments and their lines. Answers false when another transaction changed one of them meanwhile; this one must
/// then be given up.
pub(super) async fn write_all<C: ConnectionTrait>(
    tx: &C,
    writes: &[Write<'_, deployment::Model>],
    mut stories: Stories,
) -> Result<bool, LedgerError> {
    if !move_all(tx, writes, &mut stories).await? {
        return Ok(false);
    }
    stories.append(tx).await?;
    Ok(true)
}

//! The one place where a deployment's row changes: compare-and-swap on its version, the transition tables asked, the
//! events numbered without gaps in the same statement's transaction.

use ingot_domain::Instant;
use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::event::Line;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::LedgerError;
use crate::{deployment, event};

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

fn check(before: &deployment::Model, after: &deployment::Model) -> Result<(), LedgerError> {
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

macro_rules! set_changed {
    ($active:ident, $before:ident, $after:ident, $($column:ident),+ $(,)?) => {
        $(if $before.$column != $after.$column { $active.$column = Set($after.$column.clone()); })+
    };
}

/// Writes `after` over `before` and appends `lines`. Answers false when somebody else changed the row meanwhile.
pub(super) async fn write<C: ConnectionTrait>(
    tx: &C,
    before: &deployment::Model,
    after: &deployment::Model,
    lines: &[Line],
    now: Instant,
) -> Result<bool, LedgerError> {
    check(before, after)?;
    let mut active = deployment::ActiveModel {
        row_version: Set(before.row_version + 1),
        event_seq: Set(before.event_seq + i64::try_from(lines.len()).unwrap_or(0)),
        ..Default::default()
    };
    set_changed!(
        active,
        before,
        after,
        status,
        error_message,
        run,
        account,
        base_image_id,
        base_image_description,
        launch_path,
        source_ami_id,
        instance_id,
        security_group_id,
        public_ip,
        private_ip,
        checks,
        successes,
        probe_class,
        probe_detail,
        time_to_ready_ms,
        install_command_id,
        installed_at,
        reverified_at,
        ami_status,
        created_ami_id,
        ami_created_at,
        ami_error,
        ami_skip_reason,
        image_id,
        started_at,
        launched_at,
        ready_at,
        finished_at,
    );
    let written = deployment::Entity::update_many()
        .set(active)
        .filter(deployment::Column::Id.eq(&before.id))
        .filter(deployment::Column::RowVersion.eq(before.row_version))
        .exec(tx)
        .await?;
    if written.rows_affected == 0 {
        return Ok(false);
    }
    append(tx, &before.id, before.event_seq, lines, now).await?;
    Ok(true)
}

/// Appends lines after `last`, the number of the last event so far.
pub(super) async fn append<C: ConnectionTrait>(
    tx: &C,
    deployment_id: &str,
    last: i64,
    lines: &[Line],
    now: Instant,
) -> Result<(), LedgerError> {
    if lines.is_empty() {
        return Ok(());
    }
    let rows = lines
        .iter()
        .zip(last + 1..)
        .map(|(line, seq)| event::ActiveModel {
            deployment_id: Set(deployment_id.to_owned()),
            seq: Set(seq),
            at: Set(now),
            kind: Set(line.kind.clone()),
            source: Set(line.source.as_str().to_owned()),
            level: Set(line.level.as_str().to_owned()),
            message: Set(line.message.clone()),
        });
    event::Entity::insert_many(rows)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

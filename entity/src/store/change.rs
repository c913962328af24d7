//! The one place where deployments' rows change: compare-and-swap on their versions, the transition tables asked, the
//! events numbered without gaps in the same transaction; any number of deployments in two statements.

use ingot_domain::Instant;
use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::event::Line;
use sea_orm::ConnectionTrait;

use super::LedgerError;
use super::rows::{Column, Row, Rows, assignments, record};
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

/// What every write counts on.
const COUNTED: &[Column] = &[("event_seq", "bigint"), ("row_version", "bigint")];

const FOUND: &[Column] = &[("key", "text"), ("version_before", "bigint")];

const EVENT: &[Column] = &[
    ("deployment_id", "text"),
    ("seq", "bigint"),
    ("at", "timestamptz"),
    ("kind", "text"),
    ("source", "text"),
    ("level", "text"),
    ("message", "text"),
];

/// One deployment's change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write<'a> {
    /// As it was read.
    pub(super) before: &'a deployment::Model,
    /// As it shall be; its event number and row version are set here.
    pub(super) after: &'a deployment::Model,
    /// What is said about it.
    pub(super) lines: &'a [Line],
}

/// Writes each `after` over its `before` and appends its lines. Answers false when another transaction changed one of
/// them meanwhile; this one must then be given up.
pub(super) async fn write_all<C: ConnectionTrait>(
    tx: &C,
    writes: &[Write<'_>],
    now: Instant,
) -> Result<bool, LedgerError> {
    if writes.is_empty() {
        return Ok(true);
    }
    let (mut rows, mut events) = (Rows::of(&[FOUND, CHANGED, COUNTED]), events());
    for write in writes {
        check(write.before, write.after)?;
        let last = write.before.event_seq;
        let seq = last + i64::try_from(write.lines.len()).unwrap_or(0);
        let row = changed(write.after)
            .with("key", &write.before.id)
            .with("version_before", &write.before.row_version)
            .with("row_version", &(write.before.row_version + 1))
            .with("event_seq", &seq);
        rows.push(&row);
        say(&mut events, &write.before.id, last, write.lines, now);
    }
    let rest =
        "WHERE deployment.id = v.key AND deployment.row_version = v.version_before RETURNING id";
    let written = rows
        .update(
            tx,
            "deployment",
            &assignments(&[CHANGED, COUNTED]),
            rest,
            [],
        )
        .await?;
    if written.len() != writes.len() {
        return Ok(false);
    }
    append(tx, events).await?;
    Ok(true)
}

/// The events of a story's next lines, after number `last`.
pub(super) fn say(events: &mut Rows, deployment_id: &str, last: i64, lines: &[Line], now: Instant) {
    for (line, seq) in lines.iter().zip(last + 1..) {
        let row = Row::new()
            .with("deployment_id", deployment_id)
            .with("seq", &seq)
            .with("at", &now)
            .with("kind", &line.kind)
            .with("source", line.source.as_str())
            .with("level", line.level.as_str())
            .with("message", &line.message);
        events.push(&row);
    }
}

/// No events yet.
pub(super) fn events() -> Rows {
    Rows::of(&[EVENT])
}

/// Appends events.
pub(super) async fn append<C: ConnectionTrait>(tx: &C, events: Rows) -> Result<(), LedgerError> {
    if !events.is_empty() {
        events.insert(tx, "event", "").await?;
    }
    Ok(())
}

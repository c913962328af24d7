//! What people do to a deployment: start, retry, cancel, destroy. Allowed or not is the transition table's word (F2).

use ingot_domain::deployment::{AmiStatus, SkipReason, Status};
use ingot_domain::event::{Line, Source, ami};
use ingot_domain::task::TaskKind;
use sea_orm::{EntityTrait, TransactionTrait};

use super::change::{ami_status_of, status_of};
use super::tasks::NewTask;
use super::{Ledger, LedgerError, change, tasks};
use crate::deployment;

/// What an intervention led to.
#[derive(Debug)]
pub enum Intervention {
    /// Done; the task to ring for, if any.
    Done(Box<deployment::Model>, Option<NewTask>),
    /// It was so already.
    Already(Box<deployment::Model>),
    /// Not from this status.
    Refused(Status),
    /// There is no such deployment.
    Unknown,
}

impl Ledger {
    /// A deployment.
    pub async fn deployment(&self, id: &str) -> Result<Option<deployment::Model>, LedgerError> {
        Ok(deployment::Entity::find_by_id(id).one(&self.db).await?)
    }

    /// Starts a pending deployment, or retries a failed one: old error and time stamps go, the story stays (F2). An instance
    /// of the failed run is terminated.
    pub async fn start(&self, id: &str, by: &str) -> Result<Intervention, LedgerError> {
        self.intervene(id, false, |row, status| {
            if !status.may_start() {
                return Plan::Refuse;
            }
            let mut after = row.clone();
            after.status = Status::Queued.as_str().to_owned();
            after.run += 1;
            clear(&mut after);
            let word = if status == Status::Pending {
                "Started"
            } else {
                "Retried"
            };
            let line = Line::info(
                "deployment.queued",
                Source::Request,
                format!("{word} by {by}: queued for launch"),
            );
            Plan::Go {
                after,
                lines: vec![line],
                task: Some(TaskKind::Launch),
                drop_instance: row.instance_id.clone(),
            }
        })
        .await
    }

    /// Cancels a deployment that is not over; its instance is terminated.
    pub async fn cancel(&self, id: &str, by: &str) -> Result<Intervention, LedgerError> {
        self.intervene(id, false, |row, status| {
            if status == Status::Cancelled {
                return Plan::Already;
            }
            if !status.may_become(Status::Cancelled) {
                return Plan::Refuse;
            }
            let (after, mut lines) = ended(row);
            lines.insert(
                0,
                Line::info(
                    "deployment.cancelled",
                    Source::Request,
                    format!("Cancelled by {by}"),
                ),
            );
            let task = (row.run > 0).then_some(TaskKind::Destroy);
            Plan::Go {
                after,
                lines,
                task,
                drop_instance: None,
            }
        })
        .await
    }

    /// Asks for the end of a deployment's instance; its AMI stays (F10). The status follows when the instance is gone.
    pub async fn destroy(&self, id: &str, by: &str) -> Result<Intervention, LedgerError> {
        self.intervene(id, true, |row, status| {
            if status == Status::Destroyed {
                return Plan::Already;
            }
            let (after, mut lines) = if status.is_final() {
                (row.clone(), Vec::new())
            } else {
                ended(row)
            };
            let message = format!("Destruction requested by {by}");
            lines.insert(
                0,
                Line::info("deployment.destroy_requested", Source::Request, message),
            );
            Plan::Go {
                after,
                lines,
                task: Some(TaskKind::Destroy),
                drop_instance: None,
            }
        })
        .await
    }

    /// Changes a deployment outside of a visit (reconciling); false when somebody else changed it meanwhile.
    pub async fn amend(
        &self,
        before: &deployment::Model,
        after: &deployment::Model,
        lines: &[Line],
    ) -> Result<bool, LedgerError> {
        let tx = self.db.begin().await?;
        let written = change::write(&tx, before, after, lines, self.now()).await?;
        if written {
            tx.commit().await?
        } else {
            tx.rollback().await?
        }
        Ok(written)
    }

    async fn intervene(
        &self,
        id: &str,
        destroying: bool,
        plan: impl Fn(&deployment::Model, Status) -> Plan,
    ) -> Result<Intervention, LedgerError> {
        // A visit may change the row between our look and our write; looking again is cheap and each loser has a winner.
        loop {
            let now = self.now();
            let Some(row) = self.deployment(id).await? else {
                return Ok(Intervention::Unknown);
            };
            let status = status_of(&row)?;
            let (mut after, lines, task, drop_instance) = match plan(&row, status) {
                Plan::Refuse => return Ok(Intervention::Refused(status)),
                Plan::Already => return Ok(Intervention::Already(Box::new(row))),
                Plan::Go {
                    after,
                    lines,
                    task,
                    drop_instance,
                } => (after, lines, task, drop_instance),
            };
            match status_of(&after)? {
                Status::Queued => after.started_at = Some(now),
                Status::Cancelled => after.finished_at = after.finished_at.or(Some(now)),
                _ => {}
            }
            let mut new: Vec<NewTask> = task
                .map(|kind| NewTask::of_deployment(kind, id, after.run, now))
                .into_iter()
                .collect();
            if let Some(instance) = &drop_instance {
                let mut drop =
                    NewTask::about(TaskKind::Destroy, instance, format!("drop:{instance}"), now);
                drop.deployment_id = Some(id.to_owned());
                new.push(drop);
            }
            if status_of(&after)? == Status::Cancelled && drop_instance.is_none() && !destroying {
                for task in &mut new {
                    task.scope = Some(CANCEL_SCOPE.to_owned());
                    task.unique_key = task
                        .unique_key
                        .take()
                        .map(|key| format!("{key}:{CANCEL_SCOPE}"));
                }
            }
            let tx = self.db.begin().await?;
            if !change::write(&tx, &row, &after, &lines, now).await? {
                tx.rollback().await?;
                continue;
            }
            if status_of(&after)? == Status::Cancelled {
                tasks::cancel_waiting(&tx, id, now).await?;
            }
            tasks::insert(&tx, &new, now, true).await?;
            tx.commit().await?;
            after.row_version += 1;
            after.event_seq += i64::try_from(lines.len()).unwrap_or(0);
            return Ok(Intervention::Done(Box::new(after), new.into_iter().next()));
        }
    }
}

enum Plan {
    Refuse,
    Already,
    Go {
        after: deployment::Model,
        lines: Vec<Line>,
        task: Option<TaskKind>,
        drop_instance: Option<String>,
    },
}

/// The scope of a destroy task that ends a cancelled deployment: it clears the instance and leaves the status.
pub const CANCEL_SCOPE: &str = "cancel";

/// The row cancelled, its AMI with it.
fn ended(row: &deployment::Model) -> (deployment::Model, Vec<Line>) {
    let mut after = row.clone();
    after.status = Status::Cancelled.as_str().to_owned();
    let mut lines = Vec::new();
    if matches!(ami_status_of(row), Ok(None | Some(AmiStatus::Pending))) {
        after.ami_status = Some(AmiStatus::Skipped.as_str().to_owned());
        after.ami_skip_reason = Some(SkipReason::Ended.as_str().to_owned());
        lines.push(ami::skipped("deployment ended"));
    }
    (after, lines)
}

fn clear(row: &mut deployment::Model) {
    row.error_message = None;
    row.launch_path = None;
    row.source_ami_id = None;
    row.instance_id = None;
    row.public_ip = None;
    row.private_ip = None;
    row.checks = 0;
    row.successes = 0;
    row.probe_class = None;
    row.probe_detail = None;
    row.time_to_ready_ms = None;
    row.install_command_id = None;
    row.installed_at = None;
    row.reverified_at = None;
    row.ami_status = None;
    row.created_ami_id = None;
    row.ami_created_at = None;
    row.ami_error = None;
    row.ami_skip_reason = None;
    row.image_id = None;
    row.launched_at = None;
    row.ready_at = None;
    row.finished_at = None;
}

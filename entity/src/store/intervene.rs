//! What people do to a deployment: start, retry, cancel, destroy. Allowed or not is the transition table's word (F2).

use ingot_domain::deployment::{AmiStatus, SkipReason, Status};
use ingot_domain::event::{Line, Source, ami};
use ingot_domain::task::TaskKind;
use sea_orm::{EntityTrait, TransactionTrait};

use super::change::{ami_status_of, status_of};
use super::ending::Ending;
use super::engine::tasks;
use super::engine::tasks::NewTask;
use super::renew::{Renewal, Retry, Stored};
use super::subject::Write;
use super::{Ledger, LedgerError, change};
use crate::deployment;

/// What an intervention led to.
#[derive(Debug)]
pub enum Intervention {
    /// Done; the tasks to ring for.
    Done(Box<deployment::Model>, Vec<NewTask>),
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

    /// Starts a pending deployment, or retries a failed one: old error and time stamps go, the story stays (F2). What the
    /// failed run made, or may have made, is terminated.
    pub async fn start(&self, id: &str, by: &str) -> Result<Intervention, LedgerError> {
        self.retry(id, by, &Retry::default()).await
    }

    /// The same, saying by which revision of the template, or by a newer one than before.
    pub async fn retry(
        &self,
        id: &str,
        by: &str,
        how: &Retry,
    ) -> Result<Intervention, LedgerError> {
        let leftovers = self.open_launches(id).await?;
        let renewed = how.renewed.as_ref().map(Renewal::stored).transpose()?;
        self.intervene(id, |row, status| {
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
            let revision = how.said(row);
            let said = format!("{word} by {by}: queued for launch{revision}");
            let lines = vec![Line::info("deployment.queued", Source::Request, said)];
            let instance = row.instance_id.clone().map(Ending::Instance);
            let endings = instance
                .into_iter()
                .chain(leftovers.iter().cloned().map(Ending::Effect))
                .collect();
            Plan::Go(Box::new(Go {
                after,
                lines,
                launch: true,
                image: false,
                endings,
                renewed: renewed.clone(),
            }))
        })
        .await
    }

    /// Cancels a deployment that is not over; its instance is terminated.
    pub async fn cancel(&self, id: &str, by: &str) -> Result<Intervention, LedgerError> {
        self.intervene(id, |row, status| {
            if status == Status::Cancelled {
                return Plan::Already;
            }
            if !status.may_become(Status::Cancelled) {
                return Plan::Refuse;
            }
            let (after, mut lines) = ended(row, status);
            lines.insert(
                0,
                Line::info(
                    "deployment.cancelled",
                    Source::Request,
                    format!("Cancelled by {by}"),
                ),
            );
            let endings = if row.run > 0 {
                vec![Ending::Cancel { run: row.run }]
            } else {
                vec![]
            };
            Plan::Go(Box::new(Go {
                after,
                lines,
                launch: false,
                image: false,
                endings,
                renewed: None,
            }))
        })
        .await
    }

    /// Asks for the end of a deployment's instance; its AMI stays (F10). The status follows when the instance is gone.
    pub async fn destroy(&self, id: &str, by: &str) -> Result<Intervention, LedgerError> {
        self.intervene(id, |row, status| {
            if status == Status::Destroyed {
                return Plan::Already;
            }
            let (after, mut lines) = ended(row, status);
            let message = format!("Destruction requested by {by}");
            lines.insert(
                0,
                Line::info("deployment.destroy_requested", Source::Request, message),
            );
            Plan::Go(Box::new(Go {
                after,
                lines,
                launch: false,
                image: false,
                endings: vec![Ending::Destroy { run: row.run }],
                renewed: None,
            }))
        })
        .await
    }

    /// Asks for the AMI of a ready deployment again that could not be made, or gives one up that has not begun. Refused with
    /// the status when there is nothing to ask for.
    pub async fn ask_image(
        &self,
        id: &str,
        again: bool,
        by: &str,
        reason: Option<&str>,
    ) -> Result<Intervention, LedgerError> {
        let because = reason.map_or(String::new(), |reason| format!(": {reason}"));
        self.intervene(id, |row, status| {
            let made = ami_status_of(row).ok().flatten();
            let mut after = row.clone();
            let lines = match (again, made) {
                (true, Some(AmiStatus::Pending | AmiStatus::Creating)) => return Plan::Already,
                (true, Some(AmiStatus::Failed))
                    if status == Status::Success && row.instance_id.is_some() =>
                {
                    after.ami_status = Some(AmiStatus::Pending.as_str().to_owned());
                    after.ami_error = None;
                    after.image_id = None;
                    after.created_ami_id = None;
                    after.reverified_at = None;
                    let said = format!("The AMI was asked for again by {by}{because}");
                    vec![Line::info("ami.again", Source::Request, said)]
                }
                (false, Some(AmiStatus::Pending)) => {
                    after.ami_status = Some(AmiStatus::Skipped.as_str().to_owned());
                    after.ami_skip_reason = Some(SkipReason::Disabled.as_str().to_owned());
                    vec![ami::skipped(&format!("cancelled by {by}{because}"))]
                }
                (false, Some(AmiStatus::Skipped)) => return Plan::Already,
                _ => return Plan::Refuse,
            };
            Plan::Go(Box::new(Go {
                after,
                lines,
                launch: false,
                image: again,
                endings: Vec::new(),
                renewed: None,
            }))
        })
        .await
    }

    /// Changes a deployment outside of a visit (reconciling); false when another transaction changed it meanwhile.
    pub async fn amend(
        &self,
        before: &deployment::Model,
        after: &deployment::Model,
        lines: &[Line],
    ) -> Result<bool, LedgerError> {
        self.amend_causing(before, after, lines, &[]).await
    }

    /// The same, with the tasks that causes.
    pub async fn amend_causing(
        &self,
        before: &deployment::Model,
        after: &deployment::Model,
        lines: &[Line],
        causes: &[NewTask],
    ) -> Result<bool, LedgerError> {
        let now = self.now();
        let tx = self.db.begin().await?;
        let write = Write {
            before,
            after,
            lines,
        };
        if !change::write_all(&tx, &[write], self.stories()).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        tasks::insert(&tx, causes, now, false).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn intervene(
        &self,
        id: &str,
        plan: impl Fn(&deployment::Model, Status) -> Plan,
    ) -> Result<Intervention, LedgerError> {
        // A visit may change the row between our look and our write; looking again is cheap and each loser has a winner.
        loop {
            let now = self.now();
            let Some(row) = self.deployment(id).await? else {
                return Ok(Intervention::Unknown);
            };
            let status = status_of(&row)?;
            let go = match plan(&row, status) {
                Plan::Refuse => return Ok(Intervention::Refused(status)),
                Plan::Already => return Ok(Intervention::Already(Box::new(row))),
                Plan::Go(go) => *go,
            };
            let Go {
                mut after,
                lines,
                launch,
                image,
                endings,
                renewed,
            } = go;
            if launch {
                after.started_at = Some(now);
            } else {
                after.finished_at = after.finished_at.or(Some(now));
            }
            let launch =
                launch.then(|| NewTask::of_deployment(TaskKind::Launch, id, after.run, now));
            let endings = endings.iter().map(|ending| ending.task(id, now));
            let image = image.then(|| NewTask::of_deployment(TaskKind::Ami, id, after.run, now));
            let new: Vec<NewTask> = launch.into_iter().chain(image).chain(endings).collect();
            let tx = self.db.begin().await?;
            let write = Write {
                before: &row,
                after: &after,
                lines: &lines,
            };
            if !change::write_all(&tx, &[write], self.stories()).await? {
                tx.rollback().await?;
                continue;
            }
            if let Some(renewed) = &renewed {
                renewed.write(&tx, &mut after).await?;
            }
            // Work for the old state of things ends here: the launch of what is over, the destruction of what starts anew.
            if after.status != row.status {
                tasks::cancel_waiting(&tx, id, now).await?;
            }
            tasks::insert(&tx, &new, now, true).await?;
            tx.commit().await?;
            after.row_version += 1;
            after.event_seq += i64::try_from(lines.len()).unwrap_or(0);
            return Ok(Intervention::Done(Box::new(after), new));
        }
    }
}

enum Plan {
    Refuse,
    Already,
    Go(Box<Go>),
}

struct Go {
    after: deployment::Model,
    lines: Vec<Line>,
    launch: bool,
    image: bool,
    endings: Vec<Ending>,
    renewed: Option<Stored>,
}

/// The row with nothing more to come: cancelled when it was not over, and no AMI when none had begun. A visit that is
/// about to begin one loses the race for the row.
fn ended(row: &deployment::Model, status: Status) -> (deployment::Model, Vec<Line>) {
    let mut after = row.clone();
    if !status.is_final() {
        after.status = Status::Cancelled.as_str().to_owned();
    }
    let mut lines = Vec::new();
    if matches!(ami_status_of(row), Ok(None | Some(AmiStatus::Pending))) {
        after.ami_status = Some(AmiStatus::Skipped.as_str().to_owned());
        after.ami_skip_reason = Some(SkipReason::Ended.as_str().to_owned());
        lines.push(ami::skipped("deployment ended"));
    }
    (after, lines)
}

/// Forgets what an earlier run found and made.
pub(super) fn clear(row: &mut deployment::Model) {
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
    row.inquiry = None;
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
    row.ends_at = None;
    row.end_told = None;
}

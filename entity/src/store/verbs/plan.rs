//! What a verb makes of one task: the rows as they shall be, by the table and by how its subject stands.

use std::collections::HashMap;

use ingot_domain::deployment::{AmiStatus, SkipReason, Status};
use ingot_domain::event::{Line, Source, ami};
use ingot_domain::image::ImageStatus;
use ingot_domain::task::{TaskKind, TaskState};
use ingot_domain::verb::{Becomes, Verb, ruled};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::write::{Batch, Told};
use crate::store::change::{ami_status_of, status_of};
use crate::store::effects::EffectKind;
use crate::store::ending::Ending;
use crate::store::intervene::clear;
use crate::store::{LedgerError, NewTask};
use crate::{delivery, deployment, effect, image, task};

/// What the tasks of a batch are about.
pub(super) struct Facts {
    deployments: HashMap<String, deployment::Model>,
    images: HashMap<String, image::Model>,
    /// Launches without a recorded end, by deployment.
    launches: HashMap<String, Vec<String>>,
    deliveries: HashMap<String, delivery::Model>,
}

impl Facts {
    pub(super) async fn read<C: ConnectionTrait>(
        db: &C,
        rows: &[task::Model],
    ) -> Result<Self, LedgerError> {
        let ids: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.deployment_id.as_deref())
            .collect();
        let mut facts = Self {
            deployments: HashMap::new(),
            images: HashMap::new(),
            launches: HashMap::new(),
            deliveries: HashMap::new(),
        };
        if !ids.is_empty() {
            let found = deployment::Entity::find()
                .filter(deployment::Column::Id.is_in(ids.clone()))
                .all(db)
                .await?;
            let images: Vec<&str> = found
                .iter()
                .filter_map(|row| row.image_id.as_deref())
                .collect();
            let images = image::Entity::find()
                .filter(image::Column::Id.is_in(images))
                .all(db)
                .await?;
            facts.images = images
                .into_iter()
                .map(|row| (row.id.clone(), row))
                .collect();
            let open = effect::Entity::find()
                .filter(effect::Column::DeploymentId.is_in(ids))
                .filter(effect::Column::Kind.eq(EffectKind::Launch.as_str()))
                .filter(effect::Column::State.eq("intent"))
                .all(db)
                .await?;
            for row in open {
                let of = facts.launches.entry(row.deployment_id).or_default();
                of.push(row.id);
            }
            facts.deployments = found.into_iter().map(|row| (row.id.clone(), row)).collect();
        }
        let told: Vec<&str> = rows
            .iter()
            .filter(|row| row.kind == TaskKind::Notify.as_str())
            .filter_map(|row| row.scope.as_deref()?.split_once('/'))
            .map(|(notification, _)| notification)
            .collect();
        if !told.is_empty() {
            let found = delivery::Entity::find()
                .filter(delivery::Column::NotificationId.is_in(told))
                .all(db)
                .await?;
            let key =
                |row: &delivery::Model| format!("{}/{}", row.notification_id, row.receiver_id);
            facts.deliveries = found.into_iter().map(|row| (key(&row), row)).collect();
        }
        Ok(facts)
    }
}

impl Batch<'_> {
    /// Adds what becomes of one task, or says why nothing can.
    pub(super) fn plan(
        &mut self,
        row: &task::Model,
        facts: &Facts,
    ) -> Result<Result<(), String>, LedgerError> {
        let unknown = |what, value: &str| LedgerError::Unknown {
            what,
            value: value.to_owned(),
        };
        let kind = TaskKind::parse(&row.kind).ok_or_else(|| unknown("task.kind", &row.kind))?;
        let state =
            TaskState::parse(&row.state).ok_or_else(|| unknown("task.state", &row.state))?;
        let becomes = match ruled(kind, self.order.verb, state) {
            Ok(becomes) => becomes,
            Err(why) => return Ok(Err(format!("{}: {why}", self.order.verb))),
        };
        let deployment = row.deployment_id.as_ref();
        let deployment = deployment.and_then(|id| facts.deployments.get(id));
        match becomes {
            Becomes::Due => self.due.push(row.id.clone()),
            Becomes::Revived => self.revived.push(row.id.clone()),
            Becomes::Redelivered | Becomes::Undelivered => {
                if let Some(before) = row.scope.as_ref().and_then(|key| facts.deliveries.get(key)) {
                    self.delivered.push(match becomes {
                        Becomes::Redelivered => delivery::Model {
                            state: "waiting".to_owned(),
                            ..before.clone()
                        },
                        _ => delivery::Model {
                            state: "dropped".to_owned(),
                            last_at: Some(self.now),
                            last_error: Some(self.because()),
                            ..before.clone()
                        },
                    });
                }
                match becomes {
                    Becomes::Redelivered => self.revived.push(row.id.clone()),
                    _ => self.over.push(row.id.clone()),
                }
            }
            Becomes::Relaunched | Becomes::Reimaged | Becomes::Failed | Becomes::Unimaged => {
                let Some(before) = deployment else {
                    return Ok(Err("its deployment is not there any more".to_owned()));
                };
                let planned = match becomes {
                    Becomes::Relaunched => self.relaunch(row, before, facts)?,
                    Becomes::Reimaged => self.reimage(row, before)?,
                    Becomes::Failed => self.fail(before, facts)?,
                    _ => self.unimage(before, facts)?,
                };
                if let Err(why) = planned {
                    return Ok(Err(why));
                }
                match becomes {
                    Becomes::Relaunched | Becomes::Reimaged => self.settled.push(row.id.clone()),
                    _ => self.over.push(row.id.clone()),
                }
                self.done.push(row.id.clone());
                return Ok(Ok(()));
            }
        }
        // What changes no subject is told where people look for it: by its deployment, else by its queue.
        let said = format!(
            "{} of task {} ({kind}) {}",
            self.order.verb,
            row.id,
            self.by()
        );
        match deployment {
            Some(before) => {
                let line = Line::info("task.handled", Source::Request, said);
                self.deployments
                    .push(Told::new(before, before.clone(), vec![line]));
            }
            None => self
                .queues
                .entry(kind.queue())
                .or_default()
                .push(row.id.clone()),
        }
        if self.at <= self.now {
            self.rings.push((kind.queue(), row.id.clone()));
        }
        self.done.push(row.id.clone());
        Ok(Ok(()))
    }

    /// The deployment is retried as `ingot deployments retry` does: what the failed run made, or may have made, is removed.
    fn relaunch(
        &mut self,
        row: &task::Model,
        before: &deployment::Model,
        facts: &Facts,
    ) -> Result<Result<(), String>, LedgerError> {
        let status = status_of(before)?;
        if before.build_id.is_some() {
            return Ok(Err(
                "it works for a build: a new one can be asked for".to_owned()
            ));
        }
        if is_earlier(row, before) {
            return Ok(Err(format!("{} has been retried since", before.id)));
        }
        if status == Status::Pending || !status.may_start() {
            return Ok(Err(format!("{} is `{status}`, not failed", before.id)));
        }
        let mut after = before.clone();
        after.status = Status::Queued.as_str().to_owned();
        after.run += 1;
        clear(&mut after);
        after.started_at = Some(self.now);
        let said = format!("Retried {}: queued for launch", self.by());
        let lines = vec![Line::info("deployment.queued", Source::Request, said)];
        let id = &before.id;
        let launch = NewTask::of_deployment(TaskKind::Launch, id, after.run, self.now);
        let instance = before.instance_id.clone().map(Ending::Instance);
        let launches = facts.launches.get(id).into_iter().flatten();
        let endings = launches.cloned().map(Ending::Effect).chain(instance);
        self.tasks.push(launch);
        self.tasks
            .extend(endings.map(|ending| ending.task(id, self.now)));
        self.freed.push(id.clone());
        self.deployments.push(Told::new(before, after, lines));
        Ok(Ok(()))
    }

    /// The AMI is asked for again, as `ingot deployments image` does.
    fn reimage(
        &mut self,
        row: &task::Model,
        before: &deployment::Model,
    ) -> Result<Result<(), String>, LedgerError> {
        if is_earlier(row, before) {
            return Ok(Err(format!("{} has been retried since", before.id)));
        }
        let ready = status_of(before)? == Status::Success && before.instance_id.is_some();
        if !ready || ami_status_of(before)? != Some(AmiStatus::Failed) {
            return Ok(Err(format!(
                "{} has no AMI that failed and no instance to make it of",
                before.id
            )));
        }
        let after = deployment::Model {
            ami_status: Some(AmiStatus::Pending.as_str().to_owned()),
            ami_error: None,
            image_id: None,
            created_ami_id: None,
            reverified_at: None,
            ..before.clone()
        };
        let said = format!("The AMI was asked for again {}", self.by());
        let line = Line::info("ami.again", Source::Request, said);
        let image = NewTask::of_deployment(TaskKind::Ami, &before.id, before.run, self.now);
        self.tasks.push(image);
        self.deployments.push(Told::new(before, after, vec![line]));
        Ok(Ok(()))
    }

    /// The deployment has failed as when its work is given up, and what it made is removed.
    fn fail(
        &mut self,
        before: &deployment::Model,
        facts: &Facts,
    ) -> Result<Result<(), String>, LedgerError> {
        if status_of(before)?.is_final() {
            return Ok(Ok(()));
        }
        let why = self.because();
        let mut after = deployment::Model {
            status: Status::Failed.as_str().to_owned(),
            error_message: Some(why.clone()),
            finished_at: Some(self.now),
            ends_at: Some(self.now),
            ..before.clone()
        };
        let said = format!("✗ Deployment failed: {why}");
        let mut lines = vec![Line::info("deployment.failed", Source::Request, said).error()];
        if matches!(ami_status_of(before)?, None | Some(AmiStatus::Pending)) {
            after.ami_status = Some(AmiStatus::Skipped.as_str().to_owned());
            after.ami_skip_reason = Some(SkipReason::Ended.as_str().to_owned());
            lines.push(ami::skipped("deployment failed"));
        }
        let id = &before.id;
        let launches = facts.launches.get(id).into_iter().flatten();
        let whole = Ending::Cancel { run: before.run };
        let endings = launches.cloned().map(Ending::Effect).chain([whole]);
        self.tasks
            .extend(endings.map(|ending| ending.task(id, self.now)));
        self.deployments.push(Told::new(before, after, lines));
        Ok(Ok(()))
    }

    /// The AMI has failed as when its work is given up; the instance stays.
    fn unimage(
        &mut self,
        before: &deployment::Model,
        facts: &Facts,
    ) -> Result<Result<(), String>, LedgerError> {
        if ami_status_of(before)?.is_none_or(AmiStatus::is_final) {
            return Ok(Ok(()));
        }
        let why = self.because();
        let after = deployment::Model {
            ami_status: Some(AmiStatus::Failed.as_str().to_owned()),
            ami_error: Some(why.clone()),
            ..before.clone()
        };
        let said = format!("✗ AMI creation failed: {why}");
        let line = Line::info("ami.failed", Source::AmiCreation, said).error();
        let image = before.image_id.as_ref().and_then(|id| facts.images.get(id));
        if let Some(row) = image
            && row.parsed_status()?.holds_key()
            && row.ami_id.is_none()
        {
            let mut failed = row.clone().become_status(ImageStatus::Failed)?;
            failed.error = Some(why);
            self.images.push(failed);
        }
        self.deployments.push(Told::new(before, after, vec![line]));
        Ok(Ok(()))
    }

    /// Who does it and why, as the end of a sentence.
    fn by(&self) -> String {
        let decision = &self.order.decision;
        format!("by {} ({})", decision.by, decision.reason)
    }

    /// The same as what a stage ends with.
    fn because(&self) -> String {
        let word = match self.order.verb {
            Verb::Cancel => "cancelled",
            _ => "discarded",
        };
        format!("{word} {}", self.by())
    }
}

/// Whether a task worked for an earlier run of its deployment.
fn is_earlier(row: &task::Model, deployment: &deployment::Model) -> bool {
    let run = row
        .unique_key
        .as_deref()
        .and_then(|key| key.rsplit_once(':'));
    run.is_some_and(|(_, run)| run != deployment.run.to_string())
}

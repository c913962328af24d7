//! The deployment a visit works on: the row as it was, the row as it shall be, the lines to say, and the rest of the
//! visit's outcome. Handlers fill it in; `dispatch` writes it down.

use std::sync::Arc;
use std::time::Duration;

use ingot_cloud::CloudError;
use ingot_domain::Instant;
use ingot_domain::deployment::{AmiStatus, SkipReason, Status};
use ingot_domain::event::{Line, Source, ami};
use ingot_domain::ids::{DeploymentId, EffectId};
use ingot_domain::pace::Pace;
use ingot_domain::render;
use ingot_domain::request::Order;
use ingot_domain::template::Template;
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{
    Change, Claim, EffectKind, Move, Moved, New, Then, ami_status_of, status_of,
};
use ingot_entity::{LedgerError, deployment, image};
use ingot_failpoint::Marks;

use crate::lifetime;
use crate::tools::Tools;

/// Why a visit could not decide.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VisitError {
    /// The cloud said no, or nothing.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The task's row makes no sense: no worker can do it.
    #[error("{0}")]
    Nonsense(String),
}

/// The deployment a visit works on.
#[derive(Debug)]
pub(crate) struct Case {
    before: deployment::Model,
    /// The row as it shall be.
    pub(crate) row: deployment::Model,
    /// What was ordered.
    pub(crate) order: Order,
    /// The template as it was when ordered.
    pub(crate) recipe: Arc<Template>,
    /// Status as loaded.
    pub(crate) status: Status,
    /// AMI status as loaded.
    pub(crate) ami: Option<AmiStatus>,
    /// The next lines of its story.
    pub(crate) lines: Vec<Line>,
    /// An image as it shall be, with the version that was read.
    pub(crate) image: Option<image::Model>,
    /// A new image row that claims its key.
    pub(crate) claim: Option<image::Model>,
    /// The rest of the change.
    pub(crate) change: Change,
    /// The steps it intends and those whose outcome it records.
    pub(crate) marks: Marks,
    /// EC2 shows its instance as ending or ended.
    pub(crate) instance_ended: bool,
    /// When it was loaded.
    pub(crate) now: Instant,
    /// The pace of its waits.
    pub(crate) pace: Pace,
}

impl Case {
    /// Loads the deployment of a task.
    pub(crate) async fn load(tools: &Tools, claim: &Claim) -> Result<Self, VisitError> {
        let id = claim.task.deployment_id.as_deref().unwrap_or_default();
        let Some(row) = tools.ledger.deployment(id).await? else {
            return Err(VisitError::Nonsense(format!(
                "there is no deployment `{id}`"
            )));
        };
        let read = |what| move |source| LedgerError::Json { what, source };
        let order: Order = serde_json::from_value(row.order.clone()).map_err(read("order"))?;
        let recipe = tools.ledger.recipe(&row).await?;
        let (status, ami) = (status_of(&row)?, ami_status_of(&row)?);
        Ok(Self {
            before: row.clone(),
            row,
            order,
            recipe,
            status,
            ami,
            lines: Vec::new(),
            image: None,
            claim: None,
            change: Change::default(),
            marks: Marks::default(),
            instance_ended: false,
            now: tools.ledger.now(),
            pace: tools.settings.pace,
        })
    }

    /// What its scripts may refer to.
    pub(crate) fn values(&self) -> render::Values<'_> {
        render::Values {
            template: &self.row.template,
            version: &self.row.version,
            mode: &self.row.mode,
            job_name: &self.row.job_name,
            region: &self.row.region,
            deployment_id: &self.row.id,
            parameters: &self.recipe.parameters,
        }
    }

    /// The id of an effect of this run.
    pub(crate) fn effect_id(&self, kind: EffectKind, number: i32) -> Result<EffectId, VisitError> {
        let deployment: DeploymentId = self
            .row
            .id
            .parse()
            .map_err(|error| VisitError::Nonsense(format!("{error}")))?;
        Ok(EffectId::of(
            &deployment,
            self.row.run,
            kind.as_str(),
            number,
        ))
    }

    /// Adds a line to the story. Of a build's builder people are not told: they are told of the build itself.
    pub(crate) fn say(&mut self, line: Line) {
        self.lines.push(match self.row.build_id {
            Some(_) => line.telling(None),
            None => line,
        });
    }

    /// Moves the deployment on.
    pub(crate) fn become_status(&mut self, to: Status) {
        self.row.status = to.as_str().to_owned();
    }

    /// Moves its AMI on.
    pub(crate) fn become_ami(&mut self, to: AmiStatus) {
        self.row.ami_status = Some(to.as_str().to_owned());
    }

    /// The deployment has failed: status, error, line, and no AMI.
    pub(crate) fn fail(&mut self, tools: &Tools, why: &str, source: Source) {
        self.become_status(Status::Failed);
        self.row.error_message = Some(why.to_owned());
        self.row.finished_at = Some(tools.ledger.now());
        self.say(
            Line::info(
                "deployment.failed",
                source,
                format!("✗ Deployment failed: {why}"),
            )
            .error(),
        );
        self.skip_ami(SkipReason::Ended, "deployment failed");
    }

    /// No AMI, unless its story is over already.
    pub(crate) fn skip_ami(&mut self, reason: SkipReason, why: &str) {
        if matches!(self.ami, None | Some(AmiStatus::Pending)) {
            self.become_ami(AmiStatus::Skipped);
            self.row.ami_skip_reason = Some(reason.as_str().to_owned());
            self.say(ami::skipped(why));
        }
    }

    /// The AMI has failed.
    pub(crate) fn fail_ami(&mut self, tools: &Tools, why: &str) {
        self.become_ami(AmiStatus::Failed);
        self.row.ami_error = Some(why.to_owned());
        self.say(
            Line::info(
                "ami.failed",
                Source::AmiCreation,
                format!("✗ AMI creation failed: {why}"),
            )
            .error(),
        );
        tools
            .metrics
            .builds
            .with_label_values(&["deployment", "failed", ""])
            .inc();
    }

    /// The outcome with this case's changes.
    pub(crate) fn end(mut self, then: Then) -> Visit {
        if !self.lines.is_empty() || self.row != self.before {
            let before = self.before.clone();
            lifetime::follow(&mut self, &before);
            self.change.moved.push(Moved::Deployment(Box::new(Move {
                before,
                after: self.row,
                lines: self.lines,
            })));
        }
        let image = self.image.map(|row| Moved::Image(Box::new(row)));
        self.change.moved.extend(image);
        let claim = self.claim.map(|row| New::Image(Box::new(row)));
        self.change.new.extend(claim);
        Visit {
            change: self.change.into(),
            marks: self.marks,
            ..Visit::only(then)
        }
    }

    /// Comes back after a simulated time.
    pub(crate) fn wait(self, tools: &Tools, after: Duration, on: Wait) -> Visit {
        let until = tools.after(after);
        self.end(Then::Wait { until, on })
    }

    /// Comes back at once.
    pub(crate) fn again(self, tools: &Tools) -> Visit {
        self.wait(tools, Duration::ZERO, Wait::Next)
    }
}

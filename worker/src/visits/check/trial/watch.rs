//! Watching the instance of a trial launch: it is asked through SSM, and ended as soon as everything is settled or its time is
//! over. What AWS refuses meanwhile is a verdict and never keeps the instance from being ended.

use std::time::Duration;

use ingot_cloud::{CloudError, CommandState, ErrorKind, InstanceFacts, InstanceState};
use ingot_domain::check::Verdict;
use ingot_domain::check::trial::{END_BY, Machine, Next, Ssm, next};
use ingot_domain::place::Place;
use ingot_domain::provenance::Kind;
use ingot_domain::wait::{Wait, span};
use ingot_engine::Visit;
use ingot_entity::effect;
use ingot_entity::store::Change;
use ingot_failpoint::Marks;

use super::Try;
use crate::acts::TERMINATE;
use crate::case::VisitError;
use crate::provenance;

const SEND: &str = "ssm:SendCommand";
const ANSWER: &str = "ssm:GetCommandInvocation";
const DESCRIBE: &str = "ec2:DescribeInstances";
const END: &str = "ec2:TerminateInstances";
const GRANT: &str = "kms:CreateGrant";

/// Between two looks at what is not there yet.
const LOOK: Duration = Duration::from_secs(5);
/// Between two looks at the answer of a command.
const LISTEN: Duration = Duration::from_secs(2);

/// EC2's reason for an instance that shut itself down.
const OWN: &str = "InstanceInitiatedShutdown";

/// Why SSM has settled nothing when the time of the instance is over.
fn unregistered() -> String {
    format!(
        "the instance did not register with SSM within {}: its profile's role needs AmazonSSMManagedInstanceCore, and its \
         subnet a way to SSM",
        span(END_BY)
    )
}

pub(super) async fn watch(mut this: Try<'_>, effect: effect::Model) -> Result<Visit, VisitError> {
    TERMINATE.before_intent().await;
    let id = effect.cloud_id.unwrap_or_default();
    let launched_at = this.trial.launched_at.unwrap_or(effect.created_at);
    let facts = this.facts(&id).await;
    if let Some(facts) = &facts {
        let whose = provenance::of_instance(this.tools, &this.row.region, facts).await?;
        if !provenance::may_change(&whose) {
            let why = provenance::not_ours(Kind::Instance, &id, &whose);
            this.trial.error = Some(why);
            return this.over(Change::default(), Marks::default()).await;
        }
    }
    let machine = match facts.as_ref().map(|facts| facts.state) {
        None => Machine::Unseen,
        Some(InstanceState::Pending) => Machine::Pending,
        Some(InstanceState::Running) => Machine::Running,
        Some(_) => Machine::Ending,
    };
    if machine == Machine::Running && this.trial.order.kms_key_id.is_some() {
        this.trial.note(GRANT, Verdict::Allowed, "");
    }
    let since = this.tools.since(launched_at);
    match next(machine, this.ssm(), since) {
        Next::Look(after) => this.again(after, Wait::Instance).await,
        Next::Command => this.command(&id).await,
        Next::Listen => this.listen(&id).await,
        Next::End => this.end(&id).await,
        Next::Over => this.ended(facts.as_ref()).await,
        Next::GiveUp => {
            let refused = this.trial.calls.iter().find(|one| one.action == END);
            let reason = refused.map(|one| one.reason.clone()).unwrap_or_default();
            this.trial.error = Some(format!(
                "the end of instance {id} is refused ({reason}): it shuts itself down; look at it, and end it by hand"
            ));
            this.over(Change::default(), Marks::default()).await
        }
    }
}

impl Try<'_> {
    /// What EC2 shows of it; nothing when it does not show it now, or does not answer.
    async fn facts(&mut self, id: &str) -> Option<InstanceFacts> {
        let ids = [id.to_owned()];
        let asked = self
            .tools
            .cloud
            .describe_instances(Place::own(&self.row.region), &ids);
        match asked.await {
            Ok(found) => found.into_iter().next(),
            Err(error) => {
                self.noted(DESCRIBE, &error);
                None
            }
        }
    }

    fn ssm(&self) -> Ssm {
        let over = self.trial.verdict(SEND) == Some(Verdict::Denied)
            || self.trial.verdict(ANSWER).is_some();
        match (&self.trial.order.instance_profile, &self.trial.command_id) {
            (None, _) => Ssm::Settled,
            _ if over => Ssm::Settled,
            (_, None) => Ssm::Ask,
            (_, Some(_)) => Ssm::Asked,
        }
    }

    /// A refusal is a verdict; anything else is asked again.
    fn noted(&mut self, action: &str, error: &CloudError) {
        if error.is_refusal() {
            let action = error.refused_action().unwrap_or(action);
            self.trial.note(action, Verdict::Denied, &error.message);
        } else {
            tracing::warn!(check = %self.row.id, %error, "a call of the trial launch failed");
        }
    }

    async fn again(self, after: Duration, on: Wait) -> Result<Visit, VisitError> {
        self.on(Change::default(), Marks::default(), after, on)
            .await
    }

    async fn command(mut self, id: &str) -> Result<Visit, VisitError> {
        let region = &self.row.region;
        match self
            .tools
            .cloud
            .run_command(Place::own(region), id, "true")
            .await
        {
            Ok(command) => {
                self.trial.note(SEND, Verdict::Allowed, "");
                self.trial.command_id = Some(command);
            }
            // Its agent has not registered yet.
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => self.noted(SEND, &error),
        }
        let denied = self.trial.verdict(SEND) == Some(Verdict::Denied);
        let after = if denied { Duration::ZERO } else { LOOK };
        self.again(after, Wait::Instance).await
    }

    async fn listen(mut self, id: &str) -> Result<Visit, VisitError> {
        let command = self.trial.command_id.clone().unwrap_or_default();
        let region = &self.row.region;
        let state = self
            .tools
            .cloud
            .command_state(Place::own(region), id, &command)
            .await;
        match state {
            Ok(CommandState::Running) => {}
            Ok(CommandState::Finished { .. }) => self.trial.note(ANSWER, Verdict::Allowed, ""),
            Ok(CommandState::Undelivered(why)) => {
                let why = format!("the command did not reach the instance: {why}");
                self.trial.note(ANSWER, Verdict::Cannot, why);
            }
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => self.noted(ANSWER, &error),
        }
        self.again(LISTEN, Wait::Install).await
    }

    async fn end(mut self, id: &str) -> Result<Visit, VisitError> {
        self.unsettled(&unregistered());
        let (tools, region) = (self.tools, &self.row.region);
        TERMINATE.after_intent().await;
        match TERMINATE
            .effect(tools.cloud.terminate(Place::own(region), id))
            .await
        {
            Ok(()) => self.trial.note(END, Verdict::Allowed, ""),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => {
                self.noted(END, &error);
                return self.again(LOOK, Wait::Ending).await;
            }
        }
        self.trial.ended_at = Some(self.tools.ledger.now());
        let mut marks = Marks::default();
        marks.settle(&TERMINATE);
        self.over(Change::default(), marks).await
    }

    /// It is over without having been ended here.
    async fn ended(mut self, facts: Option<&InstanceFacts>) -> Result<Visit, VisitError> {
        let told = |facts: &InstanceFacts| facts.ended("EC2 ended the instance");
        let why = facts.map(told).unwrap_or_default();
        // Its own shutdown comes when its time is over.
        let unsettled = match why.contains(OWN) {
            true => unregistered(),
            false => "the instance ended before SSM had answered".to_owned(),
        };
        self.unsettled(&unsettled);
        // With a key, that is how a missing grant shows.
        if why.contains("Client.InternalError") && self.trial.order.kms_key_id.is_some() {
            self.trial.note(GRANT, Verdict::Denied, &why);
        }
        // By its own shutdown, or by a worker that died before it had said so.
        let meant = [OWN, "UserInitiatedShutdown"];
        let meant = meant.iter().any(|reason| why.contains(reason));
        if !meant && self.trial.verdict(END) != Some(Verdict::Denied) {
            self.trial.error = Some(why);
        }
        self.trial.ended_at = Some(self.tools.ledger.now());
        self.over(Change::default(), Marks::default()).await
    }

    /// SSM has not settled what it was to settle.
    fn unsettled(&mut self, why: &str) {
        match self.ssm() {
            Ssm::Settled => {}
            Ssm::Ask => self.trial.note(SEND, Verdict::Cannot, why),
            Ssm::Asked => self.trial.note(ANSWER, Verdict::Cannot, why),
        }
    }
}

//! The trial launch of a check: everything is asked dry first, then the smallest instance is launched under an effect of its
//! own, watched (`watch`) and ended. Each visit does one thing and writes down what it learnt, so that a worker that takes over
//! ends what another one launched; should no worker live, the instance ends itself.

mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use ingot_cloud::{CloudError, ErrorKind, LaunchSpec};
use ingot_domain::arch::Arch;
use ingot_domain::check::trial::{AGREED, BASE, SMALLEST, Trial, TrialOrder, user_data};
use ingot_domain::check::{AccountCheck, Verdict};
use ingot_domain::ids::{CheckId, EffectId};
use ingot_domain::image::{EFFECT_TAG, INSTALL_TAG, MANAGED_BY};
use ingot_domain::place::Place;
use ingot_domain::template::BaseImage;
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{Change, EffectKind, Intention, Then};
use ingot_entity::{account_check, effect};
use ingot_failpoint::Marks;

use super::{answered, dry, unanswered};
use crate::acts::LAUNCH;
use crate::case::VisitError;
use crate::tools::Tools;

const RUN: &str = "ec2:RunInstances";
const PASS: &str = "iam:PassRole";

/// A check with its trial, as a visit works on it.
struct Try<'a> {
    tools: &'a Tools,
    row: &'a account_check::Model,
    found: AccountCheck,
    trial: Trial,
}

pub(super) async fn visit(
    tools: &Tools,
    row: &account_check::Model,
    order: TrialOrder,
) -> Result<Visit, VisitError> {
    let effect = tools.ledger.effect(&row.id, 1, EffectKind::Launch).await?;
    let (Some(effect), Some(mut found)) = (effect, row.parsed()?) else {
        return begin(tools, row, order).await;
    };
    let trial = found.trial.take().unwrap_or_default();
    let this = Try {
        tools,
        row,
        found,
        trial,
    };
    match effect.state.as_str() {
        "intent" => this.look_then_launch(effect).await,
        "done" => watch::watch(this, effect).await,
        // A worker died before it had answered.
        _ => this.over(Change::default(), Marks::default()).await,
    }
}

/// Asks what can be asked dry, and writes the launch down.
async fn begin(
    tools: &Tools,
    row: &account_check::Model,
    order: TrialOrder,
) -> Result<Visit, VisitError> {
    let found = match dry(tools, &row.region).await? {
        Ok(found) => found,
        Err(error) => return unanswered(tools, row, &error).await,
    };
    let mut this = Try {
        tools,
        row,
        found,
        trial: Trial {
            order,
            ..Trial::default()
        },
    };
    if tools.since(row.asked_at) > AGREED {
        let why = "no worker was free for an hour, so nothing was launched: ask again";
        return this.not_launched(why.to_owned()).await;
    }
    // What could not be watched and ended is not launched either.
    for action in [RUN, "ec2:DescribeInstances", "ec2:TerminateInstances"] {
        let known = |one: &&ingot_domain::check::Permission| one.action == action;
        let known = this.found.permissions.iter().find(known);
        if let Some(denied) = known.filter(|one| one.verdict == Verdict::Denied) {
            let why = format!(
                "nothing was launched: {action} is denied ({})",
                denied.reason
            );
            let reason = denied.reason.clone();
            this.trial.note(action, Verdict::Denied, reason);
            return this.not_launched(why).await;
        }
    }
    let base = BaseImage::Ssm(BASE.to_owned());
    let base = match tools.base_image(&row.region, &base, Arch::X86_64).await {
        Ok(base) => base,
        Err(error) if passes(&error) => return Err(error.into()),
        Err(error) => {
            let why = format!(
                "nothing was launched, for there is no base image: {}",
                error.told()
            );
            return this.not_launched(why).await;
        }
    };
    let check: CheckId = row
        .id
        .parse()
        .map_err(|error| VisitError::Nonsense(format!("{error}")))?;
    let id = EffectId::of_check(&check);
    let order = &this.trial.order;
    let spec = LaunchSpec {
        token: id.to_string(),
        image_id: base.id,
        instance_type: SMALLEST.to_owned(),
        user_data: user_data().into_bytes(),
        root_device_name: base.root_device_name,
        volume_size_gb: base.root_size_gb.unwrap_or(8),
        volume_type: "gp3".to_owned(),
        iops: None,
        throughput: None,
        encrypted: true,
        kms_key_id: order.kms_key_id.clone(),
        hop_limit: 1,
        zone: None,
        assign_public_ip: None,
        ipv6: false,
        subnet_id: order.subnet_id.clone(),
        security_group_ids: Vec::new(),
        instance_profile: order.instance_profile.clone(),
        ends_itself: true,
        tags: tags(tools, row, &id),
    };
    let params = serde_json::to_value(&spec).map_err(|source| {
        VisitError::Nonsense(format!("launch parameters cannot be stored: {source}"))
    })?;
    let intention = Intention {
        deployment_id: &row.id,
        run: 1,
        kind: EffectKind::Launch,
        generation: 1,
        region: &row.region,
        params,
    };
    let change = Change {
        intend: Some(effect::Model::intention(&id, intention, tools.ledger.now())),
        ..Change::default()
    };
    let mut marks = Marks::default();
    marks.intend(&LAUNCH);
    this.on(change, marks, Duration::ZERO, Wait::Next).await
}

fn tags(tools: &Tools, row: &account_check::Model, effect: &EffectId) -> BTreeMap<String, String> {
    let name = format!("ingot check {}", row.id);
    [
        ("Name", name.as_str()),
        ("ManagedBy", MANAGED_BY),
        (EFFECT_TAG, effect.as_str()),
        (INSTALL_TAG, &tools.settings.install),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

/// A failure that says nothing of permissions: the call is repeated under the same token.
fn passes(error: &CloudError) -> bool {
    use ErrorKind::{Conflict, NotSent, Throttled, Unknown};
    matches!(error.kind, Throttled | NotSent | Unknown | Conflict)
}

impl Try<'_> {
    /// Looks for the instance by its token, and launches it when it surely is not there.
    async fn look_then_launch(mut self, effect: effect::Model) -> Result<Visit, VisitError> {
        let (tools, region) = (self.tools, &self.row.region);
        let spec: LaunchSpec = serde_json::from_value(effect.params.clone()).map_err(|source| {
            VisitError::Nonsense(format!("launch parameters do not read back: {source}"))
        })?;
        let cloud = &self.tools.cloud;
        let found = cloud
            .find_instances_by_token(Place::own(region), &spec.token)
            .await?;
        if let Some(instance) = found.first() {
            let id = instance.id.clone();
            return self.launched(effect, &id).await;
        }
        if self.tools.since(self.row.asked_at) > AGREED {
            let why = "no worker was free for an hour, so nothing was launched: ask again";
            return self.refused(effect, why.to_owned()).await;
        }
        match LAUNCH
            .effect(tools.cloud.launch(Place::own(region), &spec))
            .await
        {
            Ok(id) => self.launched(effect, &id).await,
            Err(error) if passes(&error) => Err(error.into()),
            Err(error) => {
                self.blame(&error);
                self.refused(effect, error.told()).await
            }
        }
    }

    /// Which call the refusal of the launch is about.
    fn blame(&mut self, error: &CloudError) {
        let profile = self.trial.order.instance_profile.clone();
        if error.is_about_profile() {
            let name = profile.unwrap_or_default();
            let why = format!("AWS does not know the instance profile {name}, or its role");
            self.trial.note(PASS, Verdict::Cannot, why);
        } else if error.is_refusal() {
            let known = |one: &ingot_domain::check::Permission| {
                one.action == RUN && one.verdict == Verdict::Allowed
            };
            // The launch without a profile is allowed, so a refusal without a name is about the profile's role.
            let of_role = profile.is_some() && self.found.permissions.iter().any(known);
            let unnamed = if of_role { PASS } else { RUN };
            let action = error.refused_action().unwrap_or(unnamed);
            self.trial.note(action, Verdict::Denied, &error.message);
        } else {
            self.trial.note(RUN, Verdict::Cannot, error.told());
        }
    }

    async fn launched(mut self, effect: effect::Model, id: &str) -> Result<Visit, VisitError> {
        let now = self.tools.ledger.now();
        self.trial.note(RUN, Verdict::Allowed, "");
        if self.trial.order.instance_profile.is_some() {
            self.trial.note(PASS, Verdict::Allowed, "");
        } else {
            let why = "no instance profile was named, and SSM knows no instance without one";
            self.trial.note("ssm:SendCommand", Verdict::Cannot, why);
        }
        self.trial.instance_id = Some(id.to_owned());
        // By the intention, which is older than the launch: the bound begins with whichever worker sent the call.
        self.trial.launched_at = Some(effect.created_at);
        let change = Change {
            outcome: Some(effect.done(id, now)),
            ..Change::default()
        };
        let mut marks = Marks::default();
        marks.settle(&LAUNCH);
        self.on(change, marks, Duration::from_secs(5), Wait::Instance)
            .await
    }

    async fn refused(mut self, effect: effect::Model, why: String) -> Result<Visit, VisitError> {
        let change = Change {
            outcome: Some(effect.not_done(&why, self.tools.ledger.now())),
            ..Change::default()
        };
        self.trial.error = Some(why);
        let mut marks = Marks::default();
        marks.settle(&LAUNCH);
        self.over(change, marks).await
    }

    async fn not_launched(mut self, why: String) -> Result<Visit, VisitError> {
        self.trial.error = Some(why);
        self.over(Change::default(), Marks::default()).await
    }

    /// Writes down what is known and comes back.
    async fn on(
        mut self,
        change: Change,
        marks: Marks,
        after: Duration,
        on: Wait,
    ) -> Result<Visit, VisitError> {
        self.found.trial = Some(self.trial);
        self.tools
            .ledger
            .note_check(&self.row.id, &self.found)
            .await?;
        let until = self.tools.after(after);
        Ok(Visit {
            change: change.into(),
            marks,
            ..Visit::only(Then::Wait { until, on })
        })
    }

    /// The answer.
    async fn over(mut self, change: Change, marks: Marks) -> Result<Visit, VisitError> {
        self.found.trial = Some(self.trial);
        self.found.take_trial();
        let visit = answered(self.tools, self.row, &self.found).await?;
        Ok(Visit {
            change: change.into(),
            marks,
            ..visit
        })
    }
}

//! Launching a deployment's instance: look, decide, do one thing.

use std::time::Duration;

use ingot_cloud::{InstanceFacts, InstanceState};
use ingot_domain::decide::launch::{Intent, Sight, Step, View, decide};
use ingot_domain::deployment::Status;
use ingot_domain::event::{Line, Source};
use ingot_domain::task::TaskKind;
use ingot_entity::store::{Claim, EffectKind, NewTask, Then};

use super::launching;
use crate::case::{Case, VisitError};
use crate::tools::Tools;
use ingot_engine::Visit;

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let case = Case::load(tools, claim).await?;
    let effect = tools
        .ledger
        .effect(&case.row.id, case.row.run, EffectKind::Launch)
        .await?;
    let intent = match &effect {
        Some(effect) if effect.is_open() => Intent::Open,
        Some(effect) if effect.cloud_id.is_some() => Intent::Done,
        _ => Intent::None,
    };
    let facts = match (&intent, &case.row.instance_id) {
        (Intent::Done, Some(id)) => tools.batcher.instance_now(&case.row.region, id).await?,
        _ => None,
    };
    let sight = match (&intent, &facts) {
        (Intent::Done, None) => Sight::Absent,
        (Intent::Done, Some(facts)) => sight(facts),
        _ => Sight::Unasked,
    };
    let private_only = facts.as_ref().is_some_and(|facts| {
        facts.state == InstanceState::Running
            && facts.public_ip.is_none()
            && facts.private_ip.is_some()
    });
    let age = case
        .row
        .launched_at
        .map_or(Duration::ZERO, |at| tools.since(at));
    match (
        decide(View {
            status: case.status,
            intent,
            sight,
            age,
            private_only,
        }),
        effect,
        facts,
    ) {
        (Step::Over, ..) => Ok(case.end(Then::Done)),
        (Step::Prepare, effect, _) => launching::prepare(tools, case, effect).await,
        (Step::LookThenLaunch, Some(effect), _) => {
            launching::look_then_launch(tools, claim, case, effect).await
        }
        (Step::Watch(wait), ..) => Ok(case.snooze(tools, wait, "the instance is starting")),
        (Step::HandOver, _, Some(facts)) => Ok(hand_over(tools, case, &facts)),
        (Step::Fail(why), _, facts) => {
            let mut case = case;
            let why = facts.map_or_else(|| why.to_owned(), |facts| facts.ended(why));
            case.fail(tools, &why, Source::Deploy);
            Ok(case.end(Then::Done))
        }
        // The decision only names these with the row or the facts it was given.
        (Step::LookThenLaunch | Step::HandOver, ..) => Ok(case.again(tools, "looking again")),
    }
}

fn sight(facts: &InstanceFacts) -> Sight {
    match facts.state {
        InstanceState::Running if facts.public_ip.is_some() => Sight::Running,
        InstanceState::Running | InstanceState::Pending => Sight::Starting,
        InstanceState::ShuttingDown
        | InstanceState::Terminated
        | InstanceState::Stopping
        | InstanceState::Stopped => Sight::Ended,
    }
}

/// The instance runs and has an address: readiness takes over.
fn hand_over(tools: &Tools, mut case: Case, facts: &InstanceFacts) -> Visit {
    case.row.public_ip = facts.public_ip.map(|ip| ip.to_string());
    case.row.private_ip = facts.private_ip.map(|ip| ip.to_string());
    case.become_status(Status::Running);
    let address = facts
        .public_ip
        .or(facts.private_ip)
        .map_or_else(|| "no address".to_owned(), |ip| ip.to_string());
    let first = case.recipe.probe.first_check_seconds;
    let said = format!(
        "Instance {} is running at {address}; first readiness check {first} s after launch",
        facts.id
    );
    case.say(Line::info("deployment.running", Source::Deploy, said));
    if facts.public_ip.is_none() {
        let said = "The instance has no public address: its private one is probed";
        case.say(Line::info("deployment.private_address", Source::Deploy, said).warn());
    }
    let launched = case.row.launched_at.unwrap_or_else(|| tools.ledger.now());
    let wait = tools.settings.pace.seconds(first);
    let at = launched + chrono::TimeDelta::from_std(wait).unwrap_or_default();
    case.change.tasks.push(NewTask::of_deployment(
        TaskKind::Readiness,
        &case.row.id,
        case.row.run,
        at,
    ));
    case.end(Then::Done)
}

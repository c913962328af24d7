//! The launched instance, watched until it runs and has an address; then readiness takes over.

use ingot_cloud::{InstanceFacts, InstanceState};
use ingot_domain::decide::launch::Sight;
use ingot_domain::deployment::Status;
use ingot_domain::event::{Line, Source};
use ingot_domain::task::TaskKind;
use ingot_domain::template::Watch;
use ingot_engine::Visit;
use ingot_entity::store::{NewTask, Then};

use crate::case::Case;
use crate::tools::Tools;

/// What DescribeInstances shows, as the decision takes it.
pub(super) fn sight(facts: &InstanceFacts) -> Sight {
    match facts.state {
        InstanceState::Running if facts.public_ip.or(facts.ipv6).is_some() => Sight::Running,
        InstanceState::Running | InstanceState::Pending => Sight::Starting,
        InstanceState::ShuttingDown
        | InstanceState::Terminated
        | InstanceState::Stopping
        | InstanceState::Stopped => Sight::Ended,
    }
}

/// The instance runs and has an address: readiness takes over.
pub(super) fn hand_over(tools: &Tools, mut case: Case, facts: &InstanceFacts) -> Visit {
    case.row.public_ip = facts.public_ip.or(facts.ipv6).map(|ip| ip.to_string());
    case.row.private_ip = facts.private_ip.map(|ip| ip.to_string());
    case.become_status(Status::Running);
    let address = facts
        .public_ip
        .or(facts.ipv6)
        .or(facts.private_ip)
        .map_or_else(|| "no address".to_owned(), |ip| ip.to_string());
    let first = case.recipe.probe.first_check_seconds;
    let said = format!(
        "Instance {} is running at {address}; first readiness check {first} s after launch",
        facts.id
    );
    case.say(Line::info("deployment.running", Source::Deploy, said));
    if facts.public_ip.or(facts.ipv6).is_none() {
        let said = "The instance has no public address: its private one is probed";
        case.say(Line::info("deployment.private_address", Source::Deploy, said).warn());
    }
    let launched = case.row.launched_at.unwrap_or_else(|| tools.ledger.now());
    let wait = tools.settings.pace.seconds(first);
    let first_check = launched + chrono::TimeDelta::from_std(wait).unwrap_or_default();
    // An installation is looked at from its first minute on.
    let watched = case.row.launch_path.as_deref() == Some("fresh")
        && match case.recipe.progress {
            Watch::Ssm => case.recipe.instance_profile.is_some(),
            Watch::Console => true,
            Watch::None => false,
        };
    let at = if watched {
        first_check.min(tools.ledger.now())
    } else {
        first_check
    };
    case.change.tasks.push(NewTask::of_deployment(
        TaskKind::Readiness,
        &case.row.id,
        case.row.run,
        at,
    ));
    case.end(Then::Done)
}

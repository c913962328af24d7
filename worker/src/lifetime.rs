//! What a step of a deployment means for its instance: when it ends, and what one that runs on after a failure costs. Every
//! visit's outcome passes here, so that the end is written in the transaction that causes it.

use std::time::Duration;

use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::event::{Line, Source};
use ingot_domain::lifetime::{Ends, Sight, Terms, ends, keeps_status};
use ingot_domain::request::Order;
use ingot_domain::{price, span};
use ingot_entity::deployment;
use ingot_entity::store::{Ending, ami_status_of, status_of};

use crate::case::Case;

/// What an order says about the end of its instance.
fn terms(order: &Order) -> Terms {
    Terms {
        build: order.build_only,
        ttl: order
            .ttl_seconds
            .map(|seconds| Duration::from_secs(seconds.into())),
    }
}

fn sight(row: &deployment::Model) -> Option<Sight> {
    Some(Sight {
        status: status_of(row).ok()?,
        ami: ami_status_of(row).ok()?,
        has_ami: row.created_ami_id.is_some(),
    })
}

/// Sets the end that follows from a step, with the task of one that has come, and says it.
pub(crate) fn follow(case: &mut Case, before: &deployment::Model) {
    let (Some(then), Some(now)) = (sight(before), sight(&case.row)) else {
        return;
    };
    let runs = case.row.instance_id.is_some() && !case.instance_ended;
    let failed = keeps_status(now.status) && !keeps_status(then.status);
    let end = match ends(terms(&case.order), then, now) {
        // There is nothing to keep; what the launch left besides an instance is ended with it.
        Some(Ends::After(_)) if !runs && case.order.build_only.is_some() => Some(Ends::Now),
        Some(Ends::After(_)) if !runs => None,
        end => end,
    };
    match end {
        Some(Ends::Now) => at_once(case, now),
        Some(Ends::After(wait)) => later(case, now, wait),
        None => {}
    }
    if failed && runs && end != Some(Ends::Now) {
        let instance = case.row.instance_id.as_deref().unwrap_or_default();
        let cost = price::running(&case.order.instance_type, &case.row.region);
        let end = match case.row.ends_at {
            Some(at) => format!("it is terminated at {}", at.format("%Y-%m-%d %H:%M:%S UTC")),
            None => format!("`ingot deployments destroy {}` ends it", case.row.id),
        };
        let said = format!("Instance {instance} runs on and costs {cost}; {end}");
        case.say(Line::info("deployment.runs_on", Source::Deploy, said).warn());
    }
}

/// A build has come to its end: the sweep (`visits/scheduler`) would end its instance, too, were this task lost.
fn at_once(case: &mut Case, now: Sight) {
    case.row.ends_at = Some(case.now);
    let ending = ending(now.status, case.row.run);
    case.change.tasks.push(ending.task(&case.row.id, case.now));
    if let Some(instance) = &case.row.instance_id {
        let why = match now.is_built() {
            true => "its AMI is there",
            false => "there will be no AMI; `--keep-for` keeps it for a look",
        };
        let said = format!("Build only: instance {instance} is terminated, {why}");
        case.say(Line::info("deployment.build_over", Source::Deploy, said));
    }
}

fn later(case: &mut Case, now: Sight, wait: Duration) {
    let at = case.now + chrono::TimeDelta::from_std(case.pace.wait(wait)).unwrap_or_default();
    case.row.ends_at = Some(at);
    let instance = case.row.instance_id.as_deref().unwrap_or_default();
    let long = span::told(wait.as_secs());
    let why = match case.order.build_only {
        Some(_) => format!("kept for {long}"),
        None => format!("time to live {long}"),
    };
    let waits = match now.ami {
        Some(AmiStatus::Pending | AmiStatus::Creating) => ", not before its AMI is made",
        None | Some(AmiStatus::Completed | AmiStatus::Failed | AmiStatus::Skipped) => "",
    };
    let said = format!(
        "Instance {instance} is terminated at {} ({why}){waits}; `ingot deployments extend {} --by 4h` moves that",
        at.format("%Y-%m-%d %H:%M:%S UTC"),
        case.row.id
    );
    case.say(Line::info("deployment.ends_at", Source::Deploy, said));
}

/// The end of an instance: what failed stays so and can be retried.
pub(crate) fn ending(status: Status, run: i32) -> Ending {
    match keeps_status(status) {
        true => Ending::Cancel { run },
        false => Ending::Destroy { run },
    }
}

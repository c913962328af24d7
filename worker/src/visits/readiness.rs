//! Readiness checks: one probe per visit, at the address EC2 reported for our own instance and nowhere else; and whether
//! the first boot of a cached launch is over (`first_boot`). Between two checks of a fresh launch its installation is looked
//! at (`progress`).

mod bundle;
pub(super) mod command;
mod first_boot;
pub(super) mod progress;

use std::net::IpAddr;
use std::time::Duration;

use ingot_cloud::{InstanceFacts, InstanceState};
use ingot_domain::Instant;
use ingot_domain::decide::readiness::{After, Next, Sight, View, after, decide};
use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::event::{Line, Source, ready};
use ingot_domain::probe::{ProbeClass, ProbeOutcome};
use ingot_domain::task::TaskKind;
use ingot_domain::wait::Wait;
use ingot_entity::store::{Claim, NewTask, Then};

use crate::case::{Case, VisitError};
use crate::tools::Tools;
use command::Probed;
use ingot_engine::Visit;

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let mut case = Case::load(tools, claim).await?;
    let Some(instance_id) = case.row.instance_id.clone() else {
        return Ok(case.end(Then::Done));
    };
    let inquiry = case.row.inquiry();
    if let Some(gives_up) = inquiry
        .gives_up
        .clone()
        .filter(|_| case.status == Status::Running)
    {
        return bundle::visit(tools, case, inquiry, gives_up).await;
    }
    let facts = tools
        .batcher
        .instance(case.row.place(), &instance_id)
        .await?;
    let address = facts.as_ref().and_then(|facts| address(tools, facts));
    let age = case
        .row
        .launched_at
        .map_or(Duration::ZERO, |at| tools.since(at));
    let checks = u32::try_from(case.row.checks).unwrap_or(0);
    case.instance_ended = facts.as_ref().is_some_and(|facts| facts.state.is_ending());
    let view = View {
        status: case.status,
        spec: &case.recipe.probe,
        checks,
        age,
        sight: sight(facts.as_ref(), address),
    };
    let next = decide(view);
    let runs = matches!(view.sight, Sight::Reachable) && !matches!(next, Next::Over);
    let mut look_at = None;
    if runs && progress::concerns(&case) {
        match progress::look(tools, &mut case).await? {
            progress::Look::Again(at) => look_at = Some(at),
            progress::Look::Over => {}
            progress::Look::Failed => return Ok(case.end(Then::Done)),
        }
        if let Some(at) = case.row.inquiry().check_at
            && at > tools.ledger.now()
        {
            return Ok(until(case, at, look_at));
        }
    }
    let probed = match next {
        Next::Over => return Ok(case.end(Then::Done)),
        Next::Wait(wait) => return Ok(until(case, tools.after(wait), look_at)),
        Next::Fail(why) => {
            let why = facts
                .as_ref()
                .map_or_else(|| why.to_owned(), |facts| facts.ended(why));
            case.fail(tools, &why, Source::Readiness);
            return Ok(case.end(Then::Done));
        }
        Next::Probe if first_boot::concerns(&case) => {
            match first_boot::step(tools, &mut case).await? {
                first_boot::Step::Probe => probe(tools, &mut case, address).await?,
                first_boot::Step::Wait(wait, on) => return Ok(case.wait(tools, wait, on)),
                first_boot::Step::Fail(why) => {
                    case.fail(tools, &why, Source::Readiness);
                    return Ok(case.end(Then::Done));
                }
            }
        }
        Next::CountAway => Probed::Answered(ProbeOutcome::not_ready(
            ProbeClass::Refused,
            "the instance does not run",
        )),
        Next::Probe => probe(tools, &mut case, address).await?,
    };
    let outcome = match probed {
        Probed::Answered(outcome) => outcome,
        Probed::Listen(wait) => return Ok(until(case, tools.after(wait), look_at)),
        Probed::Hopeless(why) => {
            case.fail(tools, &why, Source::Readiness);
            return Ok(case.end(Then::Done));
        }
    };
    tools
        .metrics
        .probes
        .with_label_values(&[outcome.class.as_str()])
        .inc();
    if outcome.class == ProbeClass::Denied {
        tools
            .metrics
            .ssrf_blocked
            .with_label_values(&["probe"])
            .inc();
    }
    Ok(judge(tools, case, &outcome, facts.as_ref(), look_at))
}

/// Comes back for the next check, or for the installation before that.
fn until(case: Case, check_at: Instant, look_at: Option<Instant>) -> Visit {
    let until = look_at.map_or(check_at, |at| at.min(check_at));
    let on = Wait::Probe;
    case.end(Then::Wait { until, on })
}

/// One check, or the part of it that one visit makes: a command is asked of the instance, a page or a port from here.
async fn probe(
    tools: &Tools,
    case: &mut Case,
    address: Option<IpAddr>,
) -> Result<Probed, VisitError> {
    if let Some(text) = case.recipe.probe.command.clone() {
        return command::probe(tools, case, &text).await;
    }
    let outcome = match address {
        Some(address) => tools.prober.probe(address, &case.recipe.probe).await,
        None => ProbeOutcome::not_ready(ProbeClass::Refused, "the instance has no address"),
    };
    Ok(Probed::Answered(outcome))
}

fn judge(
    tools: &Tools,
    mut case: Case,
    outcome: &ProbeOutcome,
    facts: Option<&InstanceFacts>,
    look_at: Option<Instant>,
) -> Visit {
    let ready = outcome.class == ProbeClass::Ready;
    case.row.checks += 1;
    case.row.successes = if ready { case.row.successes + 1 } else { 0 };
    case.row.probe_class = Some(outcome.class.as_str().to_owned());
    case.row.probe_detail = Some(outcome.detail.clone());
    if let Some(facts) = facts {
        case.row.public_ip = facts.public_ip.or(facts.ipv6).map(|ip| ip.to_string());
        case.row.private_ip = facts.private_ip.map(|ip| ip.to_string());
    }
    let (checks, most) = (case.row.checks, case.recipe.probe.max_attempts);
    case.say(Line::info(
        "readiness.checked",
        Source::Readiness,
        format!("Check {checks}/{most}: {}", outcome.detail),
    ));
    let checks = u32::try_from(checks).unwrap_or(u32::MAX);
    let successes = u32::try_from(case.row.successes).unwrap_or(0);
    if !ready {
        first_boot::spoil(&mut case);
    }
    match after(&case.recipe.probe, outcome.class, checks, successes) {
        After::Ready if first_boot::concerns(&case) => match first_boot::judge(tools, &mut case) {
            first_boot::Verdict::Ready => became_ready(tools, case),
            first_boot::Verdict::Ask => case.wait(tools, Duration::ZERO, Wait::FirstBoot),
            first_boot::Verdict::Second(wait) => case.wait(tools, wait, Wait::Second),
        },
        After::Ready => became_ready(tools, case),
        After::Again => {
            let wait = Duration::from_secs(u64::from(case.recipe.probe.interval_seconds));
            let check_at = tools.after(wait);
            progress::check_at(&mut case, look_at.is_some().then_some(check_at));
            until(case, check_at, look_at)
        }
        After::Hopeless => {
            case.fail(tools, &outcome.detail, Source::Readiness);
            case.end(Then::Done)
        }
        After::GiveUp => {
            let why = format!(
                "it did not become ready in {checks} checks; last answer: {}{}",
                outcome.detail,
                progress::still(&case)
            );
            bundle::give_up(tools, case, why)
        }
    }
}

/// It really answers. The AMI's task follows at once; what it needs to wait for is its own decision.
fn became_ready(tools: &Tools, mut case: Case) -> Visit {
    progress::forget(tools, &mut case);
    let now = tools.ledger.now();
    let span = case
        .row
        .launched_at
        .map_or(Duration::ZERO, |at| tools.since(at));
    case.row.ready_at = Some(now);
    case.row.finished_at = Some(now);
    case.row.time_to_ready_ms = i64::try_from(span.as_millis()).ok();
    case.become_status(Status::Success);
    case.become_ami(AmiStatus::Pending);
    let path = case.row.launch_path.clone().unwrap_or_default();
    case.say(ready(&case.row.template, span, &path));
    case.change.tasks.push(NewTask::of_deployment(
        TaskKind::Ami,
        &case.row.id,
        case.row.run,
        now,
    ));
    case.end(Then::Done)
}

/// The public address, else a private one that may be probed (F18), else an IPv6 one.
pub(super) fn address(tools: &Tools, facts: &InstanceFacts) -> Option<IpAddr> {
    facts
        .public_ip
        .or(facts.private_ip.filter(|ip| tools.may_probe(*ip)))
        .or(facts.ipv6.filter(|ip| tools.may_probe(*ip)))
}

fn sight(facts: Option<&InstanceFacts>, address: Option<IpAddr>) -> Sight {
    match facts {
        None => Sight::Away,
        Some(facts) => match facts.state {
            InstanceState::Running if address.is_some() => Sight::Reachable,
            InstanceState::Running => Sight::Unreachable,
            InstanceState::Pending | InstanceState::Stopping | InstanceState::Stopped => {
                Sight::Away
            }
            InstanceState::ShuttingDown | InstanceState::Terminated => Sight::Ended,
        },
    }
}

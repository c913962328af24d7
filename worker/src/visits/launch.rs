//! Launching a deployment's instance: look, decide, do one thing. The request is prepared (`prepare`), started (`start`) and
//! watched until the instance has an address (`watch`); `source` says what it starts from, `build`
//! whether a build has to launch at all.

mod build;
mod choice;
mod given;
mod prepare;
mod source;
mod stale;
mod start;
mod user_data;
mod watch;

pub(super) use prepare::wants_group;
pub(crate) use start::GroupIntention;
pub(super) use start::Params;
pub(super) use user_data::{Unlisted, script, unlisted};

use std::time::Duration;

use ingot_cloud::InstanceState;
use ingot_domain::decide::launch::{Intent, Next, Sight, View, decide};
use ingot_domain::event::Source;
use ingot_domain::wait::Wait;
use ingot_entity::store::{Claim, EffectKind, Then};

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
        Some(effect) if effect.state == "done" => Intent::Done,
        _ => Intent::None,
    };
    let facts = match (&intent, &case.row.instance_id) {
        (Intent::Done, Some(id)) => tools.batcher.instance_now(case.row.place(), id).await?,
        _ => None,
    };
    let sight = match (&intent, &facts) {
        (Intent::Done, None) => Sight::Absent,
        (Intent::Done, Some(facts)) => watch::sight(facts),
        _ => Sight::Unasked,
    };
    let private_only = facts.as_ref().is_some_and(|facts| {
        facts.state == InstanceState::Running
            && facts.public_ip.is_none()
            && facts.ipv6.is_none()
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
        (Next::Over, ..) => Ok(case.end(Then::Done)),
        (Next::Prepare, effect, _) => prepare::prepare(tools, case, effect).await,
        (Next::LookThenLaunch, Some(effect), _) => {
            start::look_then_launch(tools, case, effect).await
        }
        (Next::Watch(wait), ..) => Ok(case.wait(tools, wait, Wait::Instance)),
        (Next::HandOver, _, Some(facts)) => Ok(watch::hand_over(tools, case, &facts)),
        (Next::Fail(_), Some(effect), Some(facts)) if facts.may_launch_again() => {
            start::ended_by_aws(tools, case, effect, &facts)
        }
        (Next::Fail(why), Some(effect), Some(facts)) if facts.ended_by_image() => {
            start::ended_by_image(tools, case, effect, &facts, why)
        }
        (Next::Fail(why), _, facts) => {
            let mut case = case;
            case.instance_ended = facts.as_ref().is_some_and(|facts| facts.state.is_ending());
            let why = facts.map_or_else(|| why.to_owned(), |facts| facts.ended(why));
            case.fail(tools, &why, Source::Deploy);
            Ok(case.end(Then::Done))
        }
        // The decision only names these with the row or the facts it was given.
        (Next::LookThenLaunch | Next::HandOver, ..) => Ok(case.again(tools)),
    }
}

//! A deployment that never became ready asks its instance why before it gives up, and tells the answer (F21).

use ingot_domain::decide::progress::LAST_WORDS;
use ingot_domain::deployment::{SkipReason, Status};
use ingot_domain::event::{Line, Source};
use ingot_domain::guest::record::{self, Script};
use ingot_domain::guest::{GivesUp, Inquiry, bundle};
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::Then;

use super::progress::console::{is_late, read_late};
use crate::case::{Case, VisitError};
use crate::guest::{Reply, ask, forget_question, listen};
use crate::tools::Tools;

/// The last check was in vain: the instance is asked why, where SSM may reach it.
pub(super) fn give_up(tools: &Tools, mut case: Case, why: String) -> Visit {
    if case.recipe.instance_profile.is_none() && !is_late(&case) {
        return over(tools, case, &why);
    }
    let mut inquiry = case.row.inquiry();
    forget_question(&mut case, &mut inquiry);
    let since = tools.ledger.now();
    inquiry.gives_up = Some(GivesUp {
        why,
        since,
        console: false,
    });
    case.row.set_inquiry(&inquiry);
    case.again(tools)
}

/// Asks, or listens for the answer; what cannot be asked holds nothing up.
pub(super) async fn visit(
    tools: &Tools,
    mut case: Case,
    mut inquiry: Inquiry,
    mut gives_up: GivesUp,
) -> Result<Visit, VisitError> {
    if is_late(&case) && !gives_up.console {
        let instance = case.row.instance_id.clone().unwrap_or_default();
        if let Some(failed) = read_late(tools, &mut case, &instance).await {
            gives_up.why = format!("{}; {failed}", gives_up.why);
        }
        gives_up.console = true;
        let mut inquiry = case.row.inquiry();
        inquiry.gives_up = Some(gives_up);
        case.row.set_inquiry(&inquiry);
        return Ok(case.again(tools));
    }
    if case.recipe.instance_profile.is_none() {
        inquiry.gives_up = None;
        case.row.set_inquiry(&inquiry);
        return Ok(over(tools, case, &gives_up.why));
    }
    let path = record::path(Script::Install, &case.row.id, case.row.run);
    let probe = &case.recipe.probe;
    let port = probe.tcp.unwrap_or(probe.port);
    let text = bundle::question(port, &record::output(&path));
    let reply = match ask(tools, &mut case, &mut inquiry, &text).await {
        Ok(reply) => reply,
        Err(VisitError::Cloud(error)) => {
            tracing::debug!(%error, "the instance could not be asked why it is not ready");
            Reply::Unheard
        }
        Err(error) => return Err(error),
    };
    let waits = tools.since(gives_up.since) < LAST_WORDS;
    match reply {
        Reply::Ended(_, printed) => {
            for line in bundle::told(&printed) {
                case.say(Line::info("readiness.bundle", Source::Readiness, line));
            }
        }
        Reply::Asked | Reply::Unheard if waits => {
            case.row.set_inquiry(&inquiry);
            return Ok(case.wait(tools, listen(inquiry.looks), Wait::Probe));
        }
        Reply::Asked | Reply::Unheard | Reply::Absent | Reply::Refused(_) | Reply::Foreign(_) => {
            let said = "The instance could not be asked why it is not ready: SSM does not reach it";
            case.say(Line::info("readiness.no_bundle", Source::Readiness, said).warn());
        }
    }
    inquiry.gives_up = None;
    forget_question(&mut case, &mut inquiry);
    case.row.set_inquiry(&inquiry);
    Ok(over(tools, case, &gives_up.why))
}

/// The deployment has given up.
fn over(tools: &Tools, mut case: Case, why: &str) -> Visit {
    tools.watched.over(&case.row.id);
    case.become_status(Status::ReadinessTimeout);
    case.row.error_message = Some(why.to_owned());
    case.row.finished_at = Some(tools.ledger.now());
    let said = format!("✗ Readiness timeout: {why}");
    case.say(Line::info("deployment.readiness_timeout", Source::Readiness, said).error());
    case.skip_ami(SkipReason::Readiness, "readiness check never completed");
    case.end(Then::Done)
}

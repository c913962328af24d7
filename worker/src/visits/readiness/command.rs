//! Readiness by a command on the instance (`probe.command`), run through SSM: exit code 0 means ready. It is sent in one
//! visit and heard in later ones, so that each visit makes one call; an answer is a check as any other.

use std::time::Duration;

use ingot_domain::decide::readiness::command::{Said, heard};
use ingot_domain::probe::ProbeOutcome;

use crate::case::{Case, VisitError};
use crate::guest::{Question, Reply, ask_question, listen};
use crate::tools::Tools;

/// What a visit came to.
#[derive(Debug)]
pub(crate) enum Probed {
    /// The check is over.
    Answered(ProbeOutcome),
    /// The command is on its way: come back after this simulated wait.
    Listen(Duration),
    /// No command may be run there, and why.
    Hopeless(String),
}

/// Sends the command, or listens for its answer.
pub(crate) async fn probe(
    tools: &Tools,
    case: &mut Case,
    command: &str,
) -> Result<Probed, VisitError> {
    let mut inquiry = case.row.inquiry();
    let mut question = Question {
        id: inquiry.probe_id.take(),
        looks: inquiry.probe_looks,
    };
    let reply = ask_question(tools, case, &mut question, command).await?;
    let said = match reply {
        Reply::Ended(code, output) => Said::Exited(code, output),
        Reply::Asked | Reply::Unheard if question.looks < MOST_LOOKS => {
            inquiry.probe_id = question.id;
            inquiry.probe_looks = question.looks;
            let wait = listen(question.looks);
            case.row.set_inquiry(&inquiry);
            return Ok(Probed::Listen(wait));
        }
        Reply::Asked | Reply::Unheard => Said::Silent,
        Reply::Absent => Said::Absent,
        // The one judgement of refusals tells it, waits for a policy to be mended, and ends it in time.
        Reply::Refused(error) => return Err((*error).into()),
        Reply::Foreign(why) => return Ok(Probed::Hopeless(why)),
    };
    inquiry.probe_looks = 0;
    case.row.set_inquiry(&inquiry);
    Ok(Probed::Answered(heard(said)))
}

/// Looks for one answer; SSM gives a command up after a minute, and these take longer.
const MOST_LOOKS: u32 = 12;

//! Asking the inside of an instance through SSM: one question at a time, its id kept in the deployment's row, so that
//! every visit makes one call at most and any worker can hear the answer.

use ingot_cloud::{CloudError, CommandState, ErrorKind};
use ingot_domain::decide::first_boot::{Answer, listen_after};
use ingot_domain::guest::Inquiry;
use ingot_domain::guest::question;
use ingot_domain::provenance::Kind;

use crate::case::{Case, VisitError};
use crate::provenance;
use crate::tools::Tools;

/// What came of a call to SSM.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The command ended: its exit code and what it printed.
    Ended(i32, String),
    /// It is on its way.
    Asked,
    /// SSM does not know the command, not yet or not any more.
    Unheard,
    /// SSM does not know the instance, or could not deliver the command.
    Absent,
    /// SSM refused, and will refuse again.
    Refused(Box<CloudError>),
    /// The instance is not this deployment's to run a command on, and why.
    Foreign(String),
}

impl Reply {
    /// As an answer to one of `domain::guest::question`.
    pub(crate) fn answer(self) -> Answer {
        match self {
            Reply::Ended(code, output) => Answer::Heard(question::read(code, &output)),
            Reply::Asked => Answer::Asked,
            Reply::Unheard => Answer::Unheard,
            Reply::Absent => Answer::Absent,
            Reply::Refused(error) => Answer::Refused(error.told()),
            Reply::Foreign(why) => Answer::Refused(why),
        }
    }
}

/// A command under way whose id its asker keeps.
#[derive(Debug)]
pub(crate) struct Question {
    /// SSM's id; none before it is sent and after it is over.
    pub(crate) id: Option<String>,
    /// Looks for its answer.
    pub(crate) looks: u32,
}

/// Sends the question, or looks for the answer to the one under way. Keeps count in `inquiry`, and the question's id in
/// the row.
pub(crate) async fn ask(
    tools: &Tools,
    case: &mut Case,
    inquiry: &mut Inquiry,
    text: &str,
) -> Result<Reply, VisitError> {
    let mut question = Question {
        id: case.row.install_command_id.clone(),
        looks: inquiry.looks,
    };
    let reply = ask_question(tools, case, &mut question, text).await?;
    case.row.install_command_id = question.id;
    inquiry.looks = question.looks;
    let now = tools.ledger.now();
    inquiry.absent_since = match reply {
        Reply::Absent => inquiry.absent_since.or(Some(now)),
        Reply::Unheard => inquiry.absent_since,
        _ => None,
    };
    if !matches!(reply, Reply::Asked | Reply::Unheard) {
        inquiry.asks = inquiry.asks.saturating_add(1);
    }
    Ok(reply)
}

/// The same with an id that its asker keeps.
pub(crate) async fn ask_question(
    tools: &Tools,
    case: &Case,
    question: &mut Question,
    text: &str,
) -> Result<Reply, VisitError> {
    let Some(instance) = case.row.instance_id.clone() else {
        return Ok(Reply::Absent);
    };
    let place = case.row.place();
    let reply = match question.id.clone() {
        // A command runs on the deployment's own instance only.
        None => match foreign(tools, case, &instance).await? {
            Some(whose) => Reply::Foreign(whose),
            None => {
                let sent = tools.cloud.run_command(place, &instance, text).await;
                sent.map(|id| {
                    question.id = Some(id);
                    question.looks = 0;
                    Reply::Asked
                })
                .or_else(|error| of_error(error, Reply::Absent))?
            }
        },
        Some(id) => {
            question.looks += 1;
            let state = tools.cloud.command_state(place, &instance, &id).await;
            state
                .map(|state| match state {
                    CommandState::Running => Reply::Asked,
                    CommandState::Finished { exit_code, output } => Reply::Ended(exit_code, output),
                    CommandState::Undelivered(_) => Reply::Absent,
                })
                .or_else(|error| of_error(error, Reply::Unheard))?
        }
    };
    if !matches!(reply, Reply::Asked | Reply::Unheard) {
        question.id = None;
    }
    Ok(reply)
}

/// Why the instance is not this deployment's to run a command on, if so.
async fn foreign(tools: &Tools, case: &Case, id: &str) -> Result<Option<String>, VisitError> {
    let Some(facts) = tools.batcher.instance(case.row.place(), id).await? else {
        return Ok(None);
    };
    let whose = provenance::of_instance_for(tools, &facts, &case.row).await?;
    Ok((!provenance::may_change(&whose)).then(|| provenance::not_ours(Kind::Instance, id, &whose)))
}

/// What SSM's refusal means: unknown instance or command, a refusal that stays, or a fault the engine waits out.
fn of_error(error: CloudError, unknown: Reply) -> Result<Reply, CloudError> {
    match error.kind {
        ErrorKind::NotFound => Ok(unknown),
        ErrorKind::Denied | ErrorKind::Invalid => Ok(Reply::Refused(Box::new(error))),
        _ => Err(error),
    }
}

/// The question under way is given up: the next one is sent anew.
pub(crate) fn forget_question(case: &mut Case, inquiry: &mut Inquiry) {
    case.row.install_command_id = None;
    inquiry.looks = 0;
}

/// When the answer to the question under way is looked for next.
pub(crate) fn listen(looks: u32) -> std::time::Duration {
    listen_after(looks)
}

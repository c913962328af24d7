//! The installation of a fresh launch while its readiness is awaited: asked through SSM between two checks, its steps and
//! its output told as they come. A script that fails fails the deployment at once. Every visit makes one call at most.

use std::time::Duration;

use ingot_domain::Instant;
use ingot_domain::decide::progress::{ABSENT_AGAIN, LOST, ask_after, is_missed, listen_after};
use ingot_domain::event::{Line, Source};
use ingot_domain::guest::progress::{
    Answer, End, LAST, MOST_LINES, News, Progress, hear, question, read,
};
use ingot_domain::guest::record::{self, Script, Unrecorded};
use ingot_domain::guest::{Inquiry, tail};
use ingot_domain::render;

use crate::case::{Case, VisitError};
use crate::guest::{Reply, ask, forget_question};
use crate::tools::Tools;

/// At any pace an instance is not asked more often than this.
const LEAST: chrono::TimeDelta = chrono::TimeDelta::milliseconds(250);
/// Nor is an answer looked for sooner.
const LEAST_LISTEN: chrono::TimeDelta = chrono::TimeDelta::milliseconds(100);
/// Characters of a failing step's last lines in the deployment's error.
const LONGEST_TAIL: usize = 900;
/// A pause after a call that failed in a way that passes.
const PAUSE: Duration = Duration::from_secs(15);

/// The kind of event that a step begins with.
const STEP: &str = "install.step";

/// What a look at the installation led to.
#[derive(Debug)]
pub(super) enum Look {
    /// Look again then.
    Again(Instant),
    /// There is nothing to look at (any more).
    Over,
    /// The installation, and with it the deployment, has failed.
    Failed,
}

/// Installed from the base image, and not known to be installed.
pub(super) fn concerns(case: &Case) -> bool {
    case.row.launch_path.as_deref() == Some("fresh")
        && !case
            .row
            .inquiry()
            .progress
            .is_some_and(|progress| progress.over)
}

/// Remembers when the next check is due while looks come in between.
pub(super) fn check_at(case: &mut Case, at: Option<Instant>) {
    let mut inquiry = case.row.inquiry();
    if inquiry.check_at != at {
        inquiry.check_at = at;
        case.row.set_inquiry(&inquiry);
    }
}

/// The deployment is ready: the question under way is given up, so that its answer is not taken for another's.
pub(super) fn forget(case: &mut Case) {
    let mut inquiry = case.row.inquiry();
    if inquiry.progress.take().is_some() {
        forget_question(case, &mut inquiry);
        (inquiry.asks, inquiry.absent_since, inquiry.check_at) = (0, None, None);
        case.row.set_inquiry(&inquiry);
    }
}

/// Asks or listens when it is time, and tells what is new.
pub(super) async fn look(tools: &Tools, case: &mut Case) -> Result<Look, VisitError> {
    let mut inquiry = case.row.inquiry();
    let mut progress = inquiry.progress.take().unwrap_or_default();
    let now = tools.ledger.now();
    if let Some(at) = progress.look_at.filter(|at| *at > now) {
        return Ok(Look::Again(at));
    }
    let look = match path(case) {
        Err(why) => unreadable(case, &mut progress, why),
        Ok(path) => inquire(tools, case, &mut inquiry, &mut progress, &path).await?,
    };
    if let Look::Again(at) = &look {
        progress.look_at = Some(*at);
    }
    inquiry.progress = Some(progress);
    if matches!(look, Look::Failed | Look::Over) {
        forget_question(case, &mut inquiry);
        inquiry.check_at = None;
    }
    case.row.set_inquiry(&inquiry);
    Ok(look)
}

/// Where the script of this run writes its end, or why nothing can be read of it.
fn path(case: &Case) -> Result<String, String> {
    if case.recipe.instance_profile.is_none() {
        return Err(
            "the template names no `instance_profile`, so SSM cannot reach the instance".to_owned(),
        );
    }
    let path = record::path(Script::Install, &case.row.id, case.row.run);
    let script = crate::visits::launch::script(case, false);
    let script = script.map_err(|unfit| unfit.to_string())?;
    match record::followed(&script, &path) {
        Ok(_) => Ok(path),
        Err(Unrecorded::NotAScript) => {
            Err("`user_data` is no script that starts with `#!` and an interpreter".to_owned())
        }
        Err(Unrecorded::TooLong) => Err(
            "its script leaves no room in the user data for the lines that keep its output"
                .to_owned(),
        ),
    }
}

/// The story says once why there is nothing to read.
fn unreadable(case: &mut Case, progress: &mut Progress, why: String) -> Look {
    say_unread(case, progress, &why);
    progress.over = true;
    Look::Over
}

fn say_unread(case: &mut Case, progress: &mut Progress, why: &str) {
    if !std::mem::replace(&mut progress.unread, true) {
        let said = format!("The installation cannot be watched: {why}");
        case.say(Line::info("install.unread", Source::Install, said).warn());
    }
}

async fn inquire(
    tools: &Tools,
    case: &mut Case,
    inquiry: &mut Inquiry,
    progress: &mut Progress,
    path: &str,
) -> Result<Look, VisitError> {
    let now = tools.ledger.now();
    let text = question(path, progress.offset);
    let reply = match ask(tools, case, inquiry, &text).await {
        Ok(reply) => reply,
        // The checks go on meanwhile; what does not pass meets them, too.
        Err(VisitError::Cloud(error)) => {
            tracing::debug!(%error, "the installation could not be asked about");
            return Ok(Look::Again(tools.after(PAUSE).max(now + LEAST)));
        }
        Err(error) => return Err(error),
    };
    let again = |wait, least| Look::Again(tools.after(wait).max(now + least));
    let since = |at: Option<Instant>| at.map_or(Duration::ZERO, |at| tools.since(at));
    Ok(match reply {
        Reply::Ended(_, printed) => match read(&printed) {
            Some(answer) => heard(tools, case, progress, &answer),
            None => again(PAUSE, LEAST),
        },
        Reply::Asked | Reply::Unheard if inquiry.looks < LOST => {
            again(listen_after(inquiry.looks), LEAST_LISTEN)
        }
        Reply::Asked | Reply::Unheard => {
            forget_question(case, inquiry);
            again(ABSENT_AGAIN, LEAST)
        }
        Reply::Absent => {
            if is_missed(since(case.row.launched_at), since(inquiry.absent_since)) {
                let why = "SSM does not reach the instance (no agent yet, or its profile does not let it); it is asked again and again";
                say_unread(case, progress, why);
            }
            again(ABSENT_AGAIN, LEAST)
        }
        Reply::Refused(error) => {
            let why = format!("SSM refuses the question: {}", error.told());
            unreadable(case, progress, why)
        }
        Reply::Foreign(why) => unreadable(case, progress, why),
    })
}

/// The names of the installation's steps; a script under `user_data` is one.
fn steps(case: &Case) -> Vec<String> {
    if case.recipe.user_data.is_some() {
        return vec!["user_data".to_owned()];
    }
    let values = case.values();
    let names = case.recipe.steps.iter();
    names
        .map(|step| render::fill(&step.name, &values))
        .collect()
}

fn heard(tools: &Tools, case: &mut Case, progress: &mut Progress, answer: &Answer) -> Look {
    let now = tools.ledger.now();
    let steps = steps(case);
    let (news, end) = hear(progress, answer, &steps);
    if progress.news_at.is_none() || !news.is_empty() {
        progress.news_at = Some(now);
    }
    if news.iter().any(|news| matches!(news, News::Step(_))) {
        progress.step_at = Some(now);
    }
    for news in news {
        let line = told(news, &steps);
        if line.kind == STEP {
            progress.step_said.clone_from(&line.message);
        }
        case.say(line);
    }
    match end {
        None => {
            let quiet = progress
                .news_at
                .map_or(Duration::ZERO, |at| tools.since(at));
            Look::Again(tools.after(ask_after(quiet)).max(now + LEAST))
        }
        Some(End::Done) => {
            let said = "The installation's script ended with exit code 0; waiting until it answers";
            case.say(Line::info("install.done", Source::Install, said));
            Look::Over
        }
        Some(End::Failed { code, step, last }) => {
            failed(tools, case, &named(step, &steps), code, &last);
            Look::Failed
        }
    }
}

/// `step 2 of 4 "install nginx"`.
fn named(step: u32, steps: &[String]) -> String {
    let at = usize::try_from(step).unwrap_or(0).checked_sub(1);
    match at.and_then(|at| steps.get(at)) {
        Some(name) => format!("step {step} of {} \"{name}\"", steps.len()),
        None => "the installation, before its first step,".to_owned(),
    }
}

fn told(news: News, steps: &[String]) -> Line {
    let line = |kind, said| Line::info(kind, Source::Install, said);
    match news {
        News::Step(step) => {
            let at = usize::try_from(step).unwrap_or(0).saturating_sub(1);
            let name = steps.get(at).map_or("", String::as_str);
            line(STEP, format!("step {step} of {}: {name}", steps.len()))
        }
        News::Line(text) => line("install.output", text),
        News::LeftOut(bytes) => line(
            "install.left_out",
            format!("… {bytes} bytes of output are left out here; the instance's console has them"),
        ),
        News::Full => line(
            "install.left_out",
            format!(
                "… {MOST_LINES} lines of output are told; of the rest only the steps, and the last {LAST} lines if one fails"
            ),
        ),
    }
}

/// The deployment fails at once, and the story says what runs on and what to do.
fn failed(tools: &Tools, case: &mut Case, what: &str, code: i32, last: &[String]) {
    let why = format!("{what} failed with exit code {code}");
    let printed = tail(&last.join("\n"), LONGEST_TAIL);
    let why = if printed.is_empty() {
        why
    } else {
        format!("{why}: {printed}")
    };
    case.fail(tools, &why, Source::Install);
    let (id, instance) = (
        &case.row.id,
        case.row.instance_id.as_deref().unwrap_or_default(),
    );
    let (kind, template) = (&case.order.instance_type, &case.row.template);
    let said = format!(
        "The instance {instance} ({kind}) runs on, and AWS bills it, until `ingot deployments destroy {id}`; look at it before that if you like. Then mend the template `{template}`, `ingot templates apply` it, and deploy anew"
    );
    case.say(Line::info("install.way_out", Source::Install, said).warn());
}

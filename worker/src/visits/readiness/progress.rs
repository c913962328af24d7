//! The installation of a fresh launch while its readiness is awaited: asked through SSM between two checks, its steps and
//! its output told as they come. A script that fails fails the deployment at once. Every visit makes one call at most.

pub(in crate::visits) mod console;
mod tell;

use std::time::Duration;

use ingot_domain::Instant;
use ingot_domain::decide::progress::{ABSENT_AGAIN, Watching, is_missed, least, watching};
use ingot_domain::event::{Line, Source};
use ingot_domain::guest::Inquiry;
use ingot_domain::guest::progress::{Answer, End, News, Progress, hear, question, read};
use ingot_domain::guest::record::{self, Script, Unrecorded};
use ingot_domain::template::step::TIMEOUT;
use ingot_domain::template::{Agent, Watch};

use crate::case::{Case, VisitError};
use crate::guest::{Reply, ask, forget_question};
use crate::tools::Tools;
use tell::{STEP, failed, named, steps, told};

/// At any pace an answer is not looked for sooner than this.
const LEAST_LISTEN: Duration = Duration::from_millis(100);
/// How long an installation that was looked at counts as watched; longer than the longest period between two questions.
const WATCHED: Duration = Duration::from_secs(600);
/// The same at any pace.
const LEAST_WATCHED: Duration = Duration::from_secs(10);
/// A pause after a call that failed in a way that passes.
const PAUSE: Duration = Duration::from_secs(15);

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
        && case.recipe.progress != Watch::None
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

/// The step that an installation which is not over is at, to follow what became of its deployment.
pub(super) fn still(case: &Case) -> String {
    let progress = case.row.inquiry().progress.unwrap_or_default();
    match progress.step > 0 && !progress.over {
        true => format!("; its installation is still at {}", progress.step_said),
        false => String::new(),
    }
}

/// The deployment is ready: the question under way is given up, so that its answer is not taken for another's.
pub(super) fn forget(tools: &Tools, case: &mut Case) {
    tools.watched.over(&case.row.id);
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
    let look = match way(case, &progress) {
        Err(why) => unreadable(case, &mut progress, why),
        Ok(Way::Ssm(path)) => inquire(tools, case, &mut inquiry, &mut progress, &path).await?,
        Ok(Way::Console) => console::look(tools, case, &mut progress).await,
    };
    if let Look::Again(at) = &look {
        progress.look_at = Some(*at);
    }
    inquiry.progress = Some(progress);
    if matches!(look, Look::Failed | Look::Over) {
        tools.watched.over(&case.row.id);
        forget_question(case, &mut inquiry);
        inquiry.check_at = None;
    }
    case.row.set_inquiry(&inquiry);
    Ok(look)
}

/// How an installation is read.
enum Way {
    /// Through SSM: where its script writes its end.
    Ssm(String),
    /// From the console.
    Console,
}

/// How the installation of this run is read, or why it cannot be.
fn way(case: &Case, progress: &Progress) -> Result<Way, String> {
    let path = record::path(Script::Install, &case.row.id, case.row.run);
    let script = crate::visits::launch::script(case, false);
    let script = script.map_err(|unfit| unfit.to_string())?;
    let console = case.recipe.progress == Watch::Console;
    let kept = match console {
        true => record::consoled(&script, &path),
        false => record::followed(&script, &path),
    };
    match kept {
        Err(Unrecorded::NotAScript) => {
            Err("`user_data` is no script that starts with `#!` and an interpreter".to_owned())
        }
        Err(Unrecorded::TooLong) => Err(
            "its script leaves no room in the user data for the lines that keep its output"
                .to_owned(),
        ),
        Ok(_) if progress.console || (console && case.recipe.instance_profile.is_none()) => {
            Ok(Way::Console)
        }
        Ok(_) if case.recipe.instance_profile.is_none() => Err(
            "the template names no `instance_profile`, so SSM cannot reach the instance; `progress: console` reads its console instead"
                .to_owned(),
        ),
        Ok(_) => Ok(Way::Ssm(path)),
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

/// After a simulated wait, and not before a felt one.
fn again(tools: &Tools, wait: Duration, least: Duration) -> Look {
    let least = chrono::TimeDelta::from_std(least).unwrap_or_default();
    Look::Again(tools.after(wait).max(tools.ledger.now() + least))
}

/// How many installations this worker watches.
fn watched(tools: &Tools, case: &Case) -> usize {
    let memory = tools.settings.pace.wait(WATCHED).max(LEAST_WATCHED);
    tools.watched.look(&case.row.id, memory)
}

async fn inquire(
    tools: &Tools,
    case: &mut Case,
    inquiry: &mut Inquiry,
    progress: &mut Progress,
    path: &str,
) -> Result<Look, VisitError> {
    let watched = watched(tools, case);
    let how = planned(tools, progress, watched);
    let text = question(path, progress.offset, how.hold.as_secs());
    let reply = match ask(tools, case, inquiry, &text).await {
        Ok(reply) => reply,
        // The checks go on meanwhile; what does not pass meets them, too.
        Err(VisitError::Cloud(error)) => {
            tracing::debug!(%error, "the installation could not be asked about");
            return Ok(again(tools, PAUSE, least(watched)));
        }
        Err(error) => return Err(error),
    };
    let since = |at: Option<Instant>| at.map_or(Duration::ZERO, |at| tools.since(at));
    Ok(match reply {
        Reply::Ended(_, printed) => match read(&printed) {
            Some(answer) => heard(tools, case, progress, &answer, watched),
            None => again(tools, PAUSE, least(watched)),
        },
        Reply::Asked | Reply::Unheard if inquiry.looks < how.lost => {
            let wait = if inquiry.looks == 0 {
                how.first
            } else {
                how.look
            };
            again(tools, wait, LEAST_LISTEN)
        }
        Reply::Asked | Reply::Unheard => {
            forget_question(case, inquiry);
            again(tools, ABSENT_AGAIN, least(watched))
        }
        // What the console says comes as soon, and it has numbers of its own.
        Reply::Absent | Reply::Refused(_) | Reply::Foreign(_)
            if case.recipe.progress == Watch::Console && progress.offset == 0 =>
        {
            progress.console = true;
            again(tools, Duration::ZERO, Duration::ZERO)
        }
        Reply::Absent => {
            let (age, installs) = match case.recipe.ssm_agent {
                Agent::Image => (
                    since(case.row.launched_at),
                    "no agent yet, which `ssm_agent: install` in the template installs",
                ),
                // The step that installs it may take its time.
                Agent::Install => {
                    let age = since(case.row.launched_at);
                    let step = Duration::from_secs(u64::from(TIMEOUT));
                    (
                        age.saturating_sub(step),
                        "the step that installs its agent did not get that far",
                    )
                }
            };
            if is_missed(age, since(inquiry.absent_since)) {
                let why = &format!(
                    "SSM does not reach the instance ({installs}, or its profile does not let it); it is asked again and again"
                );
                say_unread(case, progress, why);
            }
            again(tools, ABSENT_AGAIN, least(watched))
        }
        Reply::Refused(error) => {
            let why = format!("SSM refuses the question: {}", error.told());
            unreadable(case, progress, why)
        }
        Reply::Foreign(why) => unreadable(case, progress, why),
    })
}

fn heard(
    tools: &Tools,
    case: &mut Case,
    progress: &mut Progress,
    answer: &Answer,
    watched: usize,
) -> Look {
    let steps = steps(case);
    let (news, end) = hear(progress, answer, &steps);
    match tell(tools, case, progress, news, end) {
        Some(look) => look,
        None => {
            let how = planned(tools, progress, watched);
            // The wait on the instance is part of the distance between two questions.
            let held = tools.settings.pace.wait(how.hold);
            again(tools, how.pause, least(watched).saturating_sub(held))
        }
    }
}

/// How it is watched, by how long nothing new has come.
fn planned(tools: &Tools, progress: &Progress, watched: usize) -> Watching {
    let quiet = progress
        .news_at
        .map_or(Duration::ZERO, |at| tools.since(at));
    watching(quiet, watched)
}

/// Tells what is new, and what the end means if it has come.
fn tell(
    tools: &Tools,
    case: &mut Case,
    progress: &mut Progress,
    news: Vec<News>,
    end: Option<End>,
) -> Option<Look> {
    let (now, steps) = (tools.ledger.now(), steps(case));
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
    match end? {
        End::Done => {
            let said = "The installation's script ended with exit code 0; waiting until it answers";
            case.say(Line::info("install.done", Source::Install, said));
            Some(Look::Over)
        }
        End::Failed { code, step, last } => {
            failed(tools, case, &named(step, &steps), code, &last);
            Some(Look::Failed)
        }
    }
}

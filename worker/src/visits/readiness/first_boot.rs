//! The first boot of a cached launch: asked for through SSM; where nothing can be asked, EC2's status checks and two good
//! answers of the page stand for it, and the story says so (REAL-AWS H6).

use std::time::Duration;

use ingot_cloud::ErrorKind;
use ingot_domain::decide::first_boot::{
    APART, ASK_UNANSWERED, Checks, Next, Standing, View, checked, heard, proven,
};
use ingot_domain::event::{Line, Source};
use ingot_domain::guest::record::{self, Script, Unrecorded};
use ingot_domain::guest::{FirstBoot, Inquiry, question};
use ingot_domain::wait::Wait;

use crate::case::{Case, VisitError};
use crate::guest::{ask, forget_question};
use crate::tools::Tools;

/// What a visit does about the first boot before it probes.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing holds the probe back.
    Probe,
    /// Come back without a probe.
    Wait(Duration, Wait),
    /// The deployment has failed.
    Fail(String),
}

/// Whether a good answer of the page makes the deployment ready.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is ready.
    Ready,
    /// The first boot is asked about first.
    Ask,
    /// A second good answer must follow after this simulated wait.
    Second(Duration),
}

/// Launched from an image: its page may answer before its first boot is over.
pub(super) fn concerns(case: &Case) -> bool {
    case.row.launch_path.as_deref() == Some("cached")
}

/// Asks or listens, or looks at EC2's status checks; at most one call.
pub(super) async fn step(tools: &Tools, case: &mut Case) -> Result<Step, VisitError> {
    let mut inquiry = case.row.inquiry();
    match &inquiry.first_boot {
        Some(FirstBoot::Over) => Ok(Step::Probe),
        Some(FirstBoot::NotObserved { .. }) => standing(tools, case, &inquiry).await,
        None if inquiry.page_at.is_some() => {
            let step = inquire(tools, case, &mut inquiry).await;
            case.row.set_inquiry(&inquiry);
            step
        }
        None if due(case, &inquiry) => {
            // The page does not answer: perhaps because the script has failed. An answer of any other kind can wait.
            let step = inquire(tools, case, &mut inquiry).await;
            case.row.set_inquiry(&inquiry);
            match step {
                Ok(Step::Fail(why)) => Ok(Step::Fail(why)),
                Ok(_) | Err(VisitError::Cloud(_)) => Ok(Step::Probe),
                Err(error) => Err(error),
            }
        }
        None => Ok(Step::Probe),
    }
}

/// Whether this check also asks, before the page has answered. Without a profile nothing is asked until it has.
fn due(case: &Case, inquiry: &Inquiry) -> bool {
    let interval = u64::from(case.recipe.probe.interval_seconds.max(1));
    let every = (ASK_UNANSWERED.as_secs() / interval).max(1);
    let checks = u64::try_from(case.row.checks).unwrap_or(0);
    let turn = checks > 0 && checks.is_multiple_of(every);
    case.recipe.instance_profile.is_some()
        && (case.row.install_command_id.is_some() || turn)
        && inquiry.first_boot.is_none()
}

/// Asks the instance, or listens for its answer, and decides.
async fn inquire(
    tools: &Tools,
    case: &mut Case,
    inquiry: &mut Inquiry,
) -> Result<Step, VisitError> {
    if case.recipe.instance_profile.is_none() {
        let why = "the template names no `instance_profile`, so SSM cannot reach the instance";
        return Ok(not_observed(case, inquiry, why.to_owned()));
    }
    let path = record::path(Script::FirstBoot, &case.row.id, case.row.run);
    let recorded = match crate::visits::launch::script(case, true) {
        Ok(script) => record::recorded(&script, &path),
        // The launch has read it: only a template of another version of Ingot comes here.
        Err(_) => Err(Unrecorded::NotAScript),
    };
    let text = question::first_boot(recorded.is_ok().then_some(path.as_str()));
    let answer = ask(tools, case, inquiry, &text).await?.answer();
    let since = |at: Option<ingot_domain::Instant>| at.map_or(Duration::ZERO, |at| tools.since(at));
    let view = View {
        age: since(case.row.launched_at),
        since_page: since(inquiry.page_at),
        absent: since(inquiry.absent_since),
        asks: inquiry.asks,
        looks: inquiry.looks,
    };
    Ok(match heard(answer, view) {
        Next::Over => {
            inquiry.first_boot = Some(FirstBoot::Over);
            case.row.successes = 0;
            let said = match recorded {
                Ok(_) => "The first boot is over: its script wrote down exit code 0",
                Err(_) => "The first boot is over: cloud-init says so",
            };
            case.say(Line::info("readiness.first_boot", Source::Readiness, said));
            Step::Probe
        }
        Next::NotObserved(why) => {
            let why = match recorded {
                Err(Unrecorded::NotAScript) => {
                    format!("{why}; `first_boot` is no script that could write down its end")
                }
                Err(Unrecorded::TooLong) => {
                    format!("{why}; `first_boot` is too long to write down its end")
                }
                Ok(_) => why,
            };
            not_observed(case, inquiry, why)
        }
        Next::Listen(wait) => Step::Wait(wait, Wait::FirstBoot),
        Next::AskAgain(wait) => {
            forget_question(case, inquiry);
            Step::Wait(wait, Wait::FirstBoot)
        }
        Next::Fail(why) => Step::Fail(why),
    })
}

fn not_observed(case: &mut Case, inquiry: &mut Inquiry, why: String) -> Step {
    forget_question(case, inquiry);
    case.row.successes = 0;
    let said = format!(
        "First boot was not observed: {why}. EC2's status checks and two good answers 30 s apart stand for it"
    );
    case.say(Line::info("readiness.first_boot_not_observed", Source::Readiness, said).warn());
    inquiry.first_boot = Some(FirstBoot::NotObserved { why });
    Step::Wait(Duration::ZERO, Wait::Checks)
}

/// Before the page is asked, EC2's status checks must have passed; afterwards they are not asked again.
async fn standing(tools: &Tools, case: &mut Case, inquiry: &Inquiry) -> Result<Step, VisitError> {
    if inquiry.answered_at.is_some() || inquiry.page_at.is_none() {
        return Ok(Step::Probe);
    }
    let id = case.row.instance_id.clone().unwrap_or_default();
    let checks = match tools.cloud.instance_checks(case.row.place(), &id).await {
        Ok(checks) if checks.passed => Checks::Passed,
        Ok(checks) => Checks::Pending(checks.words),
        Err(error) if error.kind == ErrorKind::NotFound => {
            Checks::Pending("EC2 does not know the instance".to_owned())
        }
        Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Invalid) => {
            Checks::Unknown(error.code)
        }
        Err(error) => return Err(error.into()),
    };
    let since_page = inquiry.page_at.map_or(Duration::ZERO, |at| tools.since(at));
    Ok(match checked(&checks, since_page) {
        Standing::Probe => {
            if let Checks::Unknown(code) = checks {
                let said = format!("EC2's status checks could not be asked for ({code})");
                case.say(Line::info("readiness.checks_unknown", Source::Readiness, said).warn());
            }
            Step::Probe
        }
        Standing::Wait(wait) => Step::Wait(wait, Wait::Checks),
        Standing::Fail(why) => Step::Fail(why),
    })
}

/// After as many good answers in a row as the template wants.
pub(super) fn judge(tools: &Tools, case: &mut Case) -> Verdict {
    let mut inquiry = case.row.inquiry();
    let now = tools.ledger.now();
    let verdict = match inquiry.first_boot {
        Some(FirstBoot::Over) => Verdict::Ready,
        // The page answers for the first time; what stands for the first boot begins only now.
        _ if inquiry.page_at.is_none() => {
            inquiry.page_at = Some(now);
            Verdict::Ask
        }
        None => Verdict::Ask,
        Some(FirstBoot::NotObserved { .. }) => {
            let since = inquiry.answered_at.map(|at| tools.since(at));
            match (proven(since), since) {
                (true, _) => Verdict::Ready,
                (false, Some(since)) => Verdict::Second(APART - since),
                (false, None) => {
                    inquiry.answered_at = Some(now);
                    Verdict::Second(APART)
                }
            }
        }
    };
    case.row.set_inquiry(&inquiry);
    verdict
}

/// A bad answer: two good ones must follow anew.
pub(super) fn spoil(case: &mut Case) {
    let mut inquiry = case.row.inquiry();
    if inquiry.answered_at.take().is_some() {
        case.row.set_inquiry(&inquiry);
    }
}

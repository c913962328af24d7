//! An installation read from the console of its instance, where the template allows that and SSM does not answer.

use ingot_cloud::ErrorKind;
use ingot_cloud::codes::NO_LATEST;
use ingot_domain::decide::progress::{least, listen_to_console};
use ingot_domain::guest::progress::{End, Progress, console};

use super::tell::{named, told};
use super::{Look, PAUSE, again, steps, tell, unreadable, watched};
use crate::case::Case;
use crate::tools::Tools;

/// Reads the console and tells what is new.
pub(super) async fn look(tools: &Tools, case: &mut Case, progress: &mut Progress) -> Look {
    let watched = watched(tools, case);
    let instance = case.row.instance_id.clone().unwrap_or_default();
    match tools.cloud.console(case.row.place(), &instance, true).await {
        Ok(text) => {
            let (news, end) = console::hear(progress, &text, &steps(case));
            match tell(tools, case, progress, news, end) {
                Some(look) => look,
                None => again(tools, listen_to_console(watched), least(watched)),
            }
        }
        Err(error) if error.code == NO_LATEST => {
            progress.late = true;
            let why = "EC2 shows the console of a running instance on the Nitro system only, and this instance's type is older; what its console has is told after a readiness timeout, and when the instance has ended";
            unreadable(case, progress, why.to_owned())
        }
        Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Invalid) => {
            let why = format!("EC2 does not show the instance's console: {}", error.told());
            unreadable(case, progress, why)
        }
        // The checks go on meanwhile; what does not pass meets them, too.
        Err(error) => {
            tracing::debug!(%error, "the console could not be read");
            again(tools, PAUSE, least(watched))
        }
    }
}

/// Whether the console is to be read after the deployment's end only.
pub(crate) fn is_late(case: &Case) -> bool {
    let progress = case.row.inquiry().progress;
    progress.is_some_and(|progress| progress.late)
}

/// Tells what a console that EC2 shows late has by now, and answers with what the installation failed of if it says so. What
/// cannot be read holds nothing up.
pub(crate) async fn read_late(tools: &Tools, case: &mut Case, instance: &str) -> Option<String> {
    let mut inquiry = case.row.inquiry();
    let mut progress = inquiry.progress.take()?;
    let text = match tools.cloud.console(case.row.place(), instance, false).await {
        Ok(text) => text,
        Err(error) => {
            tracing::debug!(%error, "the console could not be read after the end");
            return None;
        }
    };
    let steps = steps(case);
    let (news, end) = console::hear(&mut progress, &text, &steps);
    for news in news {
        case.say(told(news, &steps));
    }
    inquiry.progress = Some(progress);
    case.row.set_inquiry(&inquiry);
    match end? {
        End::Done => None,
        End::Failed { code, step, .. } => {
            let what = named(step, &steps);
            Some(format!(
                "by its console {what} failed with exit code {code}"
            ))
        }
    }
}

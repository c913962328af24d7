//! How far a deployment is, as five stages in a row: a picture of its status and its AMI status, decided here so that
//! the template only draws it.

use ingot_client::Deployment;
use ingot_domain::deployment::{AmiStatus, Status};

/// Where a stage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Not reached.
    Ahead,
    /// Going on.
    Now,
    /// Over, well.
    Done,
    /// Over, not well.
    Failed,
    /// Not needed.
    Skipped,
    /// A person ended it.
    Stopped,
    /// Over; an earlier stage says how.
    Over,
}

impl Progress {
    /// The word beside the stage, and the name of its look.
    pub(super) fn word(self) -> &'static str {
        match self {
            Progress::Ahead => "ahead",
            Progress::Now => "now",
            Progress::Done => "done",
            Progress::Failed => "failed",
            Progress::Skipped => "skipped",
            Progress::Stopped => "stopped",
            Progress::Over => "over",
        }
    }
}

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stage {
    /// Its name.
    pub(super) name: &'static str,
    /// Where it stands.
    pub(super) progress: Progress,
}

const NAMES: [&str; 5] = ["requested", "launching", "readiness", "imaging", "finished"];

/// The five stages of a deployment.
pub(super) fn stages(deployment: &Deployment) -> [Stage; 5] {
    let progress = progress(deployment);
    std::array::from_fn(|i| Stage {
        name: NAMES[i],
        progress: progress[i],
    })
}

fn progress(deployment: &Deployment) -> [Progress; 5] {
    use Progress::*;
    let imaging = imaging(deployment);
    let end = if deployment.finished { Done } else { Ahead };
    match Status::parse(&deployment.status) {
        Some(Status::Pending) => [Now, Ahead, Ahead, Ahead, Ahead],
        Some(Status::Queued | Status::Deploying) => [Done, Now, Ahead, Ahead, Ahead],
        Some(Status::Running) => [Done, Done, Now, Ahead, Ahead],
        Some(Status::Success) => [Done, Done, Done, imaging, end],
        Some(Status::ReadinessTimeout) => [Done, Done, Failed, Skipped, Over],
        Some(Status::Failed) => ended(deployment, Failed, imaging),
        Some(Status::Cancelled | Status::Destroyed) => ended(deployment, Stopped, imaging),
        // A newer API's word: show what the times prove and guess nothing.
        None => {
            let proven = |known: bool| if known { Done } else { Ahead };
            let launched = proven(deployment.launched_at.is_some());
            [
                Done,
                launched,
                proven(deployment.ready_at.is_some()),
                imaging,
                end,
            ]
        }
    }
}

/// Ended before its time: the first stage that left no trace is the one it ended in.
fn ended(deployment: &Deployment, how: Progress, imaging: Progress) -> [Progress; 5] {
    use Progress::*;
    if deployment.ready_at.is_some() {
        let imaging = match imaging {
            Now | Ahead => how,
            over => over,
        };
        [Done, Done, Done, imaging, Over]
    } else if deployment.launched_at.is_some() || deployment.instance_id.is_some() {
        [Done, Done, how, Skipped, Over]
    } else {
        [Done, how, Skipped, Skipped, Over]
    }
}

fn imaging(deployment: &Deployment) -> Progress {
    let word = deployment.ami_creation_status.as_deref();
    match word.and_then(AmiStatus::parse) {
        Some(AmiStatus::Pending | AmiStatus::Creating) => Progress::Now,
        Some(AmiStatus::Completed) => Progress::Done,
        Some(AmiStatus::Failed) => Progress::Failed,
        Some(AmiStatus::Skipped) => Progress::Skipped,
        None if deployment.finished => Progress::Skipped,
        None => Progress::Ahead,
    }
}

//! An installation read from the console of its instance, where the template allows that and SSM does not answer.

use ingot_cloud::ErrorKind;
use ingot_domain::decide::progress::{least, listen_to_console};
use ingot_domain::guest::progress::{Progress, console};

use super::{Look, PAUSE, again, steps, tell, unreadable, watched};
use crate::case::Case;
use crate::tools::Tools;

/// Reads the console and tells what is new.
pub(super) async fn look(tools: &Tools, case: &mut Case, progress: &mut Progress) -> Look {
    let watched = watched(tools, case);
    let instance = case.row.instance_id.clone().unwrap_or_default();
    match tools.cloud.console(&case.row.region, &instance).await {
        Ok(text) => {
            let (news, end) = console::hear(progress, &text, &steps(case));
            match tell(tools, case, progress, news, end) {
                Some(look) => look,
                None => again(tools, listen_to_console(watched), least(watched)),
            }
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

//! `ingot failpoints` and INGOT_FAILPOINTS, of builds for tests: which points there are, and what happens at them.

use std::process::ExitCode;

use super::setup;
use crate::output::say;

/// Lists the points, one a line or as JSON, when the command line asks for them and this build has any. It is no command of
/// clap's, because builds for users have no such command.
pub(crate) fn listed() -> anyhow::Result<Option<ExitCode>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let json = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["failpoints"] => false,
        ["failpoints", "--json"] => true,
        _ => return Ok(None),
    };
    if !ingot_failpoint::ENABLED {
        return Ok(None);
    }
    let points = ingot_failpoint::points();
    if json {
        say(&serde_json::to_string(&points)?)?;
    } else {
        for point in points {
            say(&point)?;
        }
    }
    Ok(Some(ExitCode::SUCCESS))
}

/// Sets what INGOT_FAILPOINTS says; in a build without failpoints it is refused, so that no drill passes unplayed.
pub(crate) fn set() -> anyhow::Result<()> {
    let Some(text) = setup::variable("INGOT_FAILPOINTS") else {
        return Ok(());
    };
    ingot_failpoint::set(&text).map_err(|error| anyhow::anyhow!("INGOT_FAILPOINTS: {error}"))
}

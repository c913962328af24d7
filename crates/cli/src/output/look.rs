//! What a reader sees with: the width of a terminal, colours, and a clock for "5m ago". Without a terminal there is none of
//! them: scripts get whole lines and whole times.

use std::io::IsTerminal;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};

use super::time;

/// How texts for people are laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Columns of the terminal; nothing is cut without one.
    pub(crate) width: Option<usize>,
    /// Whether states have colours.
    pub(crate) colour: bool,
    /// From when ages are told; instants are told whole without it.
    pub(crate) now: Option<DateTime<Utc>>,
}

static LOOK: OnceLock<Look> = OnceLock::new();

/// Says once, at the start, how the process lays out what it says.
pub(crate) fn set(look: Look) {
    // A second one would be a defect of `main` and changes nothing.
    let _ = LOOK.set(look);
}

/// The process's.
pub(crate) fn look() -> Look {
    LOOK.get().copied().unwrap_or_default()
}

/// What stdout is: `columns`, `no_color` and `term` are the variables of these names.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line is the outermost room, and nothing is decided by it"
)]
pub(crate) fn of_stdout(columns: Option<&str>, no_color: bool, term: Option<&str>) -> Look {
    let terminal = std::io::stdout().is_terminal();
    let told = columns
        .and_then(|text| text.parse().ok())
        .filter(|columns| *columns > 0);
    let width = told.or_else(|| {
        let asked = comfy_table::Table::new().width().filter(|_| terminal);
        asked.map(usize::from).filter(|columns| *columns > 0)
    });
    Look {
        width,
        colour: terminal && !no_color && term != Some("dumb"),
        now: (terminal || width.is_some()).then(Utc::now),
    }
}

impl Look {
    /// An instant: how long ago for a reader, whole for a script.
    pub(crate) fn when(self, at: &DateTime<Utc>) -> String {
        self.now.map_or_else(|| time(at), |now| ago(now, *at))
    }

    /// The same, or `-`.
    pub(crate) fn when_or_dash(self, at: &Option<DateTime<Utc>>) -> String {
        at.as_ref()
            .map_or_else(|| "-".to_owned(), |at| self.when(at))
    }
}

/// `5m ago`, `3h ago`, `12d ago`; `in 40s` for what comes.
fn ago(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds();
    let long = seconds.unsigned_abs();
    let said = match long {
        0..60 => format!("{long}s"),
        60..3_600 => format!("{}m", long / 60),
        3_600..172_800 => format!("{}h", long / 3_600),
        _ => format!("{}d", long / 86_400),
    };
    if seconds < 0 {
        format!("in {said}")
    } else {
        format!("{said} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short_and_scripts_get_the_instant() {
        let now: DateTime<Utc> = "2026-01-21T17:00:00Z".parse().expect("time");
        let at = |seconds| now - chrono::TimeDelta::seconds(seconds);
        let said: Vec<String> = [0, 59, 60, 3_599, 3_600, 172_799, 172_800, -40]
            .into_iter()
            .map(|seconds| ago(now, at(seconds)))
            .collect();
        let wanted = [
            "0s ago", "59s ago", "1m ago", "59m ago", "1h ago", "47h ago", "2d ago", "in 40s",
        ];
        assert_eq!(said, wanted);
        assert_eq!(Look::default().when(&now), "2026-01-21T17:00:00Z");
        assert_eq!(Look::default().when_or_dash(&None), "-");
    }
}

//! Where the simulated region's calendar begins. One that the ledger has wins over the command line: what its rows mean
//! hangs on it.

use ingot_client::CalendarSeen;
use ingot_domain::Instant;
use ingot_domain::calendar::Calendar;
use ingot_domain::pace::Pace;
use ingot_entity::Ledger;

/// The calendar of an `ingot up`.
pub(super) struct Begun {
    /// What the region's clock shows now.
    pub(super) begins: Instant,
    /// The pace of the region and of all waits.
    pub(super) pace: Pace,
    /// What there is to say about it.
    pub(super) lines: Vec<String>,
}

/// Begins the calendar of a ledger at `at`, or now, at `pace`, or `usual`; or goes on with the one it has. That one ran on
/// by the wall clock while no process was there, so that real due times in the ledger still mean what they did. Another
/// pace holds from now on.
pub(super) async fn begin(
    ledger: &Ledger,
    at: Option<Instant>,
    pace: Option<Pace>,
    usual: Pace,
) -> anyhow::Result<Begun> {
    let now = ledger.now();
    let wished = Calendar::beginning(at.unwrap_or(now), now, pace.unwrap_or(usual));
    let (mut calendar, ours) = ledger.begin_calendar(&wished).await?;
    let mut lines = Vec::new();
    if let (false, Some(at), Some(began)) = (ours, at, calendar.began())
        && began.origin != at
    {
        let shown = |at: Instant| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        lines.push(format!(
            "This ledger's calendar began at {} and goes on; `--at {}` holds for a new one only: `--fresh` begins it, and \
             forgets what the ledger tells of.",
            shown(began.origin),
            at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
        ));
    }
    if let Some(pace) = pace
        && !calendar.is_at(pace)
    {
        calendar = ledger.pace_calendar(pace).await?;
        lines.push(format!(
            "The calendar runs {} times as fast as the real one from now on.",
            pace.factor()
        ));
    }
    let now = ledger.now();
    lines.extend(CalendarSeen::of(&calendar, now).map(|seen| format!("{}.", seen.line())));
    let runs = calendar.runs().and_then(|runs| Pace::new(runs.pace));
    Ok(Begun {
        begins: calendar.at(now),
        pace: runs.unwrap_or(usual),
        lines,
    })
}

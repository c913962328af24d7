//! Instants of the installation's calendar, as its screens tell them: relative to its own now, and absolute.

use chrono::{DateTime, Utc};

/// `in 30 min`, `3 h ago`, `just now`.
pub(crate) fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let minutes = (now - at).num_minutes();
    let told = match minutes.unsigned_abs() {
        0 => return if at > now { "in a moment" } else { "just now" }.to_owned(),
        long @ 1..120 => format!("{long} min"),
        long @ 120..2880 => format!("{} h", long / 60),
        long => format!("{} days", long / 1440),
    };
    match minutes < 0 {
        true => format!("in {told}"),
        false => format!("{told} ago"),
    }
}

/// `in 3 h (2026-11-28 02:00 UTC)`
pub(crate) fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ({})", relative(at, now), absolute(at))
}

/// `2026-11-28 02:00 UTC`
pub(crate) fn absolute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_moment_is_told_from_the_calendars_now_and_whole() {
        let now = DateTime::UNIX_EPOCH;
        for (seconds, wanted) in [
            (0, "just now"),
            (40, "in a moment"),
            (-59, "just now"),
            (60, "in 1 min"),
            (-180, "3 min ago"),
            (7_199, "in 119 min"),
            (-7_200, "2 h ago"),
            (172_800, "in 2 days"),
        ] {
            let at = now + TimeDelta::seconds(seconds);
            assert_eq!(relative(at, now), wanted, "{seconds}");
        }
        let at = now + TimeDelta::hours(2);
        assert_eq!(moment(at, now), "in 2 h (1970-01-01 02:00 UTC)");
    }
}

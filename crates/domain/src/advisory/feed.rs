//! Feeds: where advisories and signs of exploitation come from, what one page of a feed may hold, and how a feed stands.

mod page;
mod source;
#[cfg(test)]
mod tests;

use chrono::TimeDelta;

use super::base::Os;
use crate::Instant;
use crate::calendar::Calendar;

pub use page::{MOST_ADVISORIES, Page, Unfit, is_cve};
pub use source::{MOST_SOURCES, mirror};

/// Something that is fetched or loaded as a whole, under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// The advisories of one operating system's vendor.
    Vendor(Os),
    /// CISA's catalogue of exploited vulnerabilities.
    Kev,
    /// The daily scores of how likely exploitation is.
    Epss,
}

/// How a feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was ever loaded.
    Empty,
    /// It can be relied on.
    Ok,
    /// It holds what it held, which may no longer be all.
    Stale,
    /// It could not be fetched the last time.
    Failing,
}

/// What the ledger knows of a feed that [`Feed::standing`] judges.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// When it was last fetched or loaded.
    pub fetched: Option<Instant>,
    /// Its newest record.
    pub newest: Option<Instant>,
    /// Why the last load was refused, the old records being kept.
    pub refused: Option<&'a str>,
    /// Why the last fetch failed.
    pub failed: Option<&'a str>,
    /// Parts of what is loaded that could not be read; an advisory may be missing for each.
    pub unread: usize,
}

/// What is older than this may lack something (ADVISORIES 4.4).
const FRESH: TimeDelta = TimeDelta::hours(24);
/// A load with fewer than this share of the records there were is refused (ADVISORIES 4.2): 4 of 5.
const KEPT: (u64, u64) = (4, 5);

impl Standing {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Empty => "empty",
            Standing::Ok => "ok",
            Standing::Stale => "stale",
            Standing::Failing => "failing",
        }
    }
}

impl Feed {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Feed; 9] = [
        Feed::Vendor(Os::Ubuntu),
        Feed::Vendor(Os::Debian),
        Feed::Vendor(Os::Rocky),
        Feed::Vendor(Os::AlmaLinux),
        Feed::Vendor(Os::Amazon),
        Feed::Vendor(Os::Rhel),
        Feed::Vendor(Os::Windows),
        Feed::Kev,
        Feed::Epss,
    ];

    /// `ubuntu`, `amazon-linux`, `kev`.
    pub fn name(self) -> &'static str {
        match self {
            Feed::Vendor(os) => os.prefix(),
            Feed::Kev => "kev",
            Feed::Epss => "epss",
        }
    }

    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        Feed::ALL.into_iter().find(|feed| feed.name() == text)
    }

    /// Whose advisories it holds, if it holds advisories.
    pub fn os(self) -> Option<Os> {
        match self {
            Feed::Vendor(os) => Some(os),
            Feed::Kev | Feed::Epss => None,
        }
    }

    /// What people call its records.
    pub fn holds(self) -> &'static str {
        match self {
            Feed::Vendor(os) => os.feed(),
            Feed::Kev => "KEV",
            Feed::Epss => "EPSS",
        }
    }

    /// How long its publisher is silent at most; a newest record older than this says that records are missing.
    fn silence(self) -> TimeDelta {
        match self {
            // Patch Tuesday comes once a month.
            Feed::Vendor(Os::Windows) => TimeDelta::days(40),
            Feed::Vendor(_) | Feed::Kev => TimeDelta::days(21),
            Feed::Epss => TimeDelta::days(3),
        }
    }

    /// How it stands, and why it cannot be relied on where it cannot. `now` is the real time, by which it was fetched; `today`
    /// what the installation's calendar shows, by which its publisher is expected to have spoken.
    pub fn standing(
        self,
        facts: Facts<'_>,
        now: Instant,
        today: Instant,
    ) -> (Standing, Vec<String>) {
        let Some(fetched) = facts.fetched else {
            let (standing, why) = match facts.failed.or(facts.refused) {
                Some(why) => (Standing::Failing, why.to_owned()),
                None => (Standing::Empty, "nothing was ever loaded".to_owned()),
            };
            return (standing, vec![why]);
        };
        let mut why: Vec<String> = [facts.failed, facts.refused]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect();
        match facts.unread {
            0 => {}
            1 => why.push("a part of it could not be read".to_owned()),
            many => why.push(format!("{many} parts of it could not be read")),
        }
        if now - fetched > FRESH {
            why.push(format!("it was last loaded {} ago", span(now - fetched)));
        }
        match facts.newest {
            None => why.push("it holds no record".to_owned()),
            Some(newest) if today - newest > self.silence() => why.push(format!(
                "its newest record is {} old, and its publisher is never silent for longer than {}",
                span(today - newest),
                span(self.silence())
            )),
            Some(_) => {}
        }
        let standing = match (facts.failed, why.is_empty()) {
            (Some(_), _) => Standing::Failing,
            (None, true) => Standing::Ok,
            (None, false) => Standing::Stale,
        };
        (standing, why)
    }

    /// Since when it cannot be relied on, by the calendar: the first of its reasons that can be dated, else the last time it
    /// was loaded. Nothing while it can be relied on, or where nothing was ever loaded.
    pub fn in_doubt_since(
        self,
        facts: Facts<'_>,
        calendar: &Calendar,
        now: Instant,
    ) -> Option<Instant> {
        let fetched = facts.fetched?;
        let today = calendar.at(now);
        let old = Some(fetched + FRESH).filter(|at| *at < now);
        let silent = facts.newest.map(|newest| newest + self.silence());
        let dated = [
            old.map(|at| calendar.at(at)),
            silent.filter(|at| *at < today),
        ];
        let refused = facts.failed.or(facts.refused);
        let told = refused.map(|_| calendar.at(fetched));
        dated.into_iter().chain([told]).flatten().min()
    }
}

/// Whether a load of so many records may take the place of so many: one that was cut may not.
pub fn may_replace(before: u64, records: u64) -> bool {
    let (share, of) = KEPT;
    records.saturating_mul(of) >= before.saturating_mul(share)
}

/// `31 days`, `30 hours`.
fn span(of: TimeDelta) -> String {
    let (number, word) = match of.num_hours() {
        hours if hours < 72 => (hours.max(0), "hour"),
        _ => (of.num_days(), "day"),
    };
    let many = if number == 1 { "" } else { "s" };
    format!("{number} {word}{many}")
}

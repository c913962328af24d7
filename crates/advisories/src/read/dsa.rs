//! Debian's list of advisories, `data/DSA/list` (and `data/DLA/list`) of its security tracker.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ingot_domain::Instant;
use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::record::{Advisory, Cve, Fix, Kind, Reach};

use super::tracker;
use crate::check;
use crate::take::Take;

struct Entry {
    id: String,
    published: Instant,
    titled: Vec<String>,
    cves: Vec<String>,
    fixes: BTreeMap<String, Vec<Fix>>,
}

/// Reads the list; a head that cannot be read is named, and what belongs to it is passed over.
pub(crate) fn read(text: &str, name: &str, take: &mut Take) {
    let mut entry: Option<Entry> = None;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            keep(entry.take(), take);
            entry = head(line);
            if entry.is_none() {
                let line = number + 1;
                take.trouble(
                    Some(Os::Debian),
                    format!("{name} line {line}: no date and id of an advisory"),
                );
            }
            continue;
        }
        let (Some(entry), line) = (&mut entry, line.trim()) else {
            continue;
        };
        if line.starts_with('{') {
            entry.cves.extend(check::cves(line));
        } else if let Some((codename, rest)) =
            line.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        {
            // `[bookworm] - openssh 1:9.2p1-2+deb12u3`; `<not-affected>` and such name no version.
            let mut words = rest.trim_start_matches([' ', '-']).split_whitespace();
            if let (Some(package), Some(version)) = (words.next(), words.next())
                && !version.starts_with('<')
            {
                let fix = Fix {
                    package: package.to_owned(),
                    source: Some(package.to_owned()),
                    fixed: Some(version.to_owned()),
                    reach: Reach::Plain,
                    arch: None,
                };
                entry
                    .fixes
                    .entry(codename.to_owned())
                    .or_default()
                    .push(fix);
            }
        }
    }
    keep(entry, take);
}

/// `[01 Jul 2024] DSA-5724-1 openssh - security update`
fn head(line: &str) -> Option<Entry> {
    let (date, rest) = line.strip_prefix('[')?.split_once(']')?;
    let date = NaiveDate::parse_from_str(date.trim(), "%d %b %Y").ok()?;
    let (id, title) = rest.trim().split_once(' ')?;
    let names = title.split(" - ").next().unwrap_or_default();
    Some(Entry {
        id: check::id(id).filter(|id| id.starts_with("DSA-") || id.starts_with("DLA-"))?,
        published: date.and_time(chrono::NaiveTime::MIN).and_utc(),
        titled: check::titled(names),
        cves: Vec::new(),
        fixes: BTreeMap::new(),
    })
}

fn keep(entry: Option<Entry>, take: &mut Take) {
    let Some(entry) = entry else { return };
    for (codename, fixes) in entry.fixes {
        let Some(release) = tracker::release(Os::Debian, &codename) else {
            continue;
        };
        let cve = |id: &String| Cve {
            id: id.clone(),
            ..Cve::default()
        };
        take.keep(Advisory {
            os: Os::Debian,
            id: entry.id.clone(),
            release,
            kind: Kind::Security,
            published: entry.published,
            modified: None,
            withdrawn: None,
            first_seen: None,
            severity: None,
            titled: entry.titled.clone(),
            cves: entry.cves.iter().map(cve).collect(),
            fixes,
        });
    }
}

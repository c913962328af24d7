//! Feeds, advisories and CVEs as the API shows them.

use ingot_client::advisory::{Advisory, Cve, Fix};
use ingot_client::feed::{Feed, FeedSync};
use ingot_domain::Instant;
use ingot_domain::advisory::feed::{Facts, Feed as Known};
use ingot_domain::advisory::level::{Level, vendor_level};
use ingot_domain::advisory::link;
use ingot_domain::advisory::record::{self, Kind, Reach, Signals};
use ingot_entity::{feed, store};

/// A feed, loaded or not; `today` is what the calendar shows.
pub(crate) fn feed(feed: Known, row: Option<&feed::Model>, now: Instant, today: Instant) -> Feed {
    let facts = row.map_or_else(Facts::default, feed::Model::facts);
    let (standing, why) = feed.standing(facts, now, today);
    let source = row.map(|row| row.source.clone());
    Feed {
        name: feed.name().to_owned(),
        holds: feed.holds().to_owned(),
        state: standing.as_str().to_owned(),
        why,
        source: source.filter(|source| !source.is_empty()),
        records: row.map_or(0, |row| u64::try_from(row.records).unwrap_or(0)),
        newest: row.and_then(|row| row.newest),
        fetched_at: row.and_then(|row| row.fetched_at),
        next_sync_at: row.and_then(|row| row.next_sync_at),
        loading_since: row
            .filter(|row| row.loading.is_some())
            .and_then(|row| row.loading_since),
        unread: row.map(feed::Model::unread).unwrap_or_default(),
        urls: match row {
            Some(row) => row.sources(),
            None => feed.sources().iter().map(|url| (*url).to_owned()).collect(),
        },
        enabled: row.is_none_or(|row| row.enabled),
        last_checked: row.and_then(|row| row.checked_at),
        last_error: row.and_then(|row| row.sync_error.clone()),
        syncing: row.and_then(sync),
    }
}

fn sync(row: &feed::Model) -> Option<FeedSync> {
    let under_way = row.under_way()?;
    Some(FeedSync {
        document: under_way.document,
        bytes: under_way.bytes,
        of_bytes: under_way.of_bytes,
        pages: match row.loading {
            Some(_) => u64::try_from(row.loading_pages).unwrap_or_default(),
            None => 0,
        },
    })
}

/// An advisory, with the level that its vendor's words stand for.
pub(crate) fn advisory(known: store::Known, signals: &Signals) -> Advisory {
    let record = known.advisory;
    let level = level(&record, signals);
    Advisory {
        level: level.map_or("unknown", Level::as_str).to_owned(),
        link: link::advisory(record.os, &record.release, &record.id),
        base: format!("{}-{}", record.os.prefix(), record.release),
        feed: known.feed.name().to_owned(),
        kind: match record.kind {
            Kind::Security => "security",
            Kind::Bugfix => "bugfix",
            Kind::Enhancement => "enhancement",
        }
        .to_owned(),
        id: record.id,
        published: record.published,
        modified: record.modified,
        withdrawn: record.withdrawn,
        first_seen: record.first_seen,
        severity: record.severity,
        cves: record.cves.into_iter().map(|cve| cve.id).collect(),
        fixes: record.fixes.into_iter().map(fix).collect(),
    }
}

/// The highest of its CVEs by the vendor's words: its word for the CVE, for the CVE in this release, for the advisory.
fn level(record: &record::Advisory, signals: &Signals) -> Option<Level> {
    let vocabulary = record.os.vocabulary();
    let of = |cve: &record::Cve| {
        let here = signals.ubuntu.get(&cve.id);
        let here = here.and_then(|known| known.get(&record.release));
        let word = cve.severity.as_ref().or(here).or(record.severity.as_ref());
        let known = signals.vectors.get(&cve.id).unwrap_or(&cve.vectors);
        vendor_level(vocabulary, word.map(String::as_str), known)
    };
    let highest = record.cves.iter().filter_map(of).max();
    highest.or_else(|| vendor_level(vocabulary, record.severity.as_deref(), &[]))
}

fn fix(fix: record::Fix) -> Fix {
    Fix {
        package: fix.package,
        source: fix.source,
        fixed: fix.fixed,
        reach: match fix.reach {
            Reach::Plain => "plain",
            Reach::Subscription => "subscription",
            Reach::Unused => "unused",
        }
        .to_owned(),
        arch: fix.arch.map(|arch| arch.to_string()),
    }
}

/// A CVE; its id is checked.
pub(crate) fn cve(id: String, signals: &Signals) -> Cve {
    let exploited = signals.exploited.get(&id);
    let likelihood = signals.likelihood.get(&id);
    Cve {
        exploited_since: exploited.map(|told| told.since),
        ransomware: exploited.is_some_and(|told| told.ransomware),
        likelihood: likelihood.map(|told| told.value),
        likelihood_of: likelihood.map(|told| told.since),
        vectors: signals.vectors.get(&id).cloned().unwrap_or_default(),
        priorities: signals.ubuntu.get(&id).cloned().unwrap_or_default(),
        link: link::cve(&id),
        id,
    }
}

//! Records as rows and back.

use ingot_domain::Instant;
use ingot_domain::advisory::feed::Page;
use ingot_domain::advisory::record::{Advisory, Exploited, Likelihood, Signals};
use sea_orm::{DbErr, QueryResult};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::LedgerError;
use super::super::rows::{Row, Rows, record};
use crate::{advisory, advisory_cve, signal};

record! {
    /// Columns of an advisory.
    ADVISORY, advisory_row of advisory::Model {
        feed: "text", generation: "bigint", release: "text", id: "text", published: "timestamptz",
        first_seen: "timestamptz", withdrawn: "timestamptz", body: "text",
    }
}

record! {
    /// Columns of a CVE of an advisory.
    CVE, cve_row of advisory_cve::Model {
        feed: "text", generation: "bigint", release: "text", id: "text", cve: "text",
    }
}

record! {
    /// Columns of a signal.
    SIGNAL, signal_row of signal::Model {
        cve: "text", kind: "text", feed: "text", generation: "bigint", since: "timestamptz", value: "text",
    }
}

/// Which load the rows are of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) feed: &'a str,
    pub(super) generation: i64,
}

/// The names by which rows that are there already are looked for: advisories by release and id.
pub(super) fn named(page: &Page) -> Rows {
    let mut rows = Rows::of(&[&[("release", "text"), ("id", "text")]]);
    for advisory in &page.advisories {
        rows.push(
            &Row::new()
                .with("release", &advisory.release)
                .with("id", &advisory.id),
        );
    }
    rows
}

/// The same of signals, by CVE.
pub(super) fn told(page: &Page) -> Rows {
    let mut rows = Rows::of(&[&[("cve", "text")]]);
    let cves: std::collections::BTreeSet<&String> = page.signals.cves().collect();
    for cve in cves {
        rows.push(&Row::new().with("cve", cve));
    }
    rows
}

/// Advisories and their CVEs as rows.
pub(super) fn of_advisories(
    load: Load<'_>,
    advisories: &[Advisory],
) -> Result<(Rows, Rows), LedgerError> {
    let (mut rows, mut cves) = (Rows::of(&[ADVISORY]), Rows::of(&[CVE]));
    for advisory in advisories {
        let bare = Advisory {
            first_seen: None,
            ..advisory.clone()
        };
        let row = advisory::Model {
            feed: load.feed.to_owned(),
            generation: load.generation,
            release: advisory.release.clone(),
            id: advisory.id.clone(),
            published: advisory.published,
            first_seen: advisory.first_seen,
            withdrawn: advisory.withdrawn,
            body: written("advisory", &bare)?,
        };
        rows.push(&advisory_row(&row));
        for cve in &advisory.cves {
            cves.push(&cve_row(&advisory_cve::Model {
                feed: row.feed.clone(),
                generation: row.generation,
                release: row.release.clone(),
                id: row.id.clone(),
                cve: cve.id.clone(),
            }));
        }
    }
    Ok((rows, cves))
}

/// Signals as rows.
pub(super) fn of_signals(load: Load<'_>, signals: &Signals) -> Result<Rows, LedgerError> {
    let mut rows = Rows::of(&[SIGNAL]);
    let mut push = |kind: &str, cve: &String, since: Option<Instant>, value: String| {
        rows.push(&signal_row(&signal::Model {
            cve: cve.clone(),
            kind: kind.to_owned(),
            feed: load.feed.to_owned(),
            generation: load.generation,
            since,
            value,
        }));
    };
    for (cve, told) in &signals.exploited {
        push("kev", cve, Some(told.since), told.ransomware.to_string());
    }
    for (cve, told) in &signals.likelihood {
        push("epss", cve, Some(told.since), told.value.to_string());
    }
    for (cve, told) in &signals.vectors {
        push("vectors", cve, None, written("vectors", told)?);
    }
    for (cve, told) in &signals.ubuntu {
        push("ubuntu", cve, None, written("priorities", told)?);
    }
    Ok(rows)
}

/// An advisory of a row with `body` and `first_seen`.
pub(super) fn advisory(row: &QueryResult) -> Result<Advisory, LedgerError> {
    let body: String = column(row, "body")?;
    let mut advisory: Advisory = read("advisory", &body)?;
    advisory.first_seen = column(row, "first_seen")?;
    Ok(advisory)
}

/// Puts a row with `cve`, `kind`, `since` and `value` among the others.
pub(super) fn signal(row: &QueryResult, signals: &mut Signals) -> Result<(), LedgerError> {
    let (cve, kind): (String, String) = (column(row, "cve")?, column(row, "kind")?);
    let (since, value): (Option<Instant>, String) = (column(row, "since")?, column(row, "value")?);
    let unknown = |value: &String| LedgerError::Unknown {
        what: "signal",
        value: value.clone(),
    };
    let mut one = Signals::default();
    match (kind.as_str(), since) {
        ("kev", Some(since)) => {
            let ransomware = value == "true";
            one.exploited.insert(cve, Exploited { since, ransomware });
        }
        ("epss", Some(since)) => {
            let value = value.parse().map_err(|_| unknown(&value))?;
            one.likelihood.insert(cve, Likelihood { since, value });
        }
        ("vectors", _) => drop(one.vectors.insert(cve, read("vectors", &value)?)),
        ("ubuntu", _) => drop(one.ubuntu.insert(cve, read("priorities", &value)?)),
        _ => return Err(unknown(&kind)),
    }
    signals.absorb(one);
    Ok(())
}

pub(super) fn column<T: sea_orm::TryGetable>(row: &QueryResult, name: &str) -> Result<T, DbErr> {
    row.try_get("", name)
}

fn written(what: &'static str, value: &impl Serialize) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|source| LedgerError::Json { what, source })
}

fn read<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|source| LedgerError::Json { what, source })
}

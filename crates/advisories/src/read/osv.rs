//! OSV: Ubuntu's notices and CVE records in three generations, AlmaLinux's advisories whole and as an index.

use std::collections::{BTreeMap, BTreeSet};

use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::record::{Advisory, Cve, Fix, Kind, Reach};
use serde::Deserialize;
use serde_json::Value;

use super::tracker;
use crate::check;
use crate::take::{MOST, Take};

#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default)]
    summary: String,
    published: Option<String>,
    modified: Option<String>,
    withdrawn: Option<String>,
    #[serde(default)]
    related: Vec<String>,
    #[serde(default)]
    upstream: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    severity: Vec<Score>,
    #[serde(default)]
    affected: Vec<Affected>,
    /// AlmaLinux's index: CVEs, and packages by the version that fixes them.
    #[serde(default)]
    cves: Vec<String>,
    #[serde(default)]
    fixed: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize, Clone)]
struct Score {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize)]
struct Affected {
    package: Option<Named>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    ecosystem_specific: Value,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct Named {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Range {
    #[serde(default)]
    events: Vec<BTreeMap<String, Value>>,
}

/// What belongs to one release.
#[derive(Default)]
struct Part {
    fixes: Vec<Fix>,
    cves: BTreeMap<String, Cve>,
    mapped: bool,
    /// Canonical's first records tell the priority beside the package.
    priority: Option<String>,
}

/// Reads one record; `release` is the AlmaLinux release of an index that does not say it.
pub(crate) fn read(value: Value, release: Option<&str>, take: &mut Take) -> Result<(), String> {
    let record: Record = serde_json::from_value(value).map_err(|cause| cause.to_string())?;
    if record.id.starts_with("UBUNTU-CVE-") {
        return cve(&record, take);
    }
    // Kernel live patches reach no image.
    if record.id.starts_with("LSN-") {
        return Ok(());
    }
    // Debian's records of a CVE, one prefixed and one, in older dumps, bare.
    if record.id.starts_with("DEBIAN-CVE-") || record.id.starts_with("CVE-") {
        of_debian(&record, take);
        return Ok(());
    }
    let id =
        check::id(&record.id).ok_or_else(|| format!("`{}` is no id", check::shown(&record.id)))?;
    let os = match id.as_str() {
        id if id.starts_with("USN-") => Os::Ubuntu,
        id if id.starts_with("AL") => Os::AlmaLinux,
        id if id.starts_with("DSA-") || id.starts_with("DLA-") => Os::Debian,
        id if id.starts_with("RL") || id.starts_with("RXSA") => Os::Rocky,
        id if id.starts_with("RH") => Os::Rhel,
        _ => return Err(format!("{id} is no advisory of a known vendor")),
    };
    let time = |text: &Option<String>| text.as_deref().and_then(check::time);
    let published =
        time(&record.published).ok_or_else(|| format!("{id} has no time of publication"))?;
    let mut named = cves_of(&record);
    // Red Hat's records tell no word, and the vectors of the whole.
    let (_, vectors) = severities(&record.severity);
    if os != Os::Ubuntu {
        named
            .iter_mut()
            .for_each(|cve| cve.vectors.clone_from(&vectors));
    }
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for affected in &record.affected {
        part(os, affected, &mut parts);
    }
    if let Some(release) = release
        && record.affected.is_empty()
    {
        let part = parts.entry(release.to_owned()).or_default();
        for (fixed, packages) in &record.fixed {
            part.fixes.extend(
                packages
                    .iter()
                    .filter_map(|name| fix(name, None, Some(fixed), Reach::Plain)),
            );
        }
    }
    let kind = match id.get(2..4) {
        Some("BA") => Kind::Bugfix,
        Some("EA") => Kind::Enhancement,
        _ => Kind::Security,
    };
    let titled = os != Os::Ubuntu;
    for (release, part) in parts {
        let cves = if part.mapped {
            part.cves.into_values().collect()
        } else {
            named.clone()
        };
        take.keep(Advisory {
            os,
            id: id.clone(),
            release,
            kind,
            published,
            modified: time(&record.modified),
            withdrawn: time(&record.withdrawn),
            first_seen: None,
            severity: check::title_severity(&record.summary)
                .filter(|_| titled)
                .or(part.priority),
            titled: if titled {
                check::titled(&record.summary)
            } else {
                Vec::new()
            },
            cves,
            fixes: part.fixes,
        });
    }
    Ok(())
}

/// The CVEs a record names in any of its fields, in their order.
fn cves_of(record: &Record) -> Vec<Cve> {
    let fields = [
        &record.cves,
        &record.upstream,
        &record.related,
        &record.aliases,
    ];
    let ids = fields.into_iter().flatten();
    let mut seen = BTreeSet::new();
    ids.filter_map(|text| check::cve(text))
        .filter(|id| seen.insert(id.clone()))
        .take(MOST)
        .map(|id| Cve {
            id,
            ..Cve::default()
        })
        .collect()
}

/// `22.04` and whether a subscription is needed, of `Ubuntu:Pro:22.04:LTS`; `9` of `AlmaLinux:9`.
fn release(ecosystem: &str) -> Option<(String, Reach)> {
    let reach = if ecosystem.contains(":Pro") {
        Reach::Subscription
    } else {
        Reach::Plain
    };
    let digits = |part: &&str| part.starts_with(|c: char| c.is_ascii_digit());
    let found = ecosystem.split(':').skip(1).find(digits)?;
    Some((found.to_owned(), reach))
}

fn part(os: Os, affected: &Affected, parts: &mut BTreeMap<String, Part>) {
    let Some(named) = &affected.package else {
        return;
    };
    let Some((release, mut reach)) = release(&named.ecosystem) else {
        return;
    };
    let specific = &affected.ecosystem_specific;
    let availability = specific["availability"].as_str().unwrap_or_default();
    if availability.contains("Ubuntu Pro") {
        reach = Reach::Subscription;
    }
    let part = parts.entry(release).or_default();
    if let Some(priority) = specific["ubuntu_priority"].as_str() {
        part.priority = Some(priority.to_owned());
    }
    let fixed = affected
        .ranges
        .iter()
        .flat_map(|range| &range.events)
        .filter_map(|event| event.get("fixed")?.as_str())
        .next_back();
    let source = matches!(os, Os::Ubuntu | Os::Debian).then_some(named.name.as_str());
    part.fixes.extend(fix(&named.name, source, fixed, reach));
    for binary in specific["binaries"].as_array().into_iter().flatten() {
        let (name, version) = (&binary["binary_name"], &binary["binary_version"]);
        if let Some(name) = name.as_str() {
            part.fixes
                .extend(fix(name, source, version.as_str().or(fixed), reach));
        }
    }
    for cve in affected.database_specific["cves_map"]["cves"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let Some(id) = cve["id"].as_str().and_then(check::cve) else {
            continue;
        };
        let scores: Vec<Score> =
            serde_json::from_value(cve["severity"].clone()).unwrap_or_default();
        let (severity, vectors) = severities(&scores);
        part.mapped = true;
        part.cves.insert(
            id.clone(),
            Cve {
                id,
                severity,
                vectors,
                exploited: false,
            },
        );
    }
}

fn fix(name: &str, source: Option<&str>, fixed: Option<&str>, reach: Reach) -> Option<Fix> {
    Some(Fix {
        package: check::word(name)?.to_owned(),
        source: source.map(str::to_owned),
        fixed: fixed.and_then(check::word).map(str::to_owned),
        reach,
        arch: None,
    })
}

fn severities(scores: &[Score]) -> (Option<String>, Vec<String>) {
    let word = scores.iter().find(|score| score.kind == "Ubuntu");
    let vectors = scores
        .iter()
        .filter(|score| score.kind.starts_with("CVSS") && score.score.len() <= 400);
    (
        word.map(|score| score.score.clone()),
        vectors.map(|score| score.score.clone()).collect(),
    )
}

/// Debian's record of a CVE: where it is fixed, with or without an advisory.
fn of_debian(record: &Record, take: &mut Take) {
    for affected in &record.affected {
        let named = affected.package.as_ref();
        let Some(named) = named.filter(|named| named.ecosystem.starts_with("Debian:")) else {
            continue;
        };
        let events = affected.ranges.iter().flat_map(|range| &range.events);
        let mut fixed = events.filter_map(|event| event.get("fixed")?.as_str());
        if let (Some((release, _)), Some(fixed)) = (release(&named.ecosystem), fixed.next_back()) {
            let word = affected.ecosystem_specific["urgency"].as_str();
            let word = word.map(str::to_owned);
            tracker::undated(
                Os::Debian,
                &record.id,
                &release,
                &named.name,
                fixed,
                word,
                take,
            );
        }
    }
    if let Some(id) = check::cve(&record.id) {
        take.vectors(&id, &severities(&record.severity).1);
    }
}

/// Canonical's record of a CVE: its priority per release and its vectors. It names no fix that may be believed.
fn cve(record: &Record, take: &mut Take) -> Result<(), String> {
    let id =
        check::cve(&record.id).ok_or_else(|| format!("`{}` is no id", check::shown(&record.id)))?;
    let (word, vectors) = severities(&record.severity);
    take.vectors(&id, &vectors);
    for affected in &record.affected {
        let Some(named) = &affected.package else {
            continue;
        };
        let Some((release, _)) = release(&named.ecosystem) else {
            continue;
        };
        let own = affected.ecosystem_specific["ubuntu_priority"].as_str();
        if let Some(priority) = own.or(word.as_deref()) {
            let known = take.signals.ubuntu.entry(id.clone()).or_default();
            known.insert(release, priority.to_owned());
        } else {
            // Known and not yet judged: the record still says which releases have the CVE.
            let known = take.signals.ubuntu.entry(id.clone()).or_default();
            known
                .entry(release)
                .or_insert_with(|| "untriaged".to_owned());
        }
    }
    Ok(())
}

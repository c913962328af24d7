//! Debian's security tracker, and changelogs of its packages: in which version each release has a fix, also one that came without an advisory, as those of
//! point releases do. It tells no day, so it speaks only where the versions of both builds are known.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use ingot_domain::advisory::base::{Base, Os};
use ingot_domain::advisory::order::without_rebuild;
use ingot_domain::advisory::record::{Advisory, Cve, Fix, Kind, Reach};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::check;
use crate::take::Take;

#[derive(Deserialize)]
struct Issue {
    #[serde(default)]
    releases: BTreeMap<String, Standing>,
}

#[derive(Deserialize)]
struct Standing {
    #[serde(default)]
    status: String,
    fixed_version: Option<String>,
    urgency: Option<String>,
    nodsa: Option<String>,
}

/// Reads `{source: {CVE: {releases: {bookworm: …}}}}`, holding one source at a time.
pub(crate) fn read(text: &str, take: &mut Take) -> Result<(), String> {
    struct Sources<'a>(&'a mut Take);
    impl<'de> Visitor<'de> for Sources<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the sources of Debian's tracker")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut sources: A) -> Result<(), A::Error> {
            while let Some(source) = sources.next_key::<String>()? {
                let issues: BTreeMap<String, Issue> = sources.next_value()?;
                for (id, issue) in issues {
                    of_issue(&source, &id, issue, self.0);
                }
            }
            Ok(())
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize_map(Sources(take));
    read.and_then(|()| reader.end())
        .map_err(|cause| format!("is no tracker's JSON to its end: {cause}"))
}

fn of_issue(source: &str, id: &str, issue: Issue, take: &mut Take) {
    for (codename, standing) in issue.releases {
        let fixed = standing.fixed_version.filter(|version| version != "0");
        let (Some(release), "resolved") =
            (release(Os::Debian, &codename), standing.status.as_str())
        else {
            continue;
        };
        let word = standing.nodsa.map(|_| "no-dsa".to_owned());
        let word = word.or(standing.urgency);
        if let Some(fixed) = fixed {
            undated(Os::Debian, id, &release, source, &fixed, word, take);
        }
    }
}

/// Takes the CVEs that one package's own changelog names, with the versions that fix them. `urgency` there says how soon an
/// upload shall move on and nothing of severity, and its day is that of the upload and not of the archive: neither is kept. An entry
/// outside of the changelog's own `old` and `new` belongs to another update.
pub(crate) fn of_changelog(value: &Value, os: Os, take: &mut Take) {
    let word = |value: &Value| value.as_str().and_then(check::word).map(str::to_owned);
    let source = word(&value["source"]).unwrap_or_default();
    let (old, new) = (word(&value["old"]), word(&value["new"]));
    if let Some(binary) = word(&value["binary"]) {
        let known = take.sources.entry(os).or_default();
        known.insert(binary, source.clone());
    }
    let order = os.order();
    let entries = || value["entries"].as_array().into_iter().flatten();
    let suite = |entry: &Value| {
        let suite = entry["dist"].as_str()?.split('-').next()?;
        release(os, suite)
    };
    // A stable update tells of the uploads to unstable that it takes along: they are for the release of the update.
    let own = entries().find_map(suite);
    for entry in entries() {
        let (Some(version), Some(release)) =
            (word(&entry["version"]), suite(entry).or(own.clone()))
        else {
            continue;
        };
        let outside = old
            .as_deref()
            .is_some_and(|old| order.compare(&version, without_rebuild(old)) != Ordering::Greater)
            || new.as_deref().is_some_and(|new| {
                order.compare(&version, without_rebuild(new)) == Ordering::Greater
            });
        if outside {
            continue;
        }
        for id in entry["cves"].as_array().into_iter().flatten() {
            let id = id.as_str().unwrap_or_default();
            undated(os, id, &release, &source, &version, None, take);
        }
    }
}

/// Keeps the fix of a CVE that a record tells without an advisory; ids that are no CVE's are passed over.
pub(crate) fn undated(
    os: Os,
    id: &str,
    release: &str,
    source: &str,
    fixed: &str,
    word: Option<String>,
    take: &mut Take,
) {
    let (Some(id), Some(source), Some(fixed)) =
        (check::cve(id), check::word(source), check::word(fixed))
    else {
        return;
    };
    take.keep(Advisory {
        os,
        id: id.clone(),
        release: release.to_owned(),
        kind: Kind::Security,
        published: Advisory::UNDATED,
        modified: None,
        withdrawn: None,
        first_seen: None,
        severity: None,
        titled: Vec::new(),
        cves: vec![Cve {
            id,
            severity: word,
            ..Cve::default()
        }],
        fixes: vec![Fix {
            package: source.to_owned(),
            source: Some(source.to_owned()),
            fixed: Some(fixed.to_owned()),
            reach: Reach::Plain,
            arch: None,
        }],
    });
}

/// `12` of `bookworm`, `22.04` of `jammy`; none of a release that no base image has.
pub(crate) fn release(os: Os, codename: &str) -> Option<String> {
    os.releases()
        .iter()
        .find(|release| {
            let base = Base::parse(&format!("{}-{release}", os.prefix()));
            base.is_ok_and(|base| base.codename() == Some(codename))
        })
        .map(|release| (*release).to_owned())
}

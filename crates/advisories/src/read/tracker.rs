//! Debian's security tracker, and changelogs of its packages: in which version each release has a fix, also one that came without an advisory, as those of
//! point releases do. It tells no day, so it speaks only where the versions of both builds are known.

use std::collections::BTreeMap;
use std::fmt;

use ingot_domain::advisory::base::{Base, Os};
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
        let (Some(release), "resolved") = (release(&codename), standing.status.as_str()) else {
            continue;
        };
        let word = standing.nodsa.map(|_| "no-dsa".to_owned());
        let word = word.or(standing.urgency);
        if let Some(fixed) = fixed {
            undated(id, &release, source, &fixed, word, take);
        }
    }
}

/// Takes the CVEs that one package's own changelog names, with the versions that fix them, the suite and its urgency.
pub(crate) fn of_changelog(value: &Value, take: &mut Take) {
    let source = value["source"].as_str().unwrap_or_default();
    for entry in value["entries"].as_array().into_iter().flatten() {
        let text = |name: &str| entry[name].as_str();
        let suite = text("dist").and_then(|suite| suite.split('-').next());
        let (Some(version), Some(release)) = (text("version"), suite.and_then(release)) else {
            continue;
        };
        let word = text("urgency").map(str::to_owned);
        for id in entry["cves"].as_array().into_iter().flatten() {
            let id = id.as_str().unwrap_or_default();
            undated(id, &release, source, version, word.clone(), take);
        }
    }
}

/// Keeps the fix of a CVE that a record tells without an advisory; ids that are no CVE's are passed over.
pub(crate) fn undated(
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
        os: Os::Debian,
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

/// `12` of `bookworm`; none of a release that no base image has.
pub(crate) fn release(codename: &str) -> Option<String> {
    ["10", "11", "12", "13"]
        .into_iter()
        .find(|release| {
            let base = Base::parse(&format!("debian-{release}"));
            base.is_ok_and(|base| base.codename() == Some(codename))
        })
        .map(str::to_owned)
}

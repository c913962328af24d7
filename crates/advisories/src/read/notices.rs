//! Canonical's notices as its web API tells them, a page at a time: the CVEs by id only, their priorities are in other records.

use std::collections::BTreeMap;

use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::record::{Advisory, Cve, Fix, Kind, Reach};
use serde_json::Value;

use super::tracker;
use crate::check;
use crate::take::Take;

/// Reads one notice. A kernel's live patch (LSN) reaches no image.
pub(crate) fn read(value: &Value, take: &mut Take) -> Result<(), String> {
    let text = value["id"].as_str().unwrap_or_default();
    let id = check::id(text).ok_or_else(|| format!("`{}` is no id", check::shown(text)))?;
    if id.starts_with("LSN-") {
        return Ok(());
    }
    let time = value["published"].as_str().and_then(check::time);
    let published = time.ok_or_else(|| format!("{id} has no time of publication"))?;
    let ids = value["cves_ids"].as_array().into_iter().flatten();
    let cves: Vec<Cve> = ids
        .filter_map(|id| {
            Some(Cve {
                id: check::cve(id.as_str()?)?,
                ..Cve::default()
            })
        })
        .collect();
    let mut releases: BTreeMap<String, Vec<Fix>> = BTreeMap::new();
    let named = value["release_packages"].as_object().into_iter().flatten();
    for (codename, packages) in named {
        let Some(release) = tracker::release(Os::Ubuntu, codename) else {
            continue;
        };
        let sources = packages.as_array().into_iter().flatten();
        let source = sources
            .filter(|package| package["is_source"] == true)
            .find_map(|package| package["name"].as_str());
        for package in packages.as_array().into_iter().flatten() {
            let word = |name: &str| package[name].as_str().and_then(check::word);
            let Some(name) = word("name") else { continue };
            // A package of Ubuntu Pro says so by its pocket; a version of it ends in `+esm1`.
            let pro = package["pocket"]
                .as_str()
                .is_some_and(|pocket| pocket.starts_with("esm"))
                || word("version").is_some_and(|version| version.contains("esm"));
            releases.entry(release.clone()).or_default().push(Fix {
                package: name.to_owned(),
                source: word("source_package_name").or(source).map(str::to_owned),
                fixed: word("version").map(str::to_owned),
                reach: if pro {
                    Reach::Subscription
                } else {
                    Reach::Plain
                },
                arch: None,
            });
        }
    }
    for (release, fixes) in releases {
        take.keep(Advisory {
            os: Os::Ubuntu,
            id: id.clone(),
            release,
            kind: Kind::Security,
            published,
            modified: None,
            withdrawn: None,
            first_seen: None,
            severity: None,
            titled: Vec::new(),
            cves: cves.clone(),
            fixes,
        });
    }
    Ok(())
}

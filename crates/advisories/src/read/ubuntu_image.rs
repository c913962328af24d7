//! Canonical's list of changes between two serials of an image.

use ingot_domain::advisory::record::{Cve, Listed};
use serde_json::Value;

use crate::check;
use crate::take::{Changelog, Take};

/// Reads one document.
pub(crate) fn read(value: &Value, take: &mut Take) -> Result<(), String> {
    let text = |name: &str| {
        value[name]
            .as_str()
            .and_then(check::word)
            .map(str::to_owned)
    };
    let (Some(from), Some(to)) = (text("from_serial"), text("to_serial")) else {
        return Err("the list of changes names no serials".to_owned());
    };
    let mut changes = Vec::new();
    for part in ["diff", "added"] {
        for package in value[part]["deb"].as_array().into_iter().flatten() {
            let version = |side: &str| package[side]["version"].as_str().map(str::to_owned);
            let source = package["to_version"]["source_package_name"].as_str();
            let Some(name) = package["name"].as_str().and_then(check::word) else {
                continue;
            };
            let cves = package["cves"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|cve| {
                    Some(Cve {
                        id: check::cve(cve["cve"].as_str()?)?,
                        severity: cve["cve_priority"].as_str().map(str::to_owned),
                        ..Cve::default()
                    })
                });
            changes.push(Listed {
                package: name.to_owned(),
                source: source.map(str::to_owned),
                old: version("from_version"),
                new: version("to_version"),
                cves: cves.collect(),
            });
        }
    }
    let series = text("to_series").unwrap_or_default();
    take.changelogs.push(Changelog {
        series,
        from,
        to,
        changes,
    });
    Ok(())
}

//! Red Hat's CSAF advisories.

use std::collections::BTreeMap;

use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::record::{Advisory, Cve, Fix, Kind, Reach};
use serde_json::Value;

use super::apollo::nevra_of;
use crate::check;
use crate::take::Take;

/// Reads one document. An advisory of any kind may carry CVEs (RHBA does), and then counts.
pub(crate) fn read(value: &Value, take: &mut Take) -> Result<(), String> {
    let document = &value["document"];
    let tracking = &document["tracking"];
    let text = tracking["id"].as_str().unwrap_or_default();
    let shown: String = text
        .chars()
        .take(60)
        .flat_map(char::escape_default)
        .collect();
    let id = check::id(text).ok_or_else(|| format!("`{shown}` is no id"))?;
    let time = |name: &str| tracking[name].as_str().and_then(check::time);
    let published =
        time("initial_release_date").ok_or_else(|| format!("{id} has no release date"))?;
    let title = document["title"].as_str().unwrap_or_default();
    let title = title
        .rsplit_once("Advisory: ")
        .map_or(title, |(_, rest)| rest);
    let mut releases: BTreeMap<String, (Vec<Cve>, Vec<Fix>)> = BTreeMap::new();
    for vulnerability in value["vulnerabilities"].as_array().into_iter().flatten() {
        let Some(id) = vulnerability["cve"].as_str().and_then(check::cve) else {
            continue;
        };
        let list = |name: &str| vulnerability[name].as_array().cloned().unwrap_or_default();
        let impact = list("threats")
            .iter()
            .filter(|threat| threat["category"] == "impact")
            .find_map(|threat| threat["details"].as_str().map(str::to_owned));
        let scores = list("scores");
        let vectors = scores
            .iter()
            .flat_map(|score| {
                [
                    &score["cvss_v3"]["vectorString"],
                    &score["cvss_v4"]["vectorString"],
                ]
                .map(|v| v.as_str().map(str::to_owned))
            })
            .flatten()
            .filter(|vector| vector.starts_with("CVSS:") && vector.len() <= 400);
        let cve = Cve {
            id,
            severity: impact,
            vectors: vectors.collect(),
            exploited: false,
        };
        for product in vulnerability["product_status"]["fixed"]
            .as_array()
            .into_iter()
            .flatten()
        {
            // `AppStream-8.2.0.Z.AUS:fence-agents-0:4.2.1-41.el8_2.12.src`
            let Some((stream, nevra)) =
                product.as_str().and_then(|product| product.split_once(':'))
            else {
                continue;
            };
            // Extended support of an older minor release never reaches a plain image.
            let extended = ["AUS", "EUS", "TUS", "E4S"]
                .iter()
                .any(|word| stream.to_ascii_uppercase().contains(word));
            let reach = if extended {
                Reach::Subscription
            } else {
                Reach::Plain
            };
            let Some((fix, release)) = nevra_of(nevra, reach) else {
                continue;
            };
            let (cves, fixes) = releases.entry(release).or_default();
            if !cves.contains(&cve) {
                cves.push(cve.clone());
            }
            if !fixes.contains(&fix) {
                fixes.push(fix);
            }
        }
    }
    if releases.is_empty() {
        return Err(format!("{id} names no fixed package of a release"));
    }
    let severity = document["aggregate_severity"]["text"].as_str();
    for (release, (cves, fixes)) in releases {
        take.keep(Advisory {
            os: Os::Rhel,
            id: id.clone(),
            release,
            kind: match id.get(..4) {
                Some("RHBA") => Kind::Bugfix,
                Some("RHEA") => Kind::Enhancement,
                _ => Kind::Security,
            },
            published,
            modified: time("current_release_date"),
            withdrawn: None,
            first_seen: None,
            severity: severity.map(str::to_owned),
            titled: check::titled(title),
            cves,
            fixes,
        });
    }
    Ok(())
}

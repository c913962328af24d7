//! Red Hat's CSAF advisories.

use std::collections::{BTreeMap, BTreeSet};

use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::record::{Advisory, Cve, Fix, Kind, Reach};
use serde_json::Value;

use super::apollo::nevra_of;
use crate::check;
use crate::take::Take;

/// Whether plain images use a stream. `BaseOS-9.4.0.Z.MAIN.EUS` is a minor release in its time; `AppStream-8.2.0.Z.AUS` is
/// extended support of an older one, whose fixes other advisories bring to the newest. Other products are no base image's.
fn is_plain(stream: &str) -> bool {
    let stream = stream.to_ascii_uppercase();
    let ours = [
        "BASEOS",
        "APPSTREAM",
        "CRB",
        "CODEREADY",
        "HIGHAVAIL",
        "RESILIENT",
    ];
    let own = ours.iter().any(|head| stream.starts_with(head));
    let extended = ["AUS", "EUS", "TUS", "E4S", "ELS"];
    let late = extended.iter().any(|word| stream.contains(word)) && !stream.contains("MAIN");
    own && !late
}

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
    // One for containers or another product names no package of a release, and is passed over.
    let mut releases: BTreeMap<String, (Vec<Cve>, BTreeSet<Fix>)> = BTreeMap::new();
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
            let reach = if is_plain(stream) {
                Reach::Plain
            } else {
                Reach::Unused
            };
            let Some((fix, release)) = nevra_of(nevra, reach) else {
                continue;
            };
            let (cves, fixes) = releases.entry(release).or_default();
            if cves.last() != Some(&cve) {
                cves.push(cve.clone());
            }
            fixes.insert(fix);
        }
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
            fixes: fixes.into_iter().collect(),
        });
    }
    Ok(())
}

//! Rocky Linux: pages of Apollo's API, version 3.

use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::record::{Advisory, Cve, Fix, Kind, Reach};
use ingot_domain::arch::Arch;
use serde::Deserialize;
use serde_json::Value;

use super::alas::el;
use crate::check;
use crate::take::Take;

#[derive(Deserialize)]
struct Record {
    name: String,
    published_at: Option<String>,
    updated_at: Option<String>,
    #[serde(default)]
    synopsis: String,
    #[serde(default)]
    kind: String,
    severity: Option<String>,
    #[serde(default)]
    cves: Vec<Value>,
    #[serde(default)]
    packages: Vec<Value>,
    #[serde(default)]
    affected_products: Vec<Value>,
}

/// Reads one advisory.
pub(crate) fn read(value: Value, take: &mut Take) -> Result<(), String> {
    let record: Record = serde_json::from_value(value).map_err(|cause| cause.to_string())?;
    let shown: String = record
        .name
        .chars()
        .take(60)
        .flat_map(char::escape_default)
        .collect();
    let id = check::id(&record.name).ok_or_else(|| format!("`{shown}` is no id"))?;
    let published = record.published_at.as_deref().and_then(check::time);
    let published = published.ok_or_else(|| format!("{id} has no time of publication"))?;
    let cves: Vec<Cve> = record
        .cves
        .iter()
        .filter_map(|cve| {
            let vector = cve["cvss3_scoring_vector"]
                .as_str()
                .filter(|vector| vector.starts_with("CVSS:"));
            Some(Cve {
                id: check::cve(cve["cve"].as_str()?)?,
                vectors: vector.map(str::to_owned).into_iter().collect(),
                ..Cve::default()
            })
        })
        .collect();
    // RXSA: kernels of a special interest group, which no base image runs.
    let reach = if id.starts_with("RXSA") {
        Reach::Unused
    } else {
        Reach::Plain
    };
    let mut fixes: Vec<(String, Fix)> = Vec::new();
    for package in &record.packages {
        let Some((fix, release)) = package["nevra"]
            .as_str()
            .and_then(|nevra| nevra_of(nevra, reach))
        else {
            continue;
        };
        fixes.push((release, fix));
    }
    let product = record
        .affected_products
        .iter()
        .filter_map(|product| product["major_version"].as_u64());
    let mut releases: Vec<String> = fixes
        .iter()
        .map(|(release, _)| release.clone())
        .chain(product.map(|major| major.to_string()))
        .collect();
    releases.sort();
    releases.dedup();
    for release in releases {
        let own = fixes.iter().filter(|(of, _)| *of == release);
        let mut own: Vec<Fix> = own.map(|(_, fix)| fix.clone()).collect();
        own.sort();
        own.dedup();
        take.keep(Advisory {
            os: Os::Rocky,
            id: id.clone(),
            release,
            kind: match record.kind.to_ascii_lowercase().as_str() {
                "bugfix" | "bug fix" => Kind::Bugfix,
                "enhancement" => Kind::Enhancement,
                _ => Kind::Security,
            },
            published,
            modified: record.updated_at.as_deref().and_then(check::time),
            withdrawn: None,
            first_seen: None,
            severity: record
                .severity
                .as_deref()
                .map(|word| word.trim_start_matches("SEVERITY_").to_owned())
                .or_else(|| check::title_severity(&record.synopsis)),
            titled: if reach == Reach::Plain {
                check::titled(&record.synopsis)
            } else {
                Vec::new()
            },
            cves: cves.clone(),
            fixes: own,
        });
    }
    Ok(())
}

/// `openssh-server-0:8.7p1-38.el9_4.1.x86_64.rpm`
pub(crate) fn nevra_of(nevra: &str, reach: Reach) -> Option<(Fix, String)> {
    let nevra = nevra.strip_suffix(".rpm").unwrap_or(nevra);
    let (rest, arch) = nevra.rsplit_once('.')?;
    let source = arch == "src";
    let arch = match arch {
        "x86_64" => Some(Arch::X86_64),
        "aarch64" => Some(Arch::Arm64),
        "noarch" | "src" => None,
        _ => return None,
    };
    let (rest, release) = rest.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let fixed = format!("{version}-{release}");
    let el = el(&fixed)?;
    let fix = Fix {
        package: check::word(name)?.to_owned(),
        // A source RPM is installed nowhere; it tells the version that packages built of it have.
        source: source.then(|| name.to_owned()),
        fixed: Some(check::word(&fixed)?.to_owned()),
        reach,
        arch,
    };
    Some((fix, el))
}

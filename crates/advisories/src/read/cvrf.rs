//! Microsoft's monthly bulletin, CVRF version 3: one advisory per Windows Server release.

use std::collections::{BTreeMap, BTreeSet};

use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::record::{Advisory, Cve, Fix, Kind, Reach};

use super::xml::{Step, walk};
use crate::check;
use crate::take::Take;

#[derive(Default)]
struct Vulnerability {
    cve: Option<String>,
    affected: Vec<String>,
    /// Severity by product; one without a product is under the empty name.
    severity: BTreeMap<String, String>,
    /// By product; one told for all is under the empty name.
    exploited: BTreeSet<String>,
    vectors: BTreeMap<String, Vec<String>>,
    builds: BTreeMap<String, String>,
}

#[derive(Default)]
struct Group {
    kind: String,
    description: String,
    vector: String,
    build: String,
    products: Vec<String>,
}

/// Reads one bulletin.
pub(crate) fn read(text: &str, take: &mut Take) -> Result<(), String> {
    let (mut id, mut released, mut revised) = (String::new(), String::new(), String::new());
    let mut products: BTreeMap<String, String> = BTreeMap::new();
    let (mut product, mut within) = (String::new(), Group::default());
    let mut now = Vulnerability::default();
    let mut all = Vec::new();
    walk(text, |step| match step {
        Step::Begin("FullProductName", attribute) => {
            product = attribute("ProductID").unwrap_or_default()
        }
        Step::Begin("Vulnerability", _) => now = Vulnerability::default(),
        Step::Begin("Threat" | "Status" | "Remediation" | "ScoreSet", attribute) => {
            within = Group {
                kind: attribute("Type").unwrap_or_default(),
                ..Group::default()
            };
        }
        Step::Begin(..) => {}
        Step::End("ID", text) if id.is_empty() => id = text.to_owned(),
        Step::End("InitialReleaseDate", text) => released = text.to_owned(),
        Step::End("CurrentReleaseDate", text) => revised = text.to_owned(),
        Step::End("FullProductName", text) => {
            products.insert(std::mem::take(&mut product), text.to_owned());
        }
        Step::End("CVE", text) => now.cve = check::cve(text),
        Step::End("ProductID", text) => within.products.push(text.to_owned()),
        Step::End("Description", text) => within.description = text.to_owned(),
        Step::End("Vector", text) => within.vector = text.to_owned(),
        Step::End("FixedBuild", text) => within.build = text.to_owned(),
        Step::End("Status", _) => {
            let mut group = std::mem::take(&mut within);
            // `Known Affected`, `Fixed` and the like; `Known Not Affected` is the one that takes a product out.
            if !group.kind.contains("Not Affected") {
                now.affected.append(&mut group.products);
            }
        }
        Step::End("Threat", _) => threat(&mut now, std::mem::take(&mut within)),
        Step::End("ScoreSet", _) => {
            let group = std::mem::take(&mut within);
            for product in or_all(group.products) {
                now.vectors
                    .entry(product)
                    .or_default()
                    .push(group.vector.clone());
            }
        }
        Step::End("Remediation", _) => {
            let group = std::mem::take(&mut within);
            for product in group
                .products
                .into_iter()
                .filter(|_| !group.build.is_empty())
            {
                now.builds.insert(product, group.build.clone());
            }
        }
        Step::End("Vulnerability", _) => all.push(std::mem::take(&mut now)),
        Step::End(..) => {}
    })?;
    let id = check::id(&id).ok_or("the bulletin has no id")?;
    let published = check::time(&released).ok_or_else(|| format!("{id} has no release date"))?;
    for (product, name) in &products {
        let Some(release) = name
            .strip_prefix("Windows Server ")
            .filter(|year| year.len() == 4)
        else {
            continue;
        };
        let concerned = all
            .iter()
            .filter(|vulnerability| vulnerability.affected.contains(product));
        let (mut cves, mut builds) = (Vec::new(), Vec::new());
        for vulnerability in concerned {
            let Some(cve) = &vulnerability.cve else {
                continue;
            };
            let by =
                |map: &BTreeMap<String, String>| map.get(product).or_else(|| map.get("")).cloned();
            let vectors = vulnerability
                .vectors
                .get(product)
                .or_else(|| vulnerability.vectors.get(""));
            builds.extend(by(&vulnerability.builds));
            cves.push(Cve {
                id: cve.clone(),
                severity: by(&vulnerability.severity),
                vectors: vectors.cloned().unwrap_or_default(),
                exploited: [product.as_str(), ""]
                    .iter()
                    .any(|name| vulnerability.exploited.contains(*name)),
            });
        }
        if cves.is_empty() {
            continue;
        }
        let order = Os::Windows.order();
        let fixed = builds.into_iter().max_by(|a, b| order.compare(a, b));
        take.keep(Advisory {
            os: Os::Windows,
            id: id.clone(),
            release: release.to_owned(),
            kind: Kind::Security,
            published,
            modified: check::time(&revised),
            withdrawn: None,
            first_seen: None,
            severity: None,
            titled: Vec::new(),
            cves,
            fixes: vec![Fix {
                package: name.clone(),
                source: None,
                fixed,
                reach: Reach::Plain,
                arch: None,
            }],
        });
    }
    Ok(())
}

fn or_all(products: Vec<String>) -> Vec<String> {
    if products.is_empty() {
        vec![String::new()]
    } else {
        products
    }
}

fn threat(now: &mut Vulnerability, group: Group) {
    match group.kind.as_str() {
        "Severity" => {
            for product in or_all(group.products) {
                now.severity.insert(product, group.description.clone());
            }
        }
        "Exploit Status" if group.description.contains("Exploited:Yes") => {
            now.exploited.extend(or_all(group.products));
        }
        _ => {}
    }
}

//! Amazon Linux's `updateinfo.xml`, which Rocky's and AlmaLinux's repositories have in the same form.

use ingot_domain::advisory::base::{Build, Os};
use ingot_domain::advisory::record::{Advisory, Cve, Fix, Kind, Reach};
use ingot_domain::arch::Arch;

use super::xml::{Step, walk};
use crate::check;
use crate::take::Take;

#[derive(Default)]
struct Update {
    kind: String,
    id: String,
    title: String,
    issued: String,
    updated: String,
    severity: String,
    cves: Vec<String>,
    collection: String,
    fixes: Vec<Fix>,
}

/// Reads one document; `os` is the system whose folder it lies in.
pub(crate) fn read(text: &str, os: Os, name: &str, take: &mut Take) -> Result<(), String> {
    let mut now = Update::default();
    let mut troubles = Vec::new();
    let mut kept = Vec::new();
    let walked = walk(text, |step| match step {
        Step::Begin("update", attribute) => {
            now = Update {
                kind: attribute("type").unwrap_or_default(),
                ..Update::default()
            };
        }
        Step::Begin("issued", attribute) => now.issued = attribute("date").unwrap_or_default(),
        Step::Begin("updated", attribute) => now.updated = attribute("date").unwrap_or_default(),
        Step::Begin("reference", attribute) => {
            if attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("cve")) {
                let id = attribute("id").or_else(|| attribute("title"));
                now.cves.extend(id.as_deref().and_then(check::cve));
            }
        }
        Step::Begin("collection", attribute) => {
            now.collection = attribute("short").unwrap_or_default()
        }
        Step::Begin("package", attribute) => now.fixes.extend(fix(attribute, &now.collection)),
        Step::Begin(..) => {}
        Step::End("id", text) => now.id = text.to_owned(),
        Step::End("title", text) => now.title = text.to_owned(),
        Step::End("severity", text) => now.severity = text.to_owned(),
        // A live patch and the like may name no package, and would then pass for one that may concern every image.
        Step::End("update", _) if os == Os::Amazon && is_void(&now) => now = Update::default(),
        Step::End("update", _) => match advisory(std::mem::take(&mut now), os) {
            Ok(found) => kept.push(found),
            Err(trouble) => troubles.push(format!("{name}: {trouble}")),
        },
        Step::End(..) => {}
    });
    // A build of Amazon Linux 2023 sees the repository of its own release alone.
    let repository = repository(name).filter(|_| os == Os::Amazon && walked.is_ok());
    if let Some(release) = repository {
        let ids = kept.iter().map(|advisory| advisory.id.clone());
        let known = take.repositories.entry(release).or_default();
        known.extend(ids);
    }
    kept.into_iter().for_each(|advisory| take.keep(advisory));
    troubles
        .into_iter()
        .for_each(|trouble| take.trouble(Some(os), trouble));
    walked
}

/// `2023.5.20240701` where a folder or the file itself is named so, or by the version of a build of it.
fn repository(name: &str) -> Option<String> {
    let mut words = name.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    words.find_map(|word| {
        let build = Build::parse(word.trim_matches('.')).ok()?;
        (build.release.len() == 2 && build.release[0] == 2023)
            .then(|| format!("{}.{}", build.release_text(), build.date.format("%Y%m%d")))
    })
}

fn fix(attribute: &dyn Fn(&str) -> Option<String>, collection: &str) -> Option<Fix> {
    let name = attribute("name")?;
    let (version, release) = (attribute("version")?, attribute("release")?);
    let epoch = attribute("epoch").filter(|epoch| epoch.bytes().all(|c| c.is_ascii_digit()));
    let fixed = format!("{}:{version}-{release}", epoch.as_deref().unwrap_or("0"));
    let arch = match attribute("arch").as_deref() {
        Some("x86_64") => Some(Arch::X86_64),
        Some("aarch64") => Some(Arch::Arm64),
        Some("noarch") | None => None,
        // Packages for i686 and sources concern no image.
        Some(_) => return None,
    };
    let livepatch = collection.contains("livepatch") || name.contains("livepatch");
    Some(Fix {
        package: check::word(&name)?.to_owned(),
        source: None,
        fixed: Some(check::word(&fixed)?.to_owned()),
        reach: if livepatch {
            Reach::Unused
        } else {
            Reach::Plain
        },
        arch,
    })
}

/// The release an Amazon advisory is for, and whether plain images use its stream: `ALAS2023-…`, `ALAS2-…`,
/// `ALAS2KERNEL-5.10-…`, `ALAS2023LIVEPATCH-…`.
fn amazon(update: &Update) -> Option<(String, bool)> {
    let id = update.id.strip_prefix("ALAS")?;
    let head = id.split('-').next().unwrap_or_default();
    let (release, topic) = match head {
        _ if head.starts_with("2023") => ("2023", &head[4..]),
        _ if head.starts_with('2') && head.len() != 4 => ("2", &head[1..]),
        // The page's spelling, ALAS-2024-649, is of either.
        _ if update.collection.contains("2023")
            || update
                .fixes
                .iter()
                .any(|fix| fix.fixed.as_deref().is_some_and(|v| v.contains("amzn2023"))) =>
        {
            ("2023", "")
        }
        _ => ("2", ""),
    };
    // Of the kernels of Amazon Linux 2 only one line boots; which one its version tells.
    let used = topic.is_empty() || topic == "KERNEL";
    Some((release.to_owned(), used))
}

/// Whether a record names no package and is of a stream that plain images do not use.
fn is_void(update: &Update) -> bool {
    update.fixes.is_empty() && amazon(update).is_some_and(|(_, used)| !used)
}

fn advisory(update: Update, os: Os) -> Result<Advisory, String> {
    let shown: String = update
        .id
        .chars()
        .take(60)
        .flat_map(char::escape_default)
        .collect();
    let id = check::id(&update.id).ok_or_else(|| format!("`{shown}` is no id"))?;
    let published =
        check::time(&update.issued).ok_or_else(|| format!("{id} has no date of issue"))?;
    let (release, used) = if os == Os::Amazon {
        amazon(&update).ok_or_else(|| format!("{id} is no advisory of Amazon Linux"))?
    } else {
        let marks = update.fixes.iter().filter_map(|fix| fix.fixed.as_deref());
        let found = marks.filter_map(el).next();
        (
            found.ok_or_else(|| format!("{id} names no release"))?,
            !id.starts_with("RXSA"),
        )
    };
    let mut fixes = update.fixes;
    fixes.sort();
    fixes.dedup();
    if !used {
        fixes.iter_mut().for_each(|fix| fix.reach = Reach::Unused);
    }
    let mut cves = update.cves;
    cves.sort();
    cves.dedup();
    let kind = match update.kind.to_ascii_lowercase().as_str() {
        "bugfix" => Kind::Bugfix,
        "enhancement" | "newpackage" => Kind::Enhancement,
        _ => Kind::Security,
    };
    // `… priority package update for openssh`
    let titled = update
        .title
        .rsplit_once(" update for ")
        .map(|(_, names)| check::titled(names));
    Ok(Advisory {
        os,
        id,
        release,
        kind,
        published,
        modified: check::time(&update.updated),
        withdrawn: None,
        first_seen: None,
        severity: Some(update.severity).filter(|word| !word.is_empty()),
        titled: titled.filter(|_| used).unwrap_or_default(),
        cves: cves
            .into_iter()
            .map(|id| Cve {
                id,
                ..Cve::default()
            })
            .collect(),
        fixes,
    })
}

/// `9` of `8.7p1-38.el9_4.1`.
pub(crate) fn el(version: &str) -> Option<String> {
    let rest = &version[version.find(".el")? + 3..];
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty() && digits.len() <= 2).then_some(digits)
}

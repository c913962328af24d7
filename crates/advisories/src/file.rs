//! One file of a folder of feeds: what it holds is told by its text, and a record that cannot be read is named while its
//! neighbours are kept.

use std::fmt;
use std::path::Path;

use ingot_domain::advisory::base::Os;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use crate::bytes::{self, LONGEST};
use crate::folder;
use crate::read::{alas, apollo, csaf, cvrf, dsa, notices, osv, signals, tracker, ubuntu_image};
use crate::take::{Manifest, Take};

/// The longest document that is held as a whole, in bytes. Its values take many times as much memory, so feeds that are
/// longer are read record by record.
const LONGEST_RECORD: usize = 16 * 1024 * 1024;
/// Archives of many files, which are not looked into.
const PACKED: [&str; 9] = ["zip", "tar", "tgz", "xz", "txz", "bz2", "zst", "7z", "rar"];
/// How much of a Debian document is looked at to tell the tracker's from others.
const HEAD: usize = 64 * 1024;

/// Reads one file into `take`; `os` is whose folder it lies in. What belongs to no feed is passed over.
pub(crate) fn read(path: &Path, name: &str, os: Option<Os>, take: &mut Take) -> Result<(), String> {
    let bare = name.strip_suffix(".gz").unwrap_or(name);
    let end = bare.rsplit_once('.').map_or("", |(_, end)| end);
    let feeds = os.is_some() || name.starts_with("kev/") || name.starts_with("epss/");
    if !feeds || bare.contains("LICENSE") || bare.ends_with(".md") {
        return Ok(());
    }
    if PACKED.contains(&end) {
        return Err("is an archive: unpack it into the folder".to_owned());
    }
    let text = bytes::text(path, LONGEST)?;
    held(&text, (bare, end), name, os, take)
}

/// Reads a text of a feed as a file of this name.
pub(crate) fn text(text: &str, name: &str, os: Option<Os>, take: &mut Take) -> Result<(), String> {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    held(text, (name, end), name, os, take)
}

fn held(
    text: &str,
    (bare, end): (&str, &str),
    name: &str,
    os: Option<Os>,
    take: &mut Take,
) -> Result<(), String> {
    match (end, os) {
        ("xml", _) if text.contains("cvrfdoc") => cvrf::read(text, take),
        ("xml", Some(os)) => alas::read(text, os, name, take),
        ("jsonl", _) => {
            lines(text, name, os, take);
            Ok(())
        }
        ("json", Some(Os::Debian)) if is_tracker(text) => tracker::read(text, take),
        ("json", _) if text.trim_start().starts_with('[') => list(text, name, os, take),
        ("json", _) => json(value(text)?, name, None, take),
        ("csv", _) if text.starts_with("#model_version") || text.starts_with("cve,epss") => {
            signals::epss(text, name, take);
            Ok(())
        }
        ("csv", None) => {
            signals::kev_csv(text, name, take);
            Ok(())
        }
        ("manifest", Some(os)) => {
            let packages = crate::packages::read(text)?.packages;
            let path = name.to_owned();
            take.manifests.push(Manifest { os, path, packages });
            Ok(())
        }
        ("txt", Some(os)) if bare.contains("base_packages") => {
            let names = text.split_whitespace().map(str::to_owned);
            take.base_sets.entry(os).or_default().extend(names);
            Ok(())
        }
        (_, Some(Os::Debian)) if text.starts_with('[') && text.contains("SA-") => {
            dsa::read(text, name, take);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn value(text: &str) -> Result<Value, String> {
    if text.len() > LONGEST_RECORD {
        return Err(format!(
            "is one record of more than {LONGEST_RECORD} bytes and is not read"
        ));
    }
    serde_json::from_str(text).map_err(|cause| format!("is no JSON: {cause}"))
}

fn is_tracker(text: &str) -> bool {
    let head: String = text.chars().take(HEAD).collect();
    head.starts_with('{') && head.contains("\"releases\"") && head.contains("\"urgency\"")
}

/// A document per line.
fn lines(text: &str, name: &str, os: Option<Os>, take: &mut Take) {
    let release = ["el8", "el9", "el10"]
        .into_iter()
        .find(|el| name.contains(&format!("_{el}_")));
    let release = release.map(|el| el.trim_start_matches("el"));
    let told = text.lines().enumerate();
    for (number, line) in told.filter(|(_, line)| !line.trim().is_empty()) {
        let read = value(line).and_then(|value| json(value, name, release, take));
        if let Err(trouble) = read {
            take.trouble(os, format!("{name} line {}: {trouble}", number + 1));
        }
    }
}

/// A list of documents, of which one at a time is held.
fn list(text: &str, name: &str, os: Option<Os>, take: &mut Take) -> Result<(), String> {
    struct Each<'a>(&'a str, Option<Os>, &'a mut Take);
    impl<'de> Visitor<'de> for Each<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of records")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
            let mut at = 0;
            while let Some(value) = records.next_element::<Value>()? {
                if let Err(trouble) = json(value, self.0, None, self.2) {
                    let trouble = format!("{} entry {at}: {trouble}", self.0);
                    self.2.trouble(self.1, trouble);
                }
                at += 1;
            }
            Ok(())
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize_seq(Each(name, os, take));
    read.and_then(|()| reader.end())
        .map_err(|cause| format!("is no JSON to its end: {cause}"))
}

/// One JSON document, told by its keys; one of another kind is passed over.
fn json(value: Value, name: &str, release: Option<&str>, take: &mut Take) -> Result<(), String> {
    let has = |key: &str| value.get(key).is_some();
    if has("vulnerabilities") && has("document") {
        csaf::read(&value, take)
    } else if has("vulnerabilities") {
        signals::kev_json(&value, name, take);
        Ok(())
    } else if has("from_serial") {
        ubuntu_image::read(&value, take)
    } else if let Some(Value::Array(advisories)) = value.get("advisories") {
        take.pages.add(&value);
        for (at, one) in advisories.iter().enumerate() {
            if let Err(trouble) = apollo::read(one.clone(), take) {
                take.trouble(Some(Os::Rocky), format!("{name} entry {at}: {trouble}"));
            }
        }
        Ok(())
    } else if let Some(Value::Array(found)) = value.get("notices") {
        for (at, one) in found.iter().enumerate() {
            if let Err(trouble) = notices::read(one, take) {
                take.trouble(Some(Os::Ubuntu), format!("{name} entry {at}: {trouble}"));
            }
        }
        Ok(())
    } else if has("binary") && has("entries") {
        // The changelog of a package is Debian's or Ubuntu's by the folder that it lies in.
        let os = folder::vendor(name).filter(|os| *os == Os::Ubuntu);
        tracker::of_changelog(&value, os.unwrap_or(Os::Debian), take);
        Ok(())
    } else if has("published_at") {
        apollo::read(value, take)
    } else if has("release_packages") {
        notices::read(&value, take)
    } else if has("id") || has("affected") {
        osv::read(value, release, take)
    } else {
        Ok(())
    }
}

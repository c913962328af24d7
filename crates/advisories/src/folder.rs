//! A folder of feeds: a subfolder per vendor (`ubuntu`, `almalinux`, `kev`, …) with the vendors' files as they are, packed
//! or not. Formats are told by what a file holds, not by its name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ingot_domain::Instant;
use ingot_domain::advisory::base::{Base, Build, Os};
use ingot_domain::advisory::packages::{BaseSet, PackageList};
use ingot_domain::advisory::record::{Advisory, FeedState, Listed, Signals};

use crate::file;
use crate::take::Take;

/// A folder that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be listed.
    #[error("`{path}` cannot be read as a folder of advisories: {cause}")]
    Unreadable {
        /// The folder.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// It holds too much.
    #[error(
        "`{path}` holds more than {MOST_FILES} files: name a folder with a subfolder per vendor, such as `ubuntu`"
    )]
    TooMany {
        /// The folder.
        path: String,
    },
}

/// Files that are looked at, at most.
const MOST_FILES: usize = 200_000;

/// What a folder told.
#[derive(Debug)]
pub struct Folder {
    /// All advisories.
    pub advisories: Vec<Advisory>,
    /// The rest.
    take: Take,
}

impl Folder {
    /// Reads a folder; `now` is the time of reading, after which nothing can have been published.
    pub fn read(path: &Path, now: Instant) -> Result<Self, FolderError> {
        let mut files = Vec::new();
        list(path, 0, &mut files)?;
        files.sort();
        let mut take = Take::default();
        for file in &files {
            let name = file.strip_prefix(path).unwrap_or(file);
            let name = name.to_string_lossy().replace('\\', "/");
            let os = vendor(&name);
            if let Err(trouble) = file::read(file, &name, os, &mut take) {
                take.trouble(os, format!("{name} {trouble}"));
            }
        }
        let mut advisories = take.finish(now);
        take.signals.narrow(&mut advisories);
        Ok(Self { advisories, take })
    }

    /// KEV, EPSS and vectors.
    pub fn signals(&self) -> &Signals {
        &self.take.signals
    }

    /// How a system's feed stands; none when the folder holds no advisory of it.
    pub fn feed(&self, os: Os) -> Option<&FeedState> {
        let state = self.take.feeds.get(&os)?;
        (state.records > 0 || !state.damaged.is_empty()).then_some(state)
    }

    /// Troubles that leave no feed incomplete: with KEV and EPSS, and with records of the future.
    pub fn damaged(&self) -> &[String] {
        &self.take.damaged
    }

    /// The set of packages that bases of this kind carry, with what the folder adds to it.
    pub fn base_set(&self, base: &Base) -> BaseSet {
        let mut set = BaseSet::of(base);
        let el = matches!(base.os, Os::AlmaLinux | Os::Rocky | Os::Rhel);
        let told = if el { Os::AlmaLinux } else { base.os };
        if let Some(names) = self.take.base_sets.get(&told) {
            set.replace(names.iter().cloned());
        }
        for manifest in self
            .take
            .manifests
            .iter()
            .filter(|manifest| manifest.os == base.os)
        {
            set.extend(manifest.packages.iter().map(|package| package.name.clone()));
        }
        // Notices of Ubuntu name the binary packages of their sources, and so do changelogs.
        let told = self.take.sources.get(&base.os).into_iter().flatten();
        let told = told.map(|(binary, source)| (binary.clone(), source.clone()));
        set.learn(told);
        let ours = |one: &&Advisory| one.os == base.os && one.release == base.release;
        for fix in self
            .advisories
            .iter()
            .filter(ours)
            .flat_map(|one| &one.fixes)
        {
            if let Some(source) = fix.source.as_ref().filter(|of| **of != fix.package) {
                set.learn([(fix.package.clone(), source.clone())]);
            }
        }
        set
    }

    /// The vendor's list of changes between two builds.
    pub fn listed(&self, base: &Base, old: &Build, new: &Build) -> Option<&[Listed]> {
        let found = self.take.changelogs.iter().find(|log| {
            base.os == Os::Ubuntu
                && base.codename() == Some(log.series.as_str())
                && log.from == old.name
                && log.to == new.name
        });
        found.map(|log| log.changes.as_slice())
    }

    /// The advisories in the repositories that two builds of Amazon Linux 2023 are locked to; none unless both are here.
    pub fn repositories(
        &self,
        base: &Base,
        old: &Build,
        new: &Build,
    ) -> Option<[BTreeSet<String>; 2]> {
        let of = |build: &Build| {
            let release = format!("{}.{}", build.release_text(), build.date.format("%Y%m%d"));
            self.take.repositories.get(&release).cloned()
        };
        (base.os == Os::Amazon).then_some(())?;
        Some([of(old)?, of(new)?])
    }

    /// The vendor's manifest of a build: one whose path has the build's name as a word, and the release, if any.
    pub fn manifest(&self, base: &Base, build: &Build, set: &BaseSet) -> Option<PackageList> {
        let inside = |path: &str, word: &str| {
            let part = |c: char| !(c.is_ascii_digit() || c == '.');
            path.split(part)
                .any(|found| found.trim_matches('.') == word)
        };
        let others = |path: &str| {
            let another = ["18.04", "20.04", "22.04", "24.04"]
                .iter()
                .any(|release| inside(path, release));
            another && !inside(path, &base.release)
        };
        let found = self.take.manifests.iter().find(|manifest| {
            manifest.os == base.os && inside(&manifest.path, &build.name) && !others(&manifest.path)
        })?;
        Some(PackageList::new(found.packages.clone(), set))
    }
}

pub(crate) fn list(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), FolderError> {
    let unreadable = |cause| FolderError::Unreadable {
        path: path.display().to_string(),
        cause,
    };
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let kind = entry.file_type().map_err(unreadable)?;
        // A link could lead out of the folder or in a circle.
        if kind.is_dir() && depth < 6 {
            list(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
        if files.len() > MOST_FILES {
            let path = path.display().to_string();
            return Err(FolderError::TooMany { path });
        }
    }
    Ok(())
}

pub(crate) fn vendor(name: &str) -> Option<Os> {
    let (folder, _) = name.split_once('/')?;
    Some(match folder {
        "ubuntu" => Os::Ubuntu,
        "debian" => Os::Debian,
        "rocky" => Os::Rocky,
        "almalinux" => Os::AlmaLinux,
        "amazon" => Os::Amazon,
        "redhat" | "rhel" => Os::Rhel,
        "windows" => Os::Windows,
        _ => return None,
    })
}

//! What a base of a kind usually carries, until its own list is known.

use std::collections::{BTreeMap, BTreeSet};

use super::super::base::{Base, Os};

/// What base images of one operating system usually carry.
#[derive(Debug, Clone, Default)]
pub struct BaseSet {
    names: BTreeSet<String>,
    source_of: BTreeMap<String, String>,
}

const EL: &str = include_str!("../set/el.txt");
const DEB: &str = include_str!("../set/deb.txt");
const AMAZON: &str = include_str!("../set/amazon.txt");

impl BaseSet {
    /// The set Ingot knows for a base.
    pub fn of(base: &Base) -> Self {
        match base.os {
            Os::Ubuntu | Os::Debian => Self::read(DEB),
            Os::Rocky | Os::AlmaLinux | Os::Rhel => Self::read(EL),
            Os::Amazon => Self::read(AMAZON),
            // A bulletin names the product as a whole.
            Os::Windows => Self::read_names([format!("Windows Server {}", base.release)]),
        }
    }

    /// Reads lines of names, or `source: binary binary`; `#` begins a comment.
    pub fn read(text: &str) -> Self {
        let mut set = Self::default();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let (source, binaries) = match line.split_once(": ") {
                Some((source, binaries)) => (Some(source.trim()), binaries),
                None => (None, line),
            };
            for name in binaries.split_whitespace() {
                set.names.insert(name.to_owned());
                if let Some(source) = source {
                    set.source_of.insert(name.to_owned(), source.to_owned());
                }
            }
            set.names.extend(source.map(str::to_owned));
        }
        set
    }

    fn read_names(names: impl IntoIterator<Item = String>) -> Self {
        Self {
            names: names.into_iter().collect(),
            source_of: BTreeMap::new(),
        }
    }

    /// Adds names, such as those of a manifest of a similar image.
    pub fn extend(&mut self, names: impl IntoIterator<Item = String>) {
        self.names.extend(names);
    }

    /// Adds of which sources binary packages are, as a feed tells it; what the set knows stays.
    pub fn learn(&mut self, sources: impl IntoIterator<Item = (String, String)>) {
        for (binary, source) in sources {
            // An advisory that names a source is for each of its packages.
            if self.names.contains(&binary) {
                self.names.insert(source.clone());
            }
            self.source_of.entry(binary).or_insert(source);
        }
    }

    /// Puts another list of names in place of the built-in one, and keeps what is known of sources.
    pub fn replace(&mut self, names: impl IntoIterator<Item = String>) {
        self.names = names.into_iter().collect();
    }

    /// Whether a binary or source package of this name belongs to it.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The source of a binary package.
    pub fn source_of(&self, name: &str) -> Option<&str> {
        self.source_of.get(name).map(String::as_str)
    }
}

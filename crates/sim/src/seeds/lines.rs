//! A line of base images: what one vendor releases again and again under one kind of name.

use crate::state::images::Platform;

/// Who publishes images, and what all of them have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vendor {
    pub(crate) owner: &'static str,
    /// `amazon` also for the partners AWS has verified, such as Canonical and Red Hat.
    pub(crate) alias: Option<&'static str>,
    pub(crate) root_device: &'static str,
    pub(crate) platform: Platform,
}

/// One published image of a line.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub(crate) name: String,
    /// Creation date as EC2 writes it.
    pub(crate) date: String,
    /// Parameters that point at this release for ever.
    pub(crate) parameters: Vec<String>,
}

/// A line of base images: the newest release has the parameters.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) vendor: Vendor,
    pub(crate) architecture: &'static str,
    /// Oldest first.
    pub(crate) releases: Vec<Release>,
    /// `{serial}` stands for what the name ends in.
    pub(crate) description: String,
    /// Parameters that point at the newest release.
    pub(crate) parameters: Vec<String>,
    /// Device names and GiB, the root first; none for an instance-store root.
    pub(crate) devices: Vec<(&'static str, u64)>,
    pub(crate) volume: &'static str,
}

impl Line {
    /// The same as it was at a day: what was published by then, before what the line is seeded with, too. `None` if there
    /// was none of it yet.
    pub(super) fn of_day(mut self, day: &str) -> Option<Self> {
        let newest = self.releases.last().map(|last| last.name.clone())?;
        let old = super::history::of(&newest, self.architecture);
        let old = old.map(|(name, date)| Release {
            name: name.to_owned(),
            date: date.to_owned(),
            parameters: Vec::new(),
        });
        self.releases.splice(0..0, old);
        self.releases.retain(|release| release.date.as_str() <= day);
        (!self.releases.is_empty()).then_some(self)
    }

    /// A line with one root volume of `gib` on gp3.
    pub(crate) fn new(
        vendor: Vendor,
        architecture: &'static str,
        gib: u64,
        description: impl Into<String>,
    ) -> Self {
        Self {
            vendor,
            architecture,
            releases: Vec::new(),
            description: description.into(),
            parameters: Vec::new(),
            devices: vec![(vendor.root_device, gib)],
            volume: "gp3",
        }
    }

    /// Adds a newer release.
    pub(crate) fn release(mut self, name: impl Into<String>, date: &str) -> Self {
        self.releases.push(Release {
            name: name.into(),
            date: date.to_owned(),
            parameters: Vec::new(),
        });
        self
    }

    /// Adds a parameter that points at the newest release.
    pub(crate) fn parameter(mut self, name: impl Into<String>) -> Self {
        self.parameters.push(name.into());
        self
    }

    /// Root volumes of another type than gp3.
    pub(crate) fn volume(mut self, kind: &'static str) -> Self {
        self.volume = kind;
        self
    }

    /// The description of a release.
    pub(crate) fn describe(&self, name: &str) -> String {
        let serial = name.rsplit('-').next().unwrap_or_default();
        self.description.replace("{serial}", serial)
    }
}

/// The name of a later release: the vendor's serial is the day, and `label` counts releases.
/// A name without a serial of eight digits gets the label at its end.
pub(super) fn renamed(newest: &str, date: &str, label: &str) -> String {
    let day: String = date
        .chars()
        .filter(char::is_ascii_digit)
        .take(SERIAL)
        .collect();
    let digits = |at: usize| {
        let rest = newest.get(at..).unwrap_or_default();
        rest.chars().take_while(char::is_ascii_digit).count()
    };
    let starts = (0..newest.len()).find(|at| digits(*at) == SERIAL);
    let Some(at) = starts else {
        return format!("{newest}.{label}");
    };
    let rest = &newest[at + SERIAL..];
    // `20261109.0` and `20261115.1` count releases of a day already.
    let after = rest.strip_prefix('.').map_or(rest, |tail| {
        tail.trim_start_matches(|c: char| c.is_ascii_digit())
    });
    format!("{}{day}.{label}{after}", &newest[..at])
}

const SERIAL: usize = 8;

//! Fixes of the archive that ask for a build: the newest image of a template lacks one by its own list, and no build of its base
//! brings it by itself. An update of the base asks in its own way (`super::wants`); this is for what lies between two builds of
//! a base, and for packages that a template installs by itself.

use std::cmp::Reverse;

use super::wants::{Aim, Want};
use crate::Instant;
use crate::advisory::held::{Carried, Holding, Item, Part, counts, items};
use crate::advisory::level::{Level, SecurityLevel};
use crate::advisory::record::{Advisory, Signals};
use crate::want::Cause;

/// Requests that one look makes for one image, the gravest ones; the next look makes the others.
pub const MOST: usize = 100;

/// A template's newest image of one aim, with what it carries.
#[derive(Debug, Clone)]
pub struct Imaged {
    /// What would be built.
    pub aim: Aim,
    /// The image's id in the ledger.
    pub image: String,
    /// `ami-…`
    pub ami: Option<String>,
    /// When it listed its packages, by the calendar.
    pub listed: Instant,
    /// What it carries.
    pub carried: Carried,
}

/// The newest build of an image's base.
#[derive(Debug, Clone)]
pub enum Head {
    /// An install has listed it.
    Listed {
        /// The build.
        build: String,
        /// What it carries.
        carried: Box<Carried>,
    },
    /// Nothing has listed it yet.
    Made {
        /// The build.
        build: String,
        /// When its vendor made it.
        at: Instant,
        /// It is the one that the image stands on.
        own: bool,
    },
    /// The base is of no track.
    Unwatched,
}

impl Head {
    /// Whether the build has a fix, or may have it: its update asks for what it brings.
    fn brings(&self, advisory: &Advisory) -> bool {
        match self {
            Head::Listed { carried, .. } => carried.holding(advisory) == Holding::Fixed,
            Head::Made { at, own, .. } => !own && *at >= advisory.published,
            Head::Unwatched => false,
        }
    }

    fn said(&self, advisory: &Advisory) -> String {
        match self {
            Head::Listed { build, carried } => match carried.holding(advisory) {
                Holding::NotConcerned => format!("its base {build} does not carry the package"),
                _ => format!("the newest build {build} of its base lacks it, too"),
            },
            Head::Made { build, .. } => format!("the newest build {build} of its base is older"),
            Head::Unwatched => "its base is not watched".to_owned(),
        }
    }
}

/// Since when a fix can be had here: from its publication, or from when it came to this installation, whose archive may be
/// behind its vendor's.
fn out(advisory: &Advisory) -> Instant {
    advisory
        .first_seen
        .map_or(advisory.published, |seen| seen.max(advisory.published))
}

/// A request for each advisory of which the image lacks a fix that came after its install, the gravest first; each has a key of
/// the advisory and the image, so it is made once. A fix that was out before the install asks for nothing: another install would
/// leave it out, too.
pub fn wanted(
    of: &Imaged,
    head: &Head,
    advisories: &[Advisory],
    signals: &Signals,
    now: Instant,
) -> Vec<Want> {
    let mut found = Vec::new();
    for advisory in advisories {
        let known = counts(advisory, now) && !advisory.is_undated() && out(advisory) > of.listed;
        if !known || head.brings(advisory) {
            continue;
        }
        let lacking = |part: &Part| part.holding == Holding::Vulnerable && !part.subscription;
        let parts = of.carried.parts(advisory).into_iter().filter(lacking);
        let base = &of.carried.base;
        let rows = parts.flat_map(|part| items(base, advisory, &part, signals, now));
        // What has no level may be bad: it stands before what is low.
        let gravest = rows.max_by_key(|row| gravity(row.level));
        if let Some(row) = gravest {
            found.push((gravity(row.level), want(of, head, advisory, &row)));
        }
    }
    found.sort_by(|(a, one), (b, other)| (Reverse(a), &one.key).cmp(&(Reverse(b), &other.key)));
    found.into_iter().map(|(_, want)| want).collect()
}

fn want(of: &Imaged, head: &Head, advisory: &Advisory, row: &Item) -> Want {
    let level = match row.level {
        SecurityLevel::Critical => Some(Level::Critical),
        SecurityLevel::High => Some(Level::High),
        SecurityLevel::Medium => Some(Level::Medium),
        SecurityLevel::Low => Some(Level::Low),
        SecurityLevel::None | SecurityLevel::Unknown => None,
    };
    let cve = row.cve.as_deref();
    let cve = cve.map_or(String::new(), |cve| format!(" ({cve})"));
    let part = &row.part;
    let shown = |version: &Option<String>| version.clone().unwrap_or_else(|| "?".to_owned());
    Want {
        key: format!("fix/{}/{}", advisory.id, of.image),
        aim: of.aim.clone(),
        cause: Cause::Security { level },
        detected: None,
        about: Some(advisory.id.clone()),
        said: format!(
            "the archive has {}{cve}: {} is {} by the own list of {} and fixed in {}; {}",
            advisory.id,
            part.package,
            shown(&part.installed),
            of.ami.as_deref().unwrap_or(&of.image),
            shown(&part.fixed),
            head.said(advisory)
        ),
    }
}

fn gravity(level: SecurityLevel) -> u8 {
    match level {
        SecurityLevel::Critical => 4,
        SecurityLevel::High => 3,
        SecurityLevel::Medium => 2,
        SecurityLevel::Unknown => 1,
        SecurityLevel::Low | SecurityLevel::None => 0,
    }
}

#[cfg(test)]
mod tests;

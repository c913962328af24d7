//! The words for how surely an item belongs to an image, and for what becomes of it.

use serde::Serialize;

/// How surely an item belongs to the image, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The vendor lists the change between the two builds.
    VendorChangelog,
    /// The advisory is in the new build's repository and not in the old one's.
    RepoDiff,
    /// The versions on both sides are known.
    ManifestDiff,
    /// Published between the builds, for a package that bases of this kind carry.
    BaseSetWindow,
    /// Published between the builds; whether the image carries the package is not known.
    WindowOnly,
}

impl Basis {
    /// The grade of the evidence.
    pub fn grade(self) -> Grade {
        match self {
            Basis::VendorChangelog | Basis::RepoDiff | Basis::ManifestDiff => Grade::A,
            Basis::BaseSetWindow => Grade::C,
            Basis::WindowOnly => Grade::D,
        }
    }
}

/// A grade of evidence, best first. B (a list of our built image) verifies and never triggers, so no update has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Grade {
    /// Exact.
    A,
    /// By the window and the usual packages.
    C,
    /// By the window alone.
    D,
}

/// What becomes of a vulnerability with the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The new build has the fix and the old one lacks it.
    Fixed,
    /// Published in the window: the new build has the fix in all likelihood.
    Likely,
    /// Published just outside the window.
    Possible,
    /// The new build lacks a fix that is published.
    StillVulnerable,
    /// Plain images do not receive the fix.
    Unfixed,
}

impl Status {
    /// Whether the item raises the image's level.
    pub fn counts(self) -> bool {
        matches!(self, Status::Fixed | Status::Likely)
    }
}

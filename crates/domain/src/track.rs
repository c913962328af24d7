//! Tracks of base images: what a vendor publishes again and again, and how its newest build is told from look-alikes
//! (ADVISORIES 1).
//!
//! A track is followed by the *account id* of its owner and by an anchored rule about names, never by a name pattern alone:
//! any account may publish an image under a vendor's name. [`known`] lists the tracks that every installation has,
//! [`newest()`] says what a region's answer means against what is recorded.

pub mod add;
pub mod known;
pub mod newest;
mod pacing;
mod rule;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::advisory::base::Base;
use crate::arch::Arch;

pub use newest::{Alarm, Look, Recorded, Seen, Verdict, absent, newest};
pub use pacing::{INTERVAL, INTERVALS, SETTING, checked_interval, pause};
pub use rule::{BadRule, Rule, Version};

/// The accounts that publish a track, one per partition of AWS. A partition without one has no builds of the track.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owners {
    /// In the regions of `aws`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<String>,
    /// In GovCloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_us_gov: Option<String>,
    /// In China.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_cn: Option<String>,
}

impl Owners {
    /// The owner in a region.
    pub fn of(&self, region: &str) -> Option<&str> {
        let owner = match region {
            _ if region.starts_with("us-gov-") => &self.aws_us_gov,
            _ if region.starts_with("cn-") => &self.aws_cn,
            _ => &self.aws,
        };
        owner.as_deref()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let owners = [&self.aws, &self.aws_us_gov, &self.aws_cn];
        owners.into_iter().filter_map(|owner| owner.as_deref())
    }
}

/// A line of base images that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// `ubuntu-22.04`, `debian-12-arm64`.
    pub name: String,
    /// The base whose advisories judge its updates, such as `ubuntu-22.04`; without one an update's level is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// The architecture.
    #[serde(default)]
    pub arch: Arch,
    /// Who publishes it.
    pub owners: Owners,
    /// The `name` filter of DescribeImages, with `*` and `?`: what is asked for.
    pub filter: String,
    /// The anchored rule for names: what counts. Its group `build` is the build, or `release`, `day` and `respin` are its
    /// parts; `product` tells lines of one track apart, such as kernels.
    pub pattern: String,
    /// The SSM parameter that names the image its vendor calls current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
}

impl Track {
    /// The base whose advisories apply.
    pub fn base(&self) -> Option<Base> {
        Base::parse(self.like.as_deref()?).ok()
    }

    /// Its rule, ready to match.
    pub fn rule(&self) -> Result<Rule, BadRule> {
        Rule::new(&self.pattern)
    }

    /// Whether a template that asks for this line asks for the track, in whichever words.
    pub fn is_asked_for_by(&self, base: &crate::template::BaseImage) -> bool {
        use crate::template::BaseImage;
        match base {
            BaseImage::Track(name) => *name == self.name,
            BaseImage::Ssm(parameter) => self.parameter.as_ref() == Some(parameter),
            BaseImage::Newest { owner, name } => {
                *name == self.filter && self.owners.all().any(|known| known == owner)
            }
            BaseImage::Ami(_) => false,
        }
    }
}

/// One image as a region shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// `ami-…`
    pub id: String,
    /// The owner's account id, as the answer has it.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// `x86_64` or `arm64`; none for others.
    pub arch: Option<Arch>,
    /// When its owner made it.
    pub created_at: Option<Instant>,
    /// From when on it is deprecated.
    pub deprecated_at: Option<Instant>,
    /// Whether it can be launched from: available, EBS, hvm.
    pub usable: bool,
}

/// Which build of which owner: the same in every region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// The owner's account id.
    pub owner: String,
    /// The image's name.
    pub name: String,
}

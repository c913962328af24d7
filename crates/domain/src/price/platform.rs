//! The operating system that an instance's price includes: AWS bills the licence of some with the hour (AUTO-AMI 6).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::advisory::base::{Base, Os};
use crate::deployment::words;
use crate::money::Money;
use crate::template::BaseImage;
use crate::track::known;

words! {
    /// What is billed with the instance.
    Platform {
        /// No licence: Amazon Linux, Ubuntu, Debian, Rocky Linux, AlmaLinux.
        Linux = "linux",
        /// Red Hat Enterprise Linux.
        Rhel = "rhel",
        /// SUSE Linux Enterprise Server.
        Suse = "suse",
        /// Windows Server.
        Windows = "windows",
    }
}

/// Micro-dollars for a vCPU and hour of RHEL, by the most vCPUs an instance has: Red Hat's model of 2024, the same in every
/// region (aws.amazon.com/partners/redhat/rhel-pricing).
const RHEL: [(u64, u64); 3] = [(8, 14_400), (127, 10_800), (u64::MAX, 9_600)];
/// The same of Windows Server, for every family but the burstable ones, which cost less.
const WINDOWS: u64 = 46_000;

impl Platform {
    /// Of an operating system.
    pub fn of(os: Os) -> Self {
        match os {
            Os::Ubuntu | Os::Debian | Os::Rocky | Os::AlmaLinux | Os::Amazon => Self::Linux,
            Os::Rhel => Self::Rhel,
            Os::Windows => Self::Windows,
        }
    }

    /// Of what a template starts from. An image that is named by its id tells nothing; it counts as Linux. `like` is the system
    /// of a track that the installation added.
    pub fn of_base(base: &BaseImage, like: Option<Os>) -> Self {
        let os = match base {
            BaseImage::Track(name) => Base::parse(name).ok().map(|base| base.os).or(like),
            BaseImage::Newest { owner, .. } => [Os::Rhel, Os::Windows]
                .into_iter()
                .find(|os| known::owners(*os).all().any(|known| known == owner)),
            BaseImage::Ssm(parameter) => parameter
                .starts_with("/aws/service/ami-windows-latest/")
                .then_some(Os::Windows),
            BaseImage::Ami(_) => None,
        };
        os.map_or(Self::Linux, Self::of)
    }

    /// What an hour of a type costs more than with Linux, where no figure says it: by its vCPUs, at most. None where no rule
    /// is known, or the type's name does not tell its vCPUs.
    pub fn surcharge(self, instance_type: &str) -> Option<Money> {
        let vcpus = vcpus(instance_type)?;
        let each = match self {
            Self::Linux => 0,
            Self::Rhel => RHEL.iter().find(|(most, _)| vcpus <= *most)?.1,
            Self::Windows => WINDOWS,
            Self::Suse => return None,
        };
        Some(Money::from_micros(vcpus * each))
    }

    /// As people name it.
    pub fn said(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Rhel => "RHEL",
            Self::Suse => "SUSE",
            Self::Windows => "Windows",
        }
    }
}

/// The most vCPUs that a type of this size has: `large` 2, `xlarge` 4, `6xlarge` 24, `metal-24xl` 96; none of `metal` alone.
fn vcpus(instance_type: &str) -> Option<u64> {
    let (_, size) = instance_type.split_once('.')?;
    let size = size.strip_prefix("metal-").unwrap_or(size);
    match size {
        "nano" | "micro" | "small" | "medium" | "large" => Some(2),
        "xlarge" => Some(4),
        size => {
            let count = size.strip_suffix("xlarge").or(size.strip_suffix("xl"))?;
            count.parse::<u64>().ok().map(|count| count * 4)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_image_tells_the_system() {
        let track = |name: &str| BaseImage::Track(name.to_owned());
        let newest = |owner: &str| BaseImage::Newest {
            owner: owner.to_owned(),
            name: "*".to_owned(),
        };
        let ssm = |name: &str| BaseImage::Ssm(name.to_owned());
        for (base, like, is) in [
            (track("ubuntu-24.04"), None, Platform::Linux),
            (track("rhel-9"), None, Platform::Rhel),
            (track("rhel-9-arm64"), None, Platform::Rhel),
            (track("windows-2022"), None, Platform::Windows),
            (track("our-own"), None, Platform::Linux),
            (track("our-own"), Some(Os::Rhel), Platform::Rhel),
            (newest("309956199498"), None, Platform::Rhel),
            (newest("099720109477"), None, Platform::Linux),
            (
                ssm("/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base"),
                None,
                Platform::Windows,
            ),
            (ssm("/aws/service/canonical/x"), None, Platform::Linux),
            (BaseImage::Ami("ami-1".to_owned()), None, Platform::Linux),
        ] {
            assert_eq!(Platform::of_base(&base, like), is, "{base:?}");
        }
    }

    #[test]
    fn a_surcharge_goes_by_vcpus() {
        for (platform, kind, micros) in [
            (Platform::Rhel, "m5.large", Some(28_800)),
            (Platform::Rhel, "c5.2xlarge", Some(115_200)),
            (Platform::Rhel, "c5.4xlarge", Some(172_800)),
            (Platform::Rhel, "u7i.32xlarge", Some(1_228_800)),
            (Platform::Windows, "m5.large", Some(92_000)),
            (Platform::Windows, "m7i.metal-24xl", Some(4_416_000)),
            (Platform::Linux, "m5.xlarge", Some(0)),
            (Platform::Suse, "m5.large", None),
            (Platform::Rhel, "i3.metal", None),
            (Platform::Rhel, "large", None),
        ] {
            let more = platform.surcharge(kind).map(Money::micros);
            assert_eq!(more, micros, "{platform} {kind}");
        }
    }
}

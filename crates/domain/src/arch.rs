//! Processor architectures as EC2 spells them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an image runs on; part of the image key.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub enum Arch {
    /// Intel and AMD.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// Graviton.
    #[serde(rename = "arm64")]
    Arm64,
}

impl Arch {
    /// EC2's word, as `DescribeImages` and the `architecture` filter use it.
    pub fn as_str(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::Arm64 => "arm64",
        }
    }

    /// Reads EC2's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Arch::X86_64, Arch::Arm64]
            .into_iter()
            .find(|arch| arch.as_str() == text)
    }

    /// The architecture of an instance type, from its family as EC2's naming conventions have it: a `g` right after the
    /// generation digit means Graviton (`m7g`, `c8gn`), and so does the first family, `a1`; a suffix `gb…` means Grace, the
    /// processor of `p6e-gb200`. Other suffixes are accelerators (`p6-b200`), sizes of memory (`u7i-12tb`) or `flex`.
    pub fn of_instance_type(instance_type: &str) -> Self {
        let family = instance_type.split('.').next().unwrap_or_default();
        let (name, suffix) = family.split_once('-').unwrap_or((family, ""));
        let after_generation = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let after_generation = after_generation.trim_start_matches(|c: char| c.is_ascii_digit());
        let grace = suffix.strip_prefix("gb");
        let grace = grace.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()));
        if name == "a1" || grace || after_generation.starts_with('g') {
            Arch::Arm64
        } else {
            Arch::X86_64
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_types_tell_their_architecture() {
        let table = [
            ("t3.xlarge", Arch::X86_64),
            ("m7g.large", Arch::Arm64),
            ("c8gn.2xlarge", Arch::Arm64),
            ("g5.xlarge", Arch::X86_64),
            ("g5g.xlarge", Arch::Arm64),
            ("a1.medium", Arch::Arm64),
            ("m6i.large", Arch::X86_64),
            // Families of EC2's list, with and without suffix.
            ("p6e-gb200.36xlarge", Arch::Arm64),
            ("p6e-gb300.36xlarge", Arch::Arm64),
            ("p6-b200.48xlarge", Arch::X86_64),
            ("p6-b300.48xlarge", Arch::X86_64),
            ("p5en.48xlarge", Arch::X86_64),
            ("g6e.xlarge", Arch::X86_64),
            ("gr6.4xlarge", Arch::X86_64),
            ("im4gn.large", Arch::Arm64),
            ("is4gen.medium", Arch::Arm64),
            ("x2gd.medium", Arch::Arm64),
            ("hpc7g.4xlarge", Arch::Arm64),
            ("hpc7a.12xlarge", Arch::X86_64),
            ("x8g.large", Arch::Arm64),
            ("i8ge.large", Arch::Arm64),
            ("m8gb.large", Arch::Arm64),
            ("m7i-flex.large", Arch::X86_64),
            ("u7i-12tb.224xlarge", Arch::X86_64),
            ("u-6tb1.metal", Arch::X86_64),
            ("trn1.2xlarge", Arch::X86_64),
            ("dl1.24xlarge", Arch::X86_64),
            ("vt1.3xlarge", Arch::X86_64),
            ("f2.6xlarge", Arch::X86_64),
        ];
        for (instance_type, arch) in table {
            assert_eq!(
                Arch::of_instance_type(instance_type),
                arch,
                "{instance_type}"
            );
        }
    }
}

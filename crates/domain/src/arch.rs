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

    /// The architecture of an instance type, from its family: a `g` right after the generation digit means
    /// Graviton (`m7g`, `c8gn`), and so does the first family, `a1`.
    pub fn of_instance_type(instance_type: &str) -> Self {
        let family = instance_type.split('.').next().unwrap_or_default();
        let after_generation = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let after_generation = after_generation.trim_start_matches(|c: char| c.is_ascii_digit());
        if family == "a1" || after_generation.starts_with('g') {
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

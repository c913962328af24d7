//! Whether an image can be launched as a template wants it, decided before anything is launched.

use crate::arch::Arch;

/// What DescribeImages says of an image that shall be launched.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// `ami-…`
    pub id: &'a str,
    /// Its architecture.
    pub architecture: Arch,
    /// `ebs` or `instance-store`; empty when EC2 does not tell.
    pub root_device_type: &'a str,
    /// `hvm` or `paravirtual`; empty when EC2 does not tell.
    pub virtualization: &'a str,
    /// Size of its root snapshot in GB.
    pub root_size_gb: Option<u32>,
}

/// Largest root volume EBS makes, in GB.
const LARGEST: u32 = 16_384;

/// Why an image does not fit, as a sentence with the way out.
pub fn fits(wanted: Arch, facts: Facts<'_>) -> Result<(), String> {
    let id = facts.id;
    if facts.architecture != wanted {
        return Err(format!(
            "image {id} is {}, but the template's instance types are {wanted}: name an image of that architecture",
            facts.architecture
        ));
    }
    if !facts.root_device_type.is_empty() && facts.root_device_type != "ebs" {
        return Err(format!(
            "the root device of image {id} is {}, and no image can be made of such an instance: name one with an EBS root device",
            facts.root_device_type
        ));
    }
    if !facts.virtualization.is_empty() && facts.virtualization != "hvm" {
        return Err(format!(
            "image {id} is {}, which today's instance types do not run: name an hvm image",
            facts.virtualization
        ));
    }
    match facts.root_size_gb {
        Some(size) if size > LARGEST => Err(format!(
            "the root snapshot of image {id} has {size} GB, more than a root volume can have ({LARGEST})"
        )),
        _ => Ok(()),
    }
}

/// The size of the root volume: what was ordered, or what the image needs when that is more.
pub fn root_size(ordered_gb: u32, image_gb: Option<u32>) -> u32 {
    ordered_gb.max(image_gb.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts<'static> {
        Facts {
            id: "ami-1",
            architecture: Arch::X86_64,
            root_device_type: "ebs",
            virtualization: "hvm",
            root_size_gb: Some(10),
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let table = [
            (facts(), ""),
            (
                Facts {
                    architecture: Arch::Arm64,
                    ..facts()
                },
                "arm64",
            ),
            (
                Facts {
                    root_device_type: "instance-store",
                    ..facts()
                },
                "instance-store",
            ),
            (
                Facts {
                    virtualization: "paravirtual",
                    ..facts()
                },
                "paravirtual",
            ),
            (
                Facts {
                    root_size_gb: Some(20_000),
                    ..facts()
                },
                "20000",
            ),
            (
                Facts {
                    root_size_gb: None,
                    virtualization: "",
                    ..facts()
                },
                "",
            ),
        ];
        for (facts, told) in table {
            match fits(Arch::X86_64, facts) {
                Ok(()) => assert_eq!(told, "", "{facts:?}"),
                Err(why) => assert!(!told.is_empty() && why.contains(told), "{why}"),
            }
        }
    }

    #[test]
    fn the_larger_size_is_launched() {
        assert_eq!(root_size(10, Some(100)), 100);
        assert_eq!(root_size(100, Some(10)), 100);
        assert_eq!(root_size(10, None), 10);
    }
}

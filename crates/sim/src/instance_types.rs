//! Instance types: a handful of real families, their sizes computed.

/// What DescribeInstanceTypes tells, and what a launch checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstanceType {
    pub(crate) name: String,
    pub(crate) architecture: &'static str,
    pub(crate) vcpus: u64,
    pub(crate) memory_mib: u64,
    pub(crate) gpu: Option<&'static str>,
    pub(crate) burstable: bool,
}

/// Family, architecture, MiB per vCPU, GPU.
const FAMILIES: &[(&str, &str, u64, Option<&str>)] = &[
    ("c5", "x86_64", 2048, None),
    ("c6g", "arm64", 2048, None),
    ("c6i", "x86_64", 2048, None),
    ("c7g", "arm64", 2048, None),
    ("c7i", "x86_64", 2048, None),
    ("g4dn", "x86_64", 4096, Some("T4")),
    ("g5", "x86_64", 4096, Some("A10G")),
    ("g6", "x86_64", 4096, Some("L4")),
    ("m5", "x86_64", 4096, None),
    ("m6a", "x86_64", 4096, None),
    ("m6g", "arm64", 4096, None),
    ("m6i", "x86_64", 4096, None),
    ("m7g", "arm64", 4096, None),
    ("m7i", "x86_64", 4096, None),
    ("r5", "x86_64", 8192, None),
    ("r6i", "x86_64", 8192, None),
    ("r7g", "arm64", 8192, None),
];

/// Sizes of the families above, with their vCPUs.
const SIZES: &[(&str, u64)] = &[
    ("large", 2),
    ("xlarge", 4),
    ("2xlarge", 8),
    ("4xlarge", 16),
    ("8xlarge", 32),
    ("12xlarge", 48),
    ("16xlarge", 64),
];

/// Burstable sizes: vCPUs and MiB.
const BURSTABLE: &[(&str, u64, u64)] = &[
    ("nano", 2, 512),
    ("micro", 2, 1024),
    ("small", 2, 2048),
    ("medium", 2, 4096),
    ("large", 2, 8192),
    ("xlarge", 4, 16384),
    ("2xlarge", 8, 32768),
];

const BURSTABLE_FAMILIES: &[(&str, &str)] = &[
    ("t2", "x86_64"),
    ("t3", "x86_64"),
    ("t3a", "x86_64"),
    ("t4g", "arm64"),
];

/// The type of a name, if it exists here.
pub(crate) fn find(name: &str) -> Option<InstanceType> {
    let (family, size) = name.split_once('.')?;
    let name = name.to_owned();
    if let Some((_, architecture)) = BURSTABLE_FAMILIES.iter().find(|(f, _)| *f == family) {
        let (_, vcpus, memory_mib) = *BURSTABLE.iter().find(|(s, ..)| *s == size)?;
        return Some(InstanceType {
            name,
            architecture,
            vcpus,
            memory_mib,
            gpu: None,
            burstable: true,
        });
    }
    let (_, architecture, ratio, gpu) = *FAMILIES.iter().find(|(f, ..)| *f == family)?;
    let (_, vcpus) = *SIZES.iter().find(|(s, _)| *s == size)?;
    let memory_mib = vcpus * ratio;
    Some(InstanceType {
        name,
        architecture,
        vcpus,
        memory_mib,
        gpu,
        burstable: false,
    })
}

/// All types, by name.
pub(crate) fn all() -> Vec<InstanceType> {
    let burstable = BURSTABLE_FAMILIES.iter().flat_map(|(family, _)| {
        BURSTABLE
            .iter()
            .map(move |(size, ..)| format!("{family}.{size}"))
    });
    let others = FAMILIES.iter().flat_map(|(family, ..)| {
        SIZES
            .iter()
            .map(move |(size, _)| format!("{family}.{size}"))
    });
    let mut types: Vec<_> = burstable
        .chain(others)
        .filter_map(|name| find(&name))
        .collect();
    types.sort_by(|a, b| a.name.cmp(&b.name));
    types
}

/// Whether a type is built on Nitro: all but the families before it.
pub(crate) fn nitro(name: &str) -> bool {
    let family = name.split('.').next().unwrap_or_default();
    !XEN.contains(&family)
}

/// Families on Xen, by "Amazon EC2 instance types: previous generations" and the Nitro list.
const XEN: &[&str] = &[
    "t1", "t2", "m1", "m2", "m3", "m4", "c1", "c3", "c4", "r3", "r4", "i2", "i3", "d2", "h1", "x1",
    "x1e", "p2", "p3", "g2", "g3", "f1",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_facts_aws_gives_them() {
        let table = [
            ("t3.micro", "x86_64", 2, 1024),
            ("t4g.small", "arm64", 2, 2048),
            ("m5.large", "x86_64", 2, 8192),
            ("c7i.2xlarge", "x86_64", 8, 16384),
            ("r5.4xlarge", "x86_64", 16, 131_072),
        ];
        for (name, architecture, vcpus, memory) in table {
            let found = find(name).expect(name);
            assert_eq!(
                (found.architecture, found.vcpus),
                (architecture, vcpus),
                "{name}"
            );
            assert_eq!(found.memory_mib, memory, "{name}");
        }
        for name in ["t3.huge", "x9.large", "m5", ""] {
            assert_eq!(find(name), None, "{name}");
        }
        assert!(all().len() > 100);
    }
}

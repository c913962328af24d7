//! Which package manager a base image has, as far as its name says so.

use super::super::BaseImage;
use super::Manager;

/// Words in the names of base images that say who installs packages on them. An older system is looked for first: its names
/// have the newer one's words, too.
const FAMILIES: [(Manager, &[&str]); 12] = [
    (Manager::Yum, &["amzn2"]),
    (Manager::Yum, &["amzn"]),
    (Manager::Apt, &["ubuntu"]),
    (Manager::Apt, &["debian"]),
    (Manager::Dnf, &["al2023"]),
    // Of EKS before Amazon Linux 2023, whose names say so: `amazon-eks-node-1.29-v20240817`.
    (Manager::Yum, &["amazon", "eks"]),
    (Manager::Dnf, &["amazon"]),
    (Manager::Dnf, &["fedora"]),
    (Manager::Dnf, &["rhel"]),
    (Manager::Dnf, &["rocky"]),
    (Manager::Dnf, &["almalinux"]),
    (Manager::Dnf, &["centos"]),
];

/// Releases before dnf, each as words that follow each other.
const BEFORE_DNF: [&[&str]; 6] = [
    // `/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id`, and of EKS and deep learning.
    &["amazon", "linux", "2"],
    &["amazon", "2"],
    &["rhel", "7"],
    &["centos", "7"],
    &["centos", "linux", "7"],
    &["al2"],
];

impl BaseImage {
    /// Who installs packages on it, as far as its name says so.
    pub fn manager(&self) -> Option<Manager> {
        let name = match self {
            BaseImage::Ssm(name) | BaseImage::Track(name) | BaseImage::Newest { name, .. } => name,
            BaseImage::Ami(_) => return None,
        };
        let name = name.to_ascii_lowercase();
        let words: Vec<&str> = name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let follow = |known: &[&str]| words.windows(known.len()).any(|some| some == known);
        if BEFORE_DNF.iter().any(|known| follow(known)) {
            return Some(Manager::Yum);
        }
        let of = |(_, known): &&(Manager, &[&str])| follow(known);
        FAMILIES.iter().find(of).map(|(manager, _)| *manager)
    }
}

//! The packages of a machine, as the lines around an install script list them: what its base carries by the day it was built,
//! what the script's steps install or upgrade, and through an image of ours all of that again.

mod archive;

use std::collections::BTreeMap;
use std::time::Duration;

use super::Boot;
use super::script::of_user_data;
use crate::state::Place;
use crate::state::instances::Instance;
use archive::System;

/// What the command that lists is called in the script.
const LISTS: &str = "ingot_list ";

/// Images of images that are looked through for the vendor's.
const GENERATIONS: usize = 8;

/// Which list of the script a path is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Begin,
    End,
}

fn part(instance: &Instance, path: &str) -> Option<Part> {
    let part = match path.rsplit_once('.')?.1 {
        "begin" => Part::Begin,
        "end" => Part::End,
        _ => return None,
    };
    let script = instance.user_data.as_deref().map(of_user_data)?;
    let named = format!("{LISTS}{path}");
    script
        .lines()
        .any(|line| line.ends_with(&named))
        .then_some(part)
}

/// Whether a path is a list of the script, and is there by now.
pub(super) fn exists(instance: &Instance, path: &str, now: Duration) -> Option<bool> {
    let part = part(instance, path)?;
    Some(match part {
        Part::Begin => now >= instance.running_at,
        Part::End => instance.boot(now) == Boot::Done,
    })
}

/// What a list says; `None` for any other path, and on a system without packages.
pub(super) fn content(place: &Place, instance: &Instance, path: &str) -> Option<String> {
    let part = part(instance, path)?;
    let mut carried = Carried::of_image(place, &instance.image, GENERATIONS)?;
    if part == Part::End {
        carried.run(instance);
    }
    Some(carried.listed(&instance.architecture))
}

/// What a machine carries: by name, the version and the source.
struct Carried {
    system: System,
    packages: BTreeMap<String, (String, String)>,
}

impl Carried {
    fn of_image(place: &Place, id: &str, generations: usize) -> Option<Self> {
        let image = place.images.get(id)?;
        let left = generations.checked_sub(1)?;
        let source = image.source_instance.as_ref();
        if let Some(source) = source.and_then(|id| place.instances.get(id)) {
            let mut carried = Self::of_image(place, &source.image, left)?;
            carried.run(source);
            return Some(carried);
        }
        if let Some((from, region)) = &image.source_image
            && *region == place.key.region
        {
            return Self::of_image(place, from, left);
        }
        let system = System::of(&image.name)?;
        let day = day(&image.name).unwrap_or_default();
        let packages = system.packages(day).map(|(name, version, source)| {
            let cells = (version.to_owned(), source.to_owned());
            (name.to_owned(), cells)
        });
        Some(Self {
            packages: packages.collect(),
            system,
        })
    }

    /// The end of an instance's script.
    fn run(&mut self, instance: &Instance) {
        let script = instance.user_data.as_deref().map(of_user_data);
        for done in done(&script.unwrap_or_default()) {
            match done {
                Done::Upgrade => {
                    for (name, version, _) in self.system.packages(instance.guest.today) {
                        if let Some(known) = self.packages.get_mut(name) {
                            version.clone_into(&mut known.0);
                        }
                    }
                }
                Done::Install(name, version) => {
                    let known = self.system.offers(&name, instance.guest.today);
                    let source = known.map_or(name.clone(), |(_, source)| source.to_owned());
                    let newest = known.map_or("1.0-1", |(version, _)| version).to_owned();
                    let version = version.unwrap_or(newest);
                    self.packages.insert(name, (version, source));
                }
            }
        }
    }

    fn listed(&self, architecture: &str) -> String {
        let system = &self.system;
        let (kernel, release) = (system.kernel(), system.release());
        let mut text = format!("# uname -r: {kernel}\n# release: {release}\n");
        let arch = match (architecture, system.is_rpm()) {
            ("arm64", true) => "aarch64",
            ("arm64", false) => "arm64",
            (_, true) => "x86_64",
            (_, false) => "amd64",
        };
        for (name, (version, source)) in &self.packages {
            text.push_str(&if system.is_rpm() {
                let built = version
                    .split_once(':')
                    .map_or(&**version, |(_, built)| built);
                let epoch = if version.contains(':') { "" } else { "0:" };
                format!("{name}\t{epoch}{version}\t{arch}\t{source}-{built}.src.rpm\n")
            } else {
                format!("{name}\t{version}\t{arch}\t{source}\t{version}\t\n")
            });
        }
        text + "# whole\n"
    }
}

/// The day in a build's name, as a number: `20240629`.
fn day(name: &str) -> Option<u32> {
    let words = name.split(|c: char| !c.is_ascii_digit());
    words
        .filter(|word| word.len() == 8)
        .find_map(|word| word.parse().ok())
}

/// What a line of a script does to the packages.
#[derive(Debug, PartialEq, Eq)]
enum Done {
    Upgrade,
    /// Name, and the version where the line says one.
    Install(String, Option<String>),
}

/// What the script's lines do, in order.
fn done(script: &str) -> Vec<Done> {
    let mut all = Vec::new();
    let commands = script
        .split(['\n', ';', '|'])
        .flat_map(|line| line.split("&&"));
    for command in commands.filter(|command| !command.trim_start().starts_with('#')) {
        let mut words = command
            .split_whitespace()
            .map(|word| word.trim_matches(['\'', '"', '(', ')']));
        let Some(manager) = words.find(|word| matches!(*word, "apt-get" | "apt" | "dnf" | "yum"))
        else {
            continue;
        };
        let deb = manager.starts_with("apt");
        match words.find(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())) {
            Some("install" | "reinstall") => all.extend(words.filter_map(named)),
            Some("upgrade" | "dist-upgrade" | "full-upgrade" | "distro-sync") => {
                all.push(Done::Upgrade);
            }
            Some("update") if !deb => all.push(Done::Upgrade),
            _ => {}
        }
    }
    all
}

/// A package that a line installs.
fn named(word: &str) -> Option<Done> {
    let (name, version) = match word.split_once('=') {
        Some((name, version)) => (name, Some(version.to_owned())),
        None => (word, None),
    };
    let plain = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c));
    plain.then(|| Done::Install(name.to_owned(), version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_installs_and_upgrades() {
        let install = |name: &str| Done::Install(name.to_owned(), None);
        let table = [
            ("apt-get update -qq", vec![]),
            (
                "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -y install nginx g++ || true",
                vec![install("nginx"), install("g++")],
            ),
            ("sudo apt-get dist-upgrade -y", vec![Done::Upgrade]),
            ("dnf -y update", vec![Done::Upgrade]),
            (
                "dnf install -y \"curl\" $MORE ./x.rpm",
                vec![install("curl")],
            ),
            (
                "apt-get install -y sudo=1.9.9-1ubuntu2.4",
                vec![Done::Install(
                    "sudo".to_owned(),
                    Some("1.9.9-1ubuntu2.4".to_owned()),
                )],
            ),
            ("# apt-get install nothing", vec![]),
            ("echo install", vec![]),
        ];
        for (script, wanted) in table {
            assert_eq!(done(script), wanted, "{script}");
        }
    }

    #[test]
    fn a_build_carries_what_was_published_by_its_day() {
        let version = |name: &str, package: &str| {
            let system = System::of(name)?;
            let day = day(name)?;
            let found = system.packages(day).find(|(one, ..)| *one == package);
            found.map(|(_, version, _)| version.to_owned())
        };
        let jammy = |serial: &str| {
            format!("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-{serial}")
        };
        let table = [
            (jammy("20240629"), "openssh-server", "1:8.9p1-3ubuntu0.7"),
            (jammy("20240701"), "openssh-server", "1:8.9p1-3ubuntu0.10"),
            (jammy("20240701"), "sudo", "1.9.9-1ubuntu2.4"),
            (jammy("20250701.1"), "sudo", "1.9.9-1ubuntu2.5"),
            (
                "debian-12-amd64-20240507-1740".to_owned(),
                "openssh-server",
                "1:9.2p1-2+deb12u2",
            ),
            (
                "AlmaLinux OS 8.10.20240820 x86_64".to_owned(),
                "sudo",
                "0:1.9.5p2-10.el8",
            ),
        ];
        for (name, package, wanted) in table {
            assert_eq!(version(&name, package).as_deref(), Some(wanted), "{name}");
        }
        assert!(System::of("Windows_Server-2022-English-Full-Base-2024.08.14").is_none());
        let release = System::of("AlmaLinux OS 9.6.20251113 x86_64").map(|one| one.release());
        assert_eq!(release.as_deref(), Some("AlmaLinux release 9.6"));
    }
}

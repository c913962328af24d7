//! Packages that a template asks for by name (`packages`), and the steps that install them: by the package manager of the
//! base's family, into a virtual environment of Python's, into conda's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{BaseImage, Step, Template};
use crate::field::FieldError;

/// Packages by who installs them. An empty list installs nothing, not even its manager.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Packages {
    /// Who installs `system`; the base image's family says so when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<Manager>,
    /// Of the distribution: `nginx`, `openjdk-21-jdk`, `curl=8.5.0-2ubuntu10`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub system: Vec<String>,
    /// Of PyPI, in the virtual environment [`VENV`]: `numpy`, `uvicorn[standard]`, `pandas>=2,<3`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pip: Vec<String>,
    /// Of conda-forge, in [`CONDA`]: `r-base=4.4`, `bioconda::samtools`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conda: Vec<String>,
}

/// Where pip's packages are.
pub const VENV: &str = "/opt/venv";

/// Where conda and its packages are.
pub const CONDA: &str = "/opt/conda";

/// Characters of one package's words.
const LONGEST: usize = 128;

/// Seconds that the distribution's packages may take.
const SYSTEM_TIMEOUT: u32 = 1800;

/// Seconds that pip's or conda's packages may take: some are gigabytes.
const LIBRARY_TIMEOUT: u32 = 3600;

/// A distribution's package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manager {
    /// Of Ubuntu and Debian.
    Apt,
    /// Of Amazon Linux 2023, Fedora, RHEL, Rocky, AlmaLinux and CentOS Stream.
    Dnf,
    /// Of Amazon Linux 2.
    Yum,
}

/// Words in the names of base images that say who installs packages on them. An older Amazon Linux is looked for first: its
/// names have the newer one's words, too.
const FAMILIES: [(Manager, &[&str]); 3] = [
    (Manager::Yum, &["amzn2"]),
    (Manager::Apt, &["ubuntu", "debian"]),
    (
        Manager::Dnf,
        &[
            "al2023",
            "amazon",
            "fedora",
            "rhel",
            "rocky",
            "almalinux",
            "centos",
        ],
    ),
];

impl BaseImage {
    /// Who installs packages on it, as far as its name says so.
    pub fn manager(&self) -> Option<Manager> {
        let name = match self {
            BaseImage::Track(name) if name.trim_end_matches("-arm64") == "amazon-2" => {
                return Some(Manager::Yum);
            }
            BaseImage::Ssm(name) | BaseImage::Track(name) | BaseImage::Newest { name, .. } => name,
            BaseImage::Ami(_) => return None,
        };
        let name = name.to_ascii_lowercase();
        let words: BTreeSet<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let of = |(_, known): &&(Manager, &[&str])| known.iter().any(|word| words.contains(word));
        FAMILIES.iter().find(of).map(|(manager, _)| *manager)
    }
}

impl Packages {
    /// Nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything is to be installed.
    pub fn any(&self) -> bool {
        !(self.system.is_empty() && self.pip.is_empty() && self.conda.is_empty())
    }

    fn lists(&self) -> [(&'static str, &[String]); 3] {
        [
            ("system", &self.system),
            ("pip", &self.pip),
            ("conda", &self.conda),
        ]
    }

    /// The steps that install them, each with the list it is from.
    fn steps(&self, manager: Manager) -> Vec<(&'static str, Step)> {
        let mut steps = Vec::new();
        let mut step = |list, what: &str, count: usize, run: String, timeout| {
            let noun = if count == 1 { "package" } else { "packages" };
            let step = Step {
                name: format!("install {count} {what} {noun}"),
                run,
                timeout: Some(timeout),
                validate: None,
            };
            steps.push((list, step));
        };
        if !self.system.is_empty() {
            let run = manager.install(&quoted(&self.system));
            step("system", "system", self.system.len(), run, SYSTEM_TIMEOUT);
        }
        if !self.pip.is_empty() {
            let run = format!(
                "{}\npython3 -m venv {VENV}\n{VENV}/bin/pip install --no-input --no-cache-dir {}\n{}",
                manager.install(manager.python()),
                quoted(&self.pip),
                on_path("venv", VENV)
            );
            step("pip", "pip", self.pip.len(), run, LIBRARY_TIMEOUT);
        }
        if !self.conda.is_empty() {
            let run = format!(
                "{}\n{MINIFORGE}\n{CONDA}/bin/conda install -y -q --override-channels{} {}\n{CONDA}/bin/conda clean -afy\n{}",
                manager.install("curl bzip2 ca-certificates"),
                channels(&self.conda),
                quoted(&self.conda),
                on_path("conda", CONDA)
            );
            step("conda", "conda", self.conda.len(), run, LIBRARY_TIMEOUT);
        }
        steps
    }
}

/// Conda itself, from conda-forge, whose packages need no licence. A base that brings it keeps its own.
const MINIFORGE: &str = r#"if [ ! -x /opt/conda/bin/conda ]; then
  to=$(mktemp -d)
  curl --proto '=https' -fsSL --retry 5 -o "$to/miniforge.sh" "https://github.com/conda-forge/miniforge/releases/latest/download/Miniforge3-Linux-$(uname -m).sh"
  bash "$to/miniforge.sh" -b -p /opt/conda
  rm -r "$to"
fi"#;

/// Puts a directory's programs on the path of everyone who logs in.
fn on_path(name: &str, directory: &str) -> String {
    format!(
        "printf 'PATH={directory}/bin:$PATH\\n' > /etc/profile.d/ingot-{name}.sh\nchmod 0644 /etc/profile.d/ingot-{name}.sh"
    )
}

/// Where conda looks: conda-forge, and the channels that packages name, whose dependencies may be there, too.
fn channels(packages: &[String]) -> String {
    let mut channels = vec!["conda-forge"];
    for (channel, _) in packages
        .iter()
        .filter_map(|package| package.split_once("::"))
    {
        if !channels.contains(&channel) {
            channels.push(channel);
        }
    }
    channels
        .iter()
        .map(|channel| format!(" -c {channel}"))
        .collect()
}

/// Words for a shell. Names have no single quotes ([`wrong`]).
fn quoted(packages: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-:=/".contains(c);
    let words = packages.iter().map(|package| {
        if package.chars().all(plain) {
            package.clone()
        } else {
            format!("'{package}'")
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

impl Manager {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Manager::Apt => "apt",
            Manager::Dnf => "dnf",
            Manager::Yum => "yum",
        }
    }

    fn install(self, words: &str) -> String {
        match self {
            // The updates that run at a first boot hold the lock. The simulated region reads an option as one word.
            Manager::Apt => format!(
                "export DEBIAN_FRONTEND=noninteractive\napt-get -oDPkg::Lock::Timeout=300 update\napt-get -oDPkg::Lock::Timeout=300 install -y {words}"
            ),
            // Amazon Linux has curl in a smaller package, which the larger one conflicts with.
            Manager::Dnf => format!("dnf install -y --allowerasing {words}"),
            Manager::Yum => format!("yum install -y {words}"),
        }
    }

    /// What makes virtual environments.
    fn python(self) -> &'static str {
        match self {
            Manager::Apt => "python3-venv",
            Manager::Dnf | Manager::Yum => "python3 python3-pip",
        }
    }
}

impl Template {
    /// Who installs its packages.
    pub fn manager(&self) -> Option<Manager> {
        self.packages.manager.or_else(|| self.base_image.manager())
    }

    /// The steps that install its packages, each with the list it is from.
    pub(super) fn package_steps(&self) -> Vec<(&'static str, Step)> {
        let manager = self.manager();
        manager.map_or(Vec::new(), |manager| self.packages.steps(manager))
    }

    /// What is wrong with its packages.
    pub(super) fn package_problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        let mut check = |result: Result<(), FieldError>| found.extend(result.err());
        if !self.packages.any() {
            return found;
        }
        if self.user_data.is_some() {
            let message = "Ingot installs packages in steps before yours: give the installation as `steps`, or install them in your `user_data`";
            check(Err(FieldError::new("packages", "", message)));
        } else if self.base_image.is_windows() {
            let message = "the base image is Windows, which has no such packages: install them in `user_data` that begins with `<powershell>`";
            check(Err(FieldError::new("packages", "", message)));
        } else if self.manager().is_none() {
            let message = "the base image's name does not say whether its packages are installed by apt or dnf: say `manager: apt` (Ubuntu, Debian), `manager: dnf` (Amazon Linux 2023, Fedora, RHEL and its kin) or `manager: yum` (Amazon Linux 2) under `packages`";
            check(Err(FieldError::new("packages", "", message)));
        }
        for (list, names) in self.packages.lists() {
            let mut seen = BTreeSet::new();
            for (i, package) in names.iter().enumerate() {
                let field = format!("packages.{list}[{i}]");
                if let Some(message) = wrong(list, package) {
                    check(Err(FieldError::new(&field, package, message)));
                } else if !seen.insert(named(list, package)) {
                    let message = format!(
                        "`{}` stands in `packages.{list}` twice: remove one",
                        named(list, package)
                    );
                    check(Err(FieldError::new(&field, package, message)));
                }
            }
        }
        found
    }
}

/// Why a text cannot be one package of a list. What passes is a word of the shell in single quotes, and no option of the
/// manager: it begins with a letter or a digit.
fn wrong(list: &str, package: &str) -> Option<&'static str> {
    let marks = match list {
        "system" => "._+-:=~",
        "pip" => "._-[],=<>!~*",
        _ => "._-:=<>!,*",
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || marks.contains(c);
    let begins = package.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && package.len() <= LONGEST && package.chars().all(legal) {
        return None;
    }
    Some(match list {
        "system" => {
            "give one package of the distribution by its name, such as `nginx` or `curl=8.5.0-2ubuntu10`: letters, digits and . _ + - : = ~, at most 128; other sources are for `steps`"
        }
        "pip" => {
            "give one package of PyPI by its name, such as `numpy`, `uvicorn[standard]` or `pandas>=2,<3`, without blanks, at most 128 characters; other sources are for `steps`"
        }
        _ => {
            "give one package of conda by its name, such as `r-base=4.4` or `bioconda::samtools`, without blanks, at most 128 characters; other sources are for `steps`"
        }
    })
}

/// Whether two texts of a list name the same package, in whatever version.
pub fn same_package(list: &str, one: &str, other: &str) -> bool {
    named(list, one) == named(list, other)
}

/// A package without its version, as its manager compares names.
fn named(list: &str, package: &str) -> String {
    let name = match list {
        "system" => package.split('=').next(),
        "pip" => package.split(['[', '=', '<', '>', '!', '~']).next(),
        _ => package
            .rsplit("::")
            .next()
            .and_then(|name| name.split(['=', '<', '>', '!']).next()),
    };
    let name = name.unwrap_or(package);
    match list {
        // PEP 503.
        "pip" => name.to_ascii_lowercase().replace(['_', '.'], "-"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;

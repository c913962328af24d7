//! Packages that a template asks for by name (`packages`), and the steps that install them: by the package manager of the
//! base's family, into a virtual environment of Python's, into conda's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{BaseImage, Step, Template};
use crate::field::FieldError;
use crate::track::known;

mod family;
mod names;

pub use names::same_package;
use names::{named, wrong};

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
        .filter_map(|package| package.rsplit_once("::"))
    {
        if !channels.contains(&channel) {
            channels.push(channel);
        }
    }
    channels
        .iter()
        .map(|channel| format!(" -c {}", word(channel)))
        .collect()
}

/// Words for a shell.
fn quoted(packages: &[String]) -> String {
    let words = packages.iter().map(|package| word(package));
    words.collect::<Vec<_>>().join(" ")
}

/// One word for a shell. Names have no single quotes ([`names::wrong`]).
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-:=/".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{text}'")
    }
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

    /// Refuses a manager that the base of a known track does not have. `yum` is there wherever `dnf` is: it is a link to it.
    fn contradicted_manager(&self) -> Result<(), FieldError> {
        let (BaseImage::Track(track), Some(said)) = (&self.base_image, self.packages.manager)
        else {
            return Ok(());
        };
        let has = match (self.base_image.manager(), known::find(track)) {
            (Some(has), Some(_)) => has,
            _ => return Ok(()),
        };
        if said == has || (said, has) == (Manager::Yum, Manager::Dnf) {
            return Ok(());
        }
        let (said, has) = (said.as_str(), has.as_str());
        let message = format!(
            "the track `{track}` installs packages by {has}, not by {said}: leave `manager` out, say `manager: {has}`, or name another base image"
        );
        Err(FieldError::new("packages.manager", said, message))
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
        check(self.contradicted_manager());
        for (list, names) in self.packages.lists() {
            let mut seen = BTreeSet::new();
            for (i, package) in names.iter().enumerate() {
                let field = format!("packages.{list}[{i}]");
                if let Some(message) = wrong(list, package, self.manager()) {
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

#[cfg(test)]
mod tests;

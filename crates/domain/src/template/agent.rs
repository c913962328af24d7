//! The agent of AWS Systems Manager (SSM) on bases whose images bring none: the step that installs it, and what is said of
//! templates that need it.

use serde::{Deserialize, Serialize};

use super::{BaseImage, InstallFinished, Step, Template, Watch, step};
use crate::field::FieldError;

/// Where the SSM agent of an instance comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// From the base image, or from the template's own scripts.
    #[default]
    Image,
    /// From AWS, by a step before the template's own.
    Install,
}

impl Agent {
    pub(super) fn is_image(&self) -> bool {
        *self == Agent::Image
    }
}

/// What the step is called in the story.
const NAME: &str = "install the SSM agent";

/// "Manually installing SSM Agent on EC2 instances for Linux" for Debian, and for RHEL, Rocky, AlmaLinux, CentOS and Fedora:
/// the package of the bucket in the instance's own region, over https only. `apt-get` in place of the documented `dpkg` waits
/// for the updates that run at a first boot.
const RUN: &str = r#"systemctl -q is-active amazon-ssm-agent snap.amazon-ssm-agent.amazon-ssm-agent && exit 0
region={{region}} domain=amazonaws.com
case $region in cn-*) domain=amazonaws.com.cn ;; esac
case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
if command -v dpkg >/dev/null; then package=debian_$arch/amazon-ssm-agent.deb
else package=linux_$arch/amazon-ssm-agent.rpm; fi
url=https://s3.$region.$domain/amazon-ssm-$region/latest/$package
to=$(mktemp -d)
file=$to/${package#*/}
if command -v curl >/dev/null; then curl --proto '=https' -fsSL --retry 5 -o "$file" "$url"
elif command -v wget >/dev/null; then wget -q --max-redirect=0 -O "$file" "$url"
else python3 -c 'import sys, urllib.request as u; u.urlretrieve(*sys.argv[1:])' "$url" "$file"; fi
if command -v dpkg >/dev/null; then DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y "$file"
elif command -v dnf >/dev/null; then dnf install -y "$file"
elif command -v yum >/dev/null; then yum install -y "$file"
else rpm -U "$file"; fi
rm -r "$to"
systemctl enable amazon-ssm-agent
systemctl restart amazon-ssm-agent"#;

/// Vendors whose images come without the agent; the list of those with one is AWS's "Find AMIs with the SSM Agent
/// preinstalled". Minimal images of others bring none either.
const WITHOUT: [&str; 9] = [
    "almalinux",
    "centos",
    "debian",
    "fedora",
    "kali",
    "minimal",
    "oracle",
    "rhel",
    "rocky",
];

impl Template {
    /// The steps that run: the one that installs the agent if the template asks for it, those that install its packages, then
    /// its own.
    pub fn steps_run(&self) -> Vec<Step> {
        let agent = (self.ssm_agent == Agent::Install).then(|| Step {
            name: NAME.to_owned(),
            run: RUN.to_owned(),
            timeout: Some(step::TIMEOUT),
            validate: None,
        });
        let packages = self.package_steps().into_iter().map(|(_, step)| step);
        agent
            .into_iter()
            .chain(packages)
            .chain(self.steps.iter().cloned())
            .collect()
    }

    /// The field that a step of [`Self::steps_run`] is from.
    pub fn step_field(&self, at: usize) -> String {
        let packages = self.package_steps();
        let before = usize::from(self.ssm_agent == Agent::Install);
        let Some(at) = at.checked_sub(before) else {
            return "ssm_agent".to_owned();
        };
        match packages.get(at) {
            Some((list, _)) => format!("packages.{list}"),
            None => format!("steps[{}].run", at - packages.len()),
        }
    }

    /// Why the agent cannot be installed as the template asks.
    pub(super) fn agent_problems(&self) -> Vec<FieldError> {
        if self.ssm_agent == Agent::Image {
            return Vec::new();
        }
        let wrong = |message| FieldError::new("ssm_agent", "install", message);
        let mut found = Vec::new();
        if self.base_image.is_windows() {
            found.push(wrong(
                "the base image is Windows, where no shell installs it, and AWS's images bring it: leave `ssm_agent` out",
            ));
        } else if self.user_data.is_some() {
            found.push(wrong(
                "Ingot installs the agent in a step before yours: give the installation as `steps`, or leave `ssm_agent` out and install the agent in your `user_data`",
            ));
        }
        if self.instance_profile.is_none() {
            found.push(wrong(
                "without an `instance_profile` the agent may not register: name a profile whose role has AmazonSSMManagedInstanceCore",
            ));
        }
        found
    }

    /// A base that brings no agent, and a template that counts on one.
    pub(super) fn lacks_agent(&self) -> Option<FieldError> {
        let asks = self.install_finished != InstallFinished::None
            || self.progress != Watch::None
            || self.probe.command.is_some();
        let installs = self.ssm_agent == Agent::Install
            || self
                .scripts()
                .any(|(_, text)| text.contains("amazon-ssm-agent"));
        if self.instance_profile.is_none() || !asks || installs || !self.base_image.lacks_agent() {
            return None;
        }
        let message = match self.user_data.is_some() {
            false => {
                "images of this name usually bring no SSM agent, so Ingot can neither watch the installation nor ask whether it is over: `ssm_agent: install` makes installing it the first step"
            }
            true => {
                "images of this name usually bring no SSM agent, so Ingot can neither watch the installation nor ask whether it is over: install it in `user_data`, or give `steps` with `ssm_agent: install`"
            }
        };
        Some(FieldError::new("base_image", "", message))
    }
}

impl BaseImage {
    /// Whether its name is that of a vendor whose images come without the agent.
    fn lacks_agent(&self) -> bool {
        let name = match self {
            BaseImage::Ssm(name) | BaseImage::Track(name) | BaseImage::Newest { name, .. } => name,
            BaseImage::Ami(_) => return false,
        };
        let name = name.to_ascii_lowercase();
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| WITHOUT.contains(&word))
    }
}

#[cfg(test)]
mod tests;

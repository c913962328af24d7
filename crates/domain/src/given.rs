//! What the AMI that a request names is, held against what was ordered: another template, version or mode is refused, or, when
//! forced, recorded as what the AMI is (N11 of FIELD).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decide::region_end;
use crate::field::FieldError;
use crate::image::ImageStatus;
use crate::request::Order;
use crate::version::Version;

/// What an AMI is, by its row in the ledger or by its tags; what neither tells is absent and contradicts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The template it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Its version as it is written there: a stranger's need not read as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

impl Told {
    /// By an image's own tags.
    pub fn by_tags(tags: &BTreeMap<String, String>) -> Self {
        let told = |name: &str| tags.get(name).filter(|value| !value.is_empty()).cloned();
        Self {
            template: told("Template"),
            version: told("KamiwazaVersion").or_else(|| told("Version")),
            mode: told("Mode"),
        }
    }
}

/// One thing in which an AMI is not what was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The field of the request.
    pub field: &'static str,
    /// What was ordered.
    pub ordered: String,
    /// What the AMI is.
    pub is: String,
}

impl Contradiction {
    /// As a mistake of the request, with the way out.
    pub fn problem(&self, ami: &str) -> FieldError {
        let message = format!(
            "the AMI {ami} has {} {}: order that, name another AMI in `image`, or say `force` (`--force`), which records the \
             deployment as what the AMI is",
            self.field,
            crate::field::shown(&self.is)
        );
        FieldError::new(self.field, &self.ordered, message)
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = crate::field::shown(&self.is);
        write!(
            f,
            "its {} is {is}, the order's {}",
            self.field, self.ordered
        )
    }
}

/// In what an AMI is not what was ordered, in the request's order.
pub fn contradictions(order: &Order, told: &Told) -> Vec<Contradiction> {
    let mut found = Vec::new();
    let mut hold = |field, ordered: String, is: &Option<String>, same: bool| {
        if let Some(is) = is.as_ref().filter(|_| !same) {
            let is = is.clone();
            found.push(Contradiction { field, ordered, is });
        }
    };
    let same = told.template.as_ref() == Some(&order.template);
    hold("template", order.template.clone(), &told.template, same);
    let version = told.version.as_deref().map(Version::read);
    let same = version.is_some_and(|version| version.as_ref() == Ok(&order.version));
    hold("version", order.version.to_string(), &told.version, same);
    let same = told.mode.as_ref() == Some(&order.mode);
    hold("mode", order.mode.clone(), &told.mode, same);
    found
}

/// What a deployment is recorded as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// For people.
    pub job_name: String,
    /// Version.
    pub version: String,
    /// Mode.
    pub mode: String,
}

/// What a deployment of this order is: what the AMI it starts from is, else what was ordered. The template stays the order's,
/// whose first boot and probe are used. A name that was made of the ordered version is made of the real one.
pub fn recorded(order: &Order, told: &Told) -> Recorded {
    let ordered = order.version.to_string();
    let version = match &told.version {
        Some(text) => {
            Version::read(text).map_or_else(|_| text.clone(), |version| version.to_string())
        }
        None => ordered.clone(),
    };
    let mode = told.mode.clone().unwrap_or_else(|| order.mode.clone());
    let made_of_it = |separator: &char| {
        let rest = order.job_name.strip_prefix(&order.template);
        let rest = rest.and_then(|rest| rest.strip_prefix(*separator));
        rest.is_some_and(|rest| Version::read(rest).as_ref() == Ok(&order.version))
    };
    let job_name = match [' ', '-'].iter().find(|separator| made_of_it(separator)) {
        Some(separator) if version != ordered => {
            format!("{}{separator}{version}", order.template)
        }
        _ => order.job_name.clone(),
    };
    Recorded {
        job_name,
        version,
        mode,
    }
}

/// Why no launch from an AMI can succeed by what its row says, with the way out. One that a person has dropped may still be
/// there, and one that EC2 does not show now may come back: the launch finds out.
pub fn is_gone(status: ImageStatus, error: Option<&str>, dropped: bool) -> Option<String> {
    let way_out = "leave `image` out and a new one is made, or name one of `ingot images list`";
    if error == Some(region_end::WHY) {
        return Some(format!(
            "it is gone, because {}: {way_out}",
            region_end::WHY
        ));
    }
    let why = error.map_or(String::new(), |error| format!(" ({error})"));
    match status {
        ImageStatus::Failed => Some(format!("it could not be made{why}: {way_out}")),
        ImageStatus::Deleted if !dropped => Some(format!("it was deregistered{why}: {way_out}")),
        ImageStatus::Deleted
        | ImageStatus::Claimed
        | ImageStatus::Pending
        | ImageStatus::Available
        | ImageStatus::Missing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;
    use crate::deployment::ImageChoice;
    use crate::template::Network;

    fn order(job_name: &str) -> Order {
        Order {
            job_name: job_name.to_owned(),
            template: "kamiwaza".to_owned(),
            parameters: BTreeMap::new(),
            version: "v0.9.3".parse().expect("version"),
            mode: "full".to_owned(),
            region: "us-east-1".to_owned(),
            instance_type: "m6i.xlarge".to_owned(),
            arch: Arch::X86_64,
            volume_size_gb: 30,
            subnet_id: None,
            subnet_ids: vec![],
            zones: vec![],
            instance_types: vec![],
            network: Network::default(),
            security_group_ids: vec![],
            ingress: vec![],
            tags: BTreeMap::new(),
            image_choice: ImageChoice::Given,
            given_image: Some("ami-1".to_owned()),
            image_reason: None,
            force: false,
            told: None,
            create_ami: true,
            no_reboot: false,
            user_data: None,
            stale: Default::default(),
            build_only: None,
            ttl_seconds: None,
        }
    }

    type Tags = &'static [(&'static str, &'static str)];

    fn told(pairs: &[(&str, &str)]) -> Told {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Told::by_tags(&pairs.iter().map(pair).collect())
    }

    #[test]
    fn an_image_that_is_gone_for_good_is_told_with_the_way_out() {
        use ImageStatus::*;
        let ended = Some(region_end::WHY);
        let table = [
            (Available, None, false, ""),
            (Pending, None, false, ""),
            (Missing, None, false, ""),
            (Deleted, None, true, ""),
            (Deleted, ended, true, "the simulated region ended"),
            (Failed, ended, true, "the simulated region ended"),
            (Deleted, Some("its turn"), false, "deregistered (its turn)"),
            (Failed, Some("quota"), false, "could not be made (quota)"),
        ];
        for (status, error, dropped, words) in table {
            let why = is_gone(status, error, dropped).unwrap_or_default();
            assert!(
                why.contains(words) && why.is_empty() == words.is_empty(),
                "{status}: {why}"
            );
        }
    }

    #[test]
    fn tags_of_another_template_version_or_mode_contradict() {
        let order = order("x");
        let table: [(Tags, &[&str]); 7] = [
            (&[], &[]),
            (&[("KamiwazaVersion", "v0.9.3"), ("Mode", "full")], &[]),
            (&[("Version", "release/0.9.3")], &[]),
            (
                &[("KamiwazaVersion", "v0.9.2"), ("Mode", "lite")],
                &["version", "mode"],
            ),
            (&[("Version", "latest")], &["version"]),
            (&[("Mode", ""), ("Version", "")], &[]),
            (&[("Template", "web"), ("Version", "v0.9.3")], &["template"]),
        ];
        for (pairs, fields) in table {
            let found = contradictions(&order, &told(pairs));
            let named: Vec<_> = found.iter().map(|one| one.field).collect();
            assert_eq!(named, fields, "{pairs:?}");
        }
    }

    #[test]
    fn a_problem_names_the_field_both_values_and_the_way_out() {
        let found = contradictions(&order("x"), &told(&[("Version", "v0.9.2")]));
        let problem = found[0].problem("ami-1").to_string();
        for word in ["version", "`v0.9.3`", "v0.9.2", "ami-1", "`--force`"] {
            assert!(problem.contains(word), "{problem}");
        }
        assert_eq!(
            found[0].to_string(),
            "its version is v0.9.2, the order's v0.9.3"
        );
    }

    #[test]
    fn a_deployment_is_recorded_as_what_its_ami_is() {
        let table: [(&str, Tags, (&str, &str, &str)); 6] = [
            ("mine", &[], ("mine", "v0.9.3", "full")),
            (
                "mine",
                &[("Version", "0.9.2"), ("Mode", "lite")],
                ("mine", "v0.9.2", "lite"),
            ),
            (
                "kamiwaza release/0.9.3",
                &[("Version", "v0.9.2")],
                ("kamiwaza v0.9.2", "v0.9.2", "full"),
            ),
            (
                "kamiwaza-v0.9.3",
                &[("Version", "v0.9.2")],
                ("kamiwaza-v0.9.2", "v0.9.2", "full"),
            ),
            (
                "kamiwaza v0.9.3",
                &[("Mode", "lite")],
                ("kamiwaza v0.9.3", "v0.9.3", "lite"),
            ),
            ("mine", &[("Version", "latest")], ("mine", "latest", "full")),
        ];
        for (job_name, pairs, (name, version, mode)) in table {
            let recorded = recorded(&order(job_name), &told(pairs));
            let expected = Recorded {
                job_name: name.to_owned(),
                version: version.to_owned(),
                mode: mode.to_owned(),
            };
            assert_eq!(recorded, expected, "{pairs:?}");
        }
    }
}

//! What the AMI that a request names is, held against what was ordered: another template, version or mode, or other
//! values of parameters are refused, or, when forced, launched and recorded as what the AMI is (N11 of FIELD).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decide::region_end;
use crate::field::FieldError;
use crate::fingerprint::of_recipe;
use crate::image::ImageStatus;
use crate::request::Order;
use crate::template::Template;
use crate::template::parameter::{self, Parameter};
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
    /// The fingerprint of its recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The values of parameters that it was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, String>>,
}

impl Told {
    /// By an image's own tags.
    pub fn by_tags(tags: &BTreeMap<String, String>) -> Self {
        let told = |name: &str| tags.get(name).filter(|value| !value.is_empty()).cloned();
        Self {
            template: told("Template"),
            version: told("KamiwazaVersion").or_else(|| told("Version")),
            mode: told("Mode"),
            fingerprint: told("Fingerprint"),
            values: None,
        }
    }

    /// The same, made by this recipe.
    #[must_use]
    pub fn made_by(self, recipe: &Template) -> Self {
        let values = recipe.image_parameters();
        Self {
            fingerprint: Some(of_recipe(recipe)),
            values: Some(values.iter().map(pair).collect()),
            ..self
        }
    }
}

/// One thing in which an AMI is not what was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The field of the request.
    pub field: String,
    /// What was ordered.
    pub ordered: String,
    /// What the AMI is.
    pub is: String,
}

impl Contradiction {
    /// As a mistake of the request, with the way out.
    pub fn problem(&self, ami: &str) -> FieldError {
        let forced = match self.field.starts_with("parameters") {
            true => "launches it all the same",
            false => "records the deployment as what the AMI is",
        };
        let message = format!(
            "the AMI {ami} has {} {}: order that, name another AMI in `image`, or say `force` (`--force`), which {forced}",
            self.field,
            crate::field::shown(&self.is)
        );
        FieldError::new(&self.field, &self.ordered, message)
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

/// In what an AMI is not what was ordered by a recipe, in the request's order.
pub fn contradictions(order: &Order, recipe: &Template, told: &Told) -> Vec<Contradiction> {
    let mut found = Vec::new();
    let mut hold = |field: &str, ordered: String, is: &Option<String>, same: bool| {
        if let Some(is) = is.as_ref().filter(|_| !same) {
            let (field, is) = (field.to_owned(), is.clone());
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
    // The values of another template's parameters are no matter of this one's.
    if told
        .template
        .as_ref()
        .is_none_or(|is| *is == order.template)
    {
        found.extend(other_values(order, recipe, told));
    }
    found
}

/// The values in an AMI that are not the order's. Another revision's recipe with the same values contradicts nothing.
fn other_values(order: &Order, recipe: &Template, told: &Told) -> Vec<Contradiction> {
    let recipe = recipe.with_parameters(&order.parameters);
    let parameters = recipe.image_parameters();
    let given = |it: &&&Parameter| order.parameters.contains_key(&it.name);
    let Some(values) = &told.values else {
        // Without its values only its fingerprint tells, and that is of another revision's recipe as well.
        let fingerprint = of_recipe(&recipe);
        let other = told.fingerprint.as_ref().filter(|is| **is != fingerprint);
        let given: BTreeMap<_, _> = parameters.iter().filter(given).map(pair).collect();
        return match other {
            Some(is) if !given.is_empty() => vec![Contradiction {
                field: "parameters".to_owned(),
                ordered: parameter::told(&given).join(", "),
                is: format!("of another recipe or other values, by its fingerprint {is}"),
            }],
            _ => Vec::new(),
        };
    };
    let other = |it: &&Parameter| {
        let is = match values.get(&it.name) {
            Some(is) if is == it.value() => return None,
            Some(is) => parameter::seen(&it.name, is),
            None if given(&it) => "none",
            None => return None,
        };
        Some(Contradiction {
            field: parameter::field(&it.name),
            ordered: parameter::seen(&it.name, it.value()).to_owned(),
            is: is.to_owned(),
        })
    };
    parameters.iter().filter_map(other).collect()
}

fn pair(parameter: &&Parameter) -> (String, String) {
    (parameter.name.clone(), parameter.value().to_owned())
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
mod tests;

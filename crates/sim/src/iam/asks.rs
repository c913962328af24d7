//! What IAM is asked for a call: an action, a resource and the facts conditions look at.
//!
//! Source: the service authorization reference, and REAL-AWS.md section D.

mod create;
mod launch;
mod named;
mod systems;

use std::collections::BTreeMap;

use crate::state::Place;
use crate::state::tags::{Tags, resource_type};
use crate::wire::query::Params;

pub(super) use systems::{quotas, ssm, sts};

/// One question to a policy.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// `service:Action`.
    pub(super) action: String,
    /// An ARN, or `*` for actions without resources.
    pub(super) resource: String,
    /// By condition key in lower case.
    facts: BTreeMap<String, String>,
}

impl Ask {
    pub(super) fn new(region: &str, action: &str, resource: String) -> Self {
        let ask = Self {
            action: action.to_owned(),
            resource,
            facts: BTreeMap::new(),
        };
        ask.with("aws:RequestedRegion", region)
    }

    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        self.facts.insert(key.to_lowercase(), value.to_owned());
        self
    }

    fn with_tags(mut self, key: &str, tags: &Tags) -> Self {
        for (name, value) in tags {
            self = self.with(&format!("{key}/{name}"), value);
        }
        self
    }

    /// The tags the resource has.
    fn of_tagged(self, tags: &Tags) -> Self {
        self.with_tags("aws:ResourceTag", tags)
            .with_tags("ec2:ResourceTag", tags)
    }

    /// The tags the call gives the resource.
    fn requesting(self, tags: &Tags) -> Self {
        self.with_tags("aws:RequestTag", tags)
    }

    pub(super) fn fact(&self, key: &str) -> Option<&str> {
        self.facts.get(key).map(String::as_str)
    }
}

/// What one EC2 call is about.
#[derive(Clone, Copy, Debug)]
struct Subject<'a> {
    place: &'a Place,
    action: &'a str,
    params: &'a Params,
}

impl Subject<'_> {
    fn ask(&self, resource: String) -> Ask {
        let action = format!("ec2:{}", self.action);
        Ask::new(&self.place.key.region, &action, resource)
    }

    /// EC2's ARN; images and snapshots are named without an account.
    fn arn(&self, kind: &str, id: &str) -> String {
        let key = &self.place.key;
        let account = match kind {
            "image" | "snapshot" => "",
            _ => key.account.as_str(),
        };
        format!("arn:aws:ec2:{}:{account}:{kind}/{id}", key.region)
    }

    /// An object that is there, with its tags; one that is not there has none, so that
    /// conditions on tags refuse it before EC2 says `NotFound`.
    fn existing(&self, kind: &str, id: &str) -> Ask {
        let ask = self
            .ask(self.arn(kind, id))
            .of_tagged(self.place.tags.of(id));
        match self.place.images.get(id) {
            Some(image) => {
                let owner = image.owner_alias.as_deref().unwrap_or(&image.owner);
                ask.with("ec2:Owner", owner)
            }
            None => ask,
        }
    }

    /// An object the call makes, with the tags it gives it.
    fn made(&self, kind: &str) -> Ask {
        let tags = request_tags(self.params);
        let none = Tags::new();
        self.ask(self.arn(kind, "*"))
            .requesting(tags.get(kind).unwrap_or(&none))
    }

    /// `ec2:CreateTags` for every kind of object the call tags while it makes it.
    fn tagging(&self) -> impl Iterator<Item = Ask> + '_ {
        request_tags(self.params).into_iter().map(|(kind, tags)| {
            let region = &self.place.key.region;
            Ask::new(region, "ec2:CreateTags", self.arn(&kind, "*"))
                .requesting(&tags)
                .with("ec2:CreateAction", self.action)
        })
    }
}

/// What IAM is asked for an EC2 call, in the order EC2 asks.
pub(super) fn ec2(
    place: &Place,
    roles: &BTreeMap<String, String>,
    action: &str,
    params: &Params,
) -> Vec<Ask> {
    let subject = Subject {
        place,
        action,
        params,
    };
    match action {
        "RunInstances" => launch::run_instances(&subject, roles),
        "CreateImage" => create::image(&subject),
        "CreateSecurityGroup" => create::security_group(&subject),
        "CopyImage" => create::image_copy(&subject),
        _ => named::of(&subject),
    }
}

/// The tags of each kind of object, read without judging them.
fn request_tags(params: &Params) -> BTreeMap<String, Tags> {
    let mut all: BTreeMap<String, Tags> = BTreeMap::new();
    for specification in params.structs("TagSpecification") {
        let kind = specification.get("ResourceType").unwrap_or_default();
        all.entry(kind.to_owned())
            .or_default()
            .extend(plain_tags(&specification));
    }
    all.retain(|_, tags| !tags.is_empty());
    all
}

fn plain_tags(params: &Params) -> Tags {
    let tags = params.structs("Tag").into_iter();
    let pair = |tag: Params| {
        let value = tag.get("Value").unwrap_or_default().to_owned();
        Some((tag.get("Key")?.to_owned(), value))
    };
    tags.filter_map(pair).collect()
}

/// The kind of an id, for ARNs; `usual` is the kind the parameter names, for what is no id of EC2.
fn kind_of<'a>(id: &str, usual: &'a str) -> &'a str {
    resource_type(id).unwrap_or(usual)
}

#[cfg(test)]
mod tests;

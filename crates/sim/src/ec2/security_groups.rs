//! Security groups: create, open, describe, delete. No token (EC2.md 1): the name is the guard.

use super::launch_network::no_default_vpc;
use super::{done, group_rules};
use crate::filters::Filters;
use crate::paging::Page;
use crate::sim::Call;
use crate::state::groups::{Rule, SecurityGroup};
use crate::state::tags::read_specifications;
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

pub(super) fn create(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let name = params.need("GroupName")?.to_owned();
    let description = params.need("GroupDescription")?.to_owned();
    let tags = read_specifications(params, &["security-group"])?;
    check_words(&name, &description)?;
    let id = call.world.id("sg");
    let visible_at = call.visible_at();
    let place = call.place();
    let vpc = match params.get("VpcId") {
        Some(vpc) => {
            let missing = || ApiError::not_found("InvalidVpcID.NotFound", "vpc ID", vpc);
            place.network.vpc(vpc).ok_or_else(missing)?.id.clone()
        }
        None => {
            let default = place.network.default_vpc();
            default.ok_or_else(|| no_default_vpc(false))?.id.clone()
        }
    };
    if place
        .groups
        .values()
        .any(|group| group.name == name && group.vpc == vpc)
    {
        let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(ApiError::client("InvalidGroup.Duplicate", message));
    }
    if let Some(tags) = tags.get("security-group") {
        place.tags.put(&id, tags)?;
    }
    let group = SecurityGroup {
        id: id.clone(),
        name,
        description,
        vpc,
        visible_at,
        ingress: Vec::new(),
    };
    place.groups.insert(id.clone(), group);
    let mut xml = done();
    xml.text("groupId", &id);
    place.tags.write(&id, &mut xml);
    call.effects.push(id);
    Ok(xml)
}

/// Names and descriptions share an alphabet and a length; some names are EC2's own.
fn check_words(name: &str, description: &str) -> Result<(), ApiError> {
    if name == "default" {
        let message = "Cannot use reserved security group name: default";
        return Err(ApiError::invalid(message));
    }
    if name.starts_with("sg-") || !group_rules::plain(name) {
        return Err(ApiError::invalid(format!(
            "Invalid value '{name}' for groupName. Names are up to 255 characters from the \
             following set: {} and may not start with 'sg-'",
            group_rules::ALPHABET
        )));
    }
    if group_rules::plain(description) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Invalid security group description. Valid descriptions are strings less than 256 \
         characters from the following set: {}",
        group_rules::ALPHABET
    )))
}

pub(super) fn authorize_ingress(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let id = params.need("GroupId")?.to_owned();
    let rules = group_rules::read(params)?;
    let now = call.now;
    let place = call.place();
    let lost = |id: &str| !place.groups.get(id).is_some_and(|group| group.visible(now));
    let sources = rules.iter().map(|rule| rule.source.as_str());
    let named = sources.filter(|source| source.starts_with("sg-"));
    if let Some(lost) = named.chain([id.as_str()]).find(|id| lost(id)) {
        return Err(missing(lost));
    }
    let most = place.quotas.rules_per_group;
    let group = place.groups.get_mut(&id).ok_or_else(|| missing(&id))?;
    for rule in &rules {
        if group.ingress.iter().any(|known| known.same(rule)) {
            let message = format!(
                "the specified rule \"peer: {}, {}, from port: {}, to port: {}, ALLOW\" \
                 already exists",
                rule.source,
                rule.protocol.to_uppercase(),
                rule.from.unwrap_or(0),
                rule.to.unwrap_or(65_535)
            );
            return Err(ApiError::client("InvalidPermission.Duplicate", message));
        }
    }
    // The quota counts rules for IPv4 and for IPv6 apart; one by group counts in both.
    let counts = |v6: bool| {
        let all = group.ingress.iter().chain(&rules);
        all.filter(|rule| rule.source.starts_with("sg-") || rule.source.contains(':') == v6)
            .count()
    };
    if counts(false).max(counts(true)) > most {
        let message = "The maximum number of rules per security group has been reached.";
        let code = "RulesPerSecurityGroupLimitExceeded";
        return Err(ApiError::client(code, message));
    }
    group.ingress.extend(rules);
    call.effects.push(id);
    Ok(done())
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let (ids, names) = (params.list("GroupId"), params.list("GroupName"));
    let known = [
        "group-id",
        "group-name",
        "vpc-id",
        "description",
        "owner-id",
        "tag-key",
    ];
    let filters = Filters::read(params, &known)?;
    let page = Page::read(params, 5)?;
    let (now, account) = (call.now, call.key.account.clone());
    let place = call.place();
    let seen = |id: &&String| {
        place
            .groups
            .get(*id)
            .is_some_and(|group| group.visible(now))
    };
    if let Some(id) = ids.iter().find(|id| !seen(id)) {
        return Err(missing(id));
    }
    let named = |name: &String| {
        let mut groups = place.groups.values();
        groups.any(|group| group.name == *name && group.visible(now))
    };
    if let Some(name) = names.iter().find(|name| !named(name)) {
        return Err(missing(name));
    }
    let chosen = place.groups.values().filter(|group| {
        group.visible(now)
            && (ids.is_empty() || ids.contains(&group.id))
            && (names.is_empty() || names.contains(&group.name))
            && filters.pass(|name| {
                place.tags.facts(&group.id, name).unwrap_or_else(|| {
                    vec![match name {
                        "group-id" => group.id.clone(),
                        "group-name" => group.name.clone(),
                        "vpc-id" => group.vpc.clone(),
                        "owner-id" => account.clone(),
                        _ => group.description.clone(),
                    }]
                })
            })
    });
    let (cut, next) = page.cut(chosen.collect(), |g: &&SecurityGroup| g.id.clone(), |_| 1);
    let mut xml = Xml::default();
    xml.items("securityGroupInfo", cut, |xml, group| {
        xml.text("ownerId", &account);
        xml.text("groupId", &group.id);
        xml.text("groupName", &group.name);
        xml.text("groupDescription", &group.description);
        xml.text("vpcId", &group.vpc);
        xml.items("ipPermissions", &group.ingress, permission);
        place.tags.write(&group.id, xml);
    });
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}

fn permission(xml: &mut Xml, rule: &Rule) {
    xml.text("ipProtocol", &rule.protocol);
    for (name, port) in [("fromPort", rule.from), ("toPort", rule.to)] {
        if let Some(port) = port {
            xml.value(name, port);
        }
    }
    let (list, field) = match rule.source.as_str() {
        source if source.starts_with("sg-") => ("groups", "groupId"),
        source if source.starts_with("pl-") => ("prefixListIds", "prefixListId"),
        source if source.contains(':') => ("ipv6Ranges", "cidrIpv6"),
        _ => ("ipRanges", "cidrIp"),
    };
    xml.items(list, [&rule.source], |xml, source| {
        xml.text(field, source);
        xml.maybe("description", rule.description.as_deref());
    });
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let (params, now) = (call.params, call.now);
    let place = call.place();
    let by_name = |name: &str| place.groups.values().find(|group| group.name == name);
    let id = match (params.get("GroupId"), params.get("GroupName")) {
        (Some(id), _) => id.to_owned(),
        (None, Some(name)) => by_name(name).ok_or_else(|| missing(name))?.id.clone(),
        (None, None) => return Err(ApiError::missing("GroupId")),
    };
    let group = place.groups.get(&id).filter(|group| group.visible(now));
    let group = group.ok_or_else(|| missing(&id))?;
    if group.name == "default" {
        let message = "the specified group cannot be deleted by a user";
        return Err(ApiError::client("CannotDelete", message));
    }
    // A terminated instance has let go of its groups; one shutting down has not.
    let holds = |instance: &crate::state::instances::Instance| {
        instance.terminated_at.is_none() && instance.groups.contains(&id)
    };
    if place.instances.values().any(holds) {
        let message = format!("resource {id} has a dependent object");
        return Err(ApiError::client("DependencyViolation", message));
    }
    place.groups.remove(&id);
    place.tags.forget(&id);
    let mut xml = done();
    xml.text("groupId", &id);
    call.effects.push(id);
    Ok(xml)
}

pub(super) fn missing(id: &str) -> ApiError {
    let message = format!("The security group '{id}' does not exist");
    ApiError::client("InvalidGroup.NotFound", message)
}

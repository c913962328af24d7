//! Security groups: create, open, describe, delete. No token (EC2.md 1): the name is the guard.

use super::done;
use crate::filters::Filters;
use crate::paging::Page;
use crate::sim::Call;
use crate::state::groups::{Rule, SecurityGroup};
use crate::state::tags::read_specifications;
use crate::wire::errors::ApiError;
use crate::wire::query::Params;
use crate::wire::xml::Xml;

pub(super) fn create(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let name = params.need("GroupName")?.to_owned();
    let description = params.need("GroupDescription")?.to_owned();
    let tags = read_specifications(params, &["security-group"])?;
    if name.starts_with("sg-") || name.chars().count() > 255 {
        let message = format!("Invalid value '{name}' for groupName.");
        return Err(ApiError::invalid(message));
    }
    let id = call.world.id("sg");
    let place = call.place();
    let vpc = params.get("VpcId").unwrap_or(&place.network.vpc).to_owned();
    if vpc != place.network.vpc {
        return Err(ApiError::not_found("InvalidVpcID.NotFound", "vpc ID", &vpc));
    }
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
        ingress: Vec::new(),
    };
    place.groups.insert(id.clone(), group);
    let mut xml = done();
    xml.text("groupId", &id);
    place.tags.write(&id, &mut xml);
    call.effects.push(id);
    Ok(xml)
}

pub(super) fn authorize_ingress(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let id = params.need("GroupId")?.to_owned();
    let rules = read_rules(params)?;
    let place = call.place();
    let group = place.groups.get_mut(&id).ok_or_else(|| missing(&id))?;
    for rule in &rules {
        if group.ingress.iter().any(|known| known.same(rule)) {
            let message = format!(
                "the specified rule \"peer: {}, {}, from port: {:?}, to port: {:?}, ALLOW\" \
                 already exists",
                rule.source, rule.protocol, rule.from, rule.to
            );
            return Err(ApiError::client("InvalidPermission.Duplicate", message));
        }
    }
    group.ingress.extend(rules);
    call.effects.push(id);
    Ok(done())
}

fn read_rules(params: &Params) -> Result<Vec<Rule>, ApiError> {
    let mut permissions = params.structs("IpPermissions");
    if permissions.is_empty() {
        permissions.push(params.clone());
    }
    let mut rules = Vec::new();
    for permission in &permissions {
        let protocol = permission.need("IpProtocol")?.to_owned();
        let port = |name| {
            let text = permission.get(name).map(str::parse::<i64>).transpose();
            text.map_err(|_| ApiError::invalid(format!("{name} is not a port")))
        };
        let (from, to) = (port("FromPort")?, port("ToPort")?);
        let lists = [
            ("IpRanges", "CidrIp"),
            ("Ipv6Ranges", "CidrIpv6"),
            ("Groups", "GroupId"),
        ];
        let mut sources: Vec<(String, Option<String>)> = Vec::new();
        for (list, field) in lists {
            for range in permission.structs(list) {
                let note = range.get("Description").map(str::to_owned);
                sources.push((range.need(field)?.to_owned(), note));
            }
        }
        sources.extend(permission.get("CidrIp").map(|cidr| (cidr.to_owned(), None)));
        if sources.is_empty() {
            return Err(ApiError::missing("CidrIp"));
        }
        for (source, description) in sources {
            rules.push(Rule {
                protocol: protocol.clone(),
                from,
                to,
                source,
                description,
            });
        }
    }
    Ok(rules)
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
    let account = call.key.account.clone();
    let place = call.place();
    if let Some(id) = ids.iter().find(|id| !place.groups.contains_key(*id)) {
        return Err(missing(id));
    }
    let named = |name: &String| place.groups.values().any(|group| group.name == *name);
    if let Some(name) = names.iter().find(|name| !named(name)) {
        return Err(missing(name));
    }
    let chosen = place.groups.values().filter(|group| {
        (ids.is_empty() || ids.contains(&group.id))
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
        source if source.contains(':') => ("ipv6Ranges", "cidrIpv6"),
        _ => ("ipRanges", "cidrIp"),
    };
    xml.items(list, [&rule.source], |xml, source| {
        xml.text(field, source);
        xml.maybe("description", rule.description.as_deref());
    });
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let place = call.place();
    let by_name = |name: &str| place.groups.values().find(|group| group.name == name);
    let id = match (params.get("GroupId"), params.get("GroupName")) {
        (Some(id), _) => id.to_owned(),
        (None, Some(name)) => by_name(name).ok_or_else(|| missing(name))?.id.clone(),
        (None, None) => return Err(ApiError::missing("GroupId")),
    };
    let group = place.groups.get(&id).ok_or_else(|| missing(&id))?;
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

fn missing(id: &str) -> ApiError {
    let message = format!("The security group '{id}' does not exist");
    ApiError::client("InvalidGroup.NotFound", message)
}

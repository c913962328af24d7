//! Security groups: one per deployment, made once however often it is asked for, and never with SSH for everyone (F6).

mod rules;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, ResourceType, SecurityGroup};
use ingot_domain::network::IngressRule;
use ingot_domain::place::Place;

use super::classify::Call;
use super::client::{LONGEST_FILTER, PAGE, Regional};
use super::{AwsCloud, tagged, tags};
use crate::error::{CloudError, ErrorKind};
use crate::facts::TaggedFacts;
use crate::nouns::Groups;
use crate::spec::SecurityGroupSpec;
use rules::{covered, description, opens_ssh, permission};

/// Finds or makes the group, then adds the rules it lacks. Every step may be repeated after any crash: the name is
/// unique in its VPC, and a rule can be there only once.
pub(super) async fn ensure(
    cloud: &AwsCloud,
    region: &str,
    spec: &SecurityGroupSpec,
) -> Result<String, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "CreateSecurityGroup",
        region,
    };
    for rule in &spec.ingress {
        let refused = |error: ingot_domain::field::FieldError| {
            call.error(ErrorKind::Invalid, "ingress", error.to_string())
        };
        rule.check("ingress").map_err(refused)?;
    }
    let clients = cloud.at(&call)?;
    let vpc = match &spec.subnet_id {
        Some(subnet) => Some(vpc_of(cloud, &clients, region, subnet).await?),
        None => None,
    };
    let request = clients
        .ec2
        .create_security_group()
        .group_name(&spec.name)
        .description(description(&spec.description))
        .set_vpc_id(vpc.clone())
        .set_tag_specifications(tags::specifications(
            [ResourceType::SecurityGroup],
            &spec.tags,
        ));
    let (id, there) = match cloud.asked(&call, request.send()).await {
        Ok(answer) => (
            answer.group_id.ok_or_else(|| call.hollow("a group id"))?,
            Vec::new(),
        ),
        Err(error) if error.kind == ErrorKind::Duplicate => {
            let group = existing(cloud, &clients, region, spec, vpc, error).await?;
            let id = group
                .group_id()
                .map(str::to_owned)
                .ok_or_else(|| call.hollow("a group id"))?;
            (id, group.ip_permissions.unwrap_or_default())
        }
        Err(error) => return Err(error),
    };
    let missing: Vec<_> = spec
        .ingress
        .iter()
        .filter(|rule| !covered(rule, &there))
        .collect();
    authorize(cloud, &clients, region, &id, &missing).await?;
    Ok(id)
}

pub(super) async fn vpc_of(
    cloud: &AwsCloud,
    clients: &Regional,
    region: &str,
    subnet: &str,
) -> Result<String, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeSubnets",
        region,
    };
    let answer = cloud
        .asked(
            &call,
            clients.ec2.describe_subnets().subnet_ids(subnet).send(),
        )
        .await?;
    let vpc = answer.subnets().first().and_then(|subnet| subnet.vpc_id());
    vpc.map(str::to_owned).ok_or_else(|| {
        call.error(
            ErrorKind::NotFound,
            "InvalidSubnetID.NotFound",
            format!("there is no subnet {subnet} in {region}"),
        )
    })
}

/// The group of this name that EC2 says is there. It may not be visible yet (EC2.md 17); and without all of our tags and
/// the description, which are given with the creation, it is another's (EC2.md 11): rules are added to none but our own.
async fn existing(
    cloud: &AwsCloud,
    clients: &Regional,
    region: &str,
    spec: &SecurityGroupSpec,
    vpc: Option<String>,
    duplicate: CloudError,
) -> Result<SecurityGroup, CloudError> {
    let mut by = vec![tags::exactly("group-name", &spec.name)];
    by.extend(vpc.as_deref().map(|vpc| tags::exactly("vpc-id", vpc)));
    let mut found = find(cloud, clients, region, by).await?;
    if vpc.is_none() && found.len() > 1 {
        let home = default_vpc(cloud, region).await?;
        found.retain(|group| group.vpc_id() == home.as_deref());
    }
    let Some(group) = found.into_iter().next() else {
        return Err(CloudError {
            kind: ErrorKind::WrongState,
            ..duplicate
        });
    };
    let carried = tags::read(group.tags());
    let agrees = spec
        .tags
        .iter()
        .all(|(key, value)| carried.get(key) == Some(value));
    if !agrees || group.description() != Some(description(&spec.description).as_str()) {
        let message = format!(
            "security group {} exists and is not ours: its tags or its description are not the deployment's",
            spec.name
        );
        return Err(CloudError {
            message,
            ..duplicate
        });
    }
    Ok(group)
}

/// The VPC of launches that name no subnet, if the region has one.
pub(super) async fn default_vpc(
    cloud: &AwsCloud,
    region: &str,
) -> Result<Option<String>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeVpcs",
        region,
    };
    let request = cloud
        .at(&call)?
        .ec2
        .describe_vpcs()
        .filters(tags::exactly("is-default", "true"));
    let answer = cloud.asked(&call, request.send()).await?;
    Ok(answer
        .vpcs()
        .first()
        .and_then(|vpc| vpc.vpc_id())
        .map(str::to_owned))
}

pub(super) async fn find(
    cloud: &AwsCloud,
    clients: &Regional,
    region: &str,
    by: Vec<Filter>,
) -> Result<Vec<SecurityGroup>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeSecurityGroups",
        region,
    };
    let request = clients.ec2.describe_security_groups().set_filters(Some(by));
    let mut pages = request.into_paginator().page_size(PAGE).send();
    let mut found = Vec::new();
    while let Some(page) = cloud.page(&call, pages.next()).await? {
        found.extend(page.security_groups.unwrap_or_default());
    }
    Ok(found)
}

/// Adds rules, all at once; when one of them is there already EC2 refuses all, and they are added one by one.
async fn authorize(
    cloud: &AwsCloud,
    clients: &Regional,
    region: &str,
    id: &str,
    rules: &[&IngressRule],
) -> Result<(), CloudError> {
    let call = Call {
        service: "ec2",
        operation: "AuthorizeSecurityGroupIngress",
        region,
    };
    let add = async |rules: &[&IngressRule]| {
        let permissions = rules.iter().map(|rule| permission(rule)).collect();
        let request = clients.ec2.authorize_security_group_ingress().group_id(id);
        cloud
            .asked(&call, request.set_ip_permissions(Some(permissions)).send())
            .await
            .map(drop)
    };
    // A group this young may not be known everywhere (EC2.md 18): not lost, only early.
    let early = |error: CloudError| match error.kind {
        ErrorKind::NotFound => CloudError {
            kind: ErrorKind::WrongState,
            ..error
        },
        _ => error,
    };
    if rules.is_empty() {
        return Ok(());
    }
    match add(rules).await {
        Err(error) if error.kind == ErrorKind::Duplicate && rules.len() > 1 => {
            for rule in rules {
                match add(&[*rule]).await {
                    Err(error) if error.kind != ErrorKind::Duplicate => return Err(early(error)),
                    _ => {}
                }
            }
            Ok(())
        }
        Err(error) if error.kind != ErrorKind::Duplicate => Err(early(error)),
        _ => Ok(()),
    }
}

/// Deletes a group. Gone already is done; in use is `Conflict`, for an instance of it is still ending.
pub(super) async fn delete(cloud: &AwsCloud, region: &str, id: &str) -> Result<(), CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DeleteSecurityGroup",
        region,
    };
    let request = cloud.at(&call)?.ec2.delete_security_group().group_id(id);
    match cloud.asked(&call, request.send()).await {
        Err(error) if error.kind != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Those of the groups that let every address connect to port 22, sorted.
pub(super) async fn open_to_ssh(
    cloud: &AwsCloud,
    region: &str,
    ids: &[String],
) -> Result<Vec<String>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeSecurityGroups",
        region,
    };
    let clients = cloud.at(&call)?;
    let mut open = Vec::new();
    for some in ids.chunks(LONGEST_FILTER) {
        let groups = find(
            cloud,
            &clients,
            region,
            vec![tags::any_of("group-id", some)],
        )
        .await?;
        let groups = groups
            .into_iter()
            .filter(|group| group.ip_permissions().iter().any(opens_ssh));
        open.extend(groups.filter_map(|group| group.group_id));
    }
    open.sort_unstable();
    Ok(open)
}

#[async_trait]
impl Groups for AwsCloud {
    async fn ensure_security_group(
        &self,
        place: Place<'_>,
        spec: &SecurityGroupSpec,
    ) -> Result<String, CloudError> {
        let region = self.region_of(place).await?;
        ensure(self, region, spec).await
    }

    async fn describe_security_group(
        &self,
        place: Place<'_>,
        id: &str,
    ) -> Result<Option<TaggedFacts>, CloudError> {
        let region = self.region_of(place).await?;
        let found = tagged::groups(self, region, tags::any_of("group-id", [id])).await?;
        Ok(found.into_iter().find(|one| one.id == id))
    }

    async fn find_security_groups_by_tag(
        &self,
        place: Place<'_>,
        key: &str,
        value: &str,
    ) -> Result<Vec<TaggedFacts>, CloudError> {
        let region = self.region_of(place).await?;
        let by = tags::exactly(format!("tag:{key}"), value);
        let found = tagged::groups(self, region, by).await?;
        Ok(tagged::carrying(found, key, value))
    }

    async fn groups_open_to_ssh(
        &self,
        place: Place<'_>,
        group_ids: &[String],
    ) -> Result<Vec<String>, CloudError> {
        let region = self.region_of(place).await?;
        open_to_ssh(self, region, group_ids).await
    }

    async fn delete_security_group(
        &self,
        place: Place<'_>,
        group_id: &str,
    ) -> Result<(), CloudError> {
        let region = self.region_of(place).await?;
        delete(self, region, group_id).await
    }

    async fn vpc_of(
        &self,
        place: Place<'_>,
        subnet: Option<&str>,
    ) -> Result<Option<String>, CloudError> {
        let region = self.region_of(place).await?;
        tagged::vpc(self, region, subnet).await
    }
}

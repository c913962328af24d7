//! The security groups of a launch.

use std::time::Duration;

use crate::state::Place;
use crate::state::network::Subnet;
use crate::wire::errors::ApiError;
use crate::wire::query::Params;

/// The ids of the groups a launch names, or the default one of its VPC.
pub(super) fn read(
    place: &Place,
    params: &Params,
    interface: &Params,
    subnet: &Subnet,
    now: Duration,
) -> Result<Vec<String>, ApiError> {
    let mut ids = params.list("SecurityGroupId");
    ids.extend(interface.list("SecurityGroupId"));
    let missing = |id: &str| super::security_groups::missing(id);
    for name in params.list("SecurityGroup") {
        let found = place
            .groups
            .values()
            .find(|group| group.name == name && group.vpc == subnet.vpc && group.visible(now));
        ids.push(found.ok_or_else(|| missing(&name))?.id.clone());
    }
    ids.dedup();
    for id in &ids {
        let group = place.groups.get(id).filter(|group| group.visible(now));
        if group.ok_or_else(|| missing(id))?.vpc != subnet.vpc {
            let message = format!(
                "Security group {id} and subnet {} belong to different networks.",
                subnet.id
            );
            return Err(ApiError::client("InvalidParameter", message));
        }
    }
    let most = place.quotas.groups_per_interface;
    if ids.len() > most {
        let message = format!(
            "The maximum number of security groups per interface has been reached. \
             You may have up to {most} security groups per interface."
        );
        let code = "SecurityGroupsPerInterfaceLimitExceeded";
        return Err(ApiError::client(code, message));
    }
    if ids.is_empty() {
        let mut groups = place.groups.values();
        let default = groups.find(|group| group.name == "default" && group.vpc == subnet.vpc);
        ids.extend(default.map(|group| group.id.clone()));
    }
    Ok(ids)
}

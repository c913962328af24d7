//! Reading a RunInstances request: every check, before anything is made.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::instance_types::{self, InstanceType};
use crate::sim::Call;
use crate::state::groups::Subnet;
use crate::state::images::{Device, Image, ImageState};
use crate::wire::errors::ApiError;
use crate::wire::query::Params;

/// A launch that may go ahead.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) image: Image,
    pub(super) kind: InstanceType,
    pub(super) subnet: Subnet,
    pub(super) groups: Vec<String>,
    pub(super) devices: Vec<Device>,
    pub(super) user_data: Option<String>,
    pub(super) spot: bool,
    pub(super) count: u64,
}

/// User data EC2 takes at most, before encoding.
const USER_DATA: usize = 16_384;

/// Checks a request as EC2 does, in about its order.
pub(super) fn read(call: &mut Call<'_>) -> Result<Launch, ApiError> {
    let params = call.params;
    let count = read_count(params)?;
    let image = read_image(call, params.need("ImageId")?)?;
    let name = params.get("InstanceType").unwrap_or("t2.micro");
    let kind = instance_types::find(name)
        .ok_or_else(|| ApiError::invalid(format!("Invalid value '{name}' for InstanceType.")))?;
    if kind.architecture != image.architecture {
        let message = format!(
            "The architecture '{}' of the specified instance type does not match the \
             architecture '{}' of the specified AMI.",
            kind.architecture, image.architecture
        );
        return Err(ApiError::invalid(message));
    }
    let subnet = read_subnet(call)?;
    let groups = read_groups(call)?;
    let devices = read_devices(params, &image)?;
    let user_data = read_user_data(params)?;
    let market = params.sub("InstanceMarketOptions");
    let spot = match market.get("MarketType") {
        None => false,
        Some("spot") => true,
        Some(other) => {
            return Err(ApiError::invalid(format!(
                "Invalid value '{other}' for MarketType."
            )));
        }
    };
    Ok(Launch {
        image,
        kind,
        subnet,
        groups,
        devices,
        user_data,
        spot,
        count,
    })
}

fn read_count(params: &Params) -> Result<u64, ApiError> {
    params.need("MinCount")?;
    params.need("MaxCount")?;
    let least = params.number("MinCount")?.unwrap_or(0);
    let most = params.number("MaxCount")?.unwrap_or(0);
    if least == 0 || least > most {
        let message = format!("MinCount {least} and MaxCount {most} are not a range from 1");
        return Err(ApiError::invalid(message));
    }
    Ok(most)
}

fn read_image(call: &mut Call<'_>, id: &str) -> Result<Image, ApiError> {
    let now = call.now;
    let image = find_image(call, id)?;
    let unavailable = |why: &str| {
        let message = format!("The image ID '{id}' is {why}");
        Err(ApiError::client("InvalidAMIID.Unavailable", message))
    };
    match image.state(now) {
        ImageState::Available => Ok(image),
        ImageState::Pending => unavailable("pending"),
        ImageState::Disabled => unavailable("disabled"),
        ImageState::Failed => unavailable("failed"),
        ImageState::Deregistered => unavailable("no longer available"),
    }
}

/// An image the caller may use: its own, a public one, or one shared with it.
pub(super) fn find_image(call: &mut Call<'_>, id: &str) -> Result<Image, ApiError> {
    let now = call.now;
    if !id.starts_with("ami-") {
        let message = format!("Invalid id: \"{id}\" (expecting \"ami-...\")");
        return Err(ApiError::client("InvalidAMIID.Malformed", message));
    }
    let missing = || {
        let message = format!("The image id '[{id}]' does not exist");
        ApiError::client("InvalidAMIID.NotFound", message)
    };
    if let Some(image) = call.place().images.get(id) {
        return if image.known(now) {
            Ok(image.clone())
        } else {
            Err(missing())
        };
    }
    let (account, region) = (call.key.account.clone(), call.key.region.clone());
    let places = call
        .world
        .places
        .values()
        .filter(|place| place.key.region == region);
    places
        .filter_map(|place| place.images.get(id))
        .find(|image| image.known(now) && image.shared_with.contains(&account))
        .cloned()
        .ok_or_else(missing)
}

fn read_subnet(call: &mut Call<'_>) -> Result<Subnet, ApiError> {
    let params = call.params;
    let interface = params
        .structs("NetworkInterface")
        .into_iter()
        .next()
        .unwrap_or_default();
    let wanted = params.get("SubnetId").or_else(|| interface.get("SubnetId"));
    let network = call.place().network.clone();
    if let Some(id) = wanted {
        let missing = || {
            ApiError::client(
                "InvalidSubnetID.NotFound",
                format!("The subnet ID '{id}' does not exist"),
            )
        };
        return network.subnet(id).cloned().ok_or_else(missing);
    }
    let first = || network.subnets.first().cloned();
    let found = match params.get("Placement.AvailabilityZone") {
        Some(zone) => network.in_zone(zone).cloned(),
        None => first(),
    };
    found.ok_or_else(|| ApiError::invalid("Invalid availability zone"))
}

fn read_groups(call: &mut Call<'_>) -> Result<Vec<String>, ApiError> {
    let params = call.params;
    let mut ids = params.list("SecurityGroupId");
    for interface in params.structs("NetworkInterface") {
        ids.extend(interface.list("SecurityGroupId"));
    }
    let place = call.place();
    if let Some(id) = ids.iter().find(|id| !place.groups.contains_key(*id)) {
        return Err(ApiError::not_found(
            "InvalidGroup.NotFound",
            "security group",
            id,
        ));
    }
    for name in params.list("SecurityGroup") {
        let found = place.groups.values().find(|group| group.name == name);
        let missing = || ApiError::not_found("InvalidGroup.NotFound", "security group", &name);
        ids.push(found.ok_or_else(missing)?.id.clone());
    }
    if ids.is_empty() {
        let default = place.groups.values().find(|group| group.name == "default");
        ids.extend(default.map(|group| group.id.clone()));
    }
    Ok(ids)
}

/// The image's devices, overridden and extended by the request's.
fn read_devices(params: &Params, image: &Image) -> Result<Vec<Device>, ApiError> {
    let mut devices = image.devices.clone();
    for mapping in params.structs("BlockDeviceMapping") {
        let name = mapping.need("DeviceName")?;
        let ebs = mapping.sub("Ebs");
        if mapping.iter().any(|(key, _)| key == "NoDevice") {
            devices.retain(|device| device.name != name);
            continue;
        }
        if ebs.is_empty() {
            continue;
        }
        let size = ebs.number("VolumeSize")?;
        let known = devices.iter().position(|device| device.name == name);
        let mut device = match known {
            Some(at) => devices.remove(at),
            None => Device {
                name: name.to_owned(),
                snapshot: None,
                size_gib: size.ok_or_else(|| ApiError::missing("VolumeSize"))?,
                kind: "gp2".to_owned(),
                delete_on_termination: true,
                encrypted: false,
            },
        };
        if let Some(size) = size {
            if size < device.size_gib && device.snapshot.is_some() {
                let message = format!(
                    "Volume of size {size}GB is smaller than snapshot, expect size >= {}GB",
                    device.size_gib
                );
                return Err(ApiError::client("InvalidBlockDeviceMapping", message));
            }
            device.size_gib = size;
        }
        if let Some(kind) = ebs.get("VolumeType") {
            device.kind = kind.to_owned();
        }
        if ebs.get("DeleteOnTermination").is_some() {
            device.delete_on_termination = ebs.flag("DeleteOnTermination");
        }
        device.encrypted |= ebs.flag("Encrypted");
        devices.insert(known.unwrap_or(devices.len()), device);
    }
    Ok(devices)
}

fn read_user_data(params: &Params) -> Result<Option<String>, ApiError> {
    let Some(text) = params.get("UserData") else {
        return Ok(None);
    };
    let malformed = |_| {
        ApiError::client(
            "InvalidUserData.Malformed",
            "Invalid BASE64 encoding of user data.",
        )
    };
    let raw = STANDARD.decode(text).map_err(malformed)?;
    if raw.len() > USER_DATA {
        return Err(ApiError::invalid("User data is limited to 16384 bytes"));
    }
    Ok(Some(text.to_owned()))
}

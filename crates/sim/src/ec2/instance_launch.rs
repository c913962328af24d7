//! Reading a RunInstances request: every check, before anything is made.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::launch_network::{self, Spot};
use super::launch_volumes;
use crate::instance_types::{self, InstanceType};
use crate::sim::Call;
use crate::state::images::{Device, Image, ImageState};
use crate::state::instances::{Instance, Phase};
use crate::wire::errors::ApiError;
use crate::wire::query::Params;

/// A launch that may go ahead.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) image: Image,
    pub(super) kind: InstanceType,
    pub(super) place: Spot,
    /// ARN of its instance profile.
    pub(super) profile: Option<String>,
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
    check_options(params)?;
    let (now, account) = (call.now, call.key.account.clone());
    let profile = call.place().profiles.read(params, &account, now)?;
    if let Some(name) = params.get("KeyName")
        && !call.place().key_pairs.contains_key(name)
    {
        return Err(super::key_pairs::missing(name));
    }
    let devices = launch_volumes::read(params, &image)?;
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
    let place = launch_network::read(call, &kind, count)?;
    check_quota(call, &kind, spot, count)?;
    Ok(Launch {
        image,
        kind,
        place,
        profile,
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

/// Values EC2 takes for words and numbers beside the machine itself.
fn check_options(params: &Params) -> Result<(), ApiError> {
    let words = [
        ("InstanceInitiatedShutdownBehavior", ["stop", "terminate"]),
        ("MetadataOptions.HttpTokens", ["optional", "required"]),
        ("MetadataOptions.HttpEndpoint", ["enabled", "disabled"]),
        (
            "MetadataOptions.InstanceMetadataTags",
            ["enabled", "disabled"],
        ),
    ];
    for (name, words) in words {
        if let Some(word) = params.get(name).filter(|word| !words.contains(word)) {
            let message = format!("Invalid value '{word}' for {name}. Valid values: {words:?}");
            return Err(ApiError::invalid(message));
        }
    }
    let hops = params.number("MetadataOptions.HttpPutResponseHopLimit")?;
    if let Some(hops) = hops.filter(|hops| !(1..=64).contains(hops)) {
        return Err(ApiError::invalid(format!(
            "Value ({hops}) for parameter HttpPutResponseHopLimit is invalid. \
             The value must be between 1 and 64."
        )));
    }
    Ok(())
}

/// Refuses what the account's vCPU quota does not hold.
fn check_quota(
    call: &mut Call<'_>,
    kind: &InstanceType,
    spot: bool,
    count: u64,
) -> Result<(), ApiError> {
    let place = call.place();
    let bucket = |name: &str| name.starts_with('g');
    let ordered = &place.quotas;
    let limit = match (spot, bucket(&kind.name)) {
        (true, _) => ordered.spot_vcpus,
        (false, true) => ordered.gpu_vcpus,
        (false, false) => ordered.vcpus,
    };
    let Some(limit) = limit else {
        return Ok(());
    };
    let counts = |instance: &&Instance| {
        matches!(instance.phase, Phase::Pending | Phase::Running)
            && instance.spot_request.is_some() == spot
            && (spot || bucket(&instance.kind) == bucket(&kind.name))
    };
    let vcpus =
        |instance: &Instance| instance_types::find(&instance.kind).map_or(0, |kind| kind.vcpus);
    let used: u64 = place.instances.values().filter(counts).map(vcpus).sum();
    if used + kind.vcpus * count <= limit {
        return Ok(());
    }
    if spot {
        return Err(ApiError::client(
            "MaxSpotInstanceCountExceeded",
            "Max spot instance count exceeded",
        ));
    }
    let message = format!(
        "You have requested more vCPU capacity than your current vCPU limit of {limit} allows \
         for the instance bucket that the specified instance type belongs to. Please visit \
         http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
    );
    Err(ApiError::client("VcpuLimitExceeded", message))
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

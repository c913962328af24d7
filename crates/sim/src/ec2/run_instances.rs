//! RunInstances: tokens, then machines (EC2.md 4 to 8, 11).

use std::collections::BTreeMap;
use std::time::Duration;

use super::instance_launch::{self, Launch};
use super::{instance_xml, launch_network};
use crate::guest::{self, Serves, shuts_down};
use crate::sim::Call;
use crate::state::instances::{Instance, Phase, Reason, Volume};
use crate::state::network::{Interface, ipv6_of};
use crate::state::serving::Changed;
use crate::state::tags::{Tags, read_specifications};
use crate::wire::errors::ApiError;
use crate::wire::query::Params;
use crate::wire::xml::Xml;

const ACTION: &str = "RunInstances";

pub(super) fn run_instances(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let scope = token_scope(call);
    let fingerprint = params.fingerprint();
    if let Some(token) = params.get("ClientToken")
        && let Some(ids) = call
            .place()
            .tokens
            .recall(ACTION, &scope, token, &fingerprint)?
    {
        return again(call, &ids);
    }
    let kinds = [
        "instance",
        "volume",
        "network-interface",
        "spot-instances-request",
    ];
    let tags = read_specifications(params, &kinds)?;
    let mut launch = instance_launch::read(call)?;
    let place = call.key.clone();
    let keys = call
        .place()
        .kms
        .of_launch(&place, params, &mut launch.devices);
    let ids = start(call, &launch, tags.get("instance"), tags.get("volume"))?;
    super::encryption::seal(call, &ids, &keys);
    if let Some(token) = params.get("ClientToken") {
        let tokens = &mut call.place().tokens;
        tokens.remember(ACTION, &scope, token, fingerprint, ids.clone());
    }
    call.effects.extend(ids.iter().cloned());
    call.launched.extend(ids.iter().cloned());
    let now = call.now;
    if let Some(image) = call.place().images.get_mut(&launch.image.id) {
        image.last_launched = Some(now);
    }
    Ok(answer(call, &ids))
}

/// Tokens are zonal if the request names a subnet or zone, else regional (EC2.md 7).
fn token_scope(call: &mut Call<'_>) -> String {
    let params = call.params;
    let interface = launch_network::first_interface(params);
    let subnet = params.get("SubnetId").or_else(|| interface.get("SubnetId"));
    let zone = params.get("Placement.AvailabilityZone").map(str::to_owned);
    let network = &call.place().network;
    let by_subnet = |id: &str| network.subnet(id).map(|subnet| subnet.zone.clone());
    zone.or_else(|| by_subnet(subnet?)).unwrap_or_default()
}

/// A repeated token: the first result, unless its machines are gone (EC2.md 8).
fn again(call: &mut Call<'_>, ids: &[String]) -> Result<Xml, ApiError> {
    let place = call.place();
    let living = |id: &String| place.instances.get(id).is_some_and(Instance::living);
    if !ids.iter().all(living) {
        let message = "The client token you have provided is associated with a resource \
                       that is already deleted. Please use a different client token.";
        return Err(ApiError::client("IdempotentInstanceTerminated", message));
    }
    Ok(answer(call, ids))
}

fn answer(call: &mut Call<'_>, ids: &[String]) -> Xml {
    let (sim, account) = (call.sim, call.key.account.clone());
    let place = call.place();
    let instances: Vec<&Instance> = ids
        .iter()
        .filter_map(|id| place.instances.get(id))
        .collect();
    let mut xml = Xml::default();
    instance_xml::reservation(&mut xml, sim, place, &account, &instances);
    xml
}

fn start(
    call: &mut Call<'_>,
    launch: &Launch,
    tags: Option<&Tags>,
    volume_tags: Option<&Tags>,
) -> Result<Vec<String>, ApiError> {
    let reservation = call.world.id("r");
    let mut ids = Vec::new();
    for _ in 0..launch.count {
        let mut instance = machine(call, launch, &reservation)?;
        let id = instance.id.clone();
        for device in &launch.devices {
            let volume = Volume {
                id: call.world.id("vol"),
                instance: id.clone(),
                device: device.name.clone(),
                size_gib: device.size_gib,
                kind: device.kind.clone(),
                iops: device.iops,
                throughput: device.throughput,
                captured_at: None,
                delete_on_termination: device.delete_on_termination,
                encrypted: device.encrypted,
                snapshot: device.snapshot.clone(),
                created: call.now,
            };
            instance.volumes.push(volume.id.clone());
            let place = call.place();
            if let Some(tags) = volume_tags {
                place.tags.put(&volume.id, tags)?;
            }
            place.volumes.insert(volume.id.clone(), volume);
        }
        let place = call.place();
        if let Some(tags) = tags {
            place.tags.put(&id, tags)?;
        }
        place.instances.insert(id.clone(), instance);
        ids.push(id);
    }
    Ok(ids)
}

fn machine(call: &mut Call<'_>, launch: &Launch, reservation: &str) -> Result<Instance, ApiError> {
    let full = || {
        ApiError::client(
            "InsufficientFreeAddressesInSubnet",
            "no loopback address is left for another machine",
        )
    };
    let plan = call.world.next_instances.pop_front().unwrap_or_default();
    let delays = &call.sim.config.region_delays;
    let params = call.params;
    let now = call.now;
    let running_at = if plan.stuck {
        Duration::MAX
    } else {
        now.saturating_add(delays.running)
    };
    let install = if launch.image.installed {
        delays.from_image
    } else {
        delays.fresh_install
    };
    let metadata = params.sub("MetadataOptions");
    let v2 = launch.image.imds_support.is_some();
    let tokens = metadata
        .get("HttpTokens")
        .unwrap_or(if v2 { "required" } else { "optional" });
    let address = call.world.address().ok_or_else(full)?;
    let spot = &launch.place;
    let interface = Interface {
        id: call.world.id("eni"),
        vpc: spot.subnet.vpc.clone(),
        ipv4: spot.subnet.cidr.is_some(),
        public: spot.public,
        ipv6: spot.ipv6.then(|| ipv6_of(address)),
    };
    let at_launch = |(after, reason): (Option<Duration>, Reason)| {
        // At launch: before it ever runs.
        let after = after.unwrap_or(delays.running / 2);
        (now.saturating_add(after), reason)
    };
    let mut guest = guest::enter(call, &launch.image);
    let install = if plan.hold_install {
        Duration::MAX
    } else {
        guest.install.unwrap_or(install)
    };
    let ready_at = guest.ends_badly(launch.user_data.as_deref(), running_at, install);
    Ok(Instance {
        id: call.world.id("i"),
        reservation: reservation.to_owned(),
        number: call.world.launch_number(),
        image: launch.image.id.clone(),
        kind: launch.kind.name.clone(),
        architecture: launch.image.architecture.clone(),
        platform: launch.image.platform,
        root_device: launch.image.root_device.clone(),
        root_device_type: launch.image.root_device_type.clone(),
        token: params.get("ClientToken").map(str::to_owned),
        subnet: spot.subnet.id.clone(),
        zone: spot.subnet.zone.clone(),
        groups: spot.groups.clone(),
        interface,
        profile: launch.profile.clone(),
        key_name: params.get("KeyName").map(str::to_owned),
        user_data: launch.user_data.clone(),
        volumes: Vec::new(),
        spot_request: (launch.spot || plan.spot).then(|| call.world.id("sir")),
        shutdown_behavior: params
            .get("InstanceInitiatedShutdownBehavior")
            .unwrap_or("stop")
            .to_owned(),
        http_tokens: tokens.to_owned(),
        hop_limit: metadata.number("HttpPutResponseHopLimit")?.unwrap_or(2),
        address,
        launched: now,
        visible_at: call.visible_at(),
        phase: Phase::Pending,
        next: Some((running_at, Phase::Running)),
        ends: plan
            .ends
            .map(at_launch)
            .or_else(|| own_shutdown(params, running_at)),
        running_at,
        ready_at,
        away_until: Duration::ZERO,
        proxy_back_at: Duration::ZERO,
        terminated_at: None,
        reason: None,
        transition: None,
        serves: serves(launch, call.sim.config.serve_unmarked),
        ways: BTreeMap::new(),
        serve: plan.serve,
        guest,
        protected: params.flag("DisableApiTermination"),
        changed: Changed::default(),
    })
}

/// What the machine's own script says that it serves, else what the image's source served, else nothing unless the
/// region serves `unmarked` machines.
fn serves(launch: &Launch, unmarked: bool) -> Vec<Serves> {
    let own = launch.user_data.as_deref().map(guest::serves);
    let own = own.filter(|own| !own.is_empty());
    let said = own.unwrap_or_else(|| launch.image.serves.clone());
    match said.is_empty() && unmarked {
        true => vec![Serves::unmarked()],
        false => said,
    }
}

/// A machine whose shutdown is its termination ends when its own script shuts it down.
fn own_shutdown(params: &Params, running_at: Duration) -> Option<(Duration, Reason)> {
    let terminates = params.get("InstanceInitiatedShutdownBehavior") == Some("terminate");
    let after = shuts_down(params.get("UserData").filter(|_| terminates)?)?;
    let reason = Reason::of("Client.InstanceInitiatedShutdown");
    Some((running_at.checked_add(after)?, reason))
}

//! CopyImage: a token, but no unique names (EC2.md 3 to 6, 11, 40).

use super::create_image::{add_snapshot, check_description, check_name, plan};
use crate::sim::Call;
use crate::state::PlaceKey;
use crate::state::images::{Device, Image, ImageState};
use crate::state::snapshots::Snapshot;
use crate::state::tags::{Tags, read_specifications};
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

const ACTION: &str = "CopyImage";
/// What AWS shows as the volume of a copied snapshot.
const COPIED: &str = "vol-ffffffff";

pub(super) fn copy_image(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let name = params.need("Name")?.to_owned();
    let source_id = params.need("SourceImageId")?;
    let region = params.need("SourceRegion")?.to_owned();
    let fingerprint = params.fingerprint();
    let token = params.get("ClientToken");
    if let Some(token) = token
        && let Some(ids) = call
            .place()
            .tokens
            .recall(ACTION, "", token, &fingerprint)?
    {
        let mut xml = Xml::default();
        xml.maybe("imageId", ids.first().map(String::as_str));
        return Ok(xml);
    }
    check_name(&name)?;
    check_description(params)?;
    let tags = read_specifications(params, &["image", "snapshot"])?;
    let (source, source_tags) = source(call, source_id, &region)?;
    check_room(call, &source)?;
    let key = params.get("KmsKeyId");
    if key.is_some() && !params.flag("Encrypted") {
        let message = "The parameter KmsKeyId requires the parameter Encrypted to be set.";
        return Err(ApiError::client("InvalidParameterDependency", message));
    }
    let (here, caller) = (call.key.clone(), call.caller.clone());
    let kms = call.place().kms.clone();
    let encrypt = params.flag("Encrypted") || kms.by_default;
    let key = key.map_or_else(|| kms.default_arn(&here), |named| kms.arn(&here, named));
    let encrypted_source = source.devices.iter().any(|device| device.encrypted);
    let sealed = encrypt || encrypted_source;
    let id = call.world.id("ami");
    let (ready_at, fails) = plan(call);
    // The key is looked at after the answer: the copy fails.
    let unusable = || Some(kms.fate(&here, &key, &caller)?.message);
    let fails = fails.or_else(|| sealed.then(unusable).flatten());
    let (visible_at, now) = (call.visible_at(), call.now);
    let mut devices = Vec::new();
    for device in source.devices {
        let Some(from) = device.snapshot else {
            continue;
        };
        let snapshot = Snapshot {
            id: call.world.id("snap"),
            volume: COPIED.to_owned(),
            size_gib: device.size_gib,
            description: format!(
                "Copied for DestinationAmi {id} from SourceAmi {source_id} for \
                 SourceSnapshot {from}."
            ),
            owner_alias: None,
            encrypted: device.encrypted || encrypt,
            started: now,
            visible_at,
            ready_at,
            fails: fails.clone(),
        };
        let encrypted = snapshot.encrypted;
        if encrypted {
            call.place().kms.seal(&snapshot.id, &key);
        }
        devices.push(Device {
            snapshot: Some(snapshot.id.clone()),
            encrypted,
            ..device
        });
        add_snapshot(call, snapshot, tags.get("snapshot"))?;
    }
    let image = Image {
        id: id.clone(),
        name,
        description: params
            .get("Description")
            .unwrap_or(&source.description)
            .to_owned(),
        owner: call.key.account.clone(),
        owner_alias: None,
        creation_date: call.stamp(),
        devices,
        source_instance: None,
        source_image: Some((source_id.to_owned(), region)),
        public: false,
        // Launch permissions and deprecation are not copied (EC2.md 30, 40).
        deprecation: None,
        shared_with: Vec::new(),
        protected: false,
        disabled: false,
        visible_at,
        created: now,
        ready_at,
        fails,
        deregistered_at: None,
        recycled_until: None,
        last_launched: None,
        ..source
    };
    // User tags of the AMI only, not of its snapshots (EC2.md 11).
    let copied = if params.flag("CopyImageTags") {
        source_tags
    } else {
        Tags::new()
    };
    let place = call.place();
    place.tags.put(&id, &copied)?;
    if let Some(tags) = tags.get("image") {
        place.tags.put(&id, tags)?;
    }
    place.images.insert(id.clone(), image);
    if let Some(token) = token {
        place
            .tokens
            .remember(ACTION, "", token, fingerprint, vec![id.clone()]);
    }
    let mut xml = Xml::default();
    xml.text("imageId", &id);
    call.effects.insert(0, id);
    Ok(xml)
}

/// So many snapshots are copied into a region at the same time (EC2.md 35).
fn check_room(call: &mut Call<'_>, source: &Image) -> Result<(), ApiError> {
    let (now, place) = (call.now, call.place());
    let copied = |one: &&Snapshot| one.volume == COPIED && one.state(now) == "pending";
    let under_way = place.snapshots.values().filter(copied).count();
    let more = source.devices.iter().filter(|one| one.snapshot.is_some());
    if under_way + more.count() <= place.quotas.snapshot_copies {
        return Ok(());
    }
    let message =
        "Too many snapshot copies in progress. The limit is reached for this destination region.";
    Err(ApiError::client("ResourceLimitExceeded", message))
}

/// The image to copy, in whatever region it is, if it is available.
fn source(call: &mut Call<'_>, id: &str, region: &str) -> Result<(Image, Tags), ApiError> {
    let (now, account) = (call.now, call.key.account.clone());
    let key = PlaceKey {
        account: account.clone(),
        region: region.to_owned(),
    };
    let place = call.world.place(&key);
    let mut found = place
        .images
        .get(id)
        .map(|image| (image.clone(), place.tags.of(id).clone()));
    if found.is_none() {
        let places = call
            .world
            .places
            .values()
            .filter(|place| place.key.region == region);
        let mut images = places.filter_map(|place| place.images.get(id));
        let shared = images.find(|image| image.shared_with.contains(&account));
        found = shared.map(|image| (image.clone(), Tags::new()));
    }
    let missing = || {
        let message = format!("The image ID '{id}' does not exist");
        ApiError::client("InvalidAMIID.NotFound", message)
    };
    let (image, tags) = found
        .filter(|(image, _)| image.known(now))
        .ok_or_else(missing)?;
    if image.state(now) == ImageState::Available {
        return Ok((image, tags));
    }
    // The code says the same for pending and for deregistered (EC2.md 20).
    let message = format!("The image ID '{id}' is not available");
    Err(ApiError::client("InvalidAMIID.Unavailable", message))
}

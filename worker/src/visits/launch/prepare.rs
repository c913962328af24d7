//! What a launch asks for: the base, place and type, the security group, tags and user data, written down as an effect
//! before anything is asked of EC2.

use std::collections::BTreeMap;

use ingot_cloud::{BaseImageFacts, ErrorKind, LaunchSpec, SecurityGroupSpec};
use ingot_domain::base::ResolvedBase;
use ingot_domain::deployment::{ImageChoice, Status};
use ingot_domain::event::{Line, Source};
use ingot_domain::image::{
    DEPLOYMENT_TAG, EFFECT_TAG, INSTALL_TAG, ImageKey, managed_by, version_tag,
};
use ingot_domain::place::Place;
use ingot_domain::provenance::base as base_of;
use ingot_domain::template::BaseImage;
use ingot_domain::{fitting, userdata};
use ingot_engine::Visit;
use ingot_entity::effect;
use ingot_entity::store::{EffectKind, Intention, Then};

use super::build;
use super::choice::Choice;
use super::given;
use super::source::{Chosen, choose_image};
use super::start::{Params, failed, stored};
use super::user_data::{recorded, sent};
use crate::acts::{CREATE_GROUP, LAUNCH};
use crate::case::{Case, VisitError};
use crate::tools::Tools;

/// Launches tried in one run: a spent token or a vanished image makes the next one.
const MAX_GENERATIONS: i32 = 4;

/// Chooses the image and writes the request down.
pub(super) async fn prepare(
    tools: &Tools,
    mut case: Case,
    last: Option<effect::Model>,
) -> Result<Visit, VisitError> {
    let generation = last.as_ref().map_or(0, |effect| effect.generation) + 1;
    let choice = last.as_ref().map(next_choice).unwrap_or_default();
    if choice.spent >= MAX_GENERATIONS {
        let why = last
            .and_then(|effect| effect.error)
            .unwrap_or_else(|| "no launch succeeded".to_owned());
        case.fail(tools, &why, Source::Deploy);
        return Ok(case.end(Then::Done));
    }
    let region = case.row.region.clone();
    let account = tools.account().await?;
    let arch = case.order.arch;
    // An order that says anything but `use` is about today's base, not that of five minutes ago.
    let anew = !case.order.stale.is_default();
    let (line, began) = (case.recipe.base_image.clone(), tools.ledger.now());
    let (base, asked_at) = match tools.base_asked(&region, &line, arch, anew).await {
        Err(error)
            if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid)
                && error.is_known() =>
        {
            let why = format!("the template's base image: {}", error.told());
            return Ok(failed(tools, case, &why));
        }
        // A code that is not known says nothing about the base: the one judgement waits it out.
        base => base?,
    };
    let whose = base_of(&account, &line, &base.id, base.owner_id.as_deref());
    if let Err(why) = whose.and_then(|()| fitting::fits(arch, facts_of(&base))) {
        return Ok(failed(tools, case, &format!("the template's base: {why}")));
    }
    let open = tools
        .cloud
        .groups_open_to_ssh(Place::own(&region), &case.order.security_group_ids)
        .await?;
    if let Some(group) = open.first() {
        let why = format!(
            "security group `{group}` opens port 22 to the world; close it or name another group"
        );
        return Ok(failed(tools, case, &why));
    }
    case.row.account = Some(account.clone());
    case.row.base_image_id = Some(base.id.clone());
    case.row.base_image_description = Some(base.description.clone());
    let resolved = base.resolved(&line, asked_at);
    if asked_at >= began {
        let asked = tools.ledger.remember_base(&account, &region, &resolved);
        asked.await?;
    }
    let key = key(&case, &account, &resolved);
    let mut case = match build::look(tools, case, &key, &resolved).await? {
        build::Look::Launch(case) => *case,
        build::Look::Over(visit) => return Ok(visit),
    };
    let (cached, stale) =
        match choose_image(tools, &mut case, &key, &resolved, choice.fresh).await? {
            Chosen::Fresh => (None, false),
            Chosen::Image(ami, row) => (Some((ami, row)), false),
            Chosen::Stale(image) => {
                // The base this instance is really on.
                case.row.base_image_id = Some(image.base_image.clone());
                (image.ami_id.clone().map(|ami| (ami, Some(image.id))), true)
            }
            Chosen::Refused(why) => return Ok(failed(tools, case, &why)),
        };
    // The image that is launched has its own root device and its own least size.
    let source = match &cached {
        None => base.clone(),
        Some((ami, row)) => match tools
            .base_image(&region, &BaseImage::Ami(ami.clone()), arch)
            .await
        {
            // A cached image that is not there is for the launch to find out: it falls back.
            Err(error) if error.kind == ErrorKind::NotFound && row.is_some() => base.clone(),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid) => {
                let why = format!("the requested AMI: {}", error.message);
                return Ok(failed(tools, case, &why));
            }
            facts => facts?,
        },
    };
    if case.order.image_choice == ImageChoice::Given {
        if let Err(why) = fitting::fits(arch, facts_of(&source)) {
            return Ok(failed(tools, case, &format!("the requested AMI: {why}")));
        }
        if let Err(why) = given::settle(tools, &mut case, &source).await? {
            return Ok(failed(tools, case, &why));
        }
    }
    let root_device_name = source.root_device_name.clone();
    let volume_size_gb = fitting::root_size(case.order.volume_size_gb, source.root_size_gb);
    if volume_size_gb > case.order.volume_size_gb {
        let said = format!(
            "The root volume gets {volume_size_gb} GB: image {} needs that, {} GB were ordered",
            source.id, case.order.volume_size_gb
        );
        case.say(Line::info("deployment.volume_grown", Source::Deploy, said));
    }
    let place = choice.place(&case.order);
    let instance_type = choice.instance_type(&case.order);
    let image_id = cached
        .as_ref()
        .map_or(base.id.clone(), |(ami, _)| ami.clone());
    case.row.launch_path = Some(if cached.is_some() { "cached" } else { "fresh" }.to_owned());
    case.row.source_ami_id = cached.as_ref().map(|(ami, _)| ami.clone());
    let script = match recorded(&case, cached.is_some()) {
        Ok(script) => script,
        Err(unfit) => return Ok(failed(tools, case, &unfit.to_string())),
    };
    if let Err(error) = userdata::check_size("user_data", &script) {
        return Ok(failed(tools, case, &error.message));
    }
    let (user_data, raw) = sent(&script, &case.recipe);
    let effect_id = case.effect_id(EffectKind::Launch, generation)?;
    let said = format!(
        "Launching {} from {image_id} ({}), {} GB {}, user data {} bytes raw, {} bytes sent",
        instance_type,
        case.row.launch_path.as_deref().unwrap_or_default(),
        volume_size_gb,
        case.recipe.volume.volume_type,
        raw,
        user_data.len()
    );
    let own_group = own_group(tools, &case, place.subnet.clone());
    let spec = LaunchSpec {
        token: effect_id.to_string(),
        image_id,
        instance_type,
        user_data,
        root_device_name,
        volume_size_gb,
        volume_type: case.recipe.volume.volume_type.clone(),
        iops: case.recipe.volume.iops,
        throughput: case.recipe.volume.throughput,
        encrypted: case.recipe.volume.encrypted,
        kms_key_id: case.recipe.volume.kms_key_id.clone(),
        hop_limit: case.recipe.metadata_hop_limit,
        zone: place.zone,
        assign_public_ip: case.order.network.assign_public_ip,
        ipv6: case.order.network.ipv6,
        subnet_id: place.subnet,
        security_group_ids: case.order.security_group_ids.clone(),
        instance_profile: case.recipe.instance_profile.clone(),
        ends_itself: false,
        tags: instance_tags(tools, &case, effect_id.as_str()),
    };
    let params = Params {
        spec,
        image_row: cached.and_then(|(_, row)| row),
        own_group,
        group: None,
        base: Some(resolved),
        stale,
        choice,
    };
    case.marks.intend(&LAUNCH);
    if params.own_group.is_some() {
        case.marks.intend(&CREATE_GROUP);
    }
    let params = stored(&params)?;
    let (id, run, now) = (case.row.id.clone(), case.row.run, tools.ledger.now());
    let intention = Intention {
        deployment_id: &id,
        run,
        kind: EffectKind::Launch,
        generation,
        region: &region,
        params,
    };
    case.change.intend = Some(effect::Model::intention(&effect_id, intention, now));
    if case.status == Status::Queued {
        case.become_status(Status::Deploying);
    }
    case.say(Line::info("deployment.launching", Source::Deploy, said));
    Ok(case.again(tools))
}

/// What the launch after `last` chooses: as `last` said, and one more is spent unless it was for want of room.
fn next_choice(last: &effect::Model) -> Choice {
    let before = serde_json::from_value::<Params>(last.params.clone());
    let mut choice = before.map(|params| params.choice).unwrap_or_default();
    if !std::mem::take(&mut choice.moved) {
        choice.spent += 1;
    }
    choice
}

fn facts_of(image: &BaseImageFacts) -> fitting::Facts<'_> {
    fitting::Facts {
        id: &image.id,
        architecture: image.architecture,
        root_device_type: &image.root_device_type,
        virtualization: &image.virtualization,
        root_size_gb: image.root_size_gb,
    }
}

/// The key an image of this deployment has or would have.
fn key(case: &Case, account: &str, base: &ResolvedBase) -> ImageKey {
    ImageKey {
        template: case.row.template.clone(),
        version: case.order.version.clone(),
        mode: case.row.mode.clone(),
        arch: case.order.arch,
        account: account.to_owned(),
        region: case.row.region.clone(),
        base: base.identity(&case.row.region),
        base_image: base.ami_id.clone(),
        fingerprint: case.row.fingerprint.clone(),
    }
}

/// Whether a deployment has a security group of its own.
pub(in crate::visits) fn wants_group(case: &Case) -> bool {
    case.order.security_group_ids.is_empty() && !case.order.ingress.is_empty()
}

/// That group, in the VPC of the subnet that is tried. Named after the deployment: a repeat finds the first (EC2 names are
/// unique per VPC), so it needs no effect row besides the launch's.
fn own_group(tools: &Tools, case: &Case, subnet_id: Option<String>) -> Option<SecurityGroupSpec> {
    wants_group(case).then(|| SecurityGroupSpec {
        name: format!("ingot-{}", case.row.id),
        description: format!("Ingot deployment {}", case.row.id),
        subnet_id,
        ingress: case.order.ingress.clone(),
        tags: BTreeMap::from([
            (DEPLOYMENT_TAG.to_owned(), case.row.id.clone()),
            (INSTALL_TAG.to_owned(), tools.settings.install.clone()),
            (
                "ManagedBy".to_owned(),
                managed_by(&case.row.template).to_owned(),
            ),
        ]),
    })
}

fn instance_tags(tools: &Tools, case: &Case, effect: &str) -> BTreeMap<String, String> {
    let mut tags = case.order.tags.clone();
    for (name, value) in [
        ("Name", case.row.job_name.as_str()),
        ("ManagedBy", managed_by(&case.row.template)),
        ("Template", &case.row.template),
        (version_tag(&case.row.template), &case.row.version),
        ("Mode", &case.row.mode),
        (DEPLOYMENT_TAG, &case.row.id),
        (EFFECT_TAG, effect),
        (INSTALL_TAG, &tools.settings.install),
    ] {
        tags.insert(name.to_owned(), value.to_owned());
    }
    tags
}

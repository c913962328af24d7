//! What a launch asks for: the image it starts from, the security group, tags and user data, written down as an effect
//! before anything is asked of EC2.

use std::collections::BTreeMap;
use std::io::Write;

use ingot_cloud::{ErrorKind, LaunchSpec, SecurityGroupSpec};
use ingot_domain::base::ResolvedBase;
use ingot_domain::deployment::{ImageChoice, Status};
use ingot_domain::event::{Line, Source};
use ingot_domain::image::{DEPLOYMENT_TAG, EFFECT_TAG, INSTALL_TAG, ImageKey, MANAGED_BY};
use ingot_domain::provenance::{Provenance, Use};
use ingot_domain::template::BaseImage;
use ingot_domain::{render, userdata};
use ingot_engine::Visit;
use ingot_entity::store::{EffectKind, Intention, Then};
use ingot_entity::{effect, image};

use super::stale;
use super::start::{Params, failed, stored};
use crate::acts::{CREATE_GROUP, LAUNCH};
use crate::case::{Case, VisitError};
use crate::provenance;
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
    if generation > MAX_GENERATIONS {
        let why = last
            .and_then(|effect| effect.error)
            .unwrap_or_else(|| "no launch succeeded".to_owned());
        case.fail(tools, &why, Source::Deploy);
        return Ok(case.end(Then::Done));
    }
    let region = case.row.region.clone();
    let account = tools.account().await?;
    // An order that says anything but `use` is about today's base, not that of five minutes ago.
    let anew = !case.order.stale.is_default();
    let (line, began) = (case.recipe.base_image.clone(), tools.ledger.now());
    let (base, asked_at) = match tools.base_asked(&region, &line, anew).await {
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid) => {
            return Ok(failed(
                tools,
                case,
                &format!("the template's base image: {}", error.message),
            ));
        }
        base => base?,
    };
    let open = tools
        .cloud
        .groups_open_to_ssh(&region, &case.order.security_group_ids)
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
    let (cached, stale) = match choose_image(tools, &mut case, &key, &resolved).await? {
        Chosen::Fresh => (None, false),
        Chosen::Image(ami, row) => (Some((ami, row)), false),
        Chosen::Stale(image) => {
            // The base this instance is really on.
            case.row.base_image_id = Some(image.base_image.clone());
            (image.ami_id.clone().map(|ami| (ami, Some(image.id))), true)
        }
        Chosen::Refused(why) => return Ok(failed(tools, case, &why)),
    };
    // A given AMI need not be of the template's family, so its root volume has its own name.
    let given = match (&cached, case.order.image_choice) {
        (Some((ami, _)), ImageChoice::Given) => BaseImage::Ami(ami.clone()),
        _ => case.recipe.base_image.clone(),
    };
    let root_device_name = match tools.base_image(&region, &given).await {
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid) => {
            let why = format!("the requested AMI: {}", error.message);
            return Ok(failed(tools, case, &why));
        }
        facts => facts?.root_device_name,
    };
    let image_id = cached
        .as_ref()
        .map_or(base.id.clone(), |(ami, _)| ami.clone());
    case.row.launch_path = Some(if cached.is_some() { "cached" } else { "fresh" }.to_owned());
    case.row.source_ami_id = cached.as_ref().map(|(ami, _)| ami.clone());
    let script = script(&case, cached.is_some());
    if let Err(error) = userdata::check_size("user_data", &script) {
        return Ok(failed(tools, case, &error.message));
    }
    let user_data = packed(&script);
    let effect_id = case.effect_id(EffectKind::Launch, generation)?;
    let said = format!(
        "Launching {} from {image_id} ({}), {} GB {}, user data {} bytes raw, {} bytes sent",
        case.order.instance_type,
        case.row.launch_path.as_deref().unwrap_or_default(),
        case.order.volume_size_gb,
        case.recipe.volume.volume_type,
        script.len(),
        user_data.len()
    );
    let spec = LaunchSpec {
        token: effect_id.to_string(),
        image_id,
        instance_type: case.order.instance_type.clone(),
        user_data,
        root_device_name,
        volume_size_gb: case.order.volume_size_gb,
        volume_type: case.recipe.volume.volume_type.clone(),
        encrypted: case.recipe.volume.encrypted,
        subnet_id: case.order.subnet_id.clone(),
        security_group_ids: case.order.security_group_ids.clone(),
        instance_profile: case.recipe.instance_profile.clone(),
        tags: instance_tags(tools, &case, effect_id.as_str()),
    };
    let params = Params {
        spec,
        image_row: cached.and_then(|(_, row)| row),
        own_group: own_group(tools, &case),
        group: None,
        base: Some(resolved),
        stale,
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

/// What a launch starts from.
pub(super) enum Chosen {
    /// The base.
    Fresh,
    /// An AMI, with its row if the ledger has one.
    Image(String, Option<String>),
    /// An image of another build of the base.
    Stale(Box<image::Model>),
    /// Nothing, and why.
    Refused(String),
}

/// The image to launch from, or a fresh install (F51).
async fn choose_image(
    tools: &Tools,
    case: &mut Case,
    key: &ImageKey,
    base: &ResolvedBase,
) -> Result<Chosen, VisitError> {
    let say = |case: &mut Case, text: String| {
        case.say(Line::info("deployment.image_chosen", Source::Deploy, text))
    };
    match case.order.image_choice {
        ImageChoice::Given => {
            let ami = case.order.given_image.clone().unwrap_or_default();
            let whose = match tools.batcher.image(&key.region, &ami).await? {
                Some(facts) => provenance::of_image(tools, &facts).await?.class.said(),
                None => "not of this account",
            };
            let reason = case.order.image_reason.as_deref().unwrap_or_default();
            let colon = if reason.is_empty() { "" } else { ": " };
            say(
                case,
                format!("Using the requested AMI {ami}, {whose}{colon}{reason}"),
            );
            Ok(Chosen::Image(ami, None))
        }
        ImageChoice::Fresh => {
            say(case, "A fresh install was requested".to_owned());
            Ok(Chosen::Fresh)
        }
        ImageChoice::Auto => {
            let images = tools.ledger.images_of_key(key, base).await?;
            let available = images.available();
            let Some((ami, row)) =
                available.and_then(|image| Some((image.ami_id.clone()?, image.id.clone())))
            else {
                return stale::choose(tools, case, key, base).await;
            };
            if !may_launch(tools, case, key, &ami).await? {
                return Ok(Chosen::Fresh);
            }
            say(
                case,
                format!("Using cached AMI {ami}: only the first-boot script runs"),
            );
            Ok(Chosen::Image(ami, Some(row)))
        }
    }
}

/// Whether a recorded image may be launched from by its own facts; said if not. One that EC2 does not show now is launched
/// all the same: its refusal falls back to a fresh install.
pub(super) async fn may_launch(
    tools: &Tools,
    case: &mut Case,
    key: &ImageKey,
    ami: &str,
) -> Result<bool, VisitError> {
    let Some(facts) = tools.batcher.image(&key.region, ami).await? else {
        return Ok(true);
    };
    let whose = provenance::of_image(tools, &facts).await?;
    if !whose.allows(Use::Launch) {
        case.say(refused(ami, &whose));
        return Ok(false);
    }
    if facts
        .deprecated_at
        .is_some_and(|at| at <= tools.ledger.now())
    {
        let said = format!("{ami} is deprecated; it is the only AMI of this key");
        case.say(Line::info("deployment.image_deprecated", Source::Deploy, said).warn());
    }
    Ok(true)
}

/// Why the recorded image is not launched from, with the way out.
fn refused(ami: &str, whose: &Provenance) -> Line {
    let said = format!(
        "AMI {ami} is recorded for this key but {} ({}): fresh install. `ingot images adopt {ami} --reason …` lets it be used, \
         `ingot images drop {ami}` frees the key",
        whose.class.said(),
        whose.why
    );
    Line::info("deployment.image_not_used", Source::Deploy, said).warn()
}

/// Whether a deployment has a security group of its own.
pub(in crate::visits) fn wants_group(case: &Case) -> bool {
    case.order.security_group_ids.is_empty() && !case.order.ingress.is_empty()
}

/// That group. Named after the deployment: a repeat finds the first (EC2 names are unique per VPC), so it needs no effect
/// row besides the launch's.
fn own_group(tools: &Tools, case: &Case) -> Option<SecurityGroupSpec> {
    wants_group(case).then(|| SecurityGroupSpec {
        name: format!("ingot-{}", case.row.id),
        description: format!("Ingot deployment {}", case.row.id),
        subnet_id: case.order.subnet_id.clone(),
        ingress: case.order.ingress.clone(),
        tags: BTreeMap::from([
            (DEPLOYMENT_TAG.to_owned(), case.row.id.clone()),
            (INSTALL_TAG.to_owned(), tools.settings.install.clone()),
            ("ManagedBy".to_owned(), MANAGED_BY.to_owned()),
        ]),
    })
}

fn instance_tags(tools: &Tools, case: &Case, effect: &str) -> BTreeMap<String, String> {
    let mut tags = case.order.tags.clone();
    for (name, value) in [
        ("Name", case.row.job_name.as_str()),
        ("ManagedBy", MANAGED_BY),
        ("Template", &case.row.template),
        ("KamiwazaVersion", &case.row.version),
        ("Mode", &case.row.mode),
        (DEPLOYMENT_TAG, &case.row.id),
        (EFFECT_TAG, effect),
        (INSTALL_TAG, &tools.settings.install),
    ] {
        tags.insert(name.to_owned(), value.to_owned());
    }
    tags
}

fn script(case: &Case, cached: bool) -> String {
    let values = render::Values {
        template: &case.row.template,
        version: &case.row.version,
        mode: &case.row.mode,
        job_name: &case.row.job_name,
        region: &case.row.region,
        deployment_id: &case.row.id,
    };
    if cached {
        render::first_boot_script(&case.recipe, &values)
    } else {
        render::install_script(&case.recipe, &values)
    }
}

/// The script, or gzip of it when that is worth it (F7).
fn packed(script: &str) -> Vec<u8> {
    let mut gzip = flate2::GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), flate2::Compression::best());
    let zipped = gzip
        .write_all(script.as_bytes())
        .and_then(|()| gzip.finish());
    match zipped {
        Ok(zipped) if userdata::gzip_is_useful(script.len(), zipped.len()) => zipped,
        _ => script.as_bytes().to_vec(),
    }
}

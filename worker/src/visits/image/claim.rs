//! The claim of an image's key: an existing image is looked for in the ledger and in the account, else the key is claimed
//! together with the intention to create (F28, F30).

use std::time::Duration;

use ingot_cloud::{ErrorKind, ImageFacts, ImageQuery, ImageSpec, ImageState, InstanceFacts};
use ingot_domain::base::ResolvedBase;
use ingot_domain::decide::build::{Next, next};
use ingot_domain::decide::spot::REBOOT_RISK;
use ingot_domain::deployment::{AmiStatus, SkipReason};
use ingot_domain::event::{Line, Source, ami, product};
use ingot_domain::image::{
    ImageKey, ImageStatus, Provenance as Stamp, is_of_key, name, search_tags,
};
use ingot_domain::provenance::{Class, Provenance, Use};
use ingot_domain::template::BaseImage;
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{EffectKind, Found, Intention, Then};
use ingot_entity::{effect, image};

use super::create::stored;
use super::{launch_of, trigger};
use crate::acts::CREATE_IMAGE;
use crate::case::{Case, VisitError};
use crate::provenance;
use crate::tools::Tools;

/// How often an image that another deployment makes is looked at, in simulated seconds.
const HELD: Duration = Duration::from_secs(10);

/// Looks for an image of this key, in the ledger and in the account, and claims the key when there is none (F28, F30). An error
/// from either is never "there is none".
pub(super) async fn look_then_claim(
    tools: &Tools,
    mut case: Case,
    facts: Option<&InstanceFacts>,
) -> Result<Visit, VisitError> {
    let base = installed_on(tools, &case).await?;
    let key = key(&case, facts, &base)?;
    let images = tools.ledger.images_of_key(&key, &base).await?;
    let again = case.order.build_only.is_some_and(|build| build.again);
    let holder = match case.order.build_only {
        None => images.holder(),
        Some(_) => match next(images.begun(), again, case.row.created_at, true) {
            Next::Answer => images.available(),
            // Its AMI is what a build is for: one that may still fail is not it.
            Next::Wait => return Ok(case.wait(tools, HELD, Wait::Holder)),
            Next::Make => None,
        },
    };
    if let Some(holder) = holder {
        return exists(tools, case, &key, holder.clone()).await;
    }
    let wanted = Wanted {
        generation: images.next_generation(),
        base,
        key,
    };
    let key = &wanted.key;
    if case.ami != Some(AmiStatus::Creating)
        && !again
        && let Some((found, whose)) = find_in_account(tools, key).await?
    {
        if record(tools, &wanted, &found, &whose).await? {
            return Ok(case.again(tools));
        }
        if whose.class == Class::Kamiwaza {
            return Ok(scripted(tools, case, key, &found.ami_id));
        }
    }
    if case.ami != Some(AmiStatus::Creating) {
        case.say(ami::starting());
        case.say(ami::checking(&key.template, &key.version));
        case.say(ami::none_found());
    }
    if facts.is_some_and(|facts| facts.spot) && !case.order.no_reboot {
        case.say(Line::info("ami.spot_reboot", Source::AmiCreation, REBOOT_RISK).warn());
    }
    claim_key(tools, case, &wanted).await
}

/// What is to be claimed: the key, the base behind it, and the generation that was free when no row held the key.
struct Wanted {
    key: ImageKey,
    base: ResolvedBase,
    generation: i32,
}

/// The base the instance was really installed on: what its launch wrote down. A launch of the version before wrote the id
/// alone, and which build that is never changes.
async fn installed_on(tools: &Tools, case: &Case) -> Result<ResolvedBase, VisitError> {
    let launch = launch_of(tools, case).await?;
    if let Some(base) = launch.and_then(|params| params.base) {
        return Ok(base);
    }
    let Some(id) = case.row.base_image_id.clone() else {
        return Err(VisitError::Nonsense(
            "the deployment has no base image".to_owned(),
        ));
    };
    let line = &case.recipe.base_image;
    let by_id = BaseImage::Ami(id.clone());
    let asked = tools
        .base_asked(&case.row.region, &by_id, case.order.arch, false)
        .await;
    Ok(match asked {
        Ok((facts, at)) => facts.resolved(line, at),
        // It was withdrawn since.
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid) => {
            ResolvedBase {
                owner: None,
                name: None,
                ami_id: id,
                created_at: None,
                asked_at: tools.ledger.now(),
                line: line.describe(),
            }
        }
        Err(error) => return Err(error.into()),
    })
}

fn key(
    case: &Case,
    facts: Option<&InstanceFacts>,
    base: &ResolvedBase,
) -> Result<ImageKey, VisitError> {
    let Some(account) = case.row.account.clone() else {
        return Err(VisitError::Nonsense(
            "the deployment has no account".to_owned(),
        ));
    };
    Ok(ImageKey {
        template: case.row.template.clone(),
        version: case.order.version.clone(),
        mode: case.row.mode.clone(),
        arch: facts.map_or(case.order.arch, |facts| facts.architecture),
        account,
        region: case.row.region.clone(),
        base: base.identity(&case.row.region),
        base_image: base.ami_id.clone(),
        fingerprint: case.row.fingerprint.clone(),
    })
}

/// The key has its image. One that the ledger holds and that is not ours by its own facts keeps the key, too, until a person
/// has adopted or dropped it: nothing is written over a person's record, and nothing is launched from it.
async fn exists(
    tools: &Tools,
    mut case: Case,
    key: &ImageKey,
    holder: image::Model,
) -> Result<Visit, VisitError> {
    let Some(ami_id) = holder.ami_id else {
        return Ok(case.wait(tools, Duration::from_secs(2), Wait::Holder));
    };
    if holder.origin != image::AUTO
        && let Some(facts) = tools.batcher.image(key.place(), &ami_id).await?
    {
        let whose = provenance::of_image(tools, &facts).await?;
        match whose.class {
            Class::Kamiwaza => return Ok(scripted(tools, case, key, &ami_id)),
            _ if !whose.allows(Use::Exists) => {
                let why = format!(
                    "AMI {ami_id} is recorded for this key and is not ours ({}); `ingot images drop {ami_id}` frees the key, \
                     `ingot images adopt {ami_id} --reason …` uses it",
                    whose.why
                );
                let mut case = case;
                case.say(ami::starting());
                case.say(ami::checking(&key.template, &key.version));
                return Ok(skipped(tools, case, &why));
            }
            _ => {}
        }
    }
    if case.ami == Some(AmiStatus::Creating) {
        // Ours failed and another deployment's next generation holds the key by now.
        case.row.image_id = Some(holder.id);
    } else {
        case.say(ami::starting());
        case.say(ami::checking(&key.template, &key.version));
    }
    case.say(ami::found_existing(&ami_id));
    case.say(ami::skipped_exists());
    case.row.created_ami_id = Some(ami_id);
    case.row.ami_skip_reason = Some(SkipReason::Exists.as_str().to_owned());
    case.become_ami(AmiStatus::Skipped);
    count_skipped(tools);
    Ok(case.end(Then::Done))
}

fn count_skipped(tools: &Tools) {
    tools
        .metrics
        .builds
        .with_label_values(&["deployment", "skipped", SkipReason::Exists.as_str()])
        .inc();
}

/// No AMI is made, for this reason.
fn skipped(tools: &Tools, mut case: Case, why: &str) -> Visit {
    if case.ami == Some(AmiStatus::Creating) {
        case.fail_ami(tools, why);
        return case.end(Then::Done);
    }
    case.say(ami::skipped(why));
    case.row.ami_skip_reason = Some(SkipReason::Exists.as_str().to_owned());
    case.become_ami(AmiStatus::Skipped);
    count_skipped(tools);
    case.end(Then::Done)
}

/// The Kamiwaza scripts made an image of this version: no second one is made, and it is launched from when a person says so.
fn scripted(tools: &Tools, mut case: Case, key: &ImageKey, ami_id: &str) -> Visit {
    case.say(ami::starting());
    case.say(ami::checking(&key.template, &key.version));
    case.say(ami::found_existing(ami_id));
    case.row.created_ami_id = Some(ami_id.to_owned());
    let why = format!(
        "the Kamiwaza scripts made {ami_id} of this version; it is used once `ingot images adopt {ami_id} --reason …` says so, \
         or by `ingot deploy … --image {ami_id}`"
    );
    skipped(tools, case, &why)
}

/// Writes a found image down: as a new row, or by reviving the row that lost it. False when neither is possible (its name or
/// its key is another row's, or a person dropped it); then an image of our own is made.
async fn record(
    tools: &Tools,
    wanted: &Wanted,
    found: &Found,
    whose: &Provenance,
) -> Result<bool, VisitError> {
    let now = tools.ledger.now();
    let Wanted {
        key,
        base,
        generation,
    } = wanted;
    let Some(known) = tools.ledger.image(&found.ami_id).await? else {
        let row = image::Model {
            class: Some(whose.class.as_str().to_owned()),
            class_why: Some(whose.why.clone()),
            ..image::Model::found(key, base, *generation, found, now)
        };
        return Ok(tools.ledger.record_found(&row).await?);
    };
    let lost = matches!(
        known.parsed_status()?,
        ImageStatus::Missing | ImageStatus::Failed | ImageStatus::Deleted
    ) && known.dropped_at.is_none();
    let of_key = known.key_digest == key.digest_by_id()
        || known.content_digest.as_deref() == Some(key.content().as_str());
    if !lost || !found.available || !of_key {
        return Ok(false);
    }
    let revived = known.clone().become_status(ImageStatus::Available)?;
    let revived = image::Model {
        available_at: Some(now),
        error: None,
        ..revived
    };
    Ok(tools.ledger.amend_image(&known, &revived).await?)
}

/// An image of this key that the ledger does not know or has lost: our own after the ledger was restored, or the scripts'.
/// What carries copied tags counts for nothing (REAL-AWS C1).
async fn find_in_account(
    tools: &Tools,
    key: &ImageKey,
) -> Result<Option<(Found, Provenance)>, VisitError> {
    let query = ImageQuery {
        tags: search_tags(key),
        architecture: Some(key.arch),
        ..ImageQuery::default()
    };
    let images = tools.cloud.find_images(key.place(), &query).await?;
    let usable =
        |image: &ImageFacts| matches!(image.state, ImageState::Available | ImageState::Pending);
    let mut fitting = Vec::new();
    for image in images.into_iter().filter(usable) {
        let whose = provenance::of_image(tools, &image).await?;
        // The scripts' images do not say their mode.
        let fits = is_of_key(key, &image.tags)
            || (whose.class == Class::Kamiwaza && !image.tags.contains_key("Mode"));
        if fits && whose.allows(Use::Exists) && !tools.ledger.is_dropped(&image.id).await? {
            fitting.push((image, whose));
        }
    }
    let now = tools.ledger.now();
    // What may be launched before what may not, sound before deprecated, available before pending, then the newest: the
    // order of DescribeImages is not defined (EC2.md 10).
    fitting.sort_by_key(|(image, whose)| {
        (
            whose.allows(Use::Launch),
            image.deprecated_at.is_none_or(|at| at > now),
            image.state == ImageState::Available,
            image.created_at,
        )
    });
    let found = |image: ImageFacts| Found {
        size_gb: image.size_gb(),
        available: image.state == ImageState::Available,
        snapshots: image
            .snapshots
            .iter()
            .map(|snapshot| snapshot.id.clone())
            .collect(),
        ami_id: image.id,
        name: image.name,
        tags: image.tags,
    };
    Ok(fitting.pop().map(|(image, whose)| (found(image), whose)))
}

/// Claims the key and writes the intention, both or neither. When another key's image has the name (the document's names
/// carry only version and second), nothing is written and the next second's name is tried.
async fn claim_key(tools: &Tools, mut case: Case, wanted: &Wanted) -> Result<Visit, VisitError> {
    let now = tools.ledger.now();
    let (key, generation) = (&wanted.key, wanted.generation);
    let instance = case.row.instance_id.clone().unwrap_or_default();
    let chosen = name(key, now, u32::try_from(generation).unwrap_or(1), 1);
    let row = image::Model::claim(
        key,
        &wanted.base,
        generation,
        chosen.clone(),
        &case.row.id,
        &instance,
        now,
    );
    // The effect's number counts this run's tries, not the key's images: another run may have made those.
    let last = tools
        .ledger
        .effect(&case.row.id, case.row.run, EffectKind::CreateImage)
        .await?;
    let number = last.map_or(1, |effect| effect.generation + 1);
    let effect_id = case.effect_id(EffectKind::CreateImage, number)?;
    let deployment = case
        .row
        .id
        .parse()
        .map_err(|error| VisitError::Nonsense(format!("{error}")))?;
    let trigger = trigger(tools, &case).await?;
    let tags = Stamp {
        key,
        name: &chosen,
        instance_id: &instance,
        deployment: &deployment,
        trigger: &trigger,
        effect: &effect_id,
        install: &tools.settings.install,
        created_at: now,
        extra: &case.order.tags,
    }
    .tags();
    let base = case.row.base_image_description.clone().unwrap_or_default();
    let description: String = format!(
        "{} {} ({}) on {base}",
        product(&key.template),
        key.version,
        key.mode
    );
    let spec = ImageSpec {
        name: chosen.clone(),
        description: description.chars().take(255).collect(),
        instance_id: instance,
        no_reboot: case.order.no_reboot,
        tags: tags.clone(),
    };
    let params = stored(&spec)?;
    let (id, run) = (case.row.id.clone(), case.row.run);
    let intention = Intention {
        deployment_id: &id,
        run,
        kind: EffectKind::CreateImage,
        generation: number,
        region: &key.region,
        params,
    };
    case.change.intend = Some(effect::Model::intention(&effect_id, intention, now));
    case.row.image_id = Some(row.id.clone());
    case.claim = Some(image::Model {
        tags: serde_json::json!(tags),
        ..row
    });
    if case.ami != Some(AmiStatus::Creating) {
        case.become_ami(AmiStatus::Creating);
    }
    case.say(ami::creating(&chosen));
    case.marks.intend(&CREATE_IMAGE);
    Ok(case.again(tools))
}

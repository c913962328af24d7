//! The claim of an image's key: an existing image is looked for in the ledger and in the account, else the key is claimed
//! together with the intention to create (F28, F30).

use std::time::Duration;

use ingot_cloud::{ImageQuery, ImageSpec, ImageState, InstanceFacts};
use ingot_domain::decide::spot::REBOOT_RISK;
use ingot_domain::deployment::{AmiStatus, SkipReason};
use ingot_domain::event::{Line, Source, ami, product};
use ingot_domain::image::{ImageKey, ImageStatus, Provenance, is_of_key, name, search_tags};
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{EffectKind, Found, Intention, Then};
use ingot_entity::{effect, image};

use super::create::stored;
use crate::acts::CREATE_IMAGE;
use crate::case::{Case, VisitError};
use crate::tools::Tools;

/// Looks for an image of this key, in the ledger and in the account, and claims the key when there is none (F28, F30). An error
/// from either is never "there is none".
pub(super) async fn look_then_claim(
    tools: &Tools,
    mut case: Case,
    facts: Option<&InstanceFacts>,
) -> Result<Visit, VisitError> {
    let (account, base) = (case.row.account.clone(), case.row.base_image_id.clone());
    let (Some(account), Some(base_image)) = (account, base) else {
        return Err(VisitError::Nonsense(
            "the deployment has no account or base image".to_owned(),
        ));
    };
    let key = ImageKey {
        template: case.row.template.clone(),
        version: case.order.version.clone(),
        mode: case.row.mode.clone(),
        arch: facts.map_or(case.order.arch, |facts| facts.architecture),
        account,
        region: case.row.region.clone(),
        base_image,
        fingerprint: case.row.fingerprint.clone(),
    };
    if let Some(holder) = tools.ledger.key_holder(&key).await? {
        return Ok(exists(tools, case, &key, holder));
    }
    if case.ami != Some(AmiStatus::Creating)
        && let Some(found) = find_in_account(tools, &key).await?
        && record(tools, &key, &found).await?
    {
        return Ok(case.again(tools));
    }
    if case.ami != Some(AmiStatus::Creating) {
        case.say(ami::starting());
        case.say(ami::checking(&key.template, &key.version));
        case.say(ami::none_found());
    }
    if facts.is_some_and(|facts| facts.spot) && !case.order.no_reboot {
        case.say(Line::info("ami.spot_reboot", Source::AmiCreation, REBOOT_RISK).warn());
    }
    claim_key(tools, case, &key).await
}

fn exists(tools: &Tools, mut case: Case, key: &ImageKey, holder: image::Model) -> Visit {
    let Some(ami_id) = holder.ami_id else {
        return case.wait(tools, Duration::from_secs(2), Wait::Holder);
    };
    if case.ami == Some(AmiStatus::Creating) {
        // Ours failed and somebody else's next generation holds the key by now.
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
    tools
        .metrics
        .builds
        .with_label_values(&["deployment", "skipped", SkipReason::Exists.as_str()])
        .inc();
    case.end(Then::Done)
}

/// Writes a found image down: as a new row, or by reviving the row that lost it. False when neither is possible (its name or
/// its key is another row's); then an image of our own is made.
async fn record(tools: &Tools, key: &ImageKey, found: &Found) -> Result<bool, VisitError> {
    let now = tools.ledger.now();
    let Some(known) = tools.ledger.image(&found.ami_id).await? else {
        let generation = tools.ledger.next_generation(key).await?;
        return Ok(tools
            .ledger
            .record_found(&image::Model::found(key, generation, found, now))
            .await?);
    };
    let lost = matches!(
        known.parsed_status()?,
        ImageStatus::Missing | ImageStatus::Failed
    );
    if !lost || !found.available || known.key_digest != key.digest() {
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

/// An image of this key that the ledger does not know: the document's own, or another installation's.
async fn find_in_account(tools: &Tools, key: &ImageKey) -> Result<Option<Found>, VisitError> {
    let query = ImageQuery {
        tags: search_tags(key),
        architecture: Some(key.arch),
        ..ImageQuery::default()
    };
    let images = tools.cloud.find_images(&key.region, &query).await?;
    let mut fitting: Vec<_> = images
        .into_iter()
        .filter(|image| matches!(image.state, ImageState::Available | ImageState::Pending))
        .filter(|image| is_of_key(key, &image.tags))
        .collect();
    // Available before pending, then the newest: the order of DescribeImages is not defined (EC2.md 10).
    fitting.sort_by_key(|image| (image.state == ImageState::Available, image.created_at));
    Ok(fitting.pop().map(|image| Found {
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
    }))
}

/// Claims the key and writes the intention, both or neither. When another key's image has the name (the document's names
/// carry only version and second), nothing is written and the next second's name is tried.
async fn claim_key(tools: &Tools, mut case: Case, key: &ImageKey) -> Result<Visit, VisitError> {
    let now = tools.ledger.now();
    let generation = tools.ledger.next_generation(key).await?;
    let instance = case.row.instance_id.clone().unwrap_or_default();
    let chosen = name(key, now, u32::try_from(generation).unwrap_or(1), 1);
    let row = image::Model::claim(
        key,
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
    let tags = Provenance {
        key,
        name: &chosen,
        instance_id: &instance,
        deployment: &deployment,
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
    case.change.claim = Some(image::Model {
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

//! The image in the making: the claim, CreateImage with its name fixed before the call, the polls until EC2 has decided.

use std::time::Duration;

use ingot_cloud::{CloudError, ErrorKind, ImageFacts, ImageQuery, ImageSpec, ImageState};
use ingot_domain::decide::ami::{ImageSight, Making, MakingStep, REVERIFY_AFTER, making};
use ingot_domain::deployment::AmiStatus;
use ingot_domain::event::{Line, Source, ami, product};
use ingot_domain::image::{EFFECT_TAG, ImageKey, ImageStatus, Provenance, name};
use ingot_domain::probe::ProbeClass;
use ingot_domain::retry::YOUNG;
use ingot_entity::store::{Claim, EffectKind, Then};
use ingot_entity::{LedgerError, effect, image};

use super::readiness;
use crate::case::{Case, Visit, VisitError, then_for};
use crate::hands::Hands;

/// The image row a deployment is working on.
pub(super) async fn row_of(hands: &Hands, case: &Case) -> Result<Option<image::Model>, VisitError> {
    Ok(match &case.row.image_id {
        Some(id) => hands.ledger.image(id).await?,
        None => None,
    })
}

/// Claims the key and writes the intention, both or neither.
pub(super) async fn claim_key(
    hands: &Hands,
    mut case: Case,
    key: &ImageKey,
) -> Result<Visit, VisitError> {
    let now = hands.ledger.now();
    let generation = hands.ledger.next_generation(key).await?;
    let suffix = suffix_of(&case, generation);
    let instance = case.row.instance_id.clone().unwrap_or_default();
    let chosen = name(key, now, u32::try_from(generation).unwrap_or(1), suffix);
    let row = image::Model::claim(
        key,
        generation,
        chosen.clone(),
        &case.row.id,
        &instance,
        now,
    );
    let effect_id = hands.ledger.effect_id();
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
        install: &hands.settings.install,
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
    // The effect's number counts this run's tries, not the key's images: another run may have made those.
    let last = hands
        .ledger
        .effect(&id, run, EffectKind::CreateImage)
        .await?;
    let number = last.map_or(1, |effect| effect.generation + 1);
    let kind = EffectKind::CreateImage;
    case.change.intend = Some(effect::Model::intention(
        effect_id,
        &id,
        run,
        kind,
        number,
        &key.region,
        params,
        now,
    ));
    case.row.image_id = Some(row.id.clone());
    case.change.claim = Some(image::Model {
        tags: serde_json::json!(tags),
        ..row
    });
    if case.ami != Some(AmiStatus::Creating) {
        case.become_ami(AmiStatus::Creating);
    }
    case.say(ami::creating(&chosen));
    Ok(case.again(hands, "creating the AMI"))
}

/// A second claim in the same second may meet another key's name (the document's names carry only version and time).
fn suffix_of(case: &Case, generation: i32) -> u32 {
    let mode_counts = case.row.mode != case.recipe.default_mode();
    if mode_counts {
        2
    } else {
        u32::try_from(generation.min(1)).unwrap_or(1)
    }
}

fn stored(spec: &ImageSpec) -> Result<serde_json::Value, VisitError> {
    serde_json::to_value(spec).map_err(|source| {
        LedgerError::Json {
            what: "image parameters",
            source,
        }
        .into()
    })
}

/// The image is claimed or in the making.
pub(super) async fn visit(
    hands: &Hands,
    claim: &Claim,
    case: Case,
    row: image::Model,
) -> Result<Visit, VisitError> {
    match row.parsed_status()? {
        ImageStatus::Claimed => {
            let effect = hands
                .ledger
                .effect(&case.row.id, case.row.run, EffectKind::CreateImage)
                .await?;
            let Some(effect) = effect.filter(effect::Model::is_open) else {
                return Err(VisitError::Nonsense(
                    "an image is claimed without an intention".to_owned(),
                ));
            };
            look_then_create(hands, claim, case, row, effect).await
        }
        _ => poll(hands, case, row).await,
    }
}

async fn look_then_create(
    hands: &Hands,
    claim: &Claim,
    case: Case,
    row: image::Model,
    effect: effect::Model,
) -> Result<Visit, VisitError> {
    let spec: ImageSpec =
        serde_json::from_value(effect.params.clone()).map_err(|source| LedgerError::Json {
            what: "image parameters",
            source,
        })?;
    let region = case.row.region.clone();
    let query = ImageQuery {
        name: Some(spec.name.clone()),
        ..ImageQuery::default()
    };
    let found = hands.cloud.find_images(&region, &query).await?;
    let gone = |image: &&ImageFacts| image.state != ImageState::Deregistered;
    if let Some(image) = found
        .iter()
        .filter(gone)
        .find(|image| image.tags.get(EFFECT_TAG) == Some(&effect.id))
    {
        hands
            .metrics
            .unknown_resolved
            .with_label_values(&["create_image", "adopted"])
            .inc();
        let id = image.id.clone();
        return initiated(hands, case, row, effect, &id);
    }
    if found.iter().any(|image| gone(&image)) {
        return rename(hands, case, row, effect, spec);
    }
    match hands.cloud.create_image(&region, &spec).await {
        Ok(id) => initiated(hands, case, row, effect, &id),
        Err(error) => refused(hands, claim, case, row, effect, spec, &error).await,
    }
}

fn initiated(
    hands: &Hands,
    mut case: Case,
    row: image::Model,
    effect: effect::Model,
    ami_id: &str,
) -> Result<Visit, VisitError> {
    let now = hands.ledger.now();
    hands
        .metrics
        .step_attempts
        .with_label_values(&["create_image", "done"])
        .inc();
    case.row.created_ami_id = Some(ami_id.to_owned());
    case.say(ami::initiated(ami_id));
    if !case.order.no_reboot {
        case.say(ami::downtime());
    }
    case.say(ami::waiting());
    case.change.outcome = Some(effect.done(ami_id, now));
    let row = row.become_status(ImageStatus::Pending)?;
    case.change.image = Some(image::Model {
        ami_id: Some(ami_id.to_owned()),
        requested_at: Some(now),
        ..row
    });
    Ok(case.snooze(
        hands,
        ingot_domain::decide::ami::POLL,
        "waiting for the AMI",
    ))
}

async fn refused(
    hands: &Hands,
    claim: &Claim,
    case: Case,
    row: image::Model,
    effect: effect::Model,
    spec: ImageSpec,
    error: &CloudError,
) -> Result<Visit, VisitError> {
    let outcome = if error.kind.is_unknown() {
        "unknown"
    } else {
        "not_done"
    };
    hands
        .metrics
        .step_attempts
        .with_label_values(&["create_image", outcome])
        .inc();
    match error.kind {
        // The name is taken, but the look-up showed nobody: it lags (EC2.md 2). After five minutes it is a deregistered
        // image's name that has not propagated, and another name is taken.
        ErrorKind::Duplicate if hands.since(effect.created_at) < YOUNG => Ok(case.snooze(
            hands,
            Duration::from_secs(10),
            "looking for the AMI that has the name",
        )),
        ErrorKind::Duplicate => rename(hands, case, row, effect, spec),
        ErrorKind::NotFound => fail(hands, case, row, "the instance disappeared during imaging"),
        ErrorKind::WrongState => {
            let id = case.row.instance_id.clone().unwrap_or_default();
            let facts = hands.batcher.instance_now(&case.row.region, &id).await?;
            if facts.is_none_or(|facts| facts.state.is_ending()) {
                return fail(hands, case, row, "the instance disappeared during imaging");
            }
            Ok(case.snooze(
                hands,
                Duration::from_secs(15),
                "the instance changes its state",
            ))
        }
        ErrorKind::Invalid | ErrorKind::TokenMismatch | ErrorKind::TokenSpent => fail(
            hands,
            case,
            row,
            &format!("{}: {}", error.code, error.message),
        ),
        _ => Ok(case.end(then_for(hands, claim, error))),
    }
}

/// Somebody else's image has the name: take the next suffix (F38).
fn rename(
    hands: &Hands,
    mut case: Case,
    row: image::Model,
    effect: effect::Model,
    mut spec: ImageSpec,
) -> Result<Visit, VisitError> {
    let (stem, number) = match spec.name.rsplit_once('-') {
        Some((stem, number)) if number.len() <= 2 => {
            (stem.to_owned(), number.parse::<u32>().unwrap_or(1))
        }
        _ => (spec.name.clone(), 1),
    };
    spec.name = format!("{stem}-{}", number + 1);
    spec.tags.insert("Name".to_owned(), spec.name.clone());
    let said = format!(
        "The name {} belongs to another image: using {}",
        row.name, spec.name
    );
    case.say(Line::info("ami.renamed", Source::AmiCreation, said).warn());
    case.say(ami::creating(&spec.name));
    case.change.image = Some(image::Model {
        name: spec.name.clone(),
        tags: serde_json::json!(spec.tags),
        ..row
    });
    case.change.outcome = Some(effect::Model {
        params: stored(&spec)?,
        ..effect
    });
    Ok(case.again(hands, "creating the AMI under another name"))
}

async fn poll(hands: &Hands, mut case: Case, row: image::Model) -> Result<Visit, VisitError> {
    let ami_id = row.ami_id.clone().unwrap_or_default();
    let facts = hands.batcher.image(&case.row.region, &ami_id).await?;
    let age = row
        .requested_at
        .map_or(Duration::ZERO, |at| hands.since(at));
    let sight = facts
        .as_ref()
        .map_or(ImageSight::Absent, |facts| sight(facts.state));
    let instance_gone = match sight {
        ImageSight::Broken => {
            let id = case.row.instance_id.clone().unwrap_or_default();
            let instance = hands.batcher.instance_now(&case.row.region, &id).await?;
            instance.is_none_or(|instance| instance.state.is_ending())
        }
        _ => false,
    };
    let generation = u32::try_from(row.generation).unwrap_or(1);
    match making(Making {
        sight,
        age,
        generation,
        instance_gone,
    }) {
        MakingStep::Poll { after, slow } => {
            if age >= REVERIFY_AFTER {
                reverify(hands, &mut case).await?;
            }
            if slow && row.slow_at.is_none() {
                let said = "The AMI takes longer than an hour; EC2 is still working on it";
                case.say(Line::info("ami.slow", Source::AmiCreation, said).warn());
                case.change.image = Some(image::Model {
                    slow_at: Some(hands.ledger.now()),
                    ..row
                });
            }
            Ok(case.snooze(hands, after, "waiting for the AMI"))
        }
        MakingStep::Complete => {
            reverify(hands, &mut case).await?;
            complete(hands, case, row, facts)
        }
        MakingStep::NextGeneration => next_generation(hands, case, row, facts).await,
        MakingStep::Fail(why) => {
            let reason = facts
                .and_then(|facts| facts.state_reason)
                .map_or(String::new(), |reason| format!(": {reason}"));
            fail(hands, case, row, &format!("{why}{reason}"))
        }
    }
}

fn sight(state: ImageState) -> ImageSight {
    match state {
        ImageState::Pending | ImageState::Transient => ImageSight::Pending,
        ImageState::Available | ImageState::Disabled => ImageSight::Available,
        ImageState::Invalid | ImageState::Failed | ImageState::Error => ImageSight::Broken,
        ImageState::Deregistered => ImageSight::Deregistered,
    }
}

fn complete(
    hands: &Hands,
    mut case: Case,
    row: image::Model,
    facts: Option<ImageFacts>,
) -> Result<Visit, VisitError> {
    let now = hands.ledger.now();
    let ami_id = row.ami_id.clone().unwrap_or_default();
    let size = facts.as_ref().map_or(0, ImageFacts::size_gb);
    let snapshots: Vec<String> = facts
        .iter()
        .flat_map(|facts| &facts.snapshots)
        .map(|snapshot| snapshot.id.clone())
        .collect();
    case.row.created_ami_id = Some(ami_id.clone());
    case.row.ami_created_at = Some(now);
    case.become_ami(AmiStatus::Completed);
    case.say(ami::available(size));
    case.say(ami::created(&ami_id));
    let took = hands.since(row.created_at);
    hands
        .metrics
        .builds
        .with_label_values(&["deployment", "completed", ""])
        .inc();
    hands
        .metrics
        .build_duration
        .with_label_values(&["deployment", "completed"])
        .observe(took.as_secs_f64());
    hands.batcher.forget_image(&case.row.region, &ami_id);
    let row = row.become_status(ImageStatus::Available)?;
    case.change.image = Some(image::Model {
        size_gb: i32::try_from(size).ok(),
        snapshots: serde_json::json!(snapshots),
        available_at: Some(now),
        ..row
    });
    Ok(case.end(Then::Done))
}

/// EC2 gave the image up: what it left is cleaned up, then the next generation is tried (F40).
async fn next_generation(
    hands: &Hands,
    mut case: Case,
    row: image::Model,
    facts: Option<ImageFacts>,
) -> Result<Visit, VisitError> {
    let region = case.row.region.clone();
    let ami_id = row.ami_id.clone().unwrap_or_default();
    hands.cloud.deregister_image(&region, &ami_id).await?;
    for snapshot in facts.iter().flat_map(|facts| &facts.snapshots) {
        hands.cloud.delete_snapshot(&region, &snapshot.id).await?;
    }
    let reason = facts
        .and_then(|facts| facts.state_reason)
        .unwrap_or_else(|| "EC2 gave no reason".to_owned());
    let said = format!("EC2 failed {ami_id} ({reason}); it was cleaned up and another try follows");
    case.say(Line::info("ami.retried", Source::AmiCreation, said).warn());
    case.row.created_ami_id = None;
    hands.batcher.forget_image(&region, &ami_id);
    let wait = Duration::from_secs(60) * u32::try_from(row.generation).unwrap_or(1);
    let row = row.become_status(ImageStatus::Failed)?;
    case.change.image = Some(image::Model {
        error: Some(reason),
        ..row
    });
    Ok(case.snooze(hands, wait, "trying the AMI again"))
}

fn fail(hands: &Hands, mut case: Case, row: image::Model, why: &str) -> Result<Visit, VisitError> {
    if let Some(ami_id) = &row.ami_id {
        hands.batcher.forget_image(&case.row.region, ami_id);
    }
    let row = row.become_status(ImageStatus::Failed)?;
    case.change.image = Some(image::Model {
        error: Some(why.to_owned()),
        ..row
    });
    case.row.created_ami_id = None;
    case.fail_ami(hands, why);
    Ok(case.end(Then::Done))
}

/// A rebooted instance is asked again whether it answers (F31); said once, and no reason to spoil the image.
async fn reverify(hands: &Hands, case: &mut Case) -> Result<(), VisitError> {
    if case.order.no_reboot || case.row.reverified_at.is_some() {
        return Ok(());
    }
    let id = case.row.instance_id.clone().unwrap_or_default();
    let facts = hands.batcher.instance(&case.row.region, &id).await?;
    let Some(address) = facts
        .as_ref()
        .and_then(|facts| readiness::address(hands, facts))
    else {
        return Ok(());
    };
    if hands.prober.probe(address, &case.recipe.probe).await.class == ProbeClass::Ready {
        case.row.reverified_at = Some(hands.ledger.now());
        case.say(Line::info(
            "readiness.reverified",
            Source::Readiness,
            "The instance answers again after the reboot",
        ));
    }
    Ok(())
}

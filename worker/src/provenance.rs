//! Whose a cloud object is, asked of this ledger and of EC2's facts: the one gate before anything is adopted, launched from,
//! commanded, changed or removed of Ingot's own accord. The rule is `ingot_domain::provenance`.

use ingot_cloud::{CopySpec, ImageFacts, ImageSpec, InstanceFacts, TaggedFacts};
use ingot_domain::image::{DEPLOYMENT_TAG, EFFECT_TAG};
use ingot_domain::place::Place;
use ingot_domain::provenance::{
    self, Class, Effect, Facts, Home, Intended, Kind, Known, Provenance, Use,
};
use ingot_entity::store::EffectKind;
use ingot_entity::{deployment, effect, image};

use crate::case::VisitError;
use crate::tools::Tools;
use crate::visits::launch::GroupIntention;

async fn home(tools: &Tools) -> Result<Home, VisitError> {
    Ok(Home {
        account: tools.account().await?,
        install: tools.settings.install.clone(),
    })
}

/// Whose an instance is.
pub(crate) async fn of_instance(
    tools: &Tools,
    region: &str,
    facts: &InstanceFacts,
) -> Result<Provenance, VisitError> {
    Ok(instance_and_effect(tools, region, facts).await?.0)
}

/// The same, and what another deployment launched is not this one's.
pub(crate) async fn of_instance_for(
    tools: &Tools,
    facts: &InstanceFacts,
    deployment: &deployment::Model,
) -> Result<Provenance, VisitError> {
    let (found, effect) = instance_and_effect(tools, &deployment.region, facts).await?;
    Ok(match effect {
        Some(effect) if found.class == Class::Ours && effect.deployment_id != deployment.id => {
            Provenance {
                class: Class::Foreign,
                why: format!("deployment {} launched it", effect.deployment_id),
            }
        }
        _ => found,
    })
}

async fn instance_and_effect(
    tools: &Tools,
    region: &str,
    facts: &InstanceFacts,
) -> Result<(Provenance, Option<effect::Model>), VisitError> {
    let mut effect = None;
    let named = [facts.client_token.as_ref(), facts.tags.get(EFFECT_TAG)];
    for id in named.into_iter().flatten() {
        effect = tools.ledger.effect_by_id(id).await?;
        if effect.is_some() {
            break;
        }
    }
    let known = Known {
        effect: effect.as_ref().and_then(|row| {
            let made = row.cloud_id.clone();
            match row.kind == EffectKind::Launch.as_str() {
                true => Some(intended(row, Intended::Instance, made, Vec::new())),
                false => image_effect(row, None),
            }
        }),
        ..Known::default()
    };
    let object = Facts {
        region: Some(region.to_owned()),
        client_token: facts.client_token.clone(),
        tags: facts.tags.clone(),
        ..Facts::of(Kind::Instance, &facts.id)
    };
    let found = provenance::judge(&home(tools).await?, &object, &known);
    Ok((found, effect))
}

fn intended(
    row: &effect::Model,
    what: Intended,
    made: Option<String>,
    snapshots: Vec<String>,
) -> Effect {
    Effect {
        id: row.id.clone(),
        region: row.region.clone(),
        intended: what,
        made,
        snapshots,
    }
}

/// A create_image or copy_image effect as the rule takes it, with the snapshots recorded with its image.
fn image_effect(row: &effect::Model, image: Option<&image::Model>) -> Option<Effect> {
    let what = match row.kind == EffectKind::CopyImage.as_str() {
        true => {
            let spec: CopySpec = serde_json::from_value(row.params.clone()).ok()?;
            Intended::Copy {
                name: spec.name,
                source: spec.source_image_id,
            }
        }
        false => {
            let spec: ImageSpec = serde_json::from_value(row.params.clone()).ok()?;
            Intended::Image {
                name: spec.name,
                instance: spec.instance_id,
            }
        }
    };
    let snapshots = image.map(image::Model::snapshot_ids).unwrap_or_default();
    Some(intended(row, what, row.cloud_id.clone(), snapshots))
}

/// The effect behind an image: its row's, or the one that its tag names.
async fn effect_behind(
    tools: &Tools,
    row: Option<&image::Model>,
    tag: Option<&String>,
) -> Result<Option<Effect>, VisitError> {
    let own = row.filter(|row| row.origin == image::AUTO);
    let recorded = own.and_then(|row| row.tags.get(EFFECT_TAG)?.as_str().map(str::to_owned));
    let id = recorded.as_ref().or(tag);
    let effect = match id {
        Some(id) => tools.ledger.effect_by_id(id).await?,
        None => None,
    };
    if let Some(effect) = effect {
        let launch = effect.kind == EffectKind::Launch.as_str();
        return Ok(match launch {
            true => Some(intended(
                &effect,
                Intended::Instance,
                effect.cloud_id.clone(),
                Vec::new(),
            )),
            false => image_effect(&effect, own),
        });
    }
    // The row is a record of its own; a copy's says by its effect alone what it was copied of.
    let own = own.filter(|row| row.source_image_id.is_none());
    Ok(own.and_then(|row| {
        Some(Effect {
            id: id?.clone(),
            region: row.region.clone(),
            intended: Intended::Image {
                name: row.name.clone(),
                instance: row.source_instance_id.clone()?,
            },
            made: row.ami_id.clone(),
            snapshots: row.snapshot_ids(),
        })
    }))
}

/// Whose an image is.
pub(crate) async fn of_image(tools: &Tools, facts: &ImageFacts) -> Result<Provenance, VisitError> {
    let row = tools.ledger.image(&facts.id).await?;
    of_recorded_image(tools, facts, row.as_ref()).await
}

/// Whose the image of this row is.
pub(crate) async fn of_recorded_image(
    tools: &Tools,
    facts: &ImageFacts,
    row: Option<&image::Model>,
) -> Result<Provenance, VisitError> {
    let effect = effect_behind(tools, row, facts.tags.get(EFFECT_TAG)).await?;
    of_image_made_by(tools, facts, row, effect).await
}

/// Whose an image is that was found while this effect looks for its own.
pub(crate) async fn of_image_for(
    tools: &Tools,
    facts: &ImageFacts,
    effect: &effect::Model,
) -> Result<Provenance, VisitError> {
    of_image_made_by(tools, facts, None, image_effect(effect, None)).await
}

async fn of_image_made_by(
    tools: &Tools,
    facts: &ImageFacts,
    row: Option<&image::Model>,
    effect: Option<Effect>,
) -> Result<Provenance, VisitError> {
    let was_gone = match row.map(|row| row.status.as_str()) {
        Some("deleted" | "missing") => true,
        // What was restored stays so: it is never removed by itself.
        Some("available") => {
            row.and_then(|row| row.class.as_deref()) == Some(Class::Restored.as_str())
        }
        Some("claimed" | "pending") => false,
        _ => tools.ledger.was_removed(&facts.id).await?,
    };
    let known = Known {
        effect,
        adopted: row.is_some_and(|row| row.origin == image::ADOPTED && row.dropped_at.is_none()),
        was_gone,
    };
    Ok(provenance::judge(
        &home(tools).await?,
        &image_object(facts),
        &known,
    ))
}

fn image_object(facts: &ImageFacts) -> Facts {
    Facts {
        owner: Some(facts.owner_id.clone()),
        owner_alias: facts.owner_alias.clone(),
        name: Some(facts.name.clone()),
        description: facts.description.clone(),
        source_instance: facts.source_instance_id.clone(),
        source_image: facts.source_image_id.clone(),
        tags: facts.tags.clone(),
        ..Facts::of(Kind::Image, &facts.id)
    }
}

fn tagged(kind: Kind, facts: &TaggedFacts) -> Facts {
    Facts {
        owner: facts.owner_id.clone(),
        owner_alias: facts.owner_alias.clone(),
        name: facts.name.clone(),
        description: facts.description.clone(),
        vpc: facts.vpc_id.clone(),
        volume: facts.volume_id.clone(),
        tags: facts.tags.clone(),
        ..Facts::of(kind, &facts.id)
    }
}

/// Whose a snapshot is: `row` is the image it is thought to be of, else its tag leads there.
pub(crate) async fn of_snapshot(
    tools: &Tools,
    facts: &TaggedFacts,
    row: Option<&image::Model>,
) -> Result<Provenance, VisitError> {
    let tag = facts.tags.get(EFFECT_TAG);
    let found;
    let row = match (row, tag) {
        (Some(row), _) => Some(row),
        (None, Some(id)) => {
            let made = tools
                .ledger
                .effect_by_id(id)
                .await?
                .and_then(|row| row.cloud_id);
            found = match made.filter(|id| id.starts_with("ami-")) {
                Some(ami) => tools.ledger.image(&ami).await?,
                None => None,
            };
            found.as_ref()
        }
        (None, None) => None,
    };
    let was_gone = row.is_some_and(|row| row.status == "deleted" && row.dropped_at.is_none())
        || tools.ledger.was_removed(&facts.id).await?;
    let known = Known {
        effect: effect_behind(tools, row, tag).await?,
        adopted: false,
        was_gone,
    };
    let object = tagged(Kind::Snapshot, facts);
    Ok(provenance::judge(&home(tools).await?, &object, &known))
}

/// Whose a security group is: that of the deployment its tag names, in the network one of its launches was meant for. The
/// last launch in that network counts; a recorded id is that of the last launch.
pub(crate) async fn of_group(
    tools: &Tools,
    region: &str,
    facts: &TaggedFacts,
) -> Result<Provenance, VisitError> {
    let mut known = Known::default();
    if let Some(deployment) = facts.tags.get(DEPLOYMENT_TAG) {
        let row = tools.ledger.deployment(deployment).await?;
        let mut recorded = row.as_ref().and_then(|row| row.security_group_id.clone());
        let mut asked = Vec::new();
        for effect in tools.ledger.effects(deployment).await?.iter().rev() {
            let Some(group) = GroupIntention::of(effect) else {
                continue;
            };
            if asked.contains(&group.subnet_id) {
                continue;
            }
            let vpc = tools
                .cloud
                .vpc_of(Place::own(region), group.subnet_id.as_deref());
            let vpc = vpc.await?;
            asked.push(group.subnet_id);
            let here = vpc == facts.vpc_id;
            let what = Intended::Group {
                name: group.name,
                vpc,
            };
            let made = group.made.or(recorded.take());
            if here || known.effect.is_none() {
                known.effect = Some(intended(effect, what, made, Vec::new()));
            }
            if here {
                break;
            }
        }
    }
    let object = Facts {
        region: Some(region.to_owned()),
        ..tagged(Kind::SecurityGroup, facts)
    };
    Ok(provenance::judge(&home(tools).await?, &object, &known))
}

/// The refusal to go on with an object of the given provenance, as a sentence for the story.
pub(crate) fn not_ours(kind: Kind, id: &str, found: &Provenance) -> String {
    format!(
        "{} {id} is not ours ({}): it is left alone",
        kind.said(),
        found.why
    )
}

/// Whether the object may be changed unasked.
pub(crate) fn may_change(found: &Provenance) -> bool {
    found.allows(Use::Change)
}

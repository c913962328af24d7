//! The rule: a record of this ledger and the object's own facts.

use super::{Class, Effect, Facts, Home, Intended, Kind, Known, Provenance};
use crate::ids::{DeploymentId, EffectId};
use crate::image::{DEPLOYMENT_TAG, EFFECT_TAG, INSTALL_TAG, KAMIWAZA_MANAGED_BY};

/// AWS's own tags: only AWS can set one. On images and snapshots they mark what a service of AWS made.
const AWS: &str = "aws:";
/// What EC2 shows as the volume of a copied snapshot.
const COPIED_VOLUME: &str = "vol-ffffffff";
/// The tags of the Kamiwaza document's images (F33), beside `ManagedBy` and `AutoCreated`.
const SCRIPTED: [&str; 3] = ["KamiwazaVersion", "CreatedFrom", "CreatedFromJob"];
/// Runs and tries of a deployment that are thought of when an effect's id is held against its deployment's. A ledger
/// knows each; this is for one that was restored.
const THINKABLE: (i32, i32) = (32, 16);

/// Whose an object is.
pub fn judge(home: &Home, facts: &Facts, known: &Known) -> Provenance {
    if known.adopted {
        return said(Class::Adopted, "a person adopted it");
    }
    if let Some(why) = disqualified(home, facts) {
        return said(Class::Foreign, why);
    }
    let Some(effect) = &known.effect else {
        return by_facts(home, facts);
    };
    let agrees = here(facts, effect).and_then(|()| match facts.kind {
        Kind::Instance => instance(facts, effect),
        Kind::Image => image(facts, effect),
        Kind::Snapshot => snapshot(facts, effect),
        Kind::SecurityGroup => group(facts, effect),
    });
    match agrees {
        Err(why) => said(Class::Foreign, why),
        Ok(()) if known.was_gone => said(
            Class::Restored,
            format!("effect {} made it, and it was removed once", effect.id),
        ),
        Ok(()) => said(Class::Ours, format!("effect {} made it", effect.id)),
    }
}

fn said(class: Class, why: impl Into<String>) -> Provenance {
    Provenance {
        class,
        why: why.into(),
    }
}

/// What no record of ours can outweigh.
fn disqualified(home: &Home, facts: &Facts) -> Option<String> {
    if let Some(owner) = facts.owner.as_ref().filter(|owner| **owner != home.account) {
        return Some(format!("it belongs to account {owner}"));
    }
    if let Some(alias) = &facts.owner_alias {
        return Some(format!("it belongs to `{alias}`"));
    }
    if !matches!(facts.kind, Kind::Image | Kind::Snapshot) {
        return None;
    }
    if let Some(tag) = facts.tags.keys().find(|tag| tag.starts_with(AWS)) {
        return Some(format!("a service of AWS made it (tag `{tag}`)"));
    }
    // Instances, volumes and groups carry it, what Ingot makes of them never does.
    facts
        .tags
        .contains_key(DEPLOYMENT_TAG)
        .then(|| format!("it carries an instance's tags (`{DEPLOYMENT_TAG}`), as backups do"))
}

/// An effect makes things in its own region only. EC2 takes the same token again in another one.
fn here(facts: &Facts, effect: &Effect) -> Result<(), String> {
    match &facts.region {
        Some(region) if *region != effect.region => Err(format!(
            "effect {} was meant for {}, and it is in {region}",
            effect.id, effect.region
        )),
        _ => Ok(()),
    }
}

fn instance(facts: &Facts, effect: &Effect) -> Result<(), String> {
    // Once EC2 has forgotten a token, a stranger who read it can launch with it anew: the recorded id decides.
    if let Some(made) = effect.made.as_ref().filter(|made| **made != facts.id) {
        return Err(format!("effect {} launched {made}", effect.id));
    }
    match (&effect.intended, &facts.client_token) {
        (Intended::Instance, Some(token)) if *token == effect.id => Ok(()),
        (Intended::Instance, _) => Err(format!(
            "it was not launched with the client token {}",
            effect.id
        )),
        _ => Err(format!("effect {} made no instance", effect.id)),
    }
}

fn image(facts: &Facts, effect: &Effect) -> Result<(), String> {
    let (Intended::Image { name, .. } | Intended::Copy { name, .. }) = &effect.intended else {
        return Err(format!("effect {} made no AMI", effect.id));
    };
    match &effect.made {
        Some(made) if *made != facts.id => {
            return Err(format!("effect {} made {made}", effect.id));
        }
        None if facts.tag(EFFECT_TAG) != Some(&effect.id) => {
            return Err(format!("it does not carry effect {}", effect.id));
        }
        _ => {}
    }
    if facts.name.as_ref() != Some(name) {
        return Err(format!("the AMI of effect {} is named {name}", effect.id));
    }
    match (&effect.intended, &facts.source_instance) {
        (Intended::Copy { source, .. }, None) if facts.source_image.as_ref() == Some(source) => {
            Ok(())
        }
        (Intended::Copy { source, .. }, _) => Err(format!("it is no copy of {source}")),
        (Intended::Image { instance, .. }, Some(source)) if source == instance => Ok(()),
        (Intended::Image { instance, .. }, Some(source)) => {
            Err(format!("it was made of {source}, not of {instance}"))
        }
        _ => Err("it was not made of an instance: it is a copy or was registered".to_owned()),
    }
}

fn snapshot(facts: &Facts, effect: &Effect) -> Result<(), String> {
    if !matches!(
        &effect.intended,
        Intended::Image { .. } | Intended::Copy { .. }
    ) {
        return Err(format!("effect {} made no snapshot", effect.id));
    }
    if effect.snapshots.contains(&facts.id) {
        return Ok(());
    }
    let Some(made) = effect.made.as_ref().filter(|_| effect.snapshots.is_empty()) else {
        return Err(format!(
            "it was not recorded with the AMI of effect {}",
            effect.id
        ));
    };
    let begin = match &effect.intended {
        Intended::Image { .. } if facts.volume.as_deref() == Some(COPIED_VOLUME) => {
            return Err("it is a copy".to_owned());
        }
        Intended::Image { instance, .. } => {
            format!("Created by CreateImage({instance}) for {made}")
        }
        Intended::Copy { source, .. } => {
            format!("Copied for DestinationAmi {made} from SourceAmi {source}")
        }
        Intended::Instance | Intended::Group { .. } => return Ok(()),
    };
    let rest = facts
        .description
        .as_deref()
        .and_then(|description| description.strip_prefix(&begin));
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => Ok(()),
        _ => Err(format!("EC2 did not make it for {made}")),
    }
}

fn group(facts: &Facts, effect: &Effect) -> Result<(), String> {
    let Intended::Group { name, vpc } = &effect.intended else {
        return Err(format!("effect {} made no security group", effect.id));
    };
    if let Some(made) = effect.made.as_ref().filter(|made| **made != facts.id) {
        return Err(format!("the group of effect {} is {made}", effect.id));
    }
    if facts.name.as_ref() != Some(name) {
        return Err(format!("the group of effect {} is named {name}", effect.id));
    }
    match (vpc, &facts.vpc) {
        (Some(vpc), Some(found)) if vpc == found => Ok(()),
        (None, _) if effect.made.is_some() => Ok(()),
        (Some(vpc), _) => Err(format!("the group of effect {} is in {vpc}", effect.id)),
        (None, _) => Err(format!(
            "neither id nor network of the group of effect {} is known",
            effect.id
        )),
    }
}

/// What an object says of itself, without a record.
fn by_facts(home: &Home, facts: &Facts) -> Provenance {
    match facts.tag(INSTALL_TAG) {
        Some(install) if install == home.install => {}
        Some(install) => {
            return said(
                Class::Foreign,
                format!("installation {install} made it, or something that carries its tags"),
            );
        }
        None if scripted(facts) => {
            return said(
                Class::Kamiwaza,
                "it carries the Kamiwaza scripts' tags, and was made of the instance they name",
            );
        }
        None => return said(Class::Foreign, "nothing of it says that we made it"),
    }
    let own = match facts.kind {
        Kind::Instance => match (facts.tag(EFFECT_TAG), &facts.client_token) {
            (Some(effect), Some(token)) => effect == token,
            _ => false,
        },
        Kind::Image => {
            captured(facts) && facts.name.as_deref() == facts.tag("Name") && intended(facts)
        }
        // Nothing of theirs but the record tells our own from copies.
        Kind::Snapshot | Kind::SecurityGroup => false,
    };
    if own {
        return said(
            Class::Unrecorded,
            "its own facts say so; this ledger has no record of it",
        );
    }
    said(
        Class::Foreign,
        "it carries our installation's tag, but this ledger did not make it",
    )
}

/// CreateImage was called on the instance that the tags name. Instances carry neither tag, so their backups do not.
fn captured(facts: &Facts) -> bool {
    facts.kind == Kind::Image
        && facts.tag("AutoCreated") == Some("true")
        && facts.source_instance.is_some()
        && facts.source_instance.as_deref() == facts.tag("CreatedFrom")
}

/// The effect it carries is one that makes images, of the deployment it carries.
fn intended(facts: &Facts) -> bool {
    let deployment = facts
        .tag("CreatedFromJob")
        .and_then(|id| id.parse::<DeploymentId>().ok());
    let (Some(deployment), Some(effect)) = (deployment, facts.tag(EFFECT_TAG)) else {
        return false;
    };
    let (runs, tries) = THINKABLE;
    (1..=runs).any(|run| {
        (1..=tries)
            .any(|number| EffectId::of(&deployment, run, "create_image", number).as_str() == effect)
    })
}

fn scripted(facts: &Facts) -> bool {
    let ours = |tag: &String| tag.starts_with("ingot:");
    captured(facts)
        && facts.tag("ManagedBy") == Some(KAMIWAZA_MANAGED_BY)
        && SCRIPTED.iter().all(|tag| facts.tags.contains_key(*tag))
        && !facts.tags.keys().any(ours)
}

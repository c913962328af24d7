//! Removing an orphan. What is going to be done is noted and told before it is done; the call itself is idempotent and is
//! repeated by the next look if it failed.

use ingot_cloud::ErrorKind;
use ingot_domain::event::{Line, Source};
use ingot_domain::place::Place;
use ingot_domain::provenance::{Kind, Use};
use ingot_entity::finding;

use super::owned::{Ledgers, Object};
use crate::case::VisitError;
use crate::tools::Tools;

pub(super) async fn remove(
    tools: &Tools,
    region: &str,
    object: &Object,
    row: &finding::Model,
    ledgers: &Ledgers,
) -> Result<(), VisitError> {
    let (kind, id) = (object.kind, object.id.as_str());
    // The list is older than what was done since: EC2 and the ledger are asked again, about this one.
    let Some(now) = object.now(tools, region).await? else {
        return Ok(());
    };
    let whose = now.provenance(tools, region).await?;
    let asked = row.settled.as_deref() == Some("remove");
    let wanted = if asked { Use::ChangeAsked } else { Use::Change };
    if !whose.allows(wanted) {
        tracing::warn!(orphan = id, region, why = %whose.why, "an orphan is not ours to remove");
        return Ok(());
    }
    // Known before the image is gone: its snapshots are recognised by it.
    if let (Kind::Image, Some(effect)) = (kind, &object.effect) {
        tools.ledger.note_made(effect, id).await?;
    }
    if tools.ledger.note_outcome(&row.id, "removed").await? {
        if let Some(deployment) = ledgers.deployment_of(object) {
            let said = match (&row.settled_by, &row.settled_reason) {
                (Some(by), Some(why)) if asked => {
                    format!("Removing {} {id}: {by} asked for it ({why})", kind.said())
                }
                _ => format!(
                    "Removing {} {id}: it was left behind, and nothing has needed it for 30 minutes",
                    kind.said()
                ),
            };
            tell(tools, deployment, &said).await?;
        }
        tracing::warn!(orphan = id, region, %kind, "removing an orphan");
        tools
            .metrics
            .orphans_reaped
            .with_label_values(&[kind.as_str()])
            .inc();
    }
    let cloud = &tools.cloud;
    let place = Place::own(region);
    let removed = match kind {
        Kind::Instance => cloud.terminate(place, id).await,
        Kind::Image => cloud.deregister_image(place, id).await,
        Kind::Snapshot => cloud.delete_snapshot(place, id).await,
        Kind::SecurityGroup => cloud.delete_security_group(place, id).await,
    };
    match removed {
        Ok(()) => {}
        Err(error) if error.kind == ErrorKind::NotFound => {}
        // Protected, or another service's (REAL-AWS C2): asking each minute changes nothing.
        Err(error) if error.kind == ErrorKind::Invalid || error.code == "UnauthorizedOperation" => {
            let why = format!("{}: {}", error.code, error.message);
            tracing::warn!(orphan = id, region, %error, "AWS refuses to remove an orphan; it is not asked again");
            tools.ledger.note_refused(&row.id, &why).await?;
        }
        // Another object uses it (a group of a living instance, a snapshot of a stranger's image): it stays told. And
        // one that cannot be removed must not keep the others from being looked at.
        Err(error) => {
            tracing::warn!(orphan = id, region, %error, "an orphan could not be removed yet");
        }
    }
    Ok(())
}

/// Adds a line to a deployment's story; a writer that changes the row at the same moment wins, and we look again.
async fn tell(tools: &Tools, deployment: &str, said: &str) -> Result<(), VisitError> {
    let line = Line::info("deployment.orphan_removed", Source::Monitor, said).warn();
    for _ in 0..5 {
        let Some(row) = tools.ledger.deployment(deployment).await? else {
            return Ok(());
        };
        let lines = std::slice::from_ref(&line);
        if tools.ledger.amend(&row, &row, lines).await? {
            return Ok(());
        }
    }
    tracing::warn!(
        deployment,
        "a removed orphan could not be told in the story"
    );
    Ok(())
}

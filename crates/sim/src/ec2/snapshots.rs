//! DescribeSnapshots and DeleteSnapshot (EC2.md 26).

use super::done;
use crate::filters::Filters;
use crate::paging::Page;
use crate::sim::Call;
use crate::state::images::BACKUP_VAULT;
use crate::state::snapshots::Snapshot;
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

const FILTERS: &[&str] = &[
    "description",
    "encrypted",
    "owner-alias",
    "owner-id",
    "snapshot-id",
    "status",
    "tag-key",
    "volume-id",
    "volume-size",
];

pub(super) fn describe(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let ids = params.list("SnapshotId");
    let filters = Filters::read(params, FILTERS)?;
    let page = Page::read(params, 5)?;
    let owners = params.list("Owner");
    let (sim, now, account) = (call.sim, call.now, call.key.account.clone());
    let place = call.place();
    if let Some(id) = ids
        .iter()
        .find(|id| place.snapshots.get(*id).is_none_or(|s| now < s.visible_at))
    {
        return Err(missing(id));
    }
    let ours = owners.is_empty() || owners.iter().any(|o| o == "self" || *o == account);
    let chosen = place.snapshots.values().filter(|snapshot| {
        ours && now >= snapshot.visible_at
            && (ids.is_empty() || ids.contains(&snapshot.id))
            && filters.pass(|name| {
                if let Some(tags) = place.tags.facts(&snapshot.id, name) {
                    return tags;
                }
                vec![match name {
                    "description" => snapshot.description.clone(),
                    "encrypted" => snapshot.encrypted.to_string(),
                    "owner-alias" => snapshot.owner_alias.clone().unwrap_or_default(),
                    "owner-id" => account.clone(),
                    "snapshot-id" => snapshot.id.clone(),
                    "status" => snapshot.state(now).to_owned(),
                    "volume-id" => snapshot.volume.clone(),
                    _ => snapshot.size_gib.to_string(),
                }]
            })
    });
    let (cut, next) = page.cut(chosen.collect(), |s: &&Snapshot| s.id.clone(), |_| 1);
    let mut xml = Xml::default();
    xml.items("snapshotSet", cut, |xml, snapshot| {
        xml.text("snapshotId", &snapshot.id);
        xml.text("volumeId", &snapshot.volume);
        xml.text("status", snapshot.state(now));
        if snapshot.state(now) == "error" {
            xml.maybe("statusMessage", snapshot.fails.as_deref());
        }
        xml.text("startTime", sim.clock.stamp(snapshot.started));
        if snapshot.state(now) == "completed" {
            xml.text("completionTime", sim.clock.stamp(snapshot.ready_at));
        }
        xml.text("progress", format!("{}%", snapshot.progress(now)));
        xml.text("ownerId", &account);
        xml.maybe("ownerAlias", snapshot.owner_alias.as_deref());
        xml.value("volumeSize", snapshot.size_gib);
        xml.text("description", &snapshot.description);
        xml.value("encrypted", snapshot.encrypted);
        xml.maybe("kmsKeyId", place.kms.of(&snapshot.id));
        xml.text("storageTier", "standard");
        place.tags.write(&snapshot.id, xml);
    });
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let id = call.params.need("SnapshotId")?.to_owned();
    let now = call.now;
    let place = call.place();
    if place
        .snapshots
        .get(&id)
        .is_none_or(|snapshot| now < snapshot.visible_at)
    {
        return Err(missing(&id));
    }
    let alias = place
        .snapshots
        .get(&id)
        .and_then(|snapshot| snapshot.owner_alias.as_deref());
    if alias == Some(BACKUP_VAULT) {
        let message = format!(
            "This snapshot is managed by the AWS Backup service and cannot be deleted via EC2 \
             APIs. If you wish to delete this snapshot, please do so via the Backup console: {id}"
        );
        return Err(ApiError::invalid(message));
    }
    if let Some(image) = place
        .images
        .values()
        .find(|image| image.holds_snapshot(&id))
    {
        let message = format!("The snapshot {id} is currently in use by {}", image.id);
        return Err(ApiError::client("InvalidSnapshot.InUse", message));
    }
    place.delete_snapshot(&id, now);
    call.effects.push(id);
    Ok(done())
}

fn missing(id: &str) -> ApiError {
    ApiError::client(
        "InvalidSnapshot.NotFound",
        format!("The snapshot '{id}' does not exist."),
    )
}

//! Which files an instance has.

use std::time::Duration;

use super::Boot;
use super::packages;
use super::script::{leaves, of_user_data, outlives};
use super::steps::{keeps, output};
use crate::state::Place;
use crate::state::instances::Instance;

/// Directories that do not survive a boot, so that images do not carry them.
const LOST_AT_BOOT: &[&str] = &["/run/", "/tmp/", "/var/run/"];

/// Images of images that are looked through for a file.
const GENERATIONS: usize = 8;

/// Whether a path exists now: as ordered, as cloud-init and the script of the user data leave
/// it, or as the image brought it along.
pub(super) fn exists(place: &Place, instance: &Instance, path: &str, now: Duration) -> bool {
    if let Some(ordered) = instance.guest.files.get(path) {
        return ordered.is_some();
    }
    if keeps(instance, path) {
        return now >= instance.running_at;
    }
    if let Some(there) = packages::exists(instance, path, now) {
        return there;
    }
    let boot = instance.boot(now);
    if of_cloud_init(path, &instance.id) {
        // Written however the script ended.
        return boot != Boot::Running;
    }
    if ALWAYS.contains(&path) {
        return true;
    }
    let left = match boot {
        Boot::Running => None,
        Boot::Done => left_by_script(instance, path),
        Boot::Error => record(instance, path).then_some(true),
    };
    let left = left.or_else(|| left_by_command(place, instance, path, now));
    left.unwrap_or_else(|| brought_along(place, &instance.image, path))
}

const ALWAYS: &[&str] = &[
    "/",
    "/etc",
    "/etc/passwd",
    "/etc/machine-id",
    "/var/lib/cloud",
    "/dev/null",
];

/// What cloud-init itself writes when it has finished.
fn of_cloud_init(path: &str, id: &str) -> bool {
    let tail = path
        .strip_prefix("/var/lib/cloud/instances/")
        .and_then(|rest| rest.strip_prefix(id));
    path == "/var/lib/cloud/instance/boot-finished"
        || path == "/run/cloud-init/result.json"
        || path == "/var/lib/cloud/data/result.json"
        || tail == Some("/boot-finished")
}

fn left_by_script(instance: &Instance, path: &str) -> Option<bool> {
    let encoded = instance.user_data.as_deref()?;
    leaves(&of_user_data(encoded), path, &instance.id)
}

/// Whether the path is where the script of the user data writes how it ended.
fn record(instance: &Instance, path: &str) -> bool {
    let script = instance.user_data.as_deref().map(of_user_data);
    script.is_some_and(|script| outlives(&script, path))
}

/// What is in a file: as ordered, or the exit code that the script of the user data wrote down.
pub(super) fn content(place: &Place, instance: &Instance, path: &str, now: Duration) -> String {
    if let Some(ordered) = instance.guest.files.get(path) {
        return ordered.clone().unwrap_or_default();
    }
    if keeps(instance, path) {
        return output(instance, now);
    }
    if let Some(list) = packages::content(place, instance, path) {
        return list;
    }
    match instance.boot(now) {
        Boot::Done if record(instance, path) => "0\n".to_owned(),
        Boot::Error if record(instance, path) => format!("{}\n", instance.guest.exit_code()),
        // What a command leaves goes well.
        _ if left_by_command(place, instance, path, now) == Some(true) => "0\n".to_owned(),
        _ => String::new(),
    }
}

/// What commands through SSM left: at once, or on the next way down if they set up a unit's `ExecStop=`.
fn left_by_command(place: &Place, instance: &Instance, path: &str, now: Duration) -> Option<bool> {
    let well = place
        .commands
        .values()
        .filter(|command| command.went_well(&instance.id));
    let sent = well.filter_map(|command| {
        let left = leaves(&command.script, path, &instance.id)?;
        let waits = command.script.contains("ExecStop=");
        let rebooted = instance.away_until > command.sent && now >= instance.away_until;
        (!waits || rebooted).then_some((command.sent, left))
    });
    sent.max_by_key(|(at, _)| *at).map(|(_, left)| left)
}

/// Whether an image was made of an instance that had the file.
fn brought_along(place: &Place, image: &str, path: &str) -> bool {
    if LOST_AT_BOOT.iter().any(|lost| path.starts_with(lost)) {
        return false;
    }
    let mut image = image.to_owned();
    for _ in 0..GENERATIONS {
        let Some(made) = place.images.get(&image) else {
            return false;
        };
        let source = made
            .source_instance
            .as_ref()
            .and_then(|id| place.instances.get(id));
        image = match (source, &made.source_image) {
            (Some(source), _) => {
                if let Some(ordered) = source.guest.files.get(path) {
                    return ordered.is_some();
                }
                let over = source.boot(made.created) == Boot::Done;
                if let Some(left) = left_by_script(source, path).filter(|_| over) {
                    return left;
                }
                source.image.clone()
            }
            (None, Some((from, region))) if *region == place.key.region => from.clone(),
            (None, _) => return false,
        };
    }
    false
}

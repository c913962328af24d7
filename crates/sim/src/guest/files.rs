//! Which files an instance has.

use std::time::Duration;

use super::Boot;
use super::script::{leaves, of_user_data};
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
    let boot = instance.boot(now);
    if of_cloud_init(path, &instance.id) {
        // Written however the script ended.
        return boot != Boot::Running;
    }
    if ALWAYS.contains(&path) {
        return true;
    }
    let left = if boot == Boot::Done {
        left_by_script(instance, path)
    } else {
        None
    };
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

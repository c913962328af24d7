//! The Recycle Bin: what was deregistered or deleted while a retention rule held (EC2.md 31).

use std::collections::BTreeMap;
use std::time::Duration;

use super::Place;
use super::snapshots::Snapshot;
use super::tags::Tags;

/// Retention rules of a place and the snapshots they keep; a kept image stays where it is,
/// deregistered, with the end of its time.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecycleBin {
    /// How long deregistered images are kept; `None`: not at all.
    pub(crate) images: Option<Duration>,
    /// How long deleted snapshots are kept.
    pub(crate) snapshots: Option<Duration>,
    kept: BTreeMap<String, Kept>,
}

/// A snapshot in the bin.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) snapshot: Snapshot,
    pub(crate) tags: Tags,
    pub(crate) entered: Duration,
    pub(crate) until: Duration,
}

impl Place {
    /// Deregisters an image: into the bin if a rule keeps it.
    pub(crate) fn deregister(&mut self, id: &str, now: Duration) {
        let keep = self.bin.images.map(|span| now.saturating_add(span));
        if let Some(image) = self.images.get_mut(id) {
            image.deregistered_at = Some(now);
            image.recycled_until = keep;
        }
    }

    /// Takes an image out of the bin, with its id and its tags; whether it was there.
    pub(crate) fn restore_image(&mut self, id: &str, now: Duration) -> bool {
        let image = self.images.get_mut(id).filter(|image| image.recycled(now));
        let Some(image) = image else {
            return false;
        };
        image.deregistered_at = None;
        image.recycled_until = None;
        true
    }

    /// Deletes a snapshot: into the bin if a rule keeps it. Whether it was there.
    pub(crate) fn delete_snapshot(&mut self, id: &str, now: Duration) -> bool {
        let Some(snapshot) = self.snapshots.remove(id) else {
            return false;
        };
        if let Some(span) = self.bin.snapshots {
            let kept = Kept {
                snapshot,
                tags: self.tags.of(id).clone(),
                entered: now,
                until: now.saturating_add(span),
            };
            self.bin.kept.insert(id.to_owned(), kept);
        }
        self.tags.forget(id);
        true
    }

    /// The snapshots in the bin now.
    pub(crate) fn kept_snapshots(&self, now: Duration) -> impl Iterator<Item = &Kept> {
        self.bin.kept.values().filter(move |kept| now < kept.until)
    }

    /// Takes a snapshot out of the bin, with its id and its tags.
    pub(crate) fn restore_snapshot(&mut self, id: &str, now: Duration) -> Option<&Snapshot> {
        let kept = self.bin.kept.remove(id).filter(|kept| now < kept.until)?;
        self.tags.restore(id, kept.tags);
        self.snapshots.insert(id.to_owned(), kept.snapshot);
        self.snapshots.get(id)
    }
}

//! What a region's answer about a track means against what is recorded: a pure function of both.
//!
//! Identity is (owner, name): ids and dates differ per region, and regions lag. A build that is older than the recorded one
//! is never an update (ADVISORIES 1.2).

use super::rule::{Rule, Version};
use super::{Mark, Shown, Track};
use crate::Instant;

/// What a region answered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// What the listing of the owner showed, and what was asked for by id.
    pub images: &'a [Shown],
    /// The id the track's parameter holds, if it has one and it was read.
    pub pointed: Option<&'a str>,
}

/// What the ledger knows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recorded<'a> {
    /// The track's newest build that any region has shown.
    pub head: Option<&'a Mark>,
    /// The id under which this region showed the head.
    pub here: Option<&'a str>,
    /// What this region's parameter pointed at when it was read last.
    pub pointed: Option<&'a Mark>,
}

/// A build of the track in this region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The image.
    pub image: Shown,
    /// What its name says.
    pub version: Version,
}

/// What the answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The track has no build here, and none is recorded.
    Nothing,
    /// The first sighting: recorded, no update.
    Baseline(Candidate),
    /// The recorded build is the newest.
    Same(Candidate),
    /// A newer build than the recorded one.
    Update(Candidate),
    /// The region has not got the recorded build yet; what it has, if anything.
    Pending(Option<Candidate>),
    /// The recorded build can still be had, but the vendor lists older ones only: an alarm, no update.
    RolledBack(Option<Candidate>),
    /// The recorded build was here and is gone: an alarm, no update; what is newest now, if anything.
    Withdrawn(Option<Candidate>),
}

/// What a person should see besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// The track's parameter leads to an image that is none of the track.
    Stranger {
        /// The parameter's image.
        id: String,
        /// Its owner, as EC2 tells; none when there is no such image.
        owner: Option<String>,
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An answer held an image under a name of the track that another account owns.
    Foreign {
        /// Its id.
        id: String,
        /// Its owner.
        owner: String,
        /// Its name.
        name: String,
    },
    /// The parameter points at an older build than before.
    PointsBack {
        /// Where it pointed.
        from: String,
        /// Where it points.
        to: String,
    },
    /// The recorded build belongs to another account than the track's owner.
    OwnerChanged {
        /// The recorded owner.
        from: String,
        /// The track's.
        to: String,
    },
}

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What the answer means.
    pub verdict: Verdict,
    /// What a person should see besides.
    pub alarms: Vec<Alarm>,
    /// What the parameter points at, if it is of the track.
    pub pointed: Option<Mark>,
    /// Which lines change with an update, such as `feature:9.5->9.6`.
    pub tags: Vec<String>,
}

/// The ids that must be asked for by id before [`newest`] can tell: the recorded image, which a filtered listing does not
/// show when it is deprecated, and what the parameter names.
pub fn absent<'a>(recorded: Recorded<'a>, seen: Seen<'a>) -> Vec<&'a str> {
    let listed = |id: &str| seen.images.iter().any(|image| image.id == id);
    let mut ids: Vec<&str> = [recorded.here, seen.pointed]
        .into_iter()
        .flatten()
        .filter(|id| !listed(id))
        .collect();
    ids.dedup();
    ids
}

/// What a region's answer means. `owner` is the track's in this region; `now` tells what is deprecated.
pub fn newest(
    track: &Track,
    rule: &Rule,
    owner: &str,
    (recorded, seen): (Recorded<'_>, Seen<'_>),
    now: Instant,
) -> Look {
    let mut alarms = Vec::new();
    let mut candidates = Vec::new();
    for image in seen.images {
        let Some(version) = rule.read(&image.name) else {
            continue;
        };
        if image.owner != owner {
            alarms.push(Alarm::Foreign {
                id: image.id.clone(),
                owner: image.owner.clone(),
                name: image.name.clone(),
            });
            continue;
        }
        if image.usable && image.arch == Some(track.arch) {
            let image = image.clone();
            candidates.push(Candidate { image, version });
        }
    }
    let current = |one: &&Candidate| one.image.deprecated_at.is_none_or(|at| at > now);
    let head = recorded
        .head
        .and_then(|mark| Some((mark, rule.read(&mark.name)?)));
    let pointed = seen
        .pointed
        .and_then(|id| candidates.iter().find(|one| one.image.id == id));
    if let (Some(id), None) = (seen.pointed, pointed) {
        alarms.push(stranger(track, owner, id, seen.images));
    }
    let pointed = pointed.cloned();
    if let (Some(before), Some(to)) = (recorded.pointed, &pointed)
        && let Some(version) = rule.read(&before.name)
        && to.version.order(&version).is_lt()
    {
        alarms.push(Alarm::PointsBack {
            from: before.name.clone(),
            to: to.image.name.clone(),
        });
    }
    if let Some((mark, _)) = &head
        && mark.owner != owner
    {
        alarms.push(Alarm::OwnerChanged {
            from: mark.owner.clone(),
            to: owner.to_owned(),
        });
    }
    // One track may have several lines of one build, such as kernels: what its vendor points at says which, else the
    // recorded one, else the lowest.
    let product = match (&pointed, &head) {
        (Some(pointed), _) => Some(pointed.version.product.clone()),
        (None, Some((_, head))) => Some(head.product.clone()),
        (None, None) => None,
    };
    let of_line = |one: &&Candidate| {
        let line = product.as_ref();
        line.is_none_or(|product| *product == one.version.product)
    };
    let listed = candidates.iter().filter(current).filter(of_line);
    let newest = listed.chain(&pointed).max_by(|a, b| order(a, b)).cloned();
    let (verdict, tags) = verdict(head, recorded, newest, &candidates);
    Look {
        verdict,
        alarms,
        pointed: pointed.map(|one| one.mark()),
        tags,
    }
}

impl Candidate {
    /// Which build it is.
    pub fn mark(&self) -> Mark {
        Mark {
            owner: self.image.owner.clone(),
            name: self.image.name.clone(),
        }
    }
}

/// Builds by number, lines by name from the last to the first, then by the day and id, so that the choice is a function of
/// what is there.
fn order(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    a.version
        .order(&b.version)
        .then_with(|| b.version.product.len().cmp(&a.version.product.len()))
        .then_with(|| b.version.product.cmp(&a.version.product))
        .then_with(|| a.image.created_at.cmp(&b.image.created_at))
        .then_with(|| a.image.id.cmp(&b.image.id))
}

fn verdict(
    head: Option<(&Mark, Version)>,
    recorded: Recorded<'_>,
    newest: Option<Candidate>,
    candidates: &[Candidate],
) -> (Verdict, Vec<String>) {
    let Some((mark, head)) = head else {
        let verdict = newest.map_or(Verdict::Nothing, Verdict::Baseline);
        return (verdict, Vec::new());
    };
    if let Some(new) = &newest {
        let moved = new.version.order(&head);
        let other_line = moved.is_eq() && new.version.product != head.product;
        if moved.is_gt() || other_line {
            let tags = new.version.tags(&head);
            return (Verdict::Update(new.clone()), tags);
        }
        if moved.is_eq() {
            return (Verdict::Same(new.clone()), Vec::new());
        }
    }
    let still = candidates.iter().find(|one| one.image.name == mark.name);
    let verdict = match (recorded.here, still) {
        (None, None) => Verdict::Pending(newest),
        (Some(_), None) => Verdict::Withdrawn(newest),
        // Deprecated like all others: an old line that its vendor has left.
        (_, Some(head)) if newest.is_none() => Verdict::Same(head.clone()),
        (_, Some(_)) => Verdict::RolledBack(newest),
    };
    (verdict, Vec::new())
}

fn stranger(track: &Track, owner: &str, id: &str, images: &[Shown]) -> Alarm {
    let image = images.iter().find(|image| image.id == id);
    let why = match image {
        None => "there is no such image in the region",
        Some(image) if image.owner != owner => "another account owns it",
        Some(image) if image.arch != Some(track.arch) => "it is for another architecture",
        Some(image) if !image.usable => "it cannot be launched from",
        Some(_) => "its name is none of the track",
    };
    Alarm::Stranger {
        id: id.to_owned(),
        owner: image.map(|image| image.owner.clone()),
        name: image.map(|image| image.name.clone()).unwrap_or_default(),
        why,
    }
}

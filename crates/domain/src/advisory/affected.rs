//! Which templates an update of a base image concerns (AUTO-AMI 2): those whose newest image stands on an older build of the
//! track, and those that would stand on it and have no image.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::Instant;

/// A build of a track, in the order in which they became its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The owner's account id.
    pub owner: String,
    /// The image's name, the same in every region.
    pub name: String,
    /// The build, as its vendor names it.
    pub build: String,
    /// When its vendor made it, or when it was first seen.
    pub at: Instant,
}

/// An image that can be launched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its template.
    pub template: String,
    /// Its version.
    pub version: String,
    /// `ami-…`
    pub ami_id: String,
    /// Its region.
    pub region: String,
    /// Its base's owner.
    pub owner: String,
    /// Its base's name.
    pub base: String,
    /// When it was made.
    pub created_at: Instant,
}

/// A template that an update concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// Its name.
    pub template: String,
    /// The version of its newest image; none when it has none.
    pub version: Option<String>,
    /// Its newest image; none when it has none.
    pub ami_id: Option<String>,
    /// The image's region.
    pub region: Option<String>,
    /// The build the image stands on.
    pub build: Option<String>,
    /// Builds between that one and the head, the head included.
    pub builds_behind: usize,
    /// Whole days between that build and the head.
    pub days_behind: i64,
}

/// Templates whose newest image in a region stands on an older build than the last of `steps`, one entry for each region, and
/// those of `following` (templates that name the track) without an image. By name and region.
pub fn affected(
    steps: &[Step],
    images: &[Standing],
    following: &BTreeSet<String>,
) -> Vec<Affected> {
    let Some((head, _)) = steps.split_last() else {
        return Vec::new();
    };
    // A launch takes the newest image of its region.
    let mut newest: BTreeMap<(&str, &str), &Standing> = BTreeMap::new();
    for image in images {
        let key = (image.template.as_str(), image.region.as_str());
        let known = newest.entry(key).or_insert(image);
        if (image.created_at, &image.ami_id) > (known.created_at, &known.ami_id) {
            *known = image;
        }
    }
    let mut found = Vec::new();
    for ((template, _), image) in &newest {
        let of = |step: &Step| step.owner == image.owner && step.name == image.base;
        let Some(place) = steps.iter().position(of) else {
            continue;
        };
        let builds_behind = steps.len() - 1 - place;
        if builds_behind > 0 {
            let step = &steps[place];
            found.push(Affected {
                template: (*template).to_owned(),
                version: Some(image.version.clone()),
                ami_id: Some(image.ami_id.clone()),
                region: Some(image.region.clone()),
                build: Some(step.build.clone()),
                builds_behind,
                days_behind: (head.at - step.at).num_days().max(0),
            });
        }
    }
    let bare = following
        .iter()
        .filter(|name| !images.iter().any(|image| image.template == **name));
    found.extend(bare.map(|name| Affected {
        template: name.clone(),
        version: None,
        ami_id: None,
        region: None,
        build: None,
        builds_behind: 0,
        days_behind: 0,
    }));
    found.sort_by(|a, b| (&a.template, &a.region).cmp(&(&b.template, &b.region)));
    found
}

/// How many builds and whole days an image on this base stands behind the last of `steps`; none for a base of another line.
pub fn behind(steps: &[Step], owner: &str, base: &str) -> Option<(usize, i64)> {
    let place = steps
        .iter()
        .position(|step| step.owner == owner && step.name == base)?;
    let (head, _) = steps.split_last()?;
    let days = (head.at - steps[place].at).num_days().max(0);
    Some((steps.len() - 1 - place, days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta};

    fn day(number: i64) -> Instant {
        DateTime::UNIX_EPOCH + TimeDelta::days(number)
    }

    fn steps(days: &[i64]) -> Vec<Step> {
        let step = |&number: &i64| Step {
            owner: "099720109477".to_owned(),
            name: format!("jammy-{number}"),
            build: number.to_string(),
            at: day(number),
        };
        days.iter().map(step).collect()
    }

    fn image(template: &str, base: i64, made: i64) -> Standing {
        Standing {
            template: template.to_owned(),
            version: "1.0.0".to_owned(),
            ami_id: format!("ami-{template}-{made}"),
            region: "us-east-1".to_owned(),
            owner: "099720109477".to_owned(),
            base: format!("jammy-{base}"),
            created_at: day(made),
        }
    }

    #[test]
    fn templates_whose_newest_image_stands_on_an_older_build_are_affected() {
        let steps = steps(&[1, 5, 9]);
        let images = [
            image("old", 1, 2),
            image("rebuilt", 1, 2),
            image("rebuilt", 9, 10),
            image("between", 5, 6),
            Standing {
                owner: "000000000000".to_owned(),
                ..image("stranger", 1, 2)
            },
        ];
        let following = BTreeSet::from(["bare".to_owned(), "old".to_owned()]);
        let found = affected(&steps, &images, &following);
        let said: Vec<_> = found
            .iter()
            .map(|one| (one.template.as_str(), one.builds_behind, one.days_behind))
            .collect();
        assert_eq!(said, [("bare", 0, 0), ("between", 1, 4), ("old", 2, 8)]);
        assert_eq!(found[0].ami_id, None);
        assert_eq!(found[2].ami_id.as_deref(), Some("ami-old-2"));
    }

    #[test]
    fn a_region_that_was_not_rebuilt_is_not_hidden_behind_one_that_was() {
        let elsewhere = Standing {
            region: "eu-west-1".to_owned(),
            ..image("web", 1, 2)
        };
        let images = [image("web", 1, 2), image("web", 9, 10), elsewhere];
        let found = affected(&steps(&[1, 9]), &images, &BTreeSet::new());
        let regions: Vec<_> = found.iter().map(|one| one.region.as_deref()).collect();
        assert_eq!(regions, [Some("eu-west-1")]);
    }

    #[test]
    fn a_baseline_concerns_those_without_an_image_alone() {
        let images = [image("web", 1, 2)];
        assert_eq!(affected(&steps(&[1]), &images, &BTreeSet::new()), []);
        assert_eq!(affected(&[], &images, &BTreeSet::new()), []);
        assert_eq!(
            behind(&steps(&[1, 4]), "099720109477", "jammy-1"),
            Some((1, 3))
        );
        assert_eq!(behind(&steps(&[1]), "099720109477", "jammy-7"), None);
    }
}

//! Whose a cloud object is: its identity from its tags, its owner from the ledger's rows.

use std::collections::{HashMap, HashSet};

use ingot_cloud::{ImageFacts, ImageState, InstanceFacts, TaggedFacts};
use ingot_domain::Instant;
use ingot_domain::decide::orphan::{Kind, Owner};
use ingot_domain::deployment::{AmiStatus, Status, everything_finished};
use ingot_domain::image::{DEPLOYMENT_TAG, EFFECT_TAG, ImageStatus};
use ingot_entity::store::Owners;

use crate::case::VisitError;
use crate::tools::Tools;

/// The tag of images and their snapshots that names the deployment they were made of (F33).
const MADE_FOR: &str = "CreatedFromJob";

/// One object that carries our installation.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) id: String,
    /// By EC2's clock.
    pub(super) made_at: Option<Instant>,
    pub(super) deployment: Option<String>,
    pub(super) effect: Option<String>,
    name: Option<String>,
    /// Snapshots of an image.
    snapshots: Vec<String>,
    /// An image one can launch from, or will be able to.
    sound: bool,
}

impl Object {
    pub(super) fn instance(facts: InstanceFacts) -> Self {
        Self::tagged(
            Kind::Instance,
            TaggedFacts {
                id: facts.id,
                created_at: facts.launched_at,
                tags: facts.tags,
            },
        )
    }

    pub(super) fn image(facts: ImageFacts) -> Self {
        let sound = matches!(facts.state, ImageState::Available | ImageState::Pending);
        let snapshots = facts.snapshots.into_iter().map(|one| one.id).collect();
        let tagged = TaggedFacts {
            id: facts.id,
            created_at: facts.created_at,
            tags: facts.tags,
        };
        Self {
            snapshots,
            sound,
            ..Self::tagged(Kind::Image, tagged)
        }
    }

    pub(super) fn tagged(kind: Kind, facts: TaggedFacts) -> Self {
        let tag = |name: &str| facts.tags.get(name).cloned();
        Self {
            kind,
            made_at: facts.created_at,
            deployment: tag(DEPLOYMENT_TAG).or_else(|| tag(MADE_FOR)),
            effect: tag(EFFECT_TAG),
            name: tag("Name"),
            snapshots: Vec::new(),
            sound: false,
            id: facts.id,
        }
    }

    /// Both the installation and what it was made for must be there before anything is ever removed (FAULTS F29).
    fn has_identity(&self) -> bool {
        match self.kind {
            Kind::Instance => self.deployment.is_some() && self.effect.is_some(),
            Kind::Image | Kind::Snapshot => self.effect.is_some(),
            Kind::SecurityGroup => self.deployment.is_some(),
        }
    }

    /// Its owner as people say it.
    pub(super) fn owner_in_words(&self) -> String {
        match (&self.deployment, &self.effect) {
            (Some(deployment), _) => format!("deployment {deployment}"),
            (None, Some(effect)) => format!("effect {effect}"),
            (None, None) => "nobody".to_owned(),
        }
    }
}

/// What the ledger, and the list itself, know of the objects.
#[derive(Debug)]
pub(super) struct Ledgers {
    owners: Owners,
    /// Rows by AMI.
    images: HashMap<String, ImageStatus>,
    /// Snapshots of images that are there, or that a row counts on.
    needed: HashSet<String>,
    /// Snapshots and names of images that were deregistered outside of Ingot.
    lost: HashSet<String>,
}

impl Ledgers {
    pub(super) async fn load(
        tools: &Tools,
        region: &str,
        lists: &[(Kind, Option<Vec<Object>>)],
    ) -> Result<Self, VisitError> {
        let Asked {
            deployments,
            effects,
            amis,
            mut needed,
        } = Asked::about(lists);
        let owners = tools.ledger.owners(deployments, &effects).await?;
        let mut images = HashMap::new();
        for row in tools.ledger.image_owners(&amis).await? {
            if let (Some(ami), Some(status)) = (row.ami_id, ImageStatus::parse(&row.status)) {
                images.insert(ami, status);
            }
        }
        let mut lost = HashSet::new();
        for row in tools.ledger.images_to_reconcile(region).await? {
            if row.status == ImageStatus::Missing.as_str() {
                lost.extend(row.snapshot_ids());
                lost.insert(row.name);
            } else {
                needed.extend(row.snapshot_ids());
            }
        }
        Ok(Self {
            owners,
            images,
            needed,
            lost,
        })
    }

    /// The deployment behind an object, if this ledger knows it.
    pub(super) fn deployment_of<'a>(&'a self, object: &'a Object) -> Option<&'a str> {
        let by_tag = object.deployment.as_deref();
        let by_effect = || {
            let effect = self.owners.effects.get(object.effect.as_deref()?)?;
            Some(effect.deployment_id.as_str())
        };
        by_tag
            .or_else(by_effect)
            .filter(|id| self.owners.deployments.contains_key(*id))
    }

    /// What the ledger knows of an object.
    pub(super) fn owner(&self, object: &Object) -> Owner {
        let row = self
            .deployment_of(object)
            .and_then(|id| self.owners.deployments.get(id));
        let effect = object
            .effect
            .as_ref()
            .and_then(|id| self.owners.effects.get(id));
        let unfinished = row.is_some_and(|row| {
            let status = Status::parse(&row.status);
            let ami = row.ami_status.as_deref().and_then(AmiStatus::parse);
            // A status of a newer version is not ours to judge.
            status.is_none_or(|status| !everything_finished(status, ami))
        });
        let at_work = row.is_some_and(|row| self.owners.at_work.contains(&row.id));
        let names = |named: Option<&String>| named == Some(&object.id);
        let known_image = self.images.get(&object.id);
        let lost = |key: &String| self.lost.contains(key);
        let (named, useful) = match object.kind {
            Kind::Instance => (
                row.is_some_and(|row| names(row.instance_id.as_ref())),
                false,
            ),
            Kind::SecurityGroup => (
                row.is_some_and(|row| names(row.security_group_id.as_ref())),
                false,
            ),
            Kind::Image => (
                known_image
                    .is_some_and(|status| status.holds_key() || *status == ImageStatus::Missing),
                // One this ledger has never heard of: the next deployment of its key finds it by its tags.
                known_image.is_none() && effect.is_none() && object.sound,
            ),
            Kind::Snapshot => (
                self.needed.contains(&object.id),
                lost(&object.id) || object.name.as_ref().is_some_and(lost),
            ),
        };
        Owner {
            identity: object.has_identity(),
            named,
            at_work: unfinished || at_work,
            known: row.is_some() || effect.is_some(),
            useful,
        }
    }
}

/// What the objects name.
struct Asked {
    deployments: Vec<String>,
    effects: Vec<String>,
    amis: Vec<String>,
    needed: HashSet<String>,
}

impl Asked {
    fn about(lists: &[(Kind, Option<Vec<Object>>)]) -> Self {
        let all: Vec<&Object> = lists
            .iter()
            .filter_map(|(_, list)| list.as_ref())
            .flatten()
            .collect();
        let images = || all.iter().filter(|one| one.kind == Kind::Image);
        Self {
            deployments: all
                .iter()
                .filter_map(|one| one.deployment.clone())
                .collect(),
            effects: all.iter().filter_map(|one| one.effect.clone()).collect(),
            amis: images().map(|one| one.id.clone()).collect(),
            needed: images().flat_map(|one| one.snapshots.clone()).collect(),
        }
    }
}

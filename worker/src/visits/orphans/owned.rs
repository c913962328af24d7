//! Whose a cloud object is: its identity from its tags, its owner from the ledger's rows.

use std::collections::{BTreeMap, HashMap, HashSet};

use ingot_cloud::{ImageFacts, ImageState, InstanceFacts, TaggedFacts};
use ingot_domain::Instant;
use ingot_domain::decide::orphan::Owner;
use ingot_domain::deployment::{AmiStatus, Status, everything_finished};
use ingot_domain::image::{DEPLOYMENT_TAG, EFFECT_TAG, ImageStatus};
use ingot_domain::place::Place;
use ingot_domain::provenance::{Class, Kind, Provenance};
use ingot_entity::store::Owners;

use crate::case::VisitError;
use crate::provenance;
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
    facts: Facts,
}

/// What EC2 said of it.
#[derive(Debug)]
enum Facts {
    Instance(Box<InstanceFacts>),
    Image(Box<ImageFacts>),
    Tagged(Box<TaggedFacts>),
}

impl Object {
    pub(super) fn instance(facts: InstanceFacts) -> Self {
        let (id, at) = (facts.id.clone(), facts.launched_at);
        Self::of(
            Kind::Instance,
            id,
            at,
            &facts.tags.clone(),
            Facts::Instance(Box::new(facts)),
        )
    }

    pub(super) fn image(facts: ImageFacts) -> Self {
        let (id, at) = (facts.id.clone(), facts.created_at);
        let snapshots = facts.snapshots.iter().map(|one| one.id.clone()).collect();
        Self {
            snapshots,
            ..Self::of(
                Kind::Image,
                id,
                at,
                &facts.tags.clone(),
                Facts::Image(Box::new(facts)),
            )
        }
    }

    pub(super) fn tagged(kind: Kind, facts: TaggedFacts) -> Self {
        let (id, at) = (facts.id.clone(), facts.created_at);
        Self::of(
            kind,
            id,
            at,
            &facts.tags.clone(),
            Facts::Tagged(Box::new(facts)),
        )
    }

    fn of(
        kind: Kind,
        id: String,
        made_at: Option<Instant>,
        tags: &BTreeMap<String, String>,
        facts: Facts,
    ) -> Self {
        let tag = |name: &str| tags.get(name).cloned();
        Self {
            kind,
            id,
            made_at,
            deployment: tag(DEPLOYMENT_TAG).or_else(|| tag(MADE_FOR)),
            effect: tag(EFFECT_TAG),
            name: tag("Name"),
            snapshots: Vec::new(),
            facts,
        }
    }

    /// Whose it is, by its own facts.
    pub(super) async fn provenance(
        &self,
        tools: &Tools,
        region: &str,
    ) -> Result<Provenance, VisitError> {
        match (&self.facts, self.kind) {
            (Facts::Instance(facts), _) => provenance::of_instance(tools, region, facts).await,
            (Facts::Image(facts), _) => provenance::of_image(tools, facts).await,
            (Facts::Tagged(facts), Kind::SecurityGroup) => {
                provenance::of_group(tools, region, facts).await
            }
            (Facts::Tagged(facts), _) => provenance::of_snapshot(tools, facts, None).await,
        }
    }

    /// The same object as EC2 shows it at this moment; `None` when it is gone or ending.
    pub(super) async fn now(
        &self,
        tools: &Tools,
        region: &str,
    ) -> Result<Option<Self>, VisitError> {
        let (cloud, id) = (&tools.cloud, self.id.as_str());
        let ids = [self.id.clone()];
        let place = Place::own(region);
        Ok(match self.kind {
            Kind::Instance => {
                let found = cloud.describe_instances(place, &ids).await?;
                let found = found.into_iter().find(|one| one.id == id);
                found
                    .filter(|one| !one.state.is_ending())
                    .map(Self::instance)
            }
            Kind::Image => {
                let found = cloud.describe_images(place, &ids).await?;
                let found = found.into_iter().find(|one| one.id == id);
                let there = |one: &ImageFacts| one.state != ImageState::Deregistered;
                found.filter(there).map(Self::image)
            }
            Kind::Snapshot => {
                let found = cloud.describe_snapshot(place, id).await?;
                found.map(|one| Self::tagged(self.kind, one))
            }
            Kind::SecurityGroup => {
                let found = cloud.describe_security_group(place, id).await?;
                found.map(|one| Self::tagged(self.kind, one))
            }
        })
    }

    /// Its owner as people say it.
    pub(super) fn owner_in_words(&self) -> String {
        match (&self.deployment, &self.effect) {
            (Some(deployment), _) => format!("deployment {deployment}"),
            (None, Some(effect)) => format!("effect {effect}"),
            (None, None) => "an unnamed deployment".to_owned(),
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

    /// What the ledger knows of an object. Its provenance is asked for only when no row names it, or many would ask each
    /// minute.
    pub(super) async fn owner(
        &self,
        tools: &Tools,
        region: &str,
        object: &Object,
    ) -> Result<Owner, VisitError> {
        let mut owner = self.by_rows(object);
        if !owner.named {
            owner.class = object.provenance(tools, region).await?.class;
        }
        Ok(owner)
    }

    fn by_rows(&self, object: &Object) -> Owner {
        let row = self
            .deployment_of(object)
            .and_then(|id| self.owners.deployments.get(id));
        let unfinished = row.is_some_and(|row| {
            let status = Status::parse(&row.status);
            let ami = row.ami_status.as_deref().and_then(AmiStatus::parse);
            // A status of a newer version is not ours to judge.
            status.is_none_or(|status| !everything_finished(status, ami))
        });
        // A check of an account has no deployment, and a copy is not that of its image: their effects name them.
        let maker = || {
            let effect = self.owners.effects.get(object.effect.as_deref()?)?;
            Some(&effect.deployment_id)
        };
        let mut makers = [row.map(|row| &row.id), maker()].into_iter().flatten();
        let at_work = makers.any(|id| self.owners.at_work.contains(id));
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
            // A failed one is given up; what became of the others is the monitor's business.
            Kind::Image => (
                known_image.is_some_and(|status| *status != ImageStatus::Failed),
                false,
            ),
            Kind::Snapshot => (
                self.needed.contains(&object.id),
                lost(&object.id) || object.name.as_ref().is_some_and(lost),
            ),
        };
        Owner {
            class: Class::Ours,
            named,
            at_work: unfinished || at_work,
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

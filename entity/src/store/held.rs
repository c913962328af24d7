//! What images and instances carry by lists of their own, held against the advisories that are loaded
//! (`ingot_domain::advisory::held` judges). A list is of the end of an install; its image carries just that.

mod exposed;
mod fixes;

use std::collections::HashMap;

use ingot_domain::Instant;
use ingot_domain::advisory::base::Base;
use ingot_domain::advisory::feed::Feed;
use ingot_domain::advisory::held::{Against, Carried, Holdings, against, holdings, system};
use ingot_domain::arch::Arch;
use ingot_domain::guest::packages::Listed;
use sea_orm::EntityTrait;

use super::manifests::NoList;
use super::{Ledger, LedgerError};
use crate::{base, image, track};

pub use exposed::ByList;
pub use fixes::{FixFacts, ImagedHere};

/// Earlier images of a template that are asked for a list.
const EARLIER: usize = 10;

/// A list of an image's own.
#[derive(Debug, Clone)]
pub struct OwnList {
    /// What it says.
    pub carried: Carried,
    /// When it was taken.
    pub taken_at: Instant,
    /// By the install of which deployment.
    pub deployment_id: String,
}

/// The image before one.
#[derive(Debug, Clone)]
pub struct Predecessor {
    /// The image.
    pub row: image::Model,
    /// When its list was taken, or why there is none.
    pub list: Result<Instant, NoList>,
}

/// How an image stands by its own list.
#[derive(Debug, Clone)]
pub struct ImageHolding {
    /// Its list, or why there is none.
    pub list: Result<OwnList, NoList>,
    /// What the list says of the advisories.
    pub held: Holdings,
    /// The feed that the advisories are of; none without a list.
    pub feed: Option<Feed>,
    /// What is missing of the signs of exploitation, so that an item may be graver than it seems.
    pub gaps: Vec<String>,
    /// The image of the same template before it.
    pub before: Option<Predecessor>,
    /// What has changed since that one; none unless both have a list.
    pub against: Option<Against>,
}

impl Ledger {
    /// How an image stands by its own list: against the advisories that are loaded, and against the image before it.
    pub async fn image_holding(&self, row: &image::Model) -> Result<ImageHolding, LedgerError> {
        let mut told = ImageHolding {
            list: self.own_list(row).await?,
            held: Holdings::default(),
            feed: None,
            gaps: Vec::new(),
            before: None,
            against: None,
        };
        let mut earlier = None;
        for before in self.earlier_images(row).await?.into_iter().take(EARLIER) {
            let list = self.own_list(&before).await?;
            let listed = list.is_ok();
            if listed || earlier.is_none() {
                earlier = Some((before, list));
            }
            if listed {
                break;
            }
        }
        if let Ok(own) = &told.list {
            let now = self.held_as_of(row).await?;
            let of = &own.carried.base;
            let known = self.known_for(of.os, &of.release, now).await?;
            told.held = holdings(&own.carried, &known.advisories, &known.signals, now);
            if let Some((_, Ok(before))) = &earlier
                && before.carried.base == *of
            {
                let of = &before.carried;
                let before = holdings(of, &known.advisories, &known.signals, now);
                told.against = Some(against(&told.held.open, &before.open));
            }
            told.feed = Some(Feed::Vendor(of.os));
            told.gaps = known.feed.map(|feed| feed.signals).unwrap_or_default();
        }
        told.before = earlier.map(|(row, list)| Predecessor {
            row,
            list: list.map(|list| list.taken_at),
        });
        Ok(told)
    }

    /// As of when an image's list is judged: now, and no earlier than its base's builds are, or the two would contradict each
    /// other. Only a simulated vendor publishes a build of a day to come, which is judged as of when it was made.
    async fn held_as_of(&self, row: &image::Model) -> Result<Instant, LedgerError> {
        let now = self.calendar_now();
        let (Some(owner), Some(name)) = (&row.base_owner, &row.base_name) else {
            return Ok(now);
        };
        let line = self.line_of(owner, name).await?;
        let made = line.into_iter().flat_map(|(_, steps)| steps);
        Ok(made.map(|step| step.at).fold(now, Instant::max))
    }

    /// An image's own list, or why there is none.
    pub async fn own_list(
        &self,
        row: &image::Model,
    ) -> Result<Result<OwnList, NoList>, LedgerError> {
        let Some(install) = self.install_of(row).await? else {
            return Ok(Err(NoList::Unknown));
        };
        let list = match &install.digest {
            Some(digest) => self.list(digest).await?,
            None => None,
        };
        let Some(listed) = list else {
            return Ok(Err(install.why_absent()));
        };
        let of = self.system_of(&listed, row).await?;
        Ok(match of {
            Some(of) => Ok(OwnList {
                carried: Carried::new(of, listed),
                taken_at: install.taken_at,
                deployment_id: install.deployment_id,
            }),
            None => Err(NoList::System(listed.release)),
        })
    }

    /// The system of which a list is: what it calls itself, else what the image's base is of.
    async fn system_of(
        &self,
        listed: &Listed,
        row: &image::Model,
    ) -> Result<Option<Base>, LedgerError> {
        let itself = named(listed.release.as_deref(), &row.arch);
        let (None, Some(owner), Some(name)) = (&itself, &row.base_owner, &row.base_name) else {
            return Ok(itself);
        };
        let id = ingot_domain::ids::BaseId::of(owner, name).to_string();
        let Some(base) = base::Entity::find_by_id(id).one(&self.reader).await? else {
            return Ok(None);
        };
        let track = track::Entity::find_by_id(base.track).one(&self.reader);
        let Some(track) = track.await? else {
            return Ok(None);
        };
        Ok(track.parsed()?.base())
    }

    /// By the id of a base, the system it is of.
    async fn systems(&self) -> Result<HashMap<String, Base>, LedgerError> {
        let mut of_track = HashMap::new();
        for row in self.tracks().await? {
            of_track.extend(row.parsed()?.base().map(|base| (row.id.clone(), base)));
        }
        let rows = base::Entity::find().all(&self.reader).await?;
        let of = |row: base::Model| Some((row.id, of_track.get(&row.track)?.clone()));
        Ok(rows.into_iter().filter_map(of).collect())
    }
}

/// The system that a list calls itself.
fn named(release: Option<&str>, arch: &str) -> Option<Base> {
    system(release?, Arch::parse(arch)?)
}

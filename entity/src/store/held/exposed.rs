//! Which images and instances have a vulnerability by lists of their own.

use std::collections::{BTreeMap, HashMap};

use ingot_domain::Instant;
use ingot_domain::advisory::base::Base;
use ingot_domain::advisory::feed::is_cve;
use ingot_domain::advisory::held::{Carried, Holding, Part, stands};
use ingot_domain::advisory::record::Advisory;
use ingot_domain::ids::BaseId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::named;
use crate::store::{Ledger, LedgerError};
use crate::{image, install_list, manifest};

/// Advisories that name one CVE, at most: those of all systems and releases.
const ADVISORIES: u32 = 500;
/// Values of one query.
const BATCH: usize = 500;

/// What a list of its own says of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByList {
    /// How it stands.
    pub holding: Holding,
    /// The advisory that says so; none where none is for a package that is carried.
    pub advisory: Option<String>,
    /// The package; none as above.
    pub part: Option<Part>,
    /// When the list was taken.
    pub taken_at: Instant,
}

/// Lists of installs, by deployment, the newest run first.
pub(in crate::store) struct Heads(HashMap<String, Vec<install_list::Model>>);

impl Heads {
    /// Of the install that made an image.
    pub(in crate::store) fn of_image(&self, row: &image::Model) -> Option<&install_list::Model> {
        let runs = self.0.get(row.source_deployment_id.as_deref()?)?;
        runs.iter().find(|head| head.taken_at <= row.created_at)
    }

    /// Of one run of a deployment.
    pub(in crate::store) fn of_run(&self, id: &str, run: i32) -> Option<&install_list::Model> {
        self.0.get(id)?.iter().find(|head| head.run == run)
    }
}

/// What advisories say of the lists of this ledger, each list judged once.
pub(in crate::store) struct Judge<'a> {
    ledger: &'a Ledger,
    advisories: Vec<Advisory>,
    systems: HashMap<String, Base>,
    known: BTreeMap<(String, String), Option<Verdict>>,
}

type Verdict = (Holding, Option<(String, Part)>);

impl Judge<'_> {
    /// What a list says; none without one, where its system is not known, or with nothing to judge by: no list is clear of
    /// what no advisory tells of. `base` is owner and name of the base.
    pub(in crate::store) async fn of(
        &mut self,
        head: Option<&install_list::Model>,
        arch: &str,
        base: Option<(&str, &str)>,
    ) -> Result<Option<ByList>, LedgerError> {
        if self.advisories.is_empty() {
            return Ok(None);
        }
        let Some((head, digest)) = head.and_then(|head| Some((head, head.digest.as_ref()?))) else {
            return Ok(None);
        };
        let base = base.map(|(owner, name)| BaseId::of(owner, name).to_string());
        let track = base.and_then(|id| self.systems.get(&id).cloned());
        let of = track
            .as_ref()
            .map_or_else(|| arch.to_owned(), Base::to_string);
        let key = (digest.clone(), of);
        if !self.known.contains_key(&key) {
            let verdict = self.judged(digest, arch, track).await?;
            self.known.insert(key.clone(), verdict);
        }
        let verdict = self.known.get(&key).cloned().flatten();
        Ok(verdict.map(|(holding, of)| {
            let (advisory, part) = of.unzip();
            ByList {
                holding,
                advisory,
                part,
                taken_at: head.taken_at,
            }
        }))
    }

    async fn judged(
        &self,
        digest: &str,
        arch: &str,
        track: Option<Base>,
    ) -> Result<Option<Verdict>, LedgerError> {
        let Some(listed) = self.ledger.list(digest).await? else {
            return Ok(None);
        };
        let Some(base) = named(listed.release.as_deref(), arch).or(track) else {
            return Ok(None);
        };
        let carried = Carried::new(base, listed);
        let parts = self.advisories.iter().flat_map(|advisory| {
            let parts = carried.parts(advisory);
            parts.into_iter().map(|part| (advisory.id.clone(), part))
        });
        let gravest = parts.max_by_key(|(_, part)| part.holding);
        Ok(Some(match gravest {
            Some((id, part)) => (part.holding, Some((id, part))),
            None => (Holding::NotConcerned, None),
        }))
    }
}

impl Ledger {
    /// Judges lists by the advisories of this id, or that name this CVE, whatever day they are dated.
    pub(in crate::store) async fn judge_of(&self, id: &str) -> Result<Judge<'_>, LedgerError> {
        let known = match is_cve(id) {
            true => self.advisories_of(id, ADVISORIES).await?,
            false => self.advisories_named(id).await?,
        };
        let now = self.calendar_now();
        let advisories = known.into_iter().map(|known| known.advisory);
        Ok(Judge {
            ledger: self,
            advisories: advisories.filter(|one| stands(one, now)).collect(),
            systems: self.systems().await?,
            known: BTreeMap::new(),
        })
    }

    /// The lists of some deployments' installs.
    pub(in crate::store) async fn heads(&self, ids: &[&str]) -> Result<Heads, LedgerError> {
        let mut heads: HashMap<String, Vec<install_list::Model>> = HashMap::new();
        for ids in ids.chunks(BATCH) {
            let rows = install_list::Entity::find()
                .filter(install_list::Column::DeploymentId.is_in(ids.iter().copied()))
                .all(&self.reader)
                .await?;
            for row in rows {
                heads
                    .entry(row.deployment_id.clone())
                    .or_default()
                    .push(row);
            }
        }
        for runs in heads.values_mut() {
            runs.sort_by_key(|head| std::cmp::Reverse(head.run));
        }
        Ok(Heads(heads))
    }

    /// What lists call their systems, by digest.
    pub(in crate::store) async fn releases(
        &self,
        digests: &[&str],
    ) -> Result<HashMap<String, Option<String>>, LedgerError> {
        let mut found = HashMap::new();
        for digests in digests.chunks(BATCH) {
            let rows: Vec<(String, Option<String>)> = manifest::Entity::find()
                .select_only()
                .column(manifest::Column::Digest)
                .column(manifest::Column::Release)
                .filter(manifest::Column::Digest.is_in(digests.iter().copied()))
                .into_tuple()
                .all(&self.reader)
                .await?;
            found.extend(rows);
        }
        Ok(found)
    }
}

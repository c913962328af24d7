//! Which recipe a deployment is made by: a revision of a template it refers to, or one of its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use ingot_domain::fingerprint;
use ingot_domain::template::Template;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter};

use crate::store::Ledger;
use crate::store::LedgerError;
use crate::{deployment, template, worker};

/// What this version reads of the rows of others, as workers say it in `worker.reads`: 1 is a deployment whose recipe is a
/// reference to a revision.
pub(in crate::store) const READS: i32 = 1;

/// How long a worker that was heard of may still be there: one that sleeps with its machine is still one that cannot read.
const GONE: chrono::TimeDelta = chrono::TimeDelta::days(1);

/// Revisions that are remembered; an installation that uses more reads them again.
const MOST: usize = 4_096;

/// A revision's name and number.
pub(in crate::store) type Key = (String, i32);
type Known = HashMap<Key, Arc<Recipe>>;

/// A revision as it reads.
#[derive(Debug)]
pub(in crate::store) struct Recipe {
    pub(in crate::store) template: Arc<Template>,
    /// Of what goes into an image.
    pub(in crate::store) fingerprint: String,
}

impl Recipe {
    fn of(row: &template::Model) -> Result<Arc<Self>, LedgerError> {
        let template = row.parsed()?;
        Ok(Arc::new(Self {
            fingerprint: fingerprint::of_recipe(&template),
            template: Arc::new(template),
        }))
    }
}

/// Revisions as they read. They never change.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Recipes(Arc<Mutex<Known>>);

impl Recipes {
    fn known(&self, key: &Key) -> Option<Arc<Recipe>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).cloned()
    }

    fn keep(&self, key: Key, recipe: &Arc<Recipe>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, Arc::clone(recipe));
    }
}

impl Ledger {
    /// Reads the revisions that some deployments refer to in one look, so that [`Ledger::recipe`] of each asks for none. One
    /// that is gone or does not read is left to it.
    pub async fn read_recipes(&self, rows: &[deployment::Model]) -> Result<(), LedgerError> {
        let referring = rows.iter().filter(|row| row.recipe.is_null());
        let mut wanted: Vec<_> = referring
            .filter_map(|row| Some((row.template.clone(), row.template_revision?)))
            .filter(|key| self.recipes.known(key).is_none())
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        let of = |(name, number)| {
            Condition::all()
                .add(template::Column::Name.eq::<String>(name))
                .add(template::Column::Revision.eq::<i32>(number))
        };
        let any = wanted
            .into_iter()
            .map(of)
            .fold(Condition::any(), Condition::add);
        for found in template::Entity::find().filter(any).all(&self.db).await? {
            if let Ok(recipe) = Recipe::of(&found) {
                self.recipes.keep((found.name, found.revision), &recipe);
            }
        }
        Ok(())
    }

    /// A deployment's recipe: what it was requested with, whatever is applied later.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`] when the revision was deleted, [`LedgerError::Json`] when it does not read.
    pub async fn recipe(&self, row: &deployment::Model) -> Result<Arc<Template>, LedgerError> {
        let number = match row.template_revision {
            Some(number) if row.recipe.is_null() => number,
            _ => {
                let read = serde_json::from_value(row.recipe.clone());
                return read.map(Arc::new).map_err(|source| LedgerError::Json {
                    what: "recipe",
                    source,
                });
            }
        };
        let key = (row.template.clone(), number);
        if let Some(recipe) = self.recipes.known(&key) {
            return Ok(Arc::clone(&recipe.template));
        }
        let found = template::Entity::find_by_id(key.clone())
            .one(&self.db)
            .await?;
        let found = found.ok_or_else(|| LedgerError::Unknown {
            what: "deployment.template_revision",
            value: format!("{}@{number}", row.template),
        })?;
        let recipe = Recipe::of(&found)?;
        self.recipes.keep(key, &recipe);
        Ok(Arc::clone(&recipe.template))
    }

    /// The newest revision of each of these templates; only one that was not seen yet is read and parsed.
    pub(in crate::store) async fn newest_recipes(
        &self,
        names: BTreeSet<&str>,
    ) -> Result<Vec<(Key, Arc<Recipe>)>, LedgerError> {
        let (mut found, mut unseen) = (Vec::with_capacity(names.len()), BTreeSet::new());
        let numbers = self.newest_numbers(names).await?;
        for key in &numbers {
            match self.recipes.known(key) {
                Some(recipe) => found.push((key.clone(), recipe)),
                None => {
                    unseen.insert(key.0.as_str());
                }
            }
        }
        // A revision that came since is as good: it is newer.
        for row in self.newest_templates(unseen).await? {
            let recipe = Recipe::of(&row)?;
            let key = (row.name, row.revision);
            self.recipes.keep(key.clone(), &recipe);
            found.push((key, recipe));
        }
        Ok(found)
    }

    /// Whether every worker that may be alive reads deployments whose recipe is a reference. During an upgrade some do not.
    pub async fn all_read_references(&self) -> Result<bool, LedgerError> {
        let others = worker::Entity::find()
            .filter(worker::Column::StoppedAt.is_null())
            .filter(worker::Column::HeartbeatAt.gt(self.now() - GONE))
            .filter(worker::Column::Reads.lt(READS))
            .count(&self.db)
            .await?;
        Ok(others == 0)
    }
}

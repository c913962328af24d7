//! Which images and instances have a vulnerability, by the judgements of the updates that their base images have seen since.

use std::collections::{BTreeMap, HashMap};

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::{Ledger, LedgerError};
use crate::{assessment, base, base_ami, base_update, deployment, image, track};

/// Images and instances that are told, at most.
const MOST: u64 = 5_000;

/// A build of a base image that has the vulnerability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposedBase {
    /// Its track's name.
    pub track: String,
    /// The build.
    pub build: String,
    /// The first build with the fix; none when no build has it yet.
    pub fixed_in: Option<String>,
    /// The advisory that says so.
    pub advisory: Option<String>,
    /// The package.
    pub package: String,
    /// How surely: `A`, `C` or `D`.
    pub grade: String,
}

/// An image on such a build.
#[derive(Debug, Clone)]
pub struct ExposedImage {
    /// The image.
    pub row: image::Model,
    /// Its base.
    pub base: ExposedBase,
}

/// An instance that was launched from such an image or build.
#[derive(Debug, Clone)]
pub struct ExposedInstance {
    /// Its deployment's id.
    pub id: String,
    /// Template.
    pub template: String,
    /// Version.
    pub version: String,
    /// Region.
    pub region: String,
    /// `i-…`
    pub instance_id: String,
    /// Its base.
    pub base: ExposedBase,
}

/// Everything that has a vulnerability, as far as judgements tell.
#[derive(Debug, Clone, Default)]
pub struct Exposed {
    /// Builds of base images, oldest first.
    pub bases: Vec<ExposedBase>,
    /// Images that can be launched from.
    pub images: Vec<ExposedImage>,
    /// Instances that run.
    pub instances: Vec<ExposedInstance>,
}

#[derive(FromQueryResult)]
struct Running {
    id: String,
    template: String,
    version: String,
    region: String,
    instance_id: Option<String>,
    source_ami_id: Option<String>,
    base_image_id: Option<String>,
}

impl Ledger {
    /// What has a vulnerability. `cve` is checked by its shape (`CVE-2024-6387`).
    pub async fn exposed_to(&self, cve: &str) -> Result<Exposed, LedgerError> {
        let mut by_base: BTreeMap<String, ExposedBase> = BTreeMap::new();
        let mut told = Exposed::default();
        let found = self.judgements_naming(cve).await?;
        if found.is_empty() {
            return Ok(told);
        }
        for row in track::Entity::find().all(&self.db).await? {
            let updates = base_update::Entity::find()
                .filter(base_update::Column::Kind.eq("update"))
                .filter(base_update::Column::Track.eq(&row.id))
                .order_by_asc(base_update::Column::Seq)
                .all(&self.db)
                .await?;
            if !updates.iter().any(|one| found.contains_key(&one.id)) {
                continue;
            }
            let bases = base::Entity::find()
                .filter(base::Column::Track.eq(&row.id))
                .all(&self.db)
                .await?;
            let build = |id: &Option<String>| {
                let id = id.as_deref()?;
                bases.iter().find(|base| base.id == id)
            };
            for (at, update) in updates.iter().enumerate() {
                let Some(body) = found.get(&update.id) else {
                    continue;
                };
                for line in lines(body, cve) {
                    let status = line.get("status").and_then(Value::as_str);
                    let fixed = matches!(status, Some("fixed" | "likely"));
                    let open = matches!(status, Some("still_vulnerable" | "unfixed"));
                    if !fixed && !open {
                        continue;
                    }
                    let text = |key: &str| line.get(key).and_then(Value::as_str);
                    let new = build(&update.new_base);
                    // Every build up to the one that was left behind, and the new one where it lacks the fix, too.
                    let old = updates[..=at].iter().filter_map(|one| build(&one.old_base));
                    for base in old.chain(new.filter(|_| open)) {
                        by_base
                            .entry(base.id.clone())
                            .or_insert_with(|| ExposedBase {
                                track: row.name.clone(),
                                build: base.build.clone(),
                                fixed_in: new.filter(|_| fixed).map(|new| new.build.clone()),
                                advisory: text("advisory").map(str::to_owned),
                                package: text("package").unwrap_or_default().to_owned(),
                                grade: text("grade").unwrap_or_default().to_owned(),
                            });
                    }
                }
            }
        }
        told.images = self.images_on(&by_base).await?;
        told.instances = self.instances_on(&by_base, &told.images).await?;
        told.bases = by_base.into_values().collect();
        told.bases
            .sort_by(|a, b| (&a.track, &a.build).cmp(&(&b.track, &b.build)));
        Ok(told)
    }

    /// The last judgements by rules that name a CVE, by update.
    async fn judgements_naming(&self, cve: &str) -> Result<HashMap<String, Value>, LedgerError> {
        let named = format!("%\"{cve}\"%");
        let rows = assessment::Entity::find()
            .filter(
                Expr::col(assessment::Column::Body)
                    .cast_as("text")
                    .like(named),
            )
            .all(&self.db)
            .await?;
        let ids: Vec<&str> = rows.iter().map(|row| row.update_id.as_str()).collect();
        let updates = base_update::Entity::find()
            .filter(base_update::Column::Id.is_in(ids))
            .all(&self.db)
            .await?;
        let last = |row: &assessment::Model| {
            let of = |update: &&base_update::Model| update.id == row.update_id;
            updates.iter().find(of).and_then(|update| update.judged) == Some(row.seq)
        };
        Ok(rows
            .into_iter()
            .filter(|row| last(row))
            .filter_map(|row| Some((row.update_id, row.body?)))
            .collect())
    }

    async fn images_on(
        &self,
        bases: &BTreeMap<String, ExposedBase>,
    ) -> Result<Vec<ExposedImage>, LedgerError> {
        let rows = image::Entity::find()
            .filter(image::Column::Status.eq("available"))
            .filter(image::Column::BaseName.is_not_null())
            .order_by_desc(image::Column::Id)
            .limit(MOST)
            .all(&self.db)
            .await?;
        let on = rows.into_iter().filter_map(|row| {
            let (owner, name) = (row.base_owner.as_deref()?, row.base_name.as_deref()?);
            let id = ingot_domain::ids::BaseId::of(owner, name).to_string();
            let base = bases.get(&id)?.clone();
            Some(ExposedImage { row, base })
        });
        Ok(on.collect())
    }

    async fn instances_on(
        &self,
        bases: &BTreeMap<String, ExposedBase>,
        images: &[ExposedImage],
    ) -> Result<Vec<ExposedInstance>, LedgerError> {
        use deployment::Column;
        let of_image: HashMap<&str, &ExposedBase> = images
            .iter()
            .filter_map(|one| Some((one.row.ami_id.as_deref()?, &one.base)))
            .collect();
        let amis = base_ami::Entity::find()
            .filter(base_ami::Column::Base.is_in(bases.keys()))
            .all(&self.db)
            .await?;
        let of_base: HashMap<&str, &ExposedBase> = amis
            .iter()
            .filter_map(|ami| Some((ami.ami_id.as_str(), bases.get(&ami.base)?)))
            .collect();
        let running: Vec<Running> = deployment::Entity::find()
            .select_only()
            .columns([
                Column::Id,
                Column::Template,
                Column::Version,
                Column::Region,
                Column::InstanceId,
                Column::SourceAmiId,
                Column::BaseImageId,
            ])
            .filter(Column::InstanceId.is_not_null())
            .filter(Column::Status.is_not_in(["cancelled", "destroyed"]))
            .order_by_desc(Column::Id)
            .limit(MOST)
            .into_model()
            .all(&self.db)
            .await?;
        let on = running.into_iter().filter_map(|row| {
            let base = match &row.source_ami_id {
                Some(ami) => of_image.get(ami.as_str()),
                None => of_base.get(row.base_image_id.as_deref()?),
            };
            Some(ExposedInstance {
                base: (*base?).clone(),
                id: row.id,
                template: row.template,
                version: row.version,
                region: row.region,
                instance_id: row.instance_id?,
            })
        });
        Ok(on.collect())
    }
}

/// The rows of evidence about a CVE.
fn lines<'a>(body: &'a Value, cve: &str) -> impl Iterator<Item = &'a Value> {
    let rows = body.get("evidence").and_then(Value::as_array);
    rows.into_iter()
        .flatten()
        .filter(move |row| row.get("cve").and_then(Value::as_str) == Some(cve))
}

//! Which images and instances have a vulnerability: by lists of their own, and where there is none by the judgements of the
//! updates that their base images have seen since.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ingot_domain::advisory::held::Holding;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::held::ByList;
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

/// An image that has it, or may have it.
#[derive(Debug, Clone)]
pub struct ExposedImage {
    /// The image.
    pub row: image::Model,
    /// Its base, where that has it.
    pub base: Option<ExposedBase>,
    /// What its own list says.
    pub list: Option<ByList>,
}

/// An instance that has it, or may have it.
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
    /// The base it was launched from, or its image stands on, where that has it.
    pub base: Option<ExposedBase>,
    /// What the list of its own install says, or that of its image.
    pub list: Option<ByList>,
}

/// Everything that has a vulnerability, as far as lists and judgements tell.
#[derive(Debug, Clone, Default)]
pub struct Exposed {
    /// Builds of base images, oldest first.
    pub bases: Vec<ExposedBase>,
    /// Images that can be launched from.
    pub images: Vec<ExposedImage>,
    /// Instances that run.
    pub instances: Vec<ExposedInstance>,
    /// Images and deployments on builds that have it, which do not have it by lists of their own.
    pub cleared: Vec<String>,
    /// Images and instances of which neither a list nor a judgement tells.
    pub silent: u64,
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
    order: Value,
    run: i32,
    launch_path: Option<String>,
}

impl Ledger {
    /// What has a vulnerability: a CVE, or one that an advisory fixes. `id` is checked by its shape (`CVE-2024-6387`,
    /// `USN-6859-1`).
    pub async fn exposed_to(&self, id: &str) -> Result<Exposed, LedgerError> {
        let by_base = self.bases_exposed_to(id).await?;
        let mut told = Exposed::default();
        self.by_lists(id, &by_base, &mut told).await?;
        told.bases = by_base.into_values().collect();
        told.bases
            .sort_by(|a, b| (&a.track, &a.build).cmp(&(&b.track, &b.build)));
        Ok(told)
    }

    /// By its id, each base that has it.
    async fn bases_exposed_to(
        &self,
        cve: &str,
    ) -> Result<BTreeMap<String, ExposedBase>, LedgerError> {
        let mut by_base: BTreeMap<String, ExposedBase> = BTreeMap::new();
        let found = self.judgements_naming(cve).await?;
        if found.is_empty() {
            return Ok(by_base);
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
        Ok(by_base)
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

    /// Sorts images and running instances by what their lists say, and where there is none by their bases.
    async fn by_lists(
        &self,
        id: &str,
        bases: &BTreeMap<String, ExposedBase>,
        told: &mut Exposed,
    ) -> Result<(), LedgerError> {
        let mut judge = self.judge_of(id).await?;
        let running = self.running().await?;
        let rows = self.images_of(&running).await?;
        let makers = rows
            .iter()
            .filter_map(|row| row.source_deployment_id.as_deref());
        let makers: Vec<&str> = makers
            .chain(running.iter().map(|row| row.id.as_str()))
            .collect();
        let heads = self.heads(&makers).await?;
        let mut of_ami: HashMap<String, (Option<ExposedBase>, Option<ByList>)> = HashMap::new();
        for row in rows {
            let named = row.base_owner.as_deref().zip(row.base_name.as_deref());
            let base = named.and_then(|(owner, name)| {
                bases.get(&ingot_domain::ids::BaseId::of(owner, name).to_string())
            });
            let (base, list) = (
                base.cloned(),
                judge.of(heads.of_image(&row), &row.arch, named).await?,
            );
            if let Some(ami) = &row.ami_id {
                of_ami.insert(ami.clone(), (base.clone(), list.clone()));
            }
            // Those that are gone are here for the instances that were launched from them.
            if row.status != "available" {
                continue;
            }
            match fate(base.as_ref(), list.as_ref()) {
                Fate::Has => told.images.push(ExposedImage { row, base, list }),
                Fate::Cleared => told.cleared.push(row.ami_id.unwrap_or(row.id)),
                Fate::Silent => told.silent += 1,
                Fate::Not => {}
            }
        }
        let amis = base_ami::Entity::find()
            .filter(base_ami::Column::Base.is_in(bases.keys()))
            .all(&self.db)
            .await?;
        let of_base: HashMap<&str, &ExposedBase> = amis
            .iter()
            .filter_map(|ami| Some((ami.ami_id.as_str(), bases.get(&ami.base)?)))
            .collect();
        for row in running {
            let (base, list) = match row.source_ami_id.as_deref() {
                Some(ami) => of_ami.get(ami).cloned().unwrap_or_default(),
                None => {
                    let ami = row.base_image_id.as_deref();
                    let base = ami.and_then(|ami| of_base.get(ami)).copied();
                    let fresh = row.launch_path.as_deref() == Some("fresh");
                    let head = heads.of_run(&row.id, row.run).filter(|_| fresh);
                    // An order of a version that is newer than this binary is of an unknown architecture.
                    let arch = row.order.get("arch").and_then(Value::as_str);
                    let list = judge.of(head, arch.unwrap_or_default(), None).await?;
                    (base.cloned(), list)
                }
            };
            match fate(base.as_ref(), list.as_ref()) {
                Fate::Has => told.instances.push(ExposedInstance {
                    id: row.id,
                    template: row.template,
                    version: row.version,
                    region: row.region,
                    instance_id: row.instance_id.unwrap_or_default(),
                    base,
                    list,
                }),
                Fate::Cleared => told.cleared.push(row.id),
                Fate::Silent => told.silent += 1,
                Fate::Not => {}
            }
        }
        Ok(())
    }

    /// Images that can be launched from, and those that running instances were launched from, the newest first.
    async fn images_of(&self, running: &[Running]) -> Result<Vec<image::Model>, LedgerError> {
        let mut rows = image::Entity::find()
            .filter(image::Column::Status.eq("available"))
            .order_by_desc(image::Column::Id)
            .limit(MOST)
            .all(&self.db)
            .await?;
        let known: BTreeSet<&str> = rows
            .iter()
            .filter_map(|row| row.ami_id.as_deref())
            .collect();
        let launched = running
            .iter()
            .filter_map(|row| row.source_ami_id.as_deref());
        let others: BTreeSet<&str> = launched.filter(|ami| !known.contains(ami)).collect();
        let others: Vec<&str> = others.into_iter().collect();
        let mut gone = Vec::new();
        for amis in others.chunks(500) {
            let of = image::Entity::find()
                .filter(image::Column::AmiId.is_in(amis.iter().copied()))
                .filter(image::Column::Status.ne("available"));
            gone.extend(of.all(&self.db).await?);
        }
        rows.extend(gone);
        Ok(rows)
    }

    /// Instances that run, the newest first.
    async fn running(&self) -> Result<Vec<Running>, LedgerError> {
        use deployment::Column;
        Ok(deployment::Entity::find()
            .select_only()
            .columns([
                Column::Id,
                Column::Template,
                Column::Version,
                Column::Region,
                Column::InstanceId,
                Column::SourceAmiId,
                Column::BaseImageId,
                Column::Run,
                Column::LaunchPath,
                Column::Order,
            ])
            .filter(Column::InstanceId.is_not_null())
            .filter(Column::Status.is_not_in(["cancelled", "destroyed"]))
            .order_by_desc(Column::Id)
            .limit(MOST)
            .into_model()
            .all(&self.db)
            .await?)
    }
}

/// How an image or instance stands by all that is known.
enum Fate {
    /// It has the vulnerability, or may have it.
    Has,
    /// Its base has it, and it does not by a list of its own.
    Cleared,
    /// Its list says that it does not.
    Not,
    /// Nothing is known of it.
    Silent,
}

/// A list of its own says more than the judgement of its base, unless its versions cannot be compared.
fn fate(base: Option<&ExposedBase>, list: Option<&ByList>) -> Fate {
    match (list.map(|list| list.holding), base) {
        (Some(Holding::Vulnerable | Holding::Unknown), _) | (None, Some(_)) => Fate::Has,
        (Some(Holding::Fixed | Holding::NotConcerned), Some(_)) => Fate::Cleared,
        (Some(Holding::Fixed | Holding::NotConcerned), None) => Fate::Not,
        (None, None) => Fate::Silent,
    }
}

/// The rows of evidence about a CVE or an advisory.
fn lines<'a>(body: &'a Value, cve: &str) -> impl Iterator<Item = &'a Value> {
    let rows = body.get("evidence").and_then(Value::as_array);
    rows.into_iter().flatten().filter(move |row| {
        let is = |key: &str| row.get(key).and_then(Value::as_str) == Some(cve);
        is("cve") || is("advisory")
    })
}

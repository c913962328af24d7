//! The plan of the queue: what waits is priced by the templates as they are now, and planned. The scheduler's look carries it
//! out, `GET /v1/plan` shows it: there is one function, so that what is printed is what runs (AUTO-AMI 6).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::arch::Arch;
use ingot_domain::build::cost::{self, Machine};
use ingot_domain::build::order::draft;
use ingot_domain::build::publish::regions;
use ingot_domain::money::Money;
use ingot_domain::plan::{Plan, Running, Waiting, plan};
use ingot_domain::price::platform::Platform;
use ingot_domain::request::{Limits, Order, parse};
use ingot_domain::template::Template;
use ingot_domain::want::{Request, Target, Term};

use super::{Asking, BuildQueue, Queued, Sheet, ask};
use crate::build;
use crate::store::prices::Systems;
use crate::store::{Ask, Ledger, LedgerError, Revision};

/// A build's order with what it reserves.
#[derive(Debug, Clone)]
pub struct Priced {
    /// What its builder is asked to be.
    pub order: Order,
    /// By this template.
    pub recipe: Arc<Template>,
    /// In this revision.
    pub revision: Revision,
    /// How long it is expected to take, by which the plan placed it.
    pub expected: TimeDelta,
    /// When the builder ends at the latest, counted from its start.
    pub bound: TimeDelta,
    /// What its instance costs per hour.
    pub hourly: Money,
    /// The regions that its image is copied to.
    pub copied_to: Vec<String>,
    /// What it reserves.
    pub reserved: Money,
}

/// The plan, with what its starts need.
#[derive(Debug, Clone)]
pub struct Planned {
    /// In rank order; a build's `template` is the target of its row.
    pub plan: Plan,
    /// By build.
    pub priced: HashMap<String, Priced>,
    /// Builds without a price, or whose order the template refuses, with the way out; they are not in the plan.
    pub unpriced: Vec<(String, String)>,
}

/// What says to which regions images are copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct CopiedTo<'a> {
    /// The policy's order.
    pub(super) priority: Option<&'a [String]>,
    /// The installation's regions.
    pub(super) installation: Option<&'a [String]>,
}

/// What a plan has read about prices.
#[derive(Debug, Default)]
pub(super) struct Prices {
    /// Per hour, by type, region and system.
    known: HashMap<(String, String, Platform), Result<Money, String>>,
    systems: Systems,
}

impl BuildQueue {
    /// How long a build of this row is expected to take.
    pub fn expected(&self, row: &build::Model) -> TimeDelta {
        let history = self.history.get(&row.template);
        cost::expected(history.map(Vec::as_slice).unwrap_or_default())
    }

    /// Adds a request as if it had been asked for: it joins the build of its target that waits, or makes one. Nothing is stored.
    /// Returns the request's id.
    pub fn suppose(&mut self, wanted: &Ask, now: Instant) -> String {
        let aim = &wanted.want.aim;
        let same = |queued: &Queued| queued.row.aim().is_ok_and(|is| is == *aim);
        let waits = self.waiting.iter().position(same);
        let at = waits.unwrap_or(self.waiting.len());
        if waits.is_none() {
            let (row, requests) = (ask::new(aim, now, now), Vec::new());
            self.waiting.push(Queued { row, requests });
        }
        let queued = &mut self.waiting[at];
        let row = ask::request(wanted, &queued.row.id, now);
        queued.requests.push(Asking {
            request: Request {
                id: row.id.clone(),
                cause: wanted.want.cause,
                max_cost: wanted.max_cost,
                approved: row.approved,
                requested: row.requested_at,
                term: row.since.map(|since| Term {
                    since,
                    before: row.before,
                }),
            },
            about: row.about,
        });
        row.id
    }
}

impl Ledger {
    /// Plans what a sheet holds.
    pub async fn planned(&self, sheet: &Sheet) -> Result<Planned, LedgerError> {
        let queue = &sheet.queue;
        let names = queue.waiting.iter().map(|one| one.row.template.as_str());
        let templates = self.buildable(names.collect()).await?;
        let (mut priced, mut unpriced) = (HashMap::new(), Vec::new());
        let mut waiting = Vec::new();
        let mut prices = Prices::default();
        let regions = self.build_regions().await?;
        for queued in &queue.waiting {
            let row = &queued.row;
            let expected = queue.expected(row);
            let elsewhere = regions
                .as_ref()
                .is_some_and(|all| !all.contains(&row.region));
            let one = match templates.get(row.template.as_str()) {
                _ if elsewhere => Err(format!(
                    "{} is none of the installation's regions: start it with `--regions` that name it, or cancel the build",
                    row.region
                )),
                None => Err(format!("there is no template `{}` any more", row.template)),
                Some((recipe, revision)) => {
                    let of = (recipe, revision);
                    let to = CopiedTo {
                        priority: sheet.active.policy.region_priority.as_deref(),
                        installation: regions.as_deref(),
                    };
                    self.price_of(row, of, to, expected, &mut prices).await?
                }
            };
            let one = match one {
                Ok(one) => one,
                Err(why) => {
                    unpriced.push((row.id.clone(), why));
                    continue;
                }
            };
            let requests = queued.requests.iter().map(|one| one.request.clone());
            waiting.push(Waiting {
                target: Target {
                    name: row.target(),
                    region: row.region.clone(),
                    expected,
                    cost: one.reserved,
                },
                requests: requests.collect(),
                not_before: row.not_before,
            });
            priced.insert(row.id.clone(), one);
        }
        let running: Vec<Running> = queue.running.iter().map(runs).collect();
        let (policy, spent) = (&sheet.active.policy, &sheet.spent);
        Ok(Planned {
            plan: plan(sheet.at, policy, spent, &running, &waiting),
            priced,
            unpriced,
        })
    }

    /// What a build reserves: by the dearest type its launch may end up with.
    pub(super) async fn price_of(
        &self,
        row: &build::Model,
        (recipe, revision): (&Arc<Template>, &Revision),
        to: CopiedTo<'_>,
        expected: TimeDelta,
        prices: &mut Prices,
    ) -> Result<Result<Priced, String>, LedgerError> {
        let order = match order(row, recipe) {
            Ok(order) => order,
            Err(why) => return Ok(Err(why)),
        };
        let os = self.known_platform(recipe, &mut prices.systems).await?;
        let mut hourly = Money::ZERO;
        for instance_type in std::iter::once(&order.instance_type).chain(&order.instance_types) {
            let key = (instance_type.clone(), row.region.clone(), os);
            let price = match prices.known.get(&key) {
                Some(price) => price.clone(),
                None => {
                    let price = self.price(instance_type, &row.region, os).await?;
                    let price = price.map(|price| price.hour);
                    prices.known.insert(key, price.clone());
                    price
                }
            };
            match price {
                Ok(price) => hourly = hourly.max(price),
                Err(why) => return Ok(Err(why)),
            }
        }
        let bound = cost::bound(None, expected);
        let copied_to = regions(&row.region, &recipe.regions, to.priority, to.installation);
        let machine = machine(&order, hourly, count(&copied_to));
        Ok(Ok(Priced {
            reserved: cost::reservation(&machine, bound),
            copied_to,
            hourly,
            recipe: Arc::clone(recipe),
            revision: revision.clone(),
            order,
            expected,
            bound,
        }))
    }

    /// The newest revision of each of these templates, as a build uses it.
    pub(super) async fn buildable(
        &self,
        names: BTreeSet<&str>,
    ) -> Result<HashMap<String, (Arc<Template>, Revision)>, LedgerError> {
        let referred = self.all_read_references().await?;
        let newest = self.newest_recipes(names).await?.into_iter();
        let newest = newest.map(|((name, number), recipe)| {
            let revision = Revision {
                number,
                fingerprint: recipe.fingerprint.clone(),
                referred,
            };
            (name, (Arc::clone(&recipe.template), revision))
        });
        Ok(newest.collect())
    }
}

fn runs(row: &build::Model) -> Running {
    Running {
        region: row.region.clone(),
        until: row.expected_end.unwrap_or(row.requested_at),
        target: Some(row.target()),
    }
}

/// How many regions these are.
pub(super) fn count(regions: &[String]) -> u32 {
    u32::try_from(regions.len()).unwrap_or(u32::MAX)
}

/// What a build runs on, whose image is copied to so many regions; images are not tried out yet.
pub fn machine(order: &Order, hourly: Money, copies: u32) -> Machine {
    Machine {
        hourly,
        volume_gb: order.volume_size_gb,
        copies,
        tested: false,
    }
}

/// The builder's order: the template's own, for its AMI alone.
fn order(row: &build::Model, template: &Template) -> Result<Order, String> {
    let arch = Arch::parse(&row.arch).unwrap_or_default();
    let draft = draft(
        template,
        &row.version,
        Some(&row.mode),
        Some(arch),
        &row.region,
    )
    .map_err(|why| format!("{why}, or cancel the build"))?;
    let limits = Limits {
        regions: vec![row.region.clone()],
    };
    parse(draft, template, &limits).map_err(|wrong| {
        let wrong: Vec<String> = wrong
            .iter()
            .map(|one| format!("{}: {}", one.field, one.message))
            .collect();
        format!("the template refuses the build: {}", wrong.join("; "))
    })
}

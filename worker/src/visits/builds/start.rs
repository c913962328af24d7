//! A start: the build moves, its builder and its launch task are made and its upper bound is reserved, in one commit
//! (DESIGN-2 section 3). A worker that dies before has started nothing, one that dies after has nothing left to do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::arch::Arch;
use ingot_domain::build::BuildStatus;
use ingot_domain::build::cost::{self, Machine};
use ingot_domain::event::{Line, Source};
use ingot_domain::fingerprint;
use ingot_domain::ids::DeploymentId;
use ingot_domain::money::Money;
use ingot_domain::plan::Build;
use ingot_domain::price;
use ingot_domain::request::{Draft, Limits, Order, parse};
use ingot_domain::task::TaskKind;
use ingot_domain::template::Template;
use ingot_domain::want::Purse;
use ingot_entity::build;
use ingot_entity::store::{
    ActivePolicy, BuildQueue, Change, Entry, Move, Moved, New, NewDeployment, NewTask, Queued,
    Requested, Reservation, Revision,
};
use uuid::Uuid;

use crate::case::VisitError;
use crate::tools::Tools;

/// How soon after its start a build is looked at, felt.
const FIRST_LOOK: Duration = Duration::from_secs(30);

/// What the builds that wait would cost.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// By build.
    pub(super) of: HashMap<String, Priced>,
    /// Builds without a price, or whose order the template refuses, with the way out.
    pub(super) unknown: Vec<(String, String)>,
}

/// A build's order with what it reserves.
#[derive(Debug)]
pub(super) struct Priced {
    order: Order,
    recipe: Arc<Template>,
    revision: Revision,
    bound: TimeDelta,
    pub(super) reserved: Money,
}

/// The orders and prices of everything that waits, by the templates as they are now.
pub(super) async fn costs(tools: &Tools, queue: &BuildQueue) -> Result<Costs, VisitError> {
    let mut costs = Costs::default();
    let mut templates: HashMap<&str, Option<(Arc<Template>, Revision)>> = HashMap::new();
    for queued in &queue.waiting {
        let row = &queued.row;
        if !templates.contains_key(row.template.as_str()) {
            let found = template(tools, &row.template).await?;
            templates.insert(&row.template, found);
        }
        let priced = match templates
            .get(row.template.as_str())
            .and_then(Option::as_ref)
        {
            None => Err(format!("there is no template `{}` any more", row.template)),
            Some((recipe, revision)) => order(row, recipe).and_then(|order| {
                let history = queue.history.get(&row.template).map(Vec::as_slice);
                let expected = cost::expected(history.unwrap_or_default());
                let bound = cost::bound(None, expected);
                let hourly = hourly(&order.instance_type, &row.region)?;
                let machine = machine(&order, hourly);
                Ok(Priced {
                    reserved: cost::reservation(&machine, bound),
                    recipe: Arc::clone(recipe),
                    revision: revision.clone(),
                    order,
                    bound,
                })
            }),
        };
        match priced {
            Ok(priced) => {
                costs.of.insert(row.id.clone(), priced);
            }
            Err(why) => costs.unknown.push((row.id.clone(), why)),
        }
    }
    Ok(costs)
}

/// What a type costs per hour, or how to add that.
pub(super) fn hourly(instance_type: &str, region: &str) -> Result<Money, String> {
    let known = price::hourly(instance_type, region);
    known.map(|(price, _)| price).ok_or_else(|| {
        format!("no price of {instance_type} is known, so nothing is reserved; choose an instance type that has one")
    })
}

/// What a build runs on; images are neither copied nor tried out yet.
pub(super) fn machine(order: &Order, hourly: Money) -> Machine {
    Machine {
        hourly,
        volume_gb: order.volume_size_gb,
        copies: 0,
        tested: false,
    }
}

async fn template(
    tools: &Tools,
    name: &str,
) -> Result<Option<(Arc<Template>, Revision)>, VisitError> {
    let Some(row) = tools.ledger.template(name).await? else {
        return Ok(None);
    };
    let template = row.parsed()?;
    let revision = Revision {
        number: row.revision,
        fingerprint: fingerprint::of_recipe(&template),
        referred: tools.ledger.all_read_references().await?,
    };
    Ok(Some((Arc::new(template), revision)))
}

/// The builder's order: the template's own, for its AMI alone.
fn order(row: &build::Model, template: &Template) -> Result<Order, String> {
    let arch = Arch::parse(&row.arch).unwrap_or_default();
    let default = template.default_instance_type();
    let fits = |kind: &&str| Arch::of_instance_type(kind) == arch;
    let types = std::iter::once(default).chain(template.instance_types.iter().map(String::as_str));
    let Some(instance_type) = types.into_iter().find(fits) else {
        return Err(format!(
            "no instance type of the template `{}` is of {arch}: add one, or cancel the build",
            row.template
        ));
    };
    let draft = Draft {
        template: row.template.clone(),
        version: row.version.clone(),
        mode: Some(row.mode.clone()),
        region: row.region.clone(),
        // The default may be replaced by the template's others where EC2 has no room.
        instance_type: Some(instance_type.to_owned()).filter(|kind| kind != default),
        build_only: true,
        again: true,
        ..Draft::default()
    };
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

/// Adds everything a start commits.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of builders' ids"
)]
pub(super) async fn begin(
    tools: &Tools,
    change: &mut Change,
    queued: &Queued,
    one: &Build,
    costs: &Costs,
    active: &ActivePolicy,
    now: Instant,
) -> Result<(), VisitError> {
    let before = &queued.row;
    let (Some(priced), Some(purse)) = (costs.of.get(&before.id), one.budget_source) else {
        return Ok(());
    };
    let (run, real) = (before.run + 1, tools.ledger.now());
    let id = DeploymentId::new(Uuid::now_v7());
    let new = NewDeployment {
        id: id.clone(),
        order: priced.order.clone(),
        recipe: Arc::clone(&priced.recipe),
        revision: Some(priced.revision.clone()),
        start: true,
        by: format!("build {}", before.id),
    };
    let ends = tools.ledger.calendar().after(real, priced.bound);
    let builder = Requested::builder(&new, &before.id, ends, real)?;
    change.new.push(New::Builder(Box::new(builder)));
    change.tasks.push(NewTask::of_deployment(
        TaskKind::Launch,
        id.as_str(),
        1,
        real,
    ));
    let key = format!("{}:{}:{run}", TaskKind::Build, before.id);
    change.tasks.push(NewTask::about(
        TaskKind::Build,
        &before.id,
        key,
        tools.after(FIRST_LOOK),
    ));
    change.money.push(Entry::Reserve(Box::new(Reservation {
        build: before.id.clone(),
        run,
        grant: None,
        policy: active.revision,
        periods: active.policy.periods(purse, now),
        money: priced.reserved,
        at: now,
        beyond: purse == Purse::Urgent && queued.requests.iter().any(|one| one.approved),
    })));
    let expected = one.latest_start.zip(one.deadline);
    let expected = expected.map_or(priced.bound / 2, |(start, end)| end - start);
    let after = build::Model {
        status: BuildStatus::Building.as_str().to_owned(),
        trigger: Some(one.trigger.to_string()),
        urgency: Some(one.urgency.to_string()),
        priority: i32::try_from(one.priority).unwrap_or(i32::MAX),
        not_before: None,
        scheduled_for: Some(now),
        latest_start: one.latest_start,
        deadline: one.deadline,
        late: one.late,
        why: None,
        purse: Some(purse.to_string()),
        estimated: i64::try_from(priced.reserved.micros()).ok(),
        actual: None,
        policy_revision: Some(active.revision),
        template_revision: Some(priced.revision.number),
        run,
        deployment_id: Some(id.to_string()),
        started_at: Some(now),
        expected_end: Some(now + expected),
        bound_at: Some(now + priced.bound),
        failure_class: None,
        error: None,
        ..before.clone()
    };
    let said = format!(
        "Started ({}, {}): builder {id}, paid by the {purse} purse, which keeps {} USD for it; it ends by {} whatever happens",
        one.trigger,
        one.urgency,
        priced.reserved,
        (now + priced.bound).format("%Y-%m-%d %H:%M UTC")
    );
    let lines = vec![Line::info("build.started", Source::Monitor, said)];
    change.moved.push(Moved::Build(Box::new(Move {
        before: before.clone(),
        after,
        lines,
    })));
    Ok(())
}

//! Rows as the API shows them.

mod advisory;
pub(crate) mod base_image;
pub(crate) mod build;
mod check;
mod finding;
pub(crate) mod held;
pub(crate) mod launched;
pub(crate) mod notification;
pub(crate) mod rebuilds;
mod runs_on;
pub(crate) mod update;
pub(crate) mod wait;

pub(crate) use advisory::{advisory, cve, feed};
pub(crate) use check::check;
pub(crate) use finding::finding;
pub(crate) use runs_on::runs_on;

use std::collections::BTreeMap;

use ingot_client::template::LaunchTimes;
use ingot_client::{
    Attempt, Deployment, Event, Image, Queue, QueuePause, Task, Template, TemplateRevision,
};
use ingot_domain::Instant;
use ingot_domain::actor::Part;
use ingot_domain::arch::Arch;
use ingot_domain::deployment::{AmiStatus, Status, everything_finished};
use ingot_domain::guest::FirstBoot;
use ingot_domain::pace::Pace;
use ingot_domain::price;
use ingot_domain::request::Order;
use ingot_domain::task::TaskState;
use ingot_domain::template::Template as Recipe;
use ingot_entity::store::{Pauses, QueueDepth};
use ingot_entity::{LedgerError, attempt, deployment, event, image, queue, task, template};

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// A deployment; its recipe says where it answers once it is ready.
pub(crate) fn deployment(row: deployment::Model, recipe: Option<&Recipe>) -> Deployment {
    // The order was written by this code; a row that a person edited by hand is shown without what cannot be read.
    let order = serde_json::from_value(row.order.clone()).ok();
    ordered(row, order, recipe)
}

/// A deployment whose order is at hand.
pub(crate) fn ordered(
    row: deployment::Model,
    order: Option<Order>,
    recipe: Option<&Recipe>,
) -> Deployment {
    let status = Status::parse(&row.status).unwrap_or(Status::Failed);
    let ami = row.ami_status.as_deref().and_then(AmiStatus::parse);
    let first_boot = row.inquiry().first_boot;
    let first_boot = first_boot.map(|seen| match seen {
        FirstBoot::Over => "observed".to_owned(),
        FirstBoot::NotObserved { why } => format!("not observed: {why}"),
    });
    let access_url = recipe.and_then(|recipe| access_url(&row, recipe));
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds to seconds for people"
    )]
    let time_to_ready_seconds = row.time_to_ready_ms.map(|ms| ms as f64 / 1000.0);
    Deployment {
        stage: stage(&row, status, ami),
        finished: everything_finished(status, ami),
        waiting: None,
        deployment_type: row.template.clone(),
        instance_type: order
            .as_ref()
            .map(|order| order.instance_type.clone())
            .unwrap_or_default(),
        architecture: order.as_ref().map_or(Arch::X86_64, |order| order.arch),
        volume_size_gb: order.as_ref().map_or(0, |order| order.volume_size_gb),
        image_choice: order
            .as_ref()
            .map_or("auto", |order| order.image_choice.as_str())
            .to_owned(),
        build_only: order
            .as_ref()
            .is_some_and(|order| order.build_only.is_some()),
        build_id: row.build_id,
        ends_at: row.ends_at,
        running_cost: order
            .as_ref()
            .filter(|_| status.is_final() && row.instance_id.is_some())
            .map(|order| price::running(&order.instance_type, &row.region).to_string()),
        template_revision: row.template_revision.map(count),
        newer_revision: None,
        parameters: order
            .as_ref()
            .map(|order| order.parameters.clone())
            .unwrap_or_default(),
        tags: order.map(|order| order.tags).unwrap_or_default(),
        access_url,
        id: row.id,
        job_name: row.job_name,
        template: row.template,
        version: row.version,
        mode: row.mode,
        region: row.region,
        status: row.status,
        error_message: row.error_message,
        launch_path: row.launch_path,
        source_ami_id: row.source_ami_id,
        launched_as: None,
        base: None,
        instance_id: row.instance_id,
        public_ip: row.public_ip,
        private_ip: row.private_ip,
        readiness_checks: count(row.checks),
        readiness_class: row.probe_class,
        readiness_detail: row.probe_detail,
        time_to_ready_seconds,
        first_boot,
        created_ami_id: row.created_ami_id,
        ami_creation_status: row.ami_status,
        ami_created_at: row.ami_created_at,
        ami_creation_error: row.ami_error,
        ami_skip_reason: row.ami_skip_reason,
        run: count(row.run),
        created_at: row.created_at,
        started_at: row.started_at,
        launched_at: row.launched_at,
        ready_at: row.ready_at,
        finished_at: row.finished_at,
    }
}

fn access_url(row: &deployment::Model, recipe: &Recipe) -> Option<String> {
    row.ready_at?;
    if recipe.probe.tcp.is_some() || recipe.probe.command.is_some() {
        return None;
    }
    let address = recipe
        .probe
        .host
        .clone()
        .or_else(|| row.public_ip.clone())
        .or_else(|| row.private_ip.clone())?;
    // An IPv6 address stands in brackets in a URL (RFC 3986).
    let address = match address.parse::<std::net::Ipv6Addr>() {
        Ok(v6) => format!("[{v6}]"),
        Err(_) => address,
    };
    let (scheme, port) = (recipe.probe.scheme.as_str(), recipe.probe.port);
    let usual = matches!((scheme, port), ("https", 443) | ("http", 80));
    Some(if usual {
        format!("{scheme}://{address}/")
    } else {
        format!("{scheme}://{address}:{port}/")
    })
}

fn stage(row: &deployment::Model, status: Status, ami: Option<AmiStatus>) -> String {
    let inquiry = row.inquiry();
    let progress = inquiry.progress.as_ref();
    let installing = progress.filter(|progress| progress.step > 0 && !progress.over);
    let installing = installing.map(|progress| progress.step_said.as_str());
    match (status, ami) {
        (Status::Pending, _) => "not started".to_owned(),
        (Status::Queued, _) => "waiting for a worker".to_owned(),
        (Status::Deploying, _) if row.instance_id.is_some() => {
            "the instance is starting".to_owned()
        }
        (Status::Deploying, _) => "launching".to_owned(),
        (Status::Running, _) if installing.is_some() => {
            format!("installing: {}", installing.unwrap_or_default())
        }
        (Status::Running, _) if row.checks == 0 => {
            "waiting for the first readiness check".to_owned()
        }
        (Status::Running, _) if inquiry.page_at.is_some() && inquiry.first_boot.is_none() => {
            "the page answers; waiting for the end of the first boot".to_owned()
        }
        (Status::Running, _) => format!("checking readiness ({} so far)", row.checks),
        (Status::Success, Some(AmiStatus::Pending)) => "ready; the AMI follows".to_owned(),
        (Status::Success, Some(AmiStatus::Creating)) => "ready; creating the AMI".to_owned(),
        (Status::Success, _) => "ready".to_owned(),
        (Status::Failed, _) => "failed".to_owned(),
        (Status::ReadinessTimeout, _) => "never became ready".to_owned(),
        (Status::Cancelled, _) => "cancelled".to_owned(),
        (Status::Destroyed, Some(AmiStatus::Completed)) => "destroyed; its AMI is kept".to_owned(),
        (Status::Destroyed, _) => "destroyed".to_owned(),
    }
}

/// An event.
pub(crate) fn event(row: event::Model) -> Event {
    Event {
        seq: row.seq,
        at: row.at,
        kind: row.kind,
        source: row.source,
        level: row.level,
        message: row.message,
        actor: row.actor.map(|id| match Part::parse(&id) {
            Some(part) => ingot_client::event::Actor {
                kind: part.to_string(),
                ..Default::default()
            },
            None => ingot_client::event::Actor {
                kind: "token".to_owned(),
                token: Some(id),
                name: row.actor_name,
                way: row.actor_way,
                request_id: row.request_id,
            },
        }),
    }
}

/// An image.
pub(crate) fn image(row: image::Model) -> Image {
    let tags: BTreeMap<String, String> =
        serde_json::from_value(row.tags.clone()).unwrap_or_default();
    Image {
        mode_known: row.origin == image::AUTO || tags.contains_key("Mode"),
        snapshot_ids: row.snapshot_ids(),
        class: row.class,
        class_reason: row.class_why,
        decided_by: row.decided_by,
        decided_reason: row.decided_reason,
        decided_at: row.decided_at,
        dropped_at: row.dropped_at,
        disabled_at: row.disabled_at,
        deprecated_at: row.deprecated_at,
        tags,
        architecture: Arch::parse(&row.arch).unwrap_or_default(),
        id: row.id,
        ami_id: row.ami_id,
        name: row.name,
        template: row.template,
        version: row.version,
        mode: row.mode,
        account: row.account,
        region: row.region,
        base_image: row.base_image,
        base_owner: row.base_owner,
        base_name: row.base_name,
        base_created_at: row.base_created_at,
        base_line: row.base_line,
        fingerprint: row.fingerprint,
        generation: count(row.generation),
        status: row.status,
        origin: row.origin,
        size_gb: row.size_gb.map(count),
        source_deployment_id: row.source_deployment_id.filter(|id| !id.is_empty()),
        source_instance_id: row.source_instance_id,
        copy_of: row.source_image_id,
        error: row.error,
        created_at: row.created_at,
        available_at: row.available_at,
        scrub: row.scrub,
        scrub_reason: row.scrub_reason,
    }
}

/// A task with the attempts read for it.
pub(crate) fn task(
    row: task::Model,
    attempts: Vec<attempt::Model>,
    pace: Pace,
    pauses: &Pauses,
) -> Task {
    Task {
        waiting: pauses
            .waiting(&row)
            .map(|waiting| wait::wait(&waiting, pace)),
        id: row.id,
        queue: row.queue,
        kind: row.kind,
        state: row.state,
        deployment_id: row.deployment_id,
        attempt: count(row.attempt),
        max_attempts: count(row.max_attempts),
        crashes: count(row.crashes),
        visits: count(row.visits),
        run_at: row.run_at,
        waiting_for: row.waiting_for,
        worker: row.worker,
        lease_until: row.lease_until,
        last_error: row.last_error,
        created_at: row.created_at,
        finished_at: row.finished_at,
        attempts: attempts
            .into_iter()
            .map(|row| Attempt {
                attempt: count(row.number),
                outcome: row.outcome,
                worker: row.worker,
                error: row.error,
                started_at: row.started_at,
                finished_at: row.finished_at,
            })
            .collect(),
    }
}

/// A queue, with its row where a person has touched it.
pub(crate) fn queue(depth: QueueDepth, row: Option<&queue::Model>) -> Queue {
    let count = |state| {
        depth
            .states
            .iter()
            .find(|(one, _)| *one == state)
            .map_or(0, |(_, n)| *n)
    };
    Queue {
        available: count(TaskState::Available),
        scheduled: count(TaskState::Scheduled),
        running: count(TaskState::Running),
        retryable: count(TaskState::Retryable),
        discarded: count(TaskState::Discarded),
        oldest_due: depth.oldest_due,
        name: depth.queue,
        paused: row.and_then(|row| {
            Some(QueuePause {
                since: row.paused_at?,
                by: row.paused_by.clone().unwrap_or_default(),
                reason: row.paused_reason.clone().unwrap_or_default(),
            })
        }),
        concurrency: row.and_then(|row| u32::try_from(row.concurrency?).ok()),
    }
}

/// A template with its measured launch times.
pub(crate) fn template(
    row: &template::Model,
    spec: &ingot_domain::template::Template,
    launch_times: LaunchTimes,
    next_rebuild: Option<Instant>,
) -> Template {
    let kind = match spec.kind {
        ingot_domain::template::Kind::GoldenImage => "golden_image",
        ingot_domain::template::Kind::Docker => "docker",
    };
    Template {
        name: row.name.clone(),
        inherits: spec.inherits.clone(),
        parts: Vec::new(),
        description: spec.description.clone(),
        builtin: row.builtin,
        revision: count(row.revision),
        kind: kind.to_owned(),
        base_image: spec.base_image.describe(),
        architecture: spec.architecture.to_string(),
        modes: spec.modes.clone(),
        instance_types: spec.instance_types.clone(),
        volume_size_gb: spec.volume.size_gb,
        probe: spec.probe.shown(),
        parameters: spec.parameters.iter().map(parameter).collect(),
        fingerprint: ingot_domain::fingerprint::of_recipe(spec),
        images: spec.images.create.to_string(),
        rebuild: spec.rebuild.as_ref().map(ToString::to_string),
        next_rebuild,
        grant: spec.grant.clone(),
        launch_times,
    }
}

fn parameter(it: &ingot_domain::template::Parameter) -> ingot_client::template::Parameter {
    ingot_client::template::Parameter {
        name: it.name.clone(),
        default: it.default.clone(),
        description: it.description.clone(),
        choices: it.choices.clone(),
        pattern: it.pattern.clone(),
    }
}

/// A revision of a template.
pub(crate) fn revision(row: &template::Model) -> Result<TemplateRevision, LedgerError> {
    Ok(TemplateRevision {
        revision: count(row.revision),
        fingerprint: ingot_domain::fingerprint::of_recipe(&row.parsed()?),
        created_at: row.created_at,
    })
}

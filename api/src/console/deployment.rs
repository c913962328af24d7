//! One deployment: how far it is, its facts, what may be done with it, and its story so far (F121, F123).

use askama::Template;
use ingot_client::{Base, Deployment, Event, Wait};
use ingot_domain::deployment::{SkipReason, Status};

use super::parts::{Badge, Fact, Group, Line, Value, parameters, tags};
use super::stages::{Stage, stages};
use super::text;

#[derive(Template)]
#[template(path = "deployment.html")]
struct DeploymentView {
    here: &'static str,
    name: String,
    word: String,
    what: String,
    status: Badge,
    /// Where it stands, unless the error says it.
    stage: Option<String>,
    waiting: Option<String>,
    finished: bool,
    error: Option<String>,
    stages: [Stage; 5],
    groups: Vec<Group>,
    actions: Actions,
    lines: Vec<Line>,
    earlier: bool,
    events_url: String,
    after: i64,
}

/// What may be done now; the API judges again when it is asked.
struct Actions {
    base: String,
    start: Option<&'static str>,
    cancel: bool,
    destroy: bool,
    instance: String,
}

/// The page at `/deployments/{id}` with the events so far, oldest first; `live.js` reads on after the last of them.
pub fn deployment_page(deployment: &Deployment, events: &[Event]) -> Result<String, askama::Error> {
    let id = text::segment(&deployment.id);
    DeploymentView {
        here: "",
        name: text::plain(&deployment.job_name),
        word: text::plain(&deployment.status.replace('_', " ")),
        what: text::plain(&format!(
            "{} {} · {} · {}",
            deployment.template, deployment.version, deployment.mode, deployment.region
        )),
        status: Badge::status(&deployment.status),
        stage: match deployment.error_message {
            Some(_) => None,
            None => Some(text::plain(&deployment.stage)),
        },
        waiting: deployment.waiting.as_ref().map(waiting),
        finished: deployment.finished,
        error: deployment.error_message.as_deref().map(text::plain),
        stages: stages(deployment),
        groups: vec![
            ami(deployment),
            instance(deployment),
            request(deployment),
            times(deployment),
        ],
        actions: actions(deployment, &id),
        lines: events.iter().map(Line::of).collect(),
        earlier: events.first().is_some_and(|event| event.seq > 1),
        events_url: format!("/v1/deployments/{id}/events"),
        after: events.last().map_or(0, |event| event.seq),
    }
    .render()
}

/// What it waits for: since when, until when, and what a person can do.
fn waiting(wait: &Wait) -> String {
    let clock = |at: &chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let since = wait
        .since
        .as_ref()
        .map(|at| format!(", since {}", clock(at)));
    let until = wait
        .until
        .as_ref()
        .map(|at| format!(", until {} at most", clock(at)));
    let ends = until.unwrap_or_else(|| format!(", {}", wait.ends));
    let way_out = if wait.refused {
        format!(". What to do: {}", wait.way_out)
    } else {
        String::new()
    };
    text::plain(&format!(
        "{}{}{ends}{way_out}",
        wait.sentence,
        since.unwrap_or_default()
    ))
}

fn actions(deployment: &Deployment, id: &str) -> Actions {
    let status = Status::parse(&deployment.status);
    Actions {
        base: format!("/deployments/{id}/actions"),
        start: status
            .filter(|status| status.may_start())
            .map(|status| match status {
                Status::Pending => "Start",
                _ => "Retry",
            }),
        cancel: status.is_some_and(|status| status.may_become(Status::Cancelled)),
        // A cancelled one's instance ends by itself.
        destroy: deployment.instance_id.is_some()
            && status.is_some_and(|status| {
                status != Status::Cancelled && status.may_become(Status::Destroyed)
            }),
        instance: text::plain(deployment.instance_id.as_deref().unwrap_or_default()),
    }
}

fn ami(deployment: &Deployment) -> Group {
    let images = Value::Link {
        href: text::address(
            "/images",
            &[
                ("template", Some(&deployment.template)),
                ("version", Some(&deployment.version)),
                ("region", Some(&deployment.region)),
            ],
        ),
        shown: text::plain(&format!(
            "Images of {} {}",
            deployment.template, deployment.version
        )),
    };
    let mut facts = vec![
        Fact::new(
            "Status",
            Value::State(Badge::ami(deployment.ami_creation_status.as_deref())),
        ),
        Fact::new("AMI", Value::code(deployment.created_ami_id.as_deref())),
        Fact::new("Available since", Value::time(deployment.ami_created_at)),
    ];
    if let Some(reason) = &deployment.ami_skip_reason {
        facts.push(Fact::new(
            "Skipped because",
            Value::text(Some(&skipped(reason))),
        ));
    }
    if let Some(error) = &deployment.ami_creation_error {
        facts.push(Fact::new("Error", Value::text(Some(error))));
    }
    facts.push(Fact::new("See also", images));
    Group {
        title: "AMI",
        facts,
    }
}

/// A skip reason in words; one this console does not know is shown as it came.
fn skipped(reason: &str) -> String {
    let Some(known) = SkipReason::ALL
        .iter()
        .find(|known| known.as_str() == reason)
    else {
        return reason.to_owned();
    };
    match known {
        SkipReason::Exists => "an image of the same key exists",
        SkipReason::FromImage => "it was launched from an image of the same key",
        SkipReason::StaleBase => "it was launched from an image of another build of its base",
        SkipReason::NotGolden => "the template makes no golden images",
        SkipReason::Disabled => "the template or the request wants no image",
        SkipReason::Readiness => "it never became ready",
        SkipReason::Ended => "the deployment ended first",
        SkipReason::NotImageable => "the instance cannot be imaged (instance-store root)",
    }
    .to_owned()
}

fn instance(deployment: &Deployment) -> Group {
    let ready = deployment.time_to_ready_seconds.and_then(text::duration);
    let class = deployment.readiness_class.as_deref();
    let taken = deployment.launched_as.as_ref();
    let base = deployment.base.as_ref().map(Base::summary);
    let facts = vec![
        Fact::new("Access", Value::outside(deployment.access_url.as_deref())),
        Fact::new("Instance", Value::code(deployment.instance_id.as_deref())),
        Fact::new("Ends", Value::time(deployment.ends_at)),
        Fact::new("Costs", Value::text(deployment.running_cost.as_deref())),
        Fact::new(
            "Public address",
            Value::code(deployment.public_ip.as_deref()),
        ),
        Fact::new(
            "Private address",
            Value::code(deployment.private_ip.as_deref()),
        ),
        Fact::new("Launched", Value::text(deployment.launch_path.as_deref())),
        Fact::new(
            "From image",
            Value::code(deployment.source_ami_id.as_deref()),
        ),
        Fact::new(
            "Launched as",
            Value::text(taken.map(|taken| taken.summary.as_str())),
        ),
        Fact::new("Base", Value::text(base.as_deref())),
        Fact::new("Time to ready", Value::text(ready.as_deref())),
        Fact::new("First boot", Value::text(deployment.first_boot.as_deref())),
        Fact::new(
            "Readiness checks",
            Value::Text(deployment.readiness_checks.to_string()),
        ),
        Fact::new("Last answer", Value::text(class)),
        Fact::new(
            "In words",
            Value::text(deployment.readiness_detail.as_deref()),
        ),
    ];
    Group {
        title: "Instance",
        facts,
    }
}

fn request(deployment: &Deployment) -> Group {
    let facts = vec![
        Fact::new("ID", Value::code(Some(&deployment.id))),
        Fact::new("Template", Value::text(Some(&deployment.template))),
        Fact::new("Type", Value::text(Some(&deployment.deployment_type))),
        Fact::new("Version", Value::text(Some(&deployment.version))),
        Fact::new("Mode", Value::text(Some(&deployment.mode))),
        Fact::new("Parameters", parameters(&deployment.parameters)),
        Fact::new("Region", Value::text(Some(&deployment.region))),
        Fact::new(
            "Instance type",
            Value::text(Some(&deployment.instance_type)),
        ),
        Fact::new(
            "Architecture",
            Value::text(Some(deployment.architecture.as_str())),
        ),
        Fact::new(
            "Root volume",
            Value::Text(format!("{} GB", deployment.volume_size_gb)),
        ),
        Fact::new(
            "Image asked for",
            Value::text(Some(&deployment.image_choice)),
        ),
        Fact::new("Tags", tags(&deployment.tags)),
    ];
    Group {
        title: "Request",
        facts,
    }
}

fn times(deployment: &Deployment) -> Group {
    let facts = vec![
        Fact::new("Created", Value::time(Some(deployment.created_at))),
        Fact::new("Started", Value::time(deployment.started_at)),
        Fact::new("Launched", Value::time(deployment.launched_at)),
        Fact::new("Ready", Value::time(deployment.ready_at)),
        Fact::new("Finished", Value::time(deployment.finished_at)),
        Fact::new("Run", Value::Text(deployment.run.to_string())),
    ];
    Group {
        title: "Times",
        facts,
    }
}

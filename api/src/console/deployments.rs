//! The list of deployments, the console's front page (F121).

use askama::Template;
use ingot_client::{Deployment, DeploymentFilter, Page};
use ingot_domain::deployment::Status;

use super::filter::{Asked, Filter};
use super::parts::{Badge, Moment, Value};
use super::text;

#[derive(Template)]
#[template(path = "deployments.html")]
struct DeploymentsView {
    here: &'static str,
    rows: Vec<Row>,
    filter: Filter,
    unfinished: bool,
}

struct Row {
    href: String,
    name: String,
    template: String,
    version: String,
    mode: String,
    region: String,
    status: Badge,
    stage: Value,
    ami: Badge,
    ami_id: Option<String>,
    access: Value,
    time_to_ready: Value,
    path: Value,
    created: Moment,
}

/// The page at `/`: one page of deployments, the filter it was asked with, and the way to the next page.
pub fn deployments_page(
    page: &Page<Deployment>,
    filter: &DeploymentFilter,
) -> Result<String, askama::Error> {
    let asked = Asked {
        path: "/",
        status: filter.status.as_deref(),
        template: filter.template.as_deref(),
        version: filter.version.as_deref(),
        region: filter.region.as_deref(),
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
    };
    let statuses = Status::ALL.iter().map(|status| status.as_str());
    DeploymentsView {
        here: "deployments",
        filter: asked.form(statuses, page.next_cursor.as_deref()),
        rows: page.items.iter().map(row).collect(),
        unfinished: page.items.iter().any(|deployment| !deployment.finished),
    }
    .render()
}

/// The stage, with what AWS refuses, if it does.
fn stage(deployment: &Deployment) -> String {
    match &deployment.waiting {
        Some(wait) if wait.refused => format!("{}: {}", deployment.stage, wait.sentence),
        _ => deployment.stage.clone(),
    }
}

fn row(deployment: &Deployment) -> Row {
    let time_to_ready = deployment.time_to_ready_seconds.and_then(text::duration);
    Row {
        href: format!("/deployments/{}", text::segment(&deployment.id)),
        name: text::plain(&deployment.job_name),
        template: text::plain(&deployment.template),
        version: text::plain(&deployment.version),
        mode: text::plain(&deployment.mode),
        region: text::plain(&deployment.region),
        status: Badge::status(&deployment.status),
        stage: Value::text(Some(&stage(deployment))),
        ami: Badge::ami(deployment.ami_creation_status.as_deref()),
        ami_id: deployment.created_ami_id.as_deref().map(text::plain),
        access: match Value::outside(deployment.access_url.as_deref()) {
            Value::Outside(href) => Value::Link {
                href,
                shown: "open".to_owned(),
            },
            other => other,
        },
        time_to_ready: Value::text(time_to_ready.as_deref()),
        path: Value::text(deployment.launch_path.as_deref()),
        created: Moment::short(deployment.created_at),
    }
}

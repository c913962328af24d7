//! The list of deployments, the console's front page (F121).

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::{Deployment, DeploymentFilter, Page};
use ingot_domain::deployment::Status;

use super::filter::{Filter, Place, of_versions};
use super::frame::{Cell, List, ListPage, Nothing, Row, Way, column, lesser};
use super::parts::{Badge, Value};
use super::text;

/// The page at `/`: one page of deployments, the filter it was asked with, and the way to the next page. Ages are told
/// by `now`.
pub fn deployments_page(
    page: &Page<Deployment>,
    filter: &DeploymentFilter,
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let statuses = Status::ALL.iter().map(|status| status.as_str());
    let asked = [
        &filter.status,
        &filter.template,
        &filter.version,
        &filter.region,
    ];
    let fields = of_versions(statuses, asked);
    let place = Place {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        next: page.next_cursor.as_deref(),
    };
    let filter = Filter::new("/", fields, &place);
    let nothing = filter.nothing(Nothing {
        what: "Nothing has been deployed yet.",
        how: "Start the first deployment here, or on the command line; it appears by itself:",
        command: Some(
            "ingot deploy kamiwaza --version v0.9.2 --mode full --region us-east-1 --watch",
        ),
    });
    ListPage {
        here: "deployments",
        title: "Deployments",
        intro: None,
        way: Some(Way {
            href: "/deployments/new".to_owned(),
            name: "New deployment",
        }),
        filter,
        unfinished: page.items.iter().any(|deployment| !deployment.finished),
        list: List {
            id: "deployments",
            caption: "Deployments, newest first",
            columns: vec![
                column("Name"),
                column("Version"),
                lesser("Region"),
                column("Status"),
                column("AMI"),
                column("Access"),
                column("Ready after"),
                column("Created"),
            ],
            rows: page.items.iter().map(|one| row(one, now)).collect(),
            nothing,
        },
    }
    .render()
}

/// Where it stands, with what AWS refuses, if it does; nothing where the status says it all.
fn stage(deployment: &Deployment) -> Value {
    let said = match &deployment.waiting {
        Some(wait) if wait.refused => format!("{}: {}", deployment.stage, wait.sentence),
        _ if deployment.finished => return Value::Missing,
        _ => deployment.stage.clone(),
    };
    Value::text(Some(&said))
}

fn row(deployment: &Deployment, now: DateTime<Utc>) -> Row {
    let href = format!("/deployments/{}", text::segment(&deployment.id));
    let time_to_ready = deployment.time_to_ready_seconds.and_then(text::duration);
    let access = match Value::outside(deployment.access_url.as_deref()) {
        Value::Outside(href) => Value::link(href, "open"),
        other => other,
    };
    let status = Value::State(Badge::status(&deployment.status));
    let ami = Value::State(Badge::ami(deployment.ami_creation_status.as_deref()));
    let cells = vec![
        Cell::from(Value::link(href, &deployment.job_name))
            .over(Value::text(Some(&deployment.template))),
        Cell::from(Value::text(Some(&deployment.version)))
            .over(Value::text(Some(&deployment.mode)))
            .whole(),
        Cell::from(Value::text(Some(&deployment.region))).whole(),
        Cell::from(status).over(stage(deployment)).words(),
        Cell::from(ami).over(Value::code(deployment.created_ami_id.as_deref())),
        Cell::from(access),
        Cell::from(Value::text(time_to_ready.as_deref()))
            .over(Value::text(deployment.launch_path.as_deref()))
            .number(),
        Cell::from(Value::ago(Some(deployment.created_at), now)).number(),
    ];
    Row { cells }
}

//! Where the automatic builds stand: the `status` screen with links.

use askama::Template;
use ingot_client::auto_ami::{AutoAmiEvent, AutoAmiStatus, AutoAmiTemplate};
use ingot_client::build::Build;

use super::builds;
use super::frame::{Cell, List, Nothing, Row, column, lesser};
use super::parts::{Badge, Fact, Group, Value};
use super::text;

#[derive(Template)]
#[template(path = "auto_ami.html")]
struct AutoAmiView {
    here: &'static str,
    groups: Vec<Group>,
    open: List,
    templates: List,
    recent: List,
    /// Templates that can be asked for or switched.
    names: Vec<String>,
}

/// The page at `/auto-ami`.
pub fn auto_ami_page(status: &AutoAmiStatus, open: &[Build]) -> Result<String, askama::Error> {
    let mut names: Vec<String> = status
        .templates
        .iter()
        .map(|one| text::plain(&one.switch.template))
        .chain(status.unused.iter().map(|name| text::plain(name)))
        .collect();
    names.sort_unstable();
    AutoAmiView {
        here: "auto-ami",
        groups: vec![counts(status)],
        open: builds::list(
            "open",
            "Builds that wait or run, newest first",
            open,
            Nothing {
                what: "Nothing waits and nothing runs.",
                how: "",
                command: None,
            },
        ),
        templates: List {
            id: "templates",
            caption: "Templates, those launched most first",
            columns: vec![
                column("Template"),
                column("State"),
                column("Launches this week"),
                lesser("Newest image"),
                column("Planned"),
            ],
            rows: status
                .templates
                .iter()
                .map(|one| template(one, status))
                .collect(),
            nothing: Nothing {
                what: "No template was launched or built yet.",
                how: "",
                command: Some("ingot templates list"),
            },
        },
        recent: List {
            id: "recent",
            caption: "Recent activity, the newest first",
            columns: vec![column("What"), column("When")],
            rows: status.recent.iter().map(|one| event(one, status)).collect(),
            nothing: Nothing {
                what: "Nothing happened yet.",
                how: "",
                command: None,
            },
        },
        names,
    }
    .render()
}

fn counts(status: &AutoAmiStatus) -> Group {
    let count = |count: u64| Value::text(Some(&count.to_string()));
    Group {
        title: "Now",
        facts: vec![
            Fact::new("As of", Value::time(Some(status.at))),
            Fact::new("Running", count(status.running)),
            Fact::new("Scheduled", count(status.scheduled)),
            Fact::new("Awaiting approval", count(status.awaiting_approval)),
            Fact::new("Without a start", count(status.blocked)),
            Fact::new(
                "Estimated completion",
                Value::ago(status.completion, status.at),
            ),
        ],
    }
}

fn template(one: &AutoAmiTemplate, status: &AutoAmiStatus) -> Row {
    let name = &one.switch.template;
    let page = format!("/templates/{}", text::segment(name));
    let lacks = one.lacks.as_deref().filter(|level| *level != "none");
    let badge = match (one.switch.enabled, lacks, one.compiled_at) {
        (false, _, _) => Badge::new("quiet", "switched off"),
        (true, Some(level @ ("critical" | "high")), _) => {
            Badge::new("bad", &format!("lacks a {level} update"))
        }
        (true, Some(level), _) => Badge::new("warned", &format!("lacks an update ({level})")),
        (true, None, Some(_)) => Badge::new("good", "compiled"),
        (true, None, None) => Badge::new("waiting", "not compiled"),
    };
    let off = one.switch.off_by.as_ref().map(|by| {
        let why = one.switch.off_reason.as_deref().unwrap_or_default();
        format!("by {by}: {why}")
    });
    let image = one.image_id.as_deref();
    let image = image.map_or(Value::Missing, |id| {
        Value::link(format!("/images/{}", text::segment(id)), id)
    });
    let planned = one.builds.first();
    let link = planned.map_or(Value::Missing, |build| {
        Value::link(
            builds::address(&build.build_id),
            &build.status.replace('_', " "),
        )
    });
    let why = planned.and_then(|build| build.why_not_now.as_deref());
    let cells = vec![
        Cell::from(Value::link(page, name)),
        Cell::from(Value::State(badge)).over(Value::text(off.as_deref())),
        Cell::from(Value::text(Some(&one.launches.to_string()))).number(),
        Cell::from(image).over(Value::ago(one.compiled_at, status.at)),
        Cell::from(link).words().over(Value::text(why)),
    ];
    Row { cells }
}

fn event(one: &AutoAmiEvent, status: &AutoAmiStatus) -> Row {
    let page = match one.about.starts_with("upd_") {
        true => format!("/updates/{}", text::segment(&one.about)),
        false => builds::address(&one.about),
    };
    let cells = vec![
        Cell::from(Value::link(page, &one.said)).words(),
        Cell::from(Value::ago(Some(one.at), status.at)).number(),
    ];
    Row { cells }
}

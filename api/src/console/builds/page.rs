//! The page of a build: why it does not start now, where its builder is, what it costs, and what a person may decide.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::Event;
use ingot_client::build::{Build, BuildRequest};

use super::{address, badge};
use crate::console::frame::{Cell, List, Nothing, Row, column, lesser};
use crate::console::parts::{Badge, Fact, Group, Line, Value};
use crate::console::text;

#[derive(Template)]
#[template(path = "build.html")]
struct BuildView {
    here: &'static str,
    template: String,
    what: String,
    badge: Badge,
    why_not_now: Option<String>,
    /// The commands that lift the limit that blocks it.
    lift: Option<[String; 2]>,
    /// Where the builder is, and step n of m where that is known.
    progress: Option<Progress>,
    error: Option<String>,
    late: Option<String>,
    reasons: List,
    groups: Vec<Group>,
    requests: List,
    base: String,
    waits: bool,
    over: bool,
    lines: Vec<Line>,
    unfinished: bool,
}

struct Progress {
    said: String,
    step: Option<(u32, u32)>,
}

/// The page at `/builds/{id}`, with its story so far.
pub fn build_page(build: &Build, events: &[Event]) -> Result<String, askama::Error> {
    let late = build.deadline.filter(|_| build.late && !build.is_over());
    BuildView {
        here: "auto-ami",
        template: text::plain(&build.template),
        what: text::plain(&format!(
            "{} · {} · {} · {}",
            build.version, build.mode, build.architecture, build.region
        )),
        badge: badge(build),
        why_not_now: build.why_not_now.as_deref().map(text::plain),
        lift: build
            .lift_max_cost()
            .map(|commands| commands.map(|command| text::plain(&command))),
        progress: build.progress.as_deref().map(|said| Progress {
            said: text::plain(said),
            step: step(said),
        }),
        error: build.error.as_deref().map(text::plain),
        late: late.map(text::instant),
        reasons: reasons(build),
        groups: vec![times(build), costs(build), made(build)],
        requests: requests(build),
        base: format!("{}/actions", address(&build.id)),
        waits: build.waits(),
        over: build.is_over(),
        lines: events.iter().map(Line::of).collect(),
        unfinished: !build.is_over(),
    }
    .render()
}

/// The numbers of `step 2 of 4`.
fn step(said: &str) -> Option<(u32, u32)> {
    let (_, rest) = said.split_once("step ")?;
    let mut words = rest.split([' ', ':', ',']);
    let at = words.next()?.parse().ok()?;
    let of = words.next().filter(|word| *word == "of");
    let all = of.and(words.next())?.parse().ok()?;
    (at <= all && all > 0).then_some((at, all))
}

fn reasons(build: &Build) -> List {
    let row = |why: &ingot_client::build::BuildWhy| Row {
        cells: vec![
            Cell::from(Value::text(Some(&why.on.replace('_', " ")))),
            Cell::from(Value::text(Some(&why.said))).words(),
            Cell::from(Value::time(why.until)),
            Cell::from(Value::text(
                why.lacks
                    .as_ref()
                    .map(|lacks| format!("{lacks} USD"))
                    .as_deref(),
            ))
            .number(),
        ],
    };
    List {
        id: "why",
        caption: "What moved its start, in order",
        columns: vec![
            column("On"),
            column("What"),
            column("Until"),
            column("Lacks"),
        ],
        rows: build.why.iter().map(row).collect(),
        nothing: Nothing {
            what: "Nothing holds it.",
            how: "",
            command: None,
        },
    }
}

fn times(build: &Build) -> Group {
    let now = build.at;
    let at = |at: Option<DateTime<Utc>>| Value::ago(at, now);
    Group {
        title: "When",
        facts: vec![
            Fact::new("Asked for", at(Some(build.requested_at))),
            Fact::new("Starts", at(build.scheduled_for.filter(|_| build.waits()))),
            Fact::new("Started", at(build.started_at)),
            Fact::new("Latest start", at(build.latest_start)),
            Fact::new("Deadline", at(build.deadline)),
            Fact::new(
                "Expected to be over",
                at(build.expected_end.filter(|_| !build.is_over())),
            ),
            Fact::new(
                "Over by, whatever happens",
                at(build.bound_at.filter(|_| !build.is_over())),
            ),
            Fact::new("Ended", at(build.ended_at)),
        ],
    }
}

fn costs(build: &Build) -> Group {
    let usd = |cost: &Option<String>| {
        let cost = cost.as_ref().map(|cost| format!("{cost} USD"));
        Value::text(cost.as_deref())
    };
    Group {
        title: "What it costs",
        facts: vec![
            Fact::new("Estimated", usd(&build.estimated_cost)),
            Fact::new("Reserved", usd(&build.reserved_cost)),
            Fact::new("Actual", usd(&build.actual_cost)),
            Fact::new("At most", usd(&build.max_cost)),
            Fact::new("Purse", Value::text(build.budget_source.as_deref())),
        ],
    }
}

fn made(build: &Build) -> Group {
    let image = build.image_id.as_deref();
    let image = image.map_or(Value::Missing, |id| {
        Value::link(format!("/images/{}", text::segment(id)), id)
    });
    let urgency = build.urgency.as_ref();
    let urgency = urgency.map(|word| format!("{word}, priority {}", build.priority));
    let decided = build.decided_by.as_ref().map(|by| {
        let why = build.decided_reason.as_deref().unwrap_or_default();
        format!("{by}: {why}")
    });
    let template = format!("/templates/{}", text::segment(&build.template));
    let revision = build.template_revision.map(|number| number.to_string());
    let run = (build.run > 0).then(|| build.run.to_string());
    let copies = build.copies.iter().map(|copy| {
        let id = copy.ami_id.as_deref().unwrap_or_default();
        let why = copy.error.as_ref().map(|why| format!(": {why}"));
        let why = why.unwrap_or_default();
        format!("{} {} {id}{why}", copy.region, copy.status)
    });
    let copies = copies.collect::<Vec<_>>().join("; ");
    let copies = Some(copies).filter(|said| !said.is_empty());
    Group {
        title: "Build",
        facts: vec![
            Fact::new("ID", Value::code(Some(&build.id))),
            Fact::new("Template", Value::link(template, &build.template)),
            Fact::new("Revision", Value::text(revision.as_deref())),
            Fact::new("Trigger", Value::text(Some(&build.cause()))),
            Fact::new("Urgency", Value::text(urgency.as_deref())),
            Fact::new("Run", Value::text(run.as_deref())),
            Fact::new("Builder", Value::deployment(build.deployment_id.as_deref())),
            Fact::new("Image", image),
            Fact::new("AMI", Value::code(build.ami_id.as_deref())),
            Fact::new("Copies", Value::text(copies.as_deref())),
            Fact::new("Failure", Value::text(build.failure_class.as_deref())),
            Fact::new("Decided", Value::text(decided.as_deref())),
        ],
    }
}

fn requests(build: &Build) -> List {
    let row = |one: &BuildRequest| {
        let level = one.security_level.as_ref();
        let level = level.map_or(String::new(), |level| format!(" {level}"));
        let urgent = if one.urgent { " urgent" } else { "" };
        let about = match one.about.as_deref() {
            Some(id) if id.starts_with("upd_") => {
                Value::link(format!("/updates/{}", text::segment(id)), id)
            }
            Some(id) if id.starts_with("img_") => {
                Value::link(format!("/images/{}", text::segment(id)), id)
            }
            other => Value::code(other),
        };
        let approved = one.approved.then_some("approved");
        let most = one.max_cost.as_ref().map(|most| format!("{most} USD"));
        Row {
            cells: vec![
                Cell::from(Value::text(Some(&format!(
                    "{}{level}{urgent}",
                    one.trigger
                ))))
                .over(Value::text(approved)),
                Cell::from(Value::text(Some(&one.reason)))
                    .words()
                    .over(about),
                Cell::from(Value::text(Some(
                    one.requested_by.as_deref().unwrap_or("Ingot"),
                ))),
                Cell::from(Value::ago(Some(one.requested_at), build.at)).number(),
                Cell::from(Value::text(most.as_deref())).number(),
            ],
        }
    };
    List {
        id: "requests",
        caption: "What asks for it, oldest first",
        columns: vec![
            column("Trigger"),
            column("Why"),
            column("By"),
            column("When"),
            lesser("At most"),
        ],
        rows: build.requests.iter().map(row).collect(),
        nothing: Nothing {
            what: "Its requests wait with another build now.",
            how: "",
            command: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::step;

    #[test]
    fn a_step_is_read_from_the_builders_stage() {
        assert_eq!(step("installing: step 2 of 4: nginx"), Some((2, 4)));
        assert_eq!(step("installing: step 5 of 4: nginx"), None);
        assert_eq!(step("launching"), None);
        assert_eq!(step("step x of 4"), None);
    }
}

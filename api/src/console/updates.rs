//! Updates of base images: the templates behind them, and one update with the evidence a person can argue with.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::base_update::{
    AffectedTemplate, BaseUpdate, BaseUpdateDetail, Evidence, Judgement, SecurityEntry,
    SecurityStatus,
};

use super::frame::{Cell, List, Nothing, Row, column, lesser};
use super::parts::{Badge, Fact, Group, Value};
use super::text;

#[derive(Template)]
#[template(path = "security.html")]
struct SecurityView {
    here: &'static str,
    feeds: Vec<String>,
    available: List,
    recent: List,
}

/// The page at `/security`.
pub fn security_page(status: &SecurityStatus) -> Result<String, askama::Error> {
    SecurityView {
        here: "security",
        feeds: status.feeds.iter().map(|why| text::plain(why)).collect(),
        available: List {
            id: "available",
            caption: "Base images with updates that a template's image lacks, the gravest first",
            columns: vec![
                column("Base image"),
                column("Level"),
                column("Why"),
                column("Templates"),
                lesser("Plan"),
                lesser("Seen"),
            ],
            rows: status
                .available
                .iter()
                .map(|entry| available(entry, status.at))
                .collect(),
            nothing: Nothing {
                what: "Every template's newest image stands on the newest build of its base.",
                how: "A base image is watched once a template names it or an image stands on it.",
                command: Some("ingot base-images list"),
            },
        },
        recent: List {
            id: "recent",
            caption: "Recent updates, the newest first",
            columns: vec![
                column("Base image"),
                column("Level"),
                column("Why"),
                lesser("Seen"),
            ],
            rows: status
                .recent
                .iter()
                .map(|update| recent(update, status.at))
                .collect(),
            nothing: Nothing {
                what: "No other updates were seen.",
                how: "",
                command: None,
            },
        },
    }
    .render()
}

fn available(entry: &SecurityEntry, now: DateTime<Utc>) -> Row {
    let names: Vec<&str> = entry.templates.iter().map(|one| &*one.template).collect();
    let cells = vec![
        named(&entry.update),
        Cell::from(Value::State(level(Some(&entry.security_level)))),
        Cell::from(Value::text(Some(&why(&entry.update)))).words(),
        Cell::from(Value::text(Some(&names.join(", ")))).words(),
        Cell::from(Value::text(Some(&entry.plan))).words(),
        Cell::from(Value::ago(Some(entry.update.detected_at), now)).number(),
    ];
    Row { cells }
}

fn recent(update: &BaseUpdate, now: DateTime<Utc>) -> Row {
    let cells = vec![
        named(update),
        Cell::from(Value::State(level(update.security_level.as_deref()))),
        Cell::from(Value::text(Some(&why(update)))).words(),
        Cell::from(Value::ago(Some(update.detected_at), now)).number(),
    ];
    Row { cells }
}

fn named(update: &BaseUpdate) -> Cell {
    let page = format!("/updates/{}", text::segment(&update.id));
    Cell::from(Value::link(page, &update.base)).over(Value::text(Some(&format!(
        "{} → {}",
        update.from, update.to
    ))))
}

/// A level as a coloured word.
pub(super) fn level(word: Option<&str>) -> Badge {
    let tone = match word {
        Some("critical" | "high") => "bad",
        Some("medium" | "unknown") => "warned",
        Some("low") => "waiting",
        Some("none") => "good",
        _ => "quiet",
    };
    Badge::new(tone, word.unwrap_or("not judged yet"))
}

/// The headline in a few words.
fn why(update: &BaseUpdate) -> String {
    let Some(kind) = &update.update_type else {
        return "not judged yet".to_owned();
    };
    match &update.headline {
        Some(row) => {
            let names = [row.advisory.as_deref(), row.cve.as_deref()];
            let names: Vec<&str> = names.into_iter().flatten().collect();
            format!("{kind}: {} in {}", names.join(", "), row.package)
        }
        None => match update.reasons.first() {
            Some(reason) => format!("{kind}: {reason}"),
            None => kind.clone(),
        },
    }
}

#[derive(Template)]
#[template(path = "update.html")]
struct UpdateView {
    here: &'static str,
    base: String,
    what: String,
    badge: Badge,
    why: String,
    plan: String,
    reasons: Vec<String>,
    groups: Vec<Group>,
    templates: List,
    evidence: List,
    outside: Option<String>,
    judgements: List,
    action: String,
}

/// The page at `/updates/{id}`.
pub fn update_page(detail: &BaseUpdateDetail) -> Result<String, askama::Error> {
    let update = &detail.update;
    let outside = text::plain(&detail.outside.join(", "));
    UpdateView {
        here: "security",
        base: text::plain(&update.base),
        what: text::plain(&format!("{} → {}", update.from, update.to)),
        badge: level(update.security_level.as_deref()),
        why: text::plain(&why(update)),
        plan: text::plain(&detail.plan),
        reasons: update.reasons.iter().map(|why| text::plain(why)).collect(),
        groups: vec![facts(update), judged(update)],
        templates: List {
            id: "templates",
            caption: "Templates that the update concerns",
            columns: vec![
                column("Template"),
                column("Newest image"),
                column("Stands on"),
                column("Behind"),
            ],
            rows: detail.templates.iter().map(template).collect(),
            nothing: Nothing {
                what: "No template's newest image stands on an older build.",
                how: "",
                command: None,
            },
        },
        evidence: List {
            id: "evidence",
            caption: "Evidence, the gravest first",
            columns: vec![
                column("Advisory"),
                column("Level"),
                column("Package"),
                column("Old → fixed → new"),
                column("Status"),
                column("Grade"),
                column("Rules"),
            ],
            rows: detail.evidence.iter().map(evidence).collect(),
            nothing: Nothing {
                what: "No advisory concerns this update.",
                how: "",
                command: None,
            },
        },
        outside: (!outside.is_empty()).then_some(outside),
        judgements: List {
            id: "judgements",
            caption: "Judgements, the newest first",
            columns: vec![
                column("When"),
                column("Level"),
                column("Type"),
                column("Confidence"),
                column("By"),
            ],
            rows: detail.assessments.iter().map(judgement).collect(),
            nothing: Nothing {
                what: "It is not judged yet.",
                how: "A worker judges it with its next visit.",
                command: None,
            },
        },
        action: format!("/updates/{}/level", text::segment(&update.id)),
    }
    .render()
}

fn facts(update: &BaseUpdate) -> Group {
    Group {
        title: "Update",
        facts: vec![
            Fact::new("New image", Value::code(update.image_id.as_deref())),
            Fact::new(
                "Image before",
                Value::code(update.previous_image_id.as_deref()),
            ),
            Fact::new("Made by its vendor", Value::time(Some(update.updated_at))),
            Fact::new("Seen first", Value::time(Some(update.detected_at))),
            Fact::new("Changes", Value::outside(update.changelog_url.as_deref())),
        ],
    }
}

fn judged(update: &BaseUpdate) -> Group {
    let set = update.set_by.as_ref().map(|by| {
        let why = update.set_reason.as_deref().unwrap_or_default();
        format!("{by}: {why}")
    });
    let tags = Some(update.tags.join(", ")).filter(|tags| !tags.is_empty());
    Group {
        title: "Judgement",
        facts: vec![
            Fact::new("Type", Value::text(update.update_type.as_deref())),
            Fact::new("Level", Value::text(update.security_level.as_deref())),
            Fact::new("Might be", Value::text(update.upper_bound.as_deref())),
            Fact::new("Confidence", Value::text(update.confidence.as_deref())),
            Fact::new("Also", Value::text(tags.as_deref())),
            Fact::new("Judged last", Value::time(update.judged_at)),
            Fact::new("Set by a person", Value::text(set.as_deref())),
        ],
    }
}

fn template(one: &AffectedTemplate) -> Row {
    let page = format!("/templates/{}", text::segment(&one.template));
    let cells = vec![
        Cell::from(Value::link(page, &one.template)),
        Cell::from(Value::code(one.ami_id.as_deref())).over(Value::text(one.region.as_deref())),
        Cell::from(Value::text(one.build.as_deref())),
        Cell::from(Value::text(Some(&one.behind()))),
    ];
    Row { cells }
}

fn evidence(row: &Evidence) -> Row {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let versions = format!(
        "{} → {} → {}",
        known(&row.old),
        known(&row.fixed),
        known(&row.new)
    );
    let name = row.advisory.as_deref().or(row.cve.as_deref());
    let head = match (row.link.as_deref().and_then(text::web_address), name) {
        (Some(href), Some(name)) => Value::link(href.to_owned(), name),
        (_, name) => Value::text(name),
    };
    let beneath = row.cve.as_deref().filter(|_| row.advisory.is_some());
    let mut rules = row.rules.join(" ");
    if let Some(since) = row.exploited_since {
        rules.push_str(&format!(" exploited since {}", since.format("%Y-%m-%d")));
    }
    if let Some(epss) = row.epss {
        rules.push_str(&format!(" EPSS {epss:.2}"));
    }
    let vendor = row
        .vendor_severity
        .as_ref()
        .map(|word| format!("vendor: {word}"));
    let source = row.source.as_deref().filter(|name| *name != row.package);
    let source = source.map(|name| format!("of {name}"));
    let cells = vec![
        Cell::from(head).over(Value::text(beneath)),
        Cell::from(Value::State(level(Some(&row.level)))).over(Value::text(vendor.as_deref())),
        Cell::from(Value::text(Some(&row.package)))
            .over(Value::text(source.as_deref()))
            .words(),
        Cell::from(Value::text(Some(&versions))).words(),
        Cell::from(Value::text(Some(&row.status.replace('_', " ")))),
        Cell::from(Value::text(Some(&row.grade)))
            .over(Value::text(Some(&row.basis.replace('_', " ")))),
        Cell::from(Value::text(
            Some(rules.trim()).filter(|rules| !rules.is_empty()),
        ))
        .words(),
    ];
    Row { cells }
}

fn judgement(one: &Judgement) -> Row {
    let by = match (&one.by, &one.reason) {
        (Some(by), Some(why)) => format!("{by}: {why}"),
        (Some(by), None) => by.clone(),
        (None, _) => format!("rules {}", one.ruleset),
    };
    let kept = (!one.stands).then_some("does not change what stands");
    let cells = vec![
        Cell::from(Value::time(Some(one.at))),
        Cell::from(Value::State(level(Some(&one.security_level)))).over(Value::text(kept)),
        Cell::from(Value::text(Some(&one.update_type))),
        Cell::from(Value::text(Some(&one.confidence))),
        Cell::from(Value::text(Some(&by))).words(),
    ];
    Row { cells }
}

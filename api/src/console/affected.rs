//! What has a vulnerability: images and running deployments, each with where that comes from and how old it is.

use askama::Template;
use ingot_client::affected::{Affected, AffectedBase, AffectedByList};

use super::frame::{Cell, List, Nothing, Row, column, lesser};
use super::parts::Value;
use super::text;

#[derive(Template)]
#[template(path = "affected.html")]
struct AffectedView {
    here: &'static str,
    id: String,
    images: List,
    deployments: List,
    bases: List,
    cleared: Option<String>,
    unknown: Option<String>,
}

/// The page at `/advisories/{id}`.
pub fn affected_page(told: &Affected) -> Result<String, askama::Error> {
    let list = |id, caption, first, rows, what| List {
        id,
        caption,
        columns: vec![
            column(first),
            column("Version"),
            lesser("Region"),
            column("Package"),
            column("Installed"),
            column("Fixed in"),
            column("By"),
        ],
        rows,
        nothing: Nothing {
            what,
            how: match told.unknown {
                0 => "",
                _ => "What has no list and stands on no judged build is counted below.",
            },
            command: None,
        },
    };
    let images = told.images.iter().map(|one| {
        let name = one.ami_id.as_deref().unwrap_or(&one.id);
        let href = format!("/images/{}", text::segment(&one.id));
        let what = [one.template.as_str(), &one.version, &one.region];
        row(
            Value::link(href, name),
            what,
            one.by_list.as_ref(),
            one.on.as_ref(),
        )
    });
    let deployments = told.deployments.iter().map(|one| {
        let what = [one.template.as_str(), &one.version, &one.region];
        let head = Value::deployment(Some(&one.id));
        row(head, what, one.by_list.as_ref(), one.on.as_ref())
    });
    let cleared = (!told.cleared.is_empty()).then(|| text::plain(&told.cleared.join(", ")));
    let unknown = (told.unknown > 0).then(|| told.unknown.to_string());
    AffectedView {
        here: "advisories",
        id: text::plain(&told.cve),
        images: list(
            "images",
            "Images that have it",
            "Image",
            images.collect(),
            "No image that can be launched from is known to have it.",
        ),
        deployments: list(
            "deployments",
            "Running deployments that have it",
            "Deployment",
            deployments.collect(),
            "No running deployment is known to have it.",
        ),
        bases: bases(told),
        cleared,
        unknown,
    }
    .render()
}

fn bases(told: &Affected) -> List {
    let row = |one: &AffectedBase| {
        let href = format!("/base-images/{}", text::segment(&one.base));
        let cells = vec![
            Cell::from(Value::link(href, &one.base)),
            Cell::from(Value::code(Some(&one.build))),
            Cell::from(Value::code(one.fixed_in.as_deref())),
            Cell::from(Value::code(one.advisory.as_deref())),
            Cell::from(Value::text(Some(&one.package))),
            Cell::from(Value::text(Some(&one.grade))),
        ];
        Row { cells }
    };
    List {
        id: "bases",
        caption: "Builds of base images that have it, by the judgements of their updates",
        columns: vec![
            column("Base image"),
            column("Build"),
            column("Fixed in"),
            column("Advisory"),
            column("Package"),
            column("Grade"),
        ],
        rows: told.bases.iter().map(row).collect(),
        nothing: Nothing {
            what: "No judged update of a base image names it.",
            how: "",
            command: None,
        },
    }
}

/// A list of its own says more than the build that something stands on.
fn row(
    head: Value,
    [template, version, region]: [&str; 3],
    list: Option<&AffectedByList>,
    on: Option<&AffectedBase>,
) -> Row {
    let words = |text: Option<&str>| Cell::from(Value::code(text));
    let mut cells = vec![
        Cell::from(head).over(Value::text(Some(template))),
        Cell::from(Value::text(Some(version))),
        Cell::from(Value::text(Some(region))),
    ];
    cells.extend(match (list, on) {
        (Some(list), _) => {
            let how = match list.holding.as_str() {
                "unknown" => "own list; versions cannot be compared",
                _ => "own list",
            };
            [
                words(list.package.as_deref()),
                words(list.installed.as_deref()),
                words(list.fixed.as_deref()),
                Cell::from(Value::time(Some(list.taken_at))).over(Value::text(Some(how))),
            ]
        }
        (None, on) => {
            let fixed = on.and_then(|on| on.fixed_in.as_deref());
            let of = on.map(|on| format!("{} {}", on.base, on.build));
            [
                words(on.map(|on| on.package.as_str())),
                Cell::from(Value::Missing),
                words(fixed),
                Cell::from(Value::text(of.as_deref())),
            ]
        }
    });
    Row { cells }
}

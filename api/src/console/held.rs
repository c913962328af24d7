//! What an image has fixed and lacks, as its page shows it: by the builds of its base, and by its own list of packages.

use chrono::{DateTime, Utc};
use ingot_client::base_update::{ImageSecurity, behind};
use ingot_client::held::{HeldItem, ImageByList};

use super::frame::{Cell, List, Nothing, Row, column, lesser};
use super::parts::{Fact, Group, Value};
use super::text;
use super::updates::level;

/// Rows that the page shows of each list.
const SHOWN: usize = 50;

/// How it stands against the builds of its base.
pub(super) fn standing(of: &ImageSecurity) -> Group {
    let distance = match (&of.base, of.builds_behind) {
        (None, _) => "its base is of no track that is watched".to_owned(),
        (Some(_), 0) => "stands on the newest build".to_owned(),
        (Some(_), builds) => behind(builds, of.days_behind),
    };
    let few = |cves: &[String]| (!cves.is_empty()).then(|| cves.join(", "));
    Group {
        title: "Against the builds of its base",
        facts: vec![
            Fact::new("Track", Value::text(of.base.as_deref())),
            Fact::new("Build", Value::code(of.build.as_deref())),
            Fact::new("Newest build", Value::code(of.newest_build.as_deref())),
            Fact::new("Behind", Value::text(Some(&distance))),
            Fact::new("Updates it lacks, up to", Value::text(of.lacks.as_deref())),
            Fact::new(
                "Fixed by builds since the image before",
                Value::text(few(&of.fixed).as_deref()),
            ),
            Fact::new(
                "Fixed by builds it lacks",
                Value::text(few(&of.open).as_deref()),
            ),
        ],
    }
}

/// Its own list, and what that is held against.
pub(super) fn list(of: &ImageByList, now: DateTime<Utc>) -> Group {
    let title = "By its own list of packages";
    if of.taken_at.is_none() {
        return Group {
            title,
            facts: vec![
                Fact::new("No list", Value::text(of.absent.as_deref())),
                Fact::new("What brings one", Value::text(of.remedy.as_deref())),
            ],
        };
    }
    let packages = of.packages.to_string();
    let doubts = (!of.doubts.is_empty()).then(|| of.doubts.join("; "));
    let rows = |items: &[HeldItem]| Value::Text(items.len().to_string());
    Group {
        title,
        facts: vec![
            Fact::new("Listed", Value::ago(of.taken_at, now)),
            Fact::new("Listed by", Value::deployment(of.taken_by.as_deref())),
            Fact::new("Packages", Value::text(Some(&packages))),
            Fact::new("System", Value::text(of.system.as_deref())),
            Fact::new("Held against the feed", Value::text(of.feed.as_deref())),
            Fact::new("Feed fetched", Value::ago(of.feed_fetched_at, now)),
            Fact::new("In doubt", Value::text(doubts.as_deref())),
            Fact::new("Image before it", Value::code(of.predecessor.as_deref())),
            Fact::new("That one listed", Value::ago(of.predecessor_taken_at, now)),
            Fact::new("New since that one", rows(&of.new)),
            Fact::new("Versions cannot be compared", rows(&of.unknown)),
        ],
    }
}

/// A table of fixes.
pub(super) fn table(id: &'static str, caption: &'static str, items: &[HeldItem]) -> List {
    List {
        id,
        caption,
        columns: vec![
            column("CVE"),
            column("Advisory"),
            column("Level"),
            column("Package"),
            lesser("Installed"),
            lesser("Fixed in"),
        ],
        rows: items.iter().take(SHOWN).map(row).collect(),
        nothing: Nothing {
            what: "Nothing is known.",
            how: "The list names no package without a fix that the feed tells.",
            command: None,
        },
    }
}

/// What is left off a table.
pub(super) fn rest(items: &[HeldItem], image: &str) -> Option<String> {
    let more = items.len().saturating_sub(SHOWN);
    (more > 0).then(|| {
        text::plain(&format!(
            "{more} more: `ingot images show {image} --json` has them."
        ))
    })
}

fn row(item: &HeldItem) -> Row {
    let fixed = item.fixed.as_deref().map(|fixed| match item.subscription {
        true => format!("{fixed} (subscription)"),
        false => fixed.to_owned(),
    });
    let cve = match item.cve.as_deref() {
        Some(cve) => Value::link(format!("/advisories/{}", text::segment(cve)), cve),
        None => Value::Missing,
    };
    let advisory = match item.link.as_deref().and_then(text::web_address) {
        Some(href) => Value::link(href.to_owned(), &item.advisory),
        None => Value::code(Some(&item.advisory)),
    };
    Row {
        cells: vec![
            Cell::from(cve),
            Cell::from(advisory),
            Cell::from(Value::State(level(Some(&item.security_level)))),
            Cell::from(Value::text(Some(&item.package))),
            Cell::from(Value::code(item.installed.as_deref())),
            Cell::from(Value::code(fixed.as_deref())),
        ],
    }
}

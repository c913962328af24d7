//! How an image stands by its own list of packages, for people.

use chrono::{DateTime, Utc};
use ingot_client::held::{HeldItem, ImageByList};
use ingot_domain::stale::span;

use crate::output::{clean, or_dash, pairs, table};

/// Rows of each list that are shown; `--json` has the others.
const SHOWN: usize = 10;

/// The list, what it is held against, and what follows; ages are told by `now`.
pub(super) fn people(told: &ImageByList, now: DateTime<Utc>) -> String {
    let old = |at: DateTime<Utc>| span(at, now);
    let Some(taken) = told.taken_at else {
        return pairs([
            ("own list", format!("none: {}", or_dash(&told.absent))),
            ("how to get one", or_dash(&told.remedy)),
        ]);
    };
    let list = format!(
        "{} packages of {}, listed {} ago by {}",
        told.packages,
        or_dash(&told.system),
        old(taken),
        or_dash(&told.taken_by)
    );
    let feed = match told.feed_fetched_at {
        Some(at) => format!("{}, fetched {} ago", or_dash(&told.feed), old(at)),
        None => format!("{}, never loaded", or_dash(&told.feed)),
    };
    let mut facts = vec![("own list", list), ("held against", feed)];
    facts.extend(told.doubts.iter().map(|doubt| ("doubt", clean(doubt))));
    let against = match (&told.predecessor, told.predecessor_taken_at) {
        (None, _) => "none".to_owned(),
        (Some(before), None) => format!("{}, which has no list", clean(before)),
        (Some(before), Some(at)) => format!("{}, listed {} ago", clean(before), old(at)),
    };
    facts.push(("image before it", against));
    if told.predecessor_taken_at.is_some() {
        facts.push(("fixed since", count(&told.fixed)));
        facts.push(("new since", count(&told.new)));
    }
    facts.push(("open by its list", count(&told.open)));
    if !told.unknown.is_empty() {
        let said = format!("{}; versions cannot be compared", count(&told.unknown));
        facts.push(("unknown", said));
    }
    let mut text = pairs(facts);
    let lists = [
        ("Fixed since the image before it", &told.fixed),
        ("New since the image before it", &told.new),
        ("Open", &told.open),
    ];
    for (title, items) in lists.into_iter().filter(|(_, items)| !items.is_empty()) {
        text.push_str(&format!("\n\n{title}\n"));
        let head = [
            "cve",
            "advisory",
            "level",
            "package",
            "installed",
            "fixed in",
        ];
        text.push_str(&table(head, items.iter().take(SHOWN).map(row)));
        if items.len() > SHOWN {
            text.push_str(&format!(
                "\n{} more: `--json` has them",
                items.len() - SHOWN
            ));
        }
    }
    text
}

fn row(item: &HeldItem) -> [String; 6] {
    let mut fixed = or_dash(&item.fixed);
    if item.subscription {
        fixed.push_str(" (subscription)");
    }
    let mut level = clean(&item.security_level);
    if item.exploited_since.is_some() {
        level.push_str(", exploited");
    }
    [
        or_dash(&item.cve),
        clean(&item.advisory),
        level,
        clean(&item.package),
        or_dash(&item.installed),
        fixed,
    ]
}

fn count(items: &[HeldItem]) -> String {
    let mut advisories: Vec<&str> = items.iter().map(|item| item.advisory.as_str()).collect();
    advisories.sort_unstable();
    advisories.dedup();
    let cves = items.iter().filter(|item| item.cve.is_some()).count();
    match advisories.len() {
        0 => "none known".to_owned(),
        many => {
            let (some, them) = (
                plural(cves, "CVE", "CVEs"),
                plural(many, "advisory", "advisories"),
            );
            format!("{some} in {them}")
        }
    }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    let word = if count == 1 { one } else { many };
    format!("{count} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> ImageByList {
        ImageByList {
            taken_at: None,
            taken_by: None,
            packages: 0,
            absent: Some("SSM does not reach the instance".to_owned()),
            remedy: Some("give the template a profile".to_owned()),
            system: None,
            feed: None,
            feed_fetched_at: None,
            feed_newest: None,
            doubts: vec![],
            predecessor: None,
            predecessor_taken_at: None,
            fixed: vec![],
            new: vec![],
            open: vec![],
            unknown: vec![],
            left_off: 0,
        }
    }

    #[test]
    fn no_list_says_why_and_what_would_bring_one() {
        let said = people(&told(), DateTime::UNIX_EPOCH);
        assert!(
            said.contains("none: SSM does not reach the instance"),
            "{said}"
        );
        assert!(said.contains("give the template a profile"), "{said}");
        assert!(!said.contains("open"), "{said}");
    }

    #[test]
    fn what_is_open_is_counted_and_the_gravest_shown() {
        let item = |number: usize| HeldItem {
            cve: Some(format!("CVE-2024-{number}")),
            advisory: "USN-1".to_owned(),
            security_level: "high".to_owned(),
            vendor_severity: None,
            package: "openssh-server".to_owned(),
            installed: Some("1".to_owned()),
            fixed: Some("2".to_owned()),
            subscription: false,
            exploited_since: None,
            published: None,
            link: None,
        };
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
        let told = ImageByList {
            taken_at: Some(now - chrono::TimeDelta::days(3)),
            packages: 12,
            system: Some("ubuntu-22.04".to_owned()),
            feed: Some("ubuntu".to_owned()),
            open: (0..12).map(item).collect(),
            ..told()
        };
        let said = people(&told, now);
        assert!(said.contains("12 CVEs in 1 advisory"), "{said}");
        assert!(said.contains("2 more: `--json` has them"), "{said}");
        assert!(said.contains("listed 3 days ago"), "{said}");
        assert!(said.contains("ubuntu, never loaded"), "{said}");
    }
}

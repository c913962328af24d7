//! `ingot advisories feeds` and `show`: what the ledger knows of vendors' advisories, and how old it is.

use std::collections::BTreeSet;

use ingot_client::advisory::{Advisory, Cve, KnownAdvisory};
use ingot_client::feed::Feed;
use ingot_client::{Client, Page};

use crate::output::grid::{Cell, Column, grid};
use crate::output::look::look;
use crate::output::{Output, clean, or_dash, pairs, span, table, time};

/// Fixed versions that people are shown of one advisory; JSON has all.
const FIXES: usize = 6;

/// `ingot advisories feeds`
pub(crate) async fn feeds(client: &Client, output: Output) -> anyhow::Result<()> {
    let page = client.feeds().await?;
    output.result(&page, of_feeds)
}

/// Feeds as a table, and below it why one cannot be relied on.
fn of_feeds(page: &Page<Feed>) -> String {
    of(&page.items)
}

pub(super) fn of(feeds: &[Feed]) -> String {
    let columns: [Column; 7] = [
        ("feed", Cell::Text, 1),
        ("state", Cell::Whole, 1),
        ("records", Cell::Whole, 2),
        ("age", Cell::Whole, 1),
        ("newest record", Cell::Whole, 2),
        ("next sync", Cell::Whole, 4),
        ("source", Cell::Text, 3),
    ];
    let now = crate::command::now();
    let rows = feeds.iter().map(|feed| {
        let age = feed.fetched_at.map(|at| {
            let seconds = (now - at).num_seconds().max(0);
            span(seconds as f64)
        });
        let when = |at: &Option<_>| {
            at.as_ref()
                .map_or_else(|| "-".to_owned(), |at| look().when(at))
        };
        [
            clean(&feed.name),
            match feed.enabled {
                true => clean(&feed.state),
                false => format!("{} (off)", clean(&feed.state)),
            },
            feed.records.to_string(),
            or_dash(&age),
            when(&feed.newest),
            when(&feed.next_sync_at),
            match &feed.source {
                Some(source) => clean(source),
                // Nothing is loaded: where it would be fetched from.
                None => clean(&feed.urls.join(", ")),
            },
        ]
    });
    let mut text = grid(&columns, rows);
    for feed in feeds.iter().filter(|feed| feed.state != "empty") {
        let why = feed.why.iter().map(|why| clean(why));
        let unread = feed
            .unread
            .iter()
            .map(|part| format!("not read: {}", clean(part)));
        let error = feed
            .last_error
            .as_ref()
            .filter(|error| !feed.why.contains(error));
        let error = error.map(|error| format!("the last sync failed: {}", clean(error)));
        for said in why.chain(unread).chain(error) {
            text.push_str(&format!("\n{}: {said}", clean(&feed.name)));
        }
    }
    if feeds.iter().all(|feed| feed.state == "empty") {
        text.push_str(
            "\nnothing is loaded: `ingot advisories sync` fetches feeds, `ingot advisories load DIR` loads a folder of vendors' files",
        );
    }
    text
}

/// `ingot advisories show`
pub(crate) async fn show(client: &Client, output: Output, id: &str) -> anyhow::Result<()> {
    let known = client.advisory(id).await?;
    output.result(&known, people)
}

fn people(known: &KnownAdvisory) -> String {
    let one = known.advisories.iter().map(|one| &one.id);
    let single = one.collect::<BTreeSet<_>>().len() == 1;
    let mut facts = vec![("id", clean(&known.id))];
    if let Some(first) = known.advisories.first().filter(|_| single) {
        facts.extend(head(first));
    }
    let mut text = pairs(facts);
    for cve in &known.cves {
        text.push_str("\n\n");
        text.push_str(&pairs(signs(cve)));
    }
    if known.advisories.is_empty() {
        text.push_str("\n\nno advisory of a loaded feed names it");
    } else {
        text.push_str("\n\n");
        let head = ["advisory", "base", "level", "published", "fixed in"];
        text.push_str(&table(head, known.advisories.iter().map(row)));
    }
    let links = known.advisories.iter().filter_map(|one| one.link.clone());
    for link in links.collect::<BTreeSet<_>>() {
        text.push_str(&format!("\n{link}"));
    }
    for feed in &known.feeds {
        let state = clean(&feed.state);
        let name = clean(&feed.name);
        let age = feed
            .fetched_at
            .map_or_else(String::new, |at| format!(", loaded {}", look().when(&at)));
        text.push_str(&format!("\nfeed {name}: {state}{age}"));
        for why in feed.why.iter().filter(|_| feed.state != "empty") {
            text.push_str(&format!("; {}", clean(why)));
        }
    }
    text
}

fn head(first: &Advisory) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("kind", clean(&first.kind)),
        ("published", time(&first.published)),
    ];
    if let Some(word) = &first.severity {
        facts.push(("vendor says", clean(word)));
    }
    if let Some(at) = &first.withdrawn {
        facts.push(("withdrawn", time(at)));
    }
    facts
}

fn signs(cve: &Cve) -> Vec<(&'static str, String)> {
    let exploited = match &cve.exploited_since {
        Some(at) => {
            let ransomware = if cve.ransomware {
                ", by ransomware, too"
            } else {
                ""
            };
            format!("since {} (KEV){ransomware}", at.format("%Y-%m-%d"))
        }
        None => "not listed (KEV)".to_owned(),
    };
    let mut facts = vec![("cve", clean(&cve.id)), ("exploited", exploited)];
    if let (Some(value), Some(day)) = (cve.likelihood, &cve.likelihood_of) {
        let percent = value * 100.0;
        facts.push((
            "likelihood",
            format!("{percent:.1} % (EPSS of {})", day.format("%Y-%m-%d")),
        ));
    }
    if !cve.priorities.is_empty() {
        let priorities = cve
            .priorities
            .iter()
            .map(|(release, word)| format!("{release} {word}"));
        let priorities: Vec<String> = priorities.collect();
        facts.push(("ubuntu", clean(&priorities.join(", "))));
    }
    facts.extend(cve.vectors.iter().map(|vector| ("vector", clean(vector))));
    facts.push(("page", cve.link.clone()));
    facts
}

fn row(one: &Advisory) -> [String; 5] {
    let mut fixes: Vec<String> = one
        .fixes
        .iter()
        .take(FIXES)
        .map(|fix| {
            let only = match fix.reach.as_str() {
                "plain" => String::new(),
                other => format!(" ({})", clean(other)),
            };
            format!("{} {}{only}", clean(&fix.package), or_dash(&fix.fixed))
        })
        .collect();
    if one.fixes.len() > FIXES {
        fixes.push(format!("{} more", one.fixes.len() - FIXES));
    }
    [
        clean(&one.id),
        clean(&one.base),
        clean(&one.level),
        one.published.format("%Y-%m-%d").to_string(),
        fixes.join(", "),
    ]
}
